import Kubernetes
import PodProtocol
import Slurm

/// Makes the Slurm job of a pod. Nothing that a pod says becomes text of the script: that is fixed but for two paths of our own.
public enum JobPlanner {
    /// Annotation with options in sbatch's notation; they win over everything that follows from the pod's spec.
    public static let flagsAnnotation = "slurm.hpk.io/flags"
    /// Seconds of the time limit beyond `activeDeadlineSeconds` and the grace period, so that the agent's own deadline comes first.
    static let deadlineMargin = 60
    /// Slurm looks for jobs that are to be warned this often (seconds), and may therefore warn as much too early.
    static let warningGranularity = 30

    /// The job that runs a pod. `spec.priority` has no part in it: Slurm's own priorities decide, unless a flag says otherwise.
    ///
    /// - Parameters:
    ///   - podDirectory: absolute path of the pod's folder on the shared file system.
    ///   - flagContext: time and time zone that relative times in flags count from.
    /// - Throws: ``TranslationError`` that fails the pod.
    public static func submission(
        pod: Pod, settings: PlanSettings, podDirectory: String, flagContext: SbatchFlags.Context = SbatchFlags.Context()
    ) throws(TranslationError) -> JobSubmission {
        try PodValidation.validateIdentity(pod)
        guard let comment = JobComment(cluster: settings.clusterName, uid: pod.metadata.uid) else {
            throw TranslationError(
                .podFails(reason: "InvalidConfiguration"),
                message: "the cluster's name \(settings.clusterName.quotedForMessage) may hold letters, digits, '.', '_' and '-' only")
        }
        var job = JobSubmission(
            name: "\(pod.metadata.namespace)/\(pod.metadata.name)", comment: comment.description,
            script: try script(settings: settings, podDirectory: podDirectory), environment: settings.jobEnvironment,
            workingDirectory: podDirectory)
        job.standardOutput = PodDirectory(path: podDirectory).output
        try setResources(of: pod, settings, &job)
        let grace = PlanBuilder.gracePeriod(of: pod)
        if let deadline = pod.spec.activeDeadlineSeconds {
            job.timeLimit = .minutes(minutes(Int64(max(deadline, 0)), grace))
        }
        let warning = JobSubmission.WarningSignal(
            signal: 15, secondsBeforeEnd: UInt16(clamping: max(grace, 1)), batchOnly: true)
        job.warningSignal = warning
        if let text = pod.metadata.annotations[flagsAnnotation] {
            do {
                let flags = try SbatchFlags.parse(text, context: flagContext)
                flags.apply(to: &job)
                StepPlanner.settleSize(of: &job, flags)
            } catch {
                throw TranslationError(
                    .podFails(reason: "InvalidSlurmFlags"), field: "metadata.annotations['\(flagsAnnotation)']", message: "\(error)")
            }
        }
        if job.warningSignal == warning, !leavesRoom(for: warning, in: job) { job.warningSignal = nil }
        return job
    }

    /// `#!/bin/sh` and one `exec`. The paths come from our own configuration and the pod's UID.
    static func script(settings: PlanSettings, podDirectory: String) throws(TranslationError) -> String {
        guard let program = path(settings.podProgram), let folder = path(podDirectory) else {
            throw TranslationError(
                .podFails(reason: "InvalidConfiguration"),
                message: "paths of hpk-pod and of the pod's folder must be absolute, without control characters, % and \\: "
                    + "\(settings.podProgram.quotedForMessage), \(podDirectory.quotedForMessage)")
        }
        return "#!/bin/sh\nexec \(program) run --directory \(folder)\n"
    }

    /// The script of a job array: each task runs the supervisor of the pod that the batch file names for it.
    ///
    /// - Parameters:
    ///   - batchFile: absolute path of the array's batch file.
    ///   - pods: absolute path of the folder of the pods' directories.
    static func script(podProgram: String, batchFile: String, pods: String) throws -> String {
        guard let program = path(podProgram), let file = path(batchFile), let folder = path(pods) else {
            throw PodDirectoryError(path: batchFile, problem: "it, or a path beside it, has control characters, % or \\ in it")
        }
        return "#!/bin/sh\nexec \(program) run --batch \(file) --pods \(folder)\n"
    }

