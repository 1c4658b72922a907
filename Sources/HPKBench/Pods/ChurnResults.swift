/// All that the churn benchmark measured, and how it becomes a report.
struct ChurnResults: Sendable {
    /// One counted round of pods.
    struct PodRound: Sendable {
        var result: PodBurst.Result
        var before: Observation
        var after: Observation
        var seconds: Double { after.time - before.time }
    }

    /// Bursts of one size, by round.
    struct Burst: Sendable {
        var size: Int
        var pods: [Distribution] = []
        var podSeconds: [Double] = []
        var sbatch: [Distribution] = []
        var sbatchSeconds: [Double] = []
    }

    var settings: ChurnBenchmark.Settings
    var first: [PodTimeline] = []
    var background = Observation.Rates()
    var rounds = RoundResults(names: [])
    var podRounds: [PodRound] = []
    var bursts: [Burst] = []
    var chain: (pods: Measurement, sbatch: Measurement)?
    var job: Double?
    var deployment: (up: Double, down: Double)?
    var fileSystem: (agent: FileSystemTrace, supervisor: FileSystemTrace)?

    init(settings: ChurnBenchmark.Settings) {
        self.settings = settings
    }

    private var podCount: Double { Double(settings.pods) }

    func fill(_ report: inout BenchmarkReport) {
        addRatios(&report)
        addCosts(&report)
        addFileSystem(&report)
        let timelines = podRounds.flatMap(\.result.timelines)
        report.tables.append(throughputTable)
        report.tables.append(PodTimeline.table(timelines))
        report.tables.append(burstTable)
        report.charts.append(
            .latencies(
                name: "churn-latency", title: "Create → success seen, all at once", unit: "s",
                rounds.names.map { ($0, rounds.latencies($0)) }))
        report.charts.append(
            Chart(
                name: "churn-stages", title: "Start-up by stage, median",
                content: .bars(
                    PodTimeline.Stage.allCases.map { stage in
                        .init(stage.rawValue, Distribution(timelines.compactMap { $0.seconds[stage] }).median * 1000)
                    }, unit: "ms")))
        if let round = podRounds.last { report.charts.append(Self.states(of: round.result)) }
        addNotes(&report)
    }

    private func addRatios(_ report: inout BenchmarkReport) {
        report.add(
            ratio: "churn_vs_batch", "pods/s, create to gone, against plain batch jobs with the same container",
            rounds.ratio(ChurnBenchmark.pods, to: ChurnBenchmark.batch) { $0.rate }, goal: .atLeast(0.8))
        report.add(
            ratio: "churn_vs_batch_podlike", "the same, against batch jobs with all ids and a writable root, as a pod has",
            rounds.ratio(ChurnBenchmark.pods, to: ChurnBenchmark.podLike) { $0.rate })
        let success = podRounds.map { podCount / $0.result.successSeconds }
        let floor = rounds[ChurnBenchmark.batch].map(\.rate)
        let ratios = zip(success, floor).map { $0 / $1 }
        report.add(
            ratio: "churn_success_vs_batch", "pods/s, create to success, against plain batch jobs",
            ratios.isEmpty ? nil : Distribution(ratios).median)
        report.add(
            ratio: "churn_vs_original", "pods/s of a chain, each pod created when the one before is done, against sbatch and files polled",
            chain.map { $0.pods.rate / $0.sbatch.rate }, goal: .atLeast(10))
        report.add(
            ratio: "churn_vs_original_throughput", "pods/s all at once, create to success, against the same flow",
            zip(success, rounds[ChurnBenchmark.sbatch].map(\.rate)).map { $0 / $1 }.sorted().median)
        for burst in bursts {
            let pods = Distribution(merging: burst.pods).median
            let flow = Distribution(merging: burst.sbatch).median
            report.add(
                ratio: "burst_\(burst.size)_latency_vs_original", "create → success of a burst of \(burst.size), theirs over ours, medians",
                pods > 0 ? flow / pods : nil)
        }
        if let job { report.add(.figure("job_pods_per_s", "pods/s of a Job of \(settings.controlled)", job, unit: "pods/s")) }
        if let deployment {
            let title = "pods/s of a Deployment of \(settings.controlled)"
            report.add(.figure("deployment_up_pods_per_s", "\(title) scaled up", deployment.up, unit: "pods/s"))
            report.add(.figure("deployment_down_pods_per_s", "\(title) scaled down", deployment.down, unit: "pods/s"))
        }
    }

