import Foundation
import Kubernetes
import Testing

/// A pod, what happens to its job, and how it must look in the end.
struct EndScenario: Sendable {
    var pod: TestPod
    var end: JobEnd
    /// Brings the end about; returns before or after the job has ended.
    var provoke: @Sendable (EndScene, String) async throws -> Void = { _, _ in }

    /// - Parameter folder: a folder of the cluster's user in which pods may leave files.
    static func all(folder: String) -> [EndScenario] { ordinary + cancelled + limits + moved(folder) + lost }

    /// Node c1 is for pods that only need a little, c2 and c3 are filled by preemption, c4 fails.
    private static let anywhere = "--nodelist=c1"

    /// Exit codes of a container that Slurm or the supervisor ended: it heeded TERM, or KILL ended it.
    private static let killed = [143, 137]

    private static let ordinary = [
        EndScenario(
            pod: TestPod("completed", flags: anywhere, script: "echo done"),
            end: JobEnd(
                phase: .succeeded, reason: nil, exitCodes: [0], containerReason: "Completed", jobState: "COMPLETED",
                events: ["Created", "Started"])),
        EndScenario(
            pod: TestPod("failed", flags: anywhere, script: "exit 3"),
            end: JobEnd(phase: .failed, reason: nil, exitCodes: [3], containerReason: "Error", jobState: "FAILED", events: ["Started"])),
        EndScenario(
            pod: TestPod("out-of-memory", flags: anywhere, script: "tail /dev/zero") {
                $0.container["resources"] = ["limits": ["memory": "64Mi"]]
            },
            end: JobEnd(
                phase: .failed, reason: nil, exitCodes: [137], containerReason: "OOMKilled",
                jobState: "OUT_OF_MEMORY", events: ["Started"])),
    ]

    private static let cancelled = [
        EndScenario(
            pod: TestPod("cancelled-running", flags: anywhere, script: "sleep 600"),
            end: JobEnd(
                phase: .failed, reason: "SlurmJobCancelled", message: "was cancelled in Slurm", exitCodes: killed, jobState: "CANCELLED",
                events: ["Started", "SlurmJobCancelled"])
        ) { scene, name in
            _ = try scene.slurm.run("scancel", try await scene.runningJob(of: name))
        },
        EndScenario(
            pod: TestPod("cancelled-pending", flags: "--begin=now+3600", script: "true"),
            end: JobEnd(
                phase: .failed, reason: "SlurmJobCancelled", message: "was cancelled in Slurm", containerReason: "SlurmJobCancelled",
                jobState: "CANCELLED", events: ["SlurmPending", "SlurmJobCancelled"])
        ) { scene, name in
            try await scene.pending(name, "BeginTime")
            _ = try scene.slurm.run("scancel", try await scene.job(of: name))
        },
        EndScenario(
            pod: TestPod("held-and-released", flags: "\(anywhere) --hold", script: "true"),
            end: JobEnd(
                phase: .succeeded, reason: nil, exitCodes: [0], containerReason: "Completed", jobState: "COMPLETED",
                events: ["SlurmPending", "Started"])
        ) { scene, name in
            try await scene.pending(name, "JobHeldUser")
            _ = try scene.slurm.run("scontrol", "release", try await scene.job(of: name))
        },
    ]

    private static let limits = [
        EndScenario(
            pod: TestPod("time-limit", flags: "\(anywhere) --time=1", script: "sleep 600"),
            end: JobEnd(
                phase: .failed, reason: "SlurmTimeLimit", message: "time limit of 1 min", exitCodes: killed, jobState: "TIMEOUT",
                events: ["Started", "SlurmTimeLimit"])),
        EndScenario(
            pod: TestPod(
                "time-limit-heeded", flags: "\(anywhere) --time=1 --signal=B:TERM@25",
                script: "trap 'exit 0' TERM; sleep 600 & wait"),
            end: JobEnd(
                phase: .failed, reason: "SlurmTimeLimit", message: "time limit of 1 min", exitCodes: [0], jobState: "COMPLETED",
                events: ["Started", "Killing", "SlurmTimeLimit"])),
        EndScenario(
            pod: TestPod("active-deadline", flags: anywhere, script: "sleep 600") { $0.spec["activeDeadlineSeconds"] = 3 },
            end: JobEnd(
                phase: .failed, reason: "DeadlineExceeded", message: "longer than the specified deadline", exitCodes: killed,
                jobState: "FAILED", events: ["Started", "Killing", "DeadlineExceeded"])),
        EndScenario(
            pod: TestPod(
                "slurm-deadline", flags: "--hold --nodelist=c2 --gres=gpu:nvidia:2 --time=1 --deadline=now+65", script: "true"),
            end: JobEnd(
                phase: .failed, reason: "SlurmDeadline", message: "deadline", containerReason: "SlurmDeadline", jobState: "DEADLINE",
                events: ["SlurmPending", "SlurmDeadline"])
        ) { scene, name in
            // Slurm looks at a deadline when it considers the job, so the job must wait for something that is taken.
            try scene.occupy("gpus", ["--nodelist=c2", "--gres=gpu:nvidia:2"], seconds: 120)
            let job = try await scene.job(of: name)
            _ = try scene.slurm.run("scontrol", "release", job)
            _ = try await scene.board.pod(name, "waits for something else", seconds: 30) {
                ![nil, "", "JobHeldUser"].contains($0.pendingReason)
            }
        },
    ]