    /// The quoted path; nil where it is none of ours. Slurm would replace `%` in the path of the output file.
    private static func path(_ text: String) -> String? {
        guard text.hasPrefix("/"), text.utf8.count <= 3072, !text.contains("%"), !text.contains("\\"),
            !text.split(separator: "/").contains("..")
        else { return nil }
        return ShellWord.quote(text)
    }

    /// Minutes, rounded up, that hold the deadline, the grace period and a margin.
    private static func minutes(_ deadline: Int64, _ grace: Int64) -> UInt32 {
        let (withGrace, overflow) = deadline.addingReportingOverflow(grace)
        guard !overflow, withGrace < Int64.max - 120 else { return UInt32(clamping: Int64(Int32.max)) }
        return UInt32(clamping: min((withGrace + Int64(deadlineMargin) + 59) / 60, Int64(Int32.max)))
    }

    /// Slurm warns a job at its very start where the time limit is not longer than the warning's lead, which would end the pod at once.
    private static func leavesRoom(for warning: JobSubmission.WarningSignal, in job: JobSubmission) -> Bool {
        guard case .minutes(let minutes) = job.timeLimit else { return true }
        return Int64(minutes) * 60 > Int64(warning.secondsBeforeEnd) + 2 * Int64(warningGranularity)
    }

    private static func setResources(of pod: Pod, _ settings: PlanSettings, _ job: inout JobSubmission) throws(TranslationError) {
        let requests = ResourceTotals(of: pod).requests
        for (name, amount) in requests where amount < .zero {
            throw .invalid("spec.containers", "the pod asks for \(amount) of \(name): less than nothing")
        }
        job.minNodes = 1
        job.maxNodes = 1
        job.tasks = 1
        if let cpus = try cpus(requests["cpu"], settings) { job.cpusPerTask = cpus }
        if let memory = requests["memory"], !memory.isZero {
            let mebibyte: Int64 = 1 << 20
            let (whole, rest) = memory.value.quotientAndRemainder(dividingBy: mebibyte)
            job.memory = .perNode(megabytes: UInt64(whole + (rest > 0 ? 1 : 0)))
        } else if let megabytes = settings.defaultMemoryMegabytes, megabytes > 0 {
            job.memory = .perNode(megabytes: UInt64(megabytes))
        }
        job.gres = try gres(requests, settings)
    }

    /// Whole CPUs, rounded up.
    private static func cpus(_ amount: Quantity?, _ settings: PlanSettings) throws(TranslationError) -> UInt16? {
        guard let amount, !amount.isZero else { return settings.defaultCPUs.flatMap { $0 > 0 ? UInt16(clamping: $0) : nil } }
        // Slurm keeps the highest numbers of the field for itself.
        guard amount.value < 0xFF00, let cpus = UInt16(exactly: amount.value) else {
            throw .invalid("spec.containers", "the pod asks for \(amount) CPUs, more than one Slurm task can have")
        }
        return cpus
    }

    /// Names whose amounts Slurm is not asked for: the kubelet knows them, a job has no use for them.
    private static func isNative(_ name: String) -> Bool {
        name == "cpu" || name == "memory" || name == "ephemeral-storage" || name == "storage" || name.hasPrefix("hugepages-")
    }

    private static func gres(_ requests: [String: Quantity], _ settings: PlanSettings) throws(TranslationError) -> String? {
        var counts: [String: Int64] = [:]
        for (name, amount) in requests.sorted(by: { $0.key < $1.key }) where !isNative(name) && !amount.isZero {
            guard let gres = settings.gres[name] else {
                throw TranslationError(
                    .podFails(reason: "OutOf\(name)"), field: "spec.containers",
                    message: "Node didn't have enough resource: \(name), requested: \(amount), used: 0, capacity: 0; "
                        + "no Slurm gres is configured for it")
            }
            let (sum, overflow) = counts[gres, default: 0].addingReportingOverflow(amount.value)
            guard !overflow, sum <= Int64(Int32.max) else {
                throw .invalid("spec.containers", "the pod asks for \(amount) of \(name), more than Slurm can count")
            }
            counts[gres] = sum
        }
        guard !counts.isEmpty else { return nil }
        return counts.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: ",")
    }
}