    private func addCosts(_ report: inout BenchmarkReport) {
        let cpu = podRounds.map { $0.after.cpuSeconds(since: $0.before, "hpk-kubelet") * 1000 / podCount }
        if let cpu = cpu.sorted().median {
            report.add(
                .figure("daemon_cpu_ms_per_pod", "processor time of hpk-kubelet for one pod's life", cpu, unit: "ms", goal: .atMost(3)))
        }
        let requests = podRounds.map { round in
            let all = round.after.api.since(round.before.api, background: background.api, seconds: round.seconds)
            // The two looks at the metrics are no part of it: they have no resource.
            return (all.total - Double(round.after.ownRequests - round.before.ownRequests)) / podCount
        }
        if let requests = requests.sorted().median {
            report.add(
                .figure(
                    "api_requests_per_pod", "requests to the API server for one pod's life, the benchmark's own left out", requests,
                    unit: ""))
        }
        let calls = podRounds.map { round in
            round.after.slurm.since(round.before.slurm, background: background.slurm, seconds: round.seconds).total / podCount
        }
        if let calls = calls.sorted().median {
            report.add(.figure("slurm_rpcs_per_pod", "RPCs that slurmctld took for one pod's life, slurmd's included", calls, unit: ""))
        }
        guard let round = podRounds.last else { return }
        let processes = Set(round.after.cpu.keys).sorted()
        report.tables.append(
            ReportTable(
                "Processor time per pod, ms (median of the rounds)", columns: ["process", "ms"],
                rows: processes.map { name in
                    let values = podRounds.map { round in
                        // The cluster's daemons do something all the time; the agent's own rest belongs to the pods.
                        let rest = name == "hpk-kubelet" || name == ClusterCPU.machine ? 0 : (background.cpu[name] ?? 0) * round.seconds
                        return (round.after.cpuSeconds(since: round.before, name) - rest) * 1000 / podCount
                    }
                    return [name, Number.text(values.sorted().median)]
                }))
        let api = round.after.api.since(round.before.api, background: background.api, seconds: round.seconds).divided(by: podCount)
        report.tables.append(
            ReportTable(
                "API requests per pod, the benchmark's own (one POST, one DELETE) included", columns: ["request", "per pod"],
                rows: api.rows(atLeast: 0.05)))
        let slurm = round.after.slurm.since(round.before.slurm, background: background.slurm, seconds: round.seconds)
        report.tables.append(
            ReportTable("slurmctld's RPCs in one round of pods, by type", columns: ["message", "count"], rows: slurm.rows()))
    }

    private func addFileSystem(_ report: inout BenchmarkReport) {
        guard let fileSystem, settings.traced > 0 else { return }
        let pods = Double(settings.traced)
        let total = Double(fileSystem.agent.total + fileSystem.supervisor.total) / pods
        report.add(
            .figure(
                "fs_ops_per_pod", "system calls on files of the shared state directory, agent and supervisor", total, unit: "",
                goal: .atMost(40)))
        let names = Set(fileSystem.agent.counts.keys).union(fileSystem.supervisor.counts.keys).sorted()
        report.tables.append(
            ReportTable(
                "System calls on the shared state directory per pod", columns: ["call", "agent", "supervisor"],
                rows: names.map { name in
                    [name] + [fileSystem.agent, fileSystem.supervisor].map { Number.text(Double($0.counts[name] ?? 0) / pods) }
                }))
    }