    private static func moved(_ folder: String) -> [EndScenario] {
        [
            EndScenario(
                pod: TestPod("preempted", flags: "--partition=preemptable --nodelist=c2 --cpus-per-task=60", script: "sleep 600"),
                end: JobEnd(
                    phase: .failed, reason: "Preempted", message: "job of higher priority", exitCodes: killed, jobState: "PREEMPTED",
                    events: ["Started", "Preempted"])
            ) { scene, name in
                _ = try await scene.runningJob(of: name)
                try scene.preempt(node: "c2")
            },
            EndScenario(
                pod: requeuing("requeued-by-preemption", flags: "--partition=requeue --requeue --nodelist=c3 --cpus-per-task=60", folder),
                end: JobEnd(
                    phase: .succeeded, reason: nil, exitCodes: [0], containerReason: "Completed", jobState: "COMPLETED",
                    events: ["SlurmRequeued", "Started"])
            ) { scene, name in
                let job = try await scene.runningJob(of: name)
                try scene.preempt(node: "c3")
                try await scene.comesBack(name, job)
            },
            EndScenario(
                pod: requeuing("requeued-by-hand", flags: "\(anywhere) --requeue", folder),
                end: JobEnd(
                    phase: .succeeded, reason: nil, exitCodes: [0], containerReason: "Completed", jobState: "COMPLETED",
                    events: ["SlurmRequeued", "Started"])
            ) { scene, name in
                let job = try await scene.runningJob(of: name)
                _ = try scene.slurm.run("scontrol", "requeue", job)
                try await scene.comesBack(name, job)
            },
        ]
    }

    private static let lost = [
        EndScenario(
            pod: TestPod("node-failed", flags: "--nodelist=c4", script: "sleep 600"),
            end: JobEnd(
                phase: .failed, reason: "NodeFailure", message: "c4", exitCodes: [137], jobState: "NODE_FAIL",
                events: ["Started", "NodeFailure"])
        ) { scene, name in
            _ = try await scene.runningJob(of: name)
            try scene.kubectl.cluster.component("kill", "slurmd-c4")
            defer { try? scene.kubectl.cluster.component("start", "slurmd-c4") }
            _ = try await scene.board.ended(name, seconds: 60)
        },
        EndScenario(
            pod: TestPod("supervisor-killed", flags: anywhere, script: "sleep 600"),
            end: JobEnd(
                phase: .failed, reason: "SupervisorLost", message: "slurm.out", exitCodes: [137], containerReason: "ContainerStatusUnknown",
                jobState: "FAILED", events: ["Started", "SupervisorLost"])
        ) { scene, name in
            _ = try await scene.runningJob(of: name)
            let uid = try scene.kubectl.pod(name).metadata.uid
            for process in RunningProcess.all(naming: uid) where process.program == "hpk-pod" { kill(process.id, SIGKILL) }
        },
    ]

    /// Its second run ends by itself; what tells the runs apart is a file.
    private static func requeuing(_ name: String, flags: String, _ folder: String) -> TestPod {
        let mark = "\(folder)/\(name)"
        return TestPod(name, flags: flags, script: "[ -e \(mark) ] && exit 0; touch \(mark); exec sleep 600") {
            $0.mount(hostPath: folder)
        }
    }
}

extension EndScene {
    /// A job of higher priority takes so much of a node's CPUs for three seconds that no pod of the scenarios fits beside it.
    func preempt(node: String) throws {
        try occupy("preemptor", ["--partition=main", "--nodelist=\(node)", "--cpus-per-task=60"], seconds: 3)
    }

    /// A job that is no pod takes resources.
    func occupy(_ name: String, _ options: [String], seconds: Int) throws {
        _ = try slurm.run(
            "sbatch",
            options + [
                "--mem=100", "--job-name=\(kubectl.namespace)/\(name)", "--chdir=/", "--output=/dev/null", "--wrap=sleep \(seconds)",
            ])
    }

    /// The requeued pod shows that it waits again; then it is let go on, for Slurm itself would leave it for two minutes.
    func comesBack(_ name: String, _ job: String) async throws {
        let pod = try await board.pod(name, "waits again") { $0.mainState?.waiting?.reason == "SlurmPending" }
        #expect(pod.jobID == job)
        #expect(pod.status.containerStatuses.first?.lastState.terminated != nil)
        try await kubectl.eventually("job \(job) is let go on", seconds: 30) {
            // Before its first run has been cleaned up, Slurm would set the time again.
            try slurm.run("squeue", "--noheader", "--jobs=\(job)", "--format=%T %r") == "PENDING BeginTime\n"
                && (try? slurm.run("scontrol", "update", "JobId=\(job)", "StartTime=now")) != nil
        }
    }
}