    private var throughputTable: ReportTable {
        ReportTable(
            "\(settings.pods) \(settings.rate.map { "at \(Number.text($0)) pods/s" } ?? "at once"), medians of \(settings.rounds) rounds",
            columns: ["contender", "per s", "latency median s", "p99 s"],
            rows: rounds.names.map { name in
                let latencies = rounds.latencies(name)
                return [
                    name, Number.text(rounds.median(name) { $0.rate }), Number.text(latencies.median),
                    Number.text(latencies.percentile(99)),
                ]
            } + [["pods, create → success only", Number.text(podRounds.map { podCount / $0.result.successSeconds }.sorted().median)]]
                + [["deletion of a pod → gone (latency)"] + [""] + deletionCells])
    }

    private var deletionCells: [String] {
        let deletions = Distribution(merging: podRounds.map(\.result.deletions))
        return [Number.text(deletions.median), Number.text(deletions.percentile(99))]
    }

    private var burstTable: ReportTable {
        var rows = bursts.map { burst -> [String] in
            let pods = Distribution(merging: burst.pods)
            let sbatch = Distribution(merging: burst.sbatch)
            return [
                "burst of \(burst.size)", Number.text(pods.median), Number.text(sbatch.median),
                Number.text(burst.podSeconds.sorted().median), Number.text(burst.sbatchSeconds.sorted().median),
            ]
        }
        if let chain {
            rows.append([
                "chain of \(chain.pods.operations)", Number.text(chain.pods.latencies.median), Number.text(chain.sbatch.latencies.median),
                Number.text(chain.pods.wallSeconds), Number.text(chain.sbatch.wallSeconds),
            ])
        }
        return ReportTable(
            "Create → success seen, s", columns: ["what", "pod: ours", "pod: sbatch flow", "all: ours", "all: sbatch flow"], rows: rows)
    }

    /// Pods by state over the time of one round.
    private static func states(of result: PodBurst.Result) -> Chart {
        let begin = result.sightings.values.compactMap { $0.times[.bound] }.min() ?? 0
        let series = PodMilestone.allCases.map { milestone -> Chart.Series in
            let times = result.sightings.values.compactMap { WallClock.seconds(begin, $0.times[milestone]) }.sorted()
            return Chart.Series("\(milestone)", times.enumerated().map { .init($1, Double($0 + 1)) })
        }
        return .overTime(name: "churn-states", title: "Pods that have been bound, running, ended, gone", yLabel: "pods", series)
    }

    private func addNotes(_ report: inout BenchmarkReport) {
        if let pull = first.first?.seconds[.prepared] {
            report.notes.append("The first pod's image came over the network: prepared after \(Number.text(pull * 1000)) ms.")
        }
        report.notes += [
            "Pods are deleted as soon as their success is seen; a rate ends with the last pod gone. A batch job's rate ends with the last "
                + "end that slurmctld has pushed.",
            "The plain batch job is `apptainer exec --containall IMAGE true` of the same image file, submitted through libslurm by four "
                + "callers: it has no API server, no status, no log, one user id and a read-only root.",
            "The sbatch flow is a model of HPK's first implementation: one sbatch process a pod, exit codes in files, a look every "
                + "\(Number.text(SbatchFlow.pollSeconds)) s; requests to the API server and its own work are left out in its favour.",
            "churn_vs_original is about pods that wait for each other (steps of a workflow), where a flow is as quick as its news. With "
                + "many pods at once both are limited by Apptainer: see churn_vs_original_throughput.",
            "File operations are counted by strace in a round of its own, with a stand-in for Apptainer (real supervisor, real sandbox).",
        ]
    }
}

extension [Double] {
    /// The middle of an ascending array; nil when it is empty.
    var median: Double? { isEmpty ? nil : Distribution(self).median }
}
