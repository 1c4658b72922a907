import Foundation
import Testing

@testable import Slurm

extension FlagRow {
    /// Rows of the options for layout, GPUs and rarer things.
    static let details: [FlagRow] = layout + gpus + rare + newer

    private static let layout: [FlagRow] = [
        FlagRow("--sockets-per-node=2") { $0.layout.socketsPerNode = 2 },
        FlagRow("--cores-per-socket 4") { $0.layout.coresPerSocket = 4 },
        FlagRow("--threads-per-core=1") { $0.layout.threadsPerCore = 1 },
        FlagRow("--extra-node-info=2:4:1") {
            ($0.layout.socketsPerNode, $0.layout.coresPerSocket, $0.layout.threadsPerCore, $0.layout.impliesTasks) = (2, 4, 1, true)
        },
        FlagRow("-B2") { ($0.layout.socketsPerNode, $0.layout.impliesTasks) = (2, true) },
        FlagRow("-B *:2-4") { ($0.layout.coresPerSocket, $0.layout.impliesTasks) = (2, true) },
        FlagRow("-B :3") { ($0.layout.coresPerSocket, $0.layout.impliesTasks) = (3, true) },
        FlagRow("-B *") { _ in },
        FlagRow("--ntasks-per-socket=2") { $0.layout.tasksPerSocket = 2 },
        FlagRow("--ntasks-per-core=65535") { $0.layout.tasksPerCore = 65_535 },
        FlagRow("--hint=nomultithread") { $0.layout.hints = .noMultithread },
        FlagRow("--hint=Compute_Bound,multithread") { $0.layout.hints = [.computeBound, .multithread] },
        FlagRow("--hint=memory_bound") { $0.layout.hints = .memoryBound },
        FlagRow("--distribution=block") { $0.layout.distribution = .init(rawValue: 2) },
        FlagRow("-m cyclic") { $0.layout.distribution = .init(rawValue: 1) },
        FlagRow("-mblock:cyclic:fcyclic") { $0.layout.distribution = .init(rawValue: 0x312) },
        FlagRow("-m *:*:*") { $0.layout.distribution = .init(rawValue: 0x112) },
        FlagRow("-m block:block:*") { $0.layout.distribution = .init(rawValue: 0x222) },
        FlagRow("-m Cyclic:Block,Pack") { $0.layout.distribution = .init(rawValue: 0x80_0021) },
        FlagRow("-m block,NoPack") { $0.layout.distribution = .init(rawValue: 0x40_0002) },
        FlagRow("-m pack") { $0.layout.distribution = .init(rawValue: 0x80_2000) },
        FlagRow("-m plane=4") { $0.layout.distribution = .init(rawValue: 4, planeSize: 4) },
        FlagRow("--mem-bind=local") { $0.layout.memoryBinding = .init(rawValue: 0x20) },
        FlagRow("--mem-bind=no") { $0.layout.memoryBinding = .init(rawValue: 2) },
        FlagRow("--mem-bind=verbose,rank,p") { $0.layout.memoryBinding = .init(rawValue: 0x85) },
        FlagRow("--mem-bind=local,rank") { $0.layout.memoryBinding = .init(rawValue: 4) },
        FlagRow("--mem-bind=q") { $0.layout.memoryBinding = .init(rawValue: 0) },
        FlagRow("--mem-bind=map_mem:0*2,1") { $0.layout.memoryBinding = .init(rawValue: 8, map: "0,0,1") },
        FlagRow("--mem-bind=v,mask_mem:0x1,3") { $0.layout.memoryBinding = .init(rawValue: 0x11, map: "1,3") },
        FlagRow("--core-spec=2") { $0.layout.reserved = .cores(2) },
        FlagRow("-S0") { $0.layout.reserved = .cores(0) },
        FlagRow("--thread-spec=3") { $0.layout.reserved = .threads(3) },
        FlagRow("--spread-job") { $0.layout.spreads = true },
        FlagRow("--use-min-nodes") { $0.layout.prefersFewNodes = true },
        FlagRow("--switches=2") { $0.layout.switches = .init(count: 2) },
        FlagRow("--switches=1@10") { $0.layout.switches = .init(count: 1, waitSeconds: 600) },
        FlagRow("--switches=1@1-0") { $0.layout.switches = .init(count: 1, waitSeconds: 86_400) },
    ]

    private static let gpus: [FlagRow] = [
        FlagRow("--gpus=a100:1,h100:2") { $0.gpus = "a100:1,h100:2" },
        FlagRow("--gpus-per-node=a100:1,h100:2") { $0.gres = "gpu:a100:1,gpu:h100:2" },
        FlagRow("--gpus-per-socket=2") { $0.gpuUse.perSocket = "2" },
        FlagRow("--gpus-per-task=a100:1") { $0.gpuUse.perTask = "a100:1" },
        FlagRow("--ntasks-per-gpu=2") { $0.gpuUse.tasksPerGPU = 2 },
        FlagRow("--cpus-per-gpu=8") { $0.gpuUse.cpusPerGPU = 8 },
        FlagRow("--mem-per-gpu=16G") { $0.memory = .perGPU(megabytes: 16_384) },
        FlagRow("--gpu-bind=closest") { $0.gpuUse.binding = "closest" },
        FlagRow("--gpu-bind=verbose,single:2") { $0.gpuUse.binding = "verbose,single:2" },
        FlagRow("--gpu-bind=map_gpu:0,1*2") { $0.gpuUse.binding = "map_gpu:0,1*2" },
        FlagRow("--gpu-bind=mask_gpu:0x1,2") { $0.gpuUse.binding = "mask_gpu:0x1,2" },
        FlagRow("--gpu-bind=per_task:1") { $0.gpuUse.binding = "per_task:1" },
        FlagRow("--gpu-freq=450,memory=highm1,verbose") { $0.gpuUse.frequency = "450,memory=highm1,verbose" },
        FlagRow("--gres-flags=enforce-binding") { $0.gpuUse.bindsCPUs = true },
        FlagRow("--gres-flags=Disable-Binding") { $0.gpuUse.bindsCPUs = false },
    ]

    private static let rare: [FlagRow] = [
        FlagRow("--acctg-freq=10") { $0.extras.accountingFrequency = "10" },
        FlagRow("--acctg-freq=task=10,energy=0") { $0.extras.accountingFrequency = "task=10,energy=0" },
        FlagRow("--batch='fast&big'") { $0.extras.batchFeatures = "fast&big" },
        FlagRow("--bb='capacity=5G access=striped'") { $0.extras.burstBuffer = "capacity=5G access=striped" },
        FlagRow("--cpu-freq=2000000") { $0.extras.cpuFrequency = .init(maximum: 2_000_000) },
        FlagRow("--cpu-freq=High") { $0.extras.cpuFrequency = .init(maximum: 0x8000_0003) },
        FlagRow("--cpu-freq=1000-high:OnDemand") {
            $0.extras.cpuFrequency = .init(minimum: 1000, maximum: 0x8000_0003, governor: 0x8400_0000)
        },
        FlagRow("--cpu-freq=low-medium") { $0.extras.cpuFrequency = .init(minimum: 0x8000_0001, maximum: 0x8000_0002) },
        FlagRow("--cpu-freq=SchedUtil") { $0.extras.cpuFrequency = .init(governor: 0x8040_0000) },
        FlagRow("--delay-boot=5") { $0.extras.delayBootSeconds = 300 },
        FlagRow("--delay-boot=0") { $0.extras.delayBootSeconds = 0 },
        FlagRow("--kill-on-invalid-dep=yes") { $0.extras.endsOnInvalidDependency = true },
        FlagRow("--kill-on-invalid-dep=No") { $0.extras.endsOnInvalidDependency = false },
        FlagRow("--mail-type=END,fail") { $0.extras.mailTypes = [.end, .fail] },
        FlagRow("--mail-type=ALL") { $0.extras.mailTypes = .all },
        FlagRow("--mail-type=TIME_LIMIT,TIME_LIMIT_90,TIME_LIMIT_80,TIME_LIMIT_50") {
            $0.extras.mailTypes = [.timeLimit, .timeLimit90, .timeLimit80, .timeLimit50]
        },
        FlagRow("--mail-type=BEGIN,NONE") { _ in },
        FlagRow("--mail-user=a@b.c") { $0.extras.mailUser = "a@b.c" },
        FlagRow("--mcs-label=x") { $0.extras.mcsLabel = "x" },
        FlagRow("--network=instances=2") { $0.extras.network = "instances=2" },
        FlagRow("--profile=all") { $0.extras.profile = .everything },
        FlagRow("--profile=None") { $0.extras.profile = .nothing },
        FlagRow("--profile=energy,task") { $0.extras.profile = [.energy, .task] },
        FlagRow("--profile=lustre,network") { $0.extras.profile = [.lustre, .network] },
        FlagRow("--reboot") { $0.extras.reboots = true },
        FlagRow("--wait-all-nodes=1") { $0.extras.waitsForAllNodes = true },
        FlagRow("--wait-all-nodes=0") { $0.extras.waitsForAllNodes = false },
        FlagRow("--begin=fika") { $0.beginTime = 1_773_154_800 },
        FlagRow("--exclusive=exclusive") { $0.sharing = .exclusive },
    ]

    /// Rows of options that not every release has.
    private static let newer: [FlagRow] =
        (FlagValue.hasSortedMemory
            ? [
                FlagRow("--mem-bind=verbose,rank,sort,p") { $0.layout.memoryBinding = .init(rawValue: 0xc5) },
                FlagRow("--mem-bind=q,nosort") { $0.layout.memoryBinding = .init(rawValue: 0) },
            ] : []) + (SbatchFlag.isBuiltFor(atLeast: 24, 5) ? [] : [FlagRow("--power=level") { $0.extras.levelsPower = true }])
        + (SbatchFlag.isBuiltFor(atLeast: 23, 11)
            ? [
                FlagRow("--tres-per-task=cpu:2,gres/gpu:a100=1") {
                    $0.gpuUse.resourcesPerTask = "cpu:2,gres/gpu:a100=1"
                    $0.cpusPerTask = 2
                },
                FlagRow("--extra='a b'") { $0.extras.siteText = "a b" },
                FlagRow("--gres-flags=one-task-per-sharing") { $0.gpuUse.sharing = .oneTask },
                FlagRow("--gres-flags=multiple-tasks-per-sharing") { $0.gpuUse.sharing = .multipleTasks },
            ] : [])
        + (SbatchFlag.isBuiltFor(atLeast: 24, 11)
            ? [
                FlagRow("--exclusive=topo") { $0.sharing = .topology },
                FlagRow("--oom-kill-step") { $0.extras.endsStepOutOfMemory = true },
                FlagRow("--oom-kill-step=0") { $0.extras.endsStepOutOfMemory = false },
                FlagRow("--segment=2") { $0.layout.segment = .init(size: 2) },
            ] : [])
        + (SbatchFlag.isBuiltFor(atLeast: 26, 5)
            ? [
                FlagRow("--segment=2 --spread-segments") { $0.layout.segment = .init(size: 2, spreads: true) },
                FlagRow("--consolidate-segments --segment=2") { $0.layout.segment = .init(size: 2, spreads: false) },
            ] : [])
}

@Suite("Details of sbatch options")
struct SbatchFlagDetailsTests {
    @Test(
        "that are malformed are refused",
        arguments: [
            "--sockets-per-node=0", "--cores-per-socket=2-4", "--threads-per-core=x", "--threads-per-core=65534", "-B x", "-B 0", "-B 4-2",
            "-B 2-x", "-B 1:1:1:1", "-B 2-", "--ntasks-per-socket=0", "--ntasks-per-core=0", "--ntasks-per-core=65536", "--hint=help",
            "--hint=xx",
            "--hint=compute_bound,", "-m fcyclic", "-m plane", "-m plane=0", "-m plane=4:block", "-m block:xx",
            "-m block:block:block:block",
            "-m cyclic,Pack,NoPack", "-m block,", "-m arbitrary", "--mem-bind=xx", "--mem-bind=local,", "--mem-bind=,local",
            "--mem-bind=map_mem", "--mem-bind=map_mem:", "--mem-bind=map_mem:0x2", "--mem-bind=mask_mem:zz", "--mem-bind=map_mem:1*9999",
            "-S -1", "-S 32766", "--thread-spec=0", "--thread-spec=32766", "--spread-job=1", "--use-min-nodes=1", "--switches=0",
            "--switches=x", "--switches=1@x", "--switches=1@", "--gpus-per-socket=x", "--gpus-per-task=x:y", "--gpus-per-node=x",
            "--gpus-per-node=a:1,,b:2", "--ntasks-per-gpu=0", "--cpus-per-gpu=0", "--cpus-per-gpu=x", "--mem-per-gpu=x", "--gpu-bind=xx",
            "--gpu-bind=single", "--gpu-bind=verbose", "--gpu-bind=map_gpu", "--gpu-bind=map_gpu:", "--gpu-bind=map_gpu:0x1",
            "--gpu-bind=mask_gpu:zz", "--gpu-bind=slots:1", "--gpu-freq=xx", "--gpu-freq=memory=x", "--gpu-freq=450:3", "--gpu-freq=HIGH",
            "--gres-flags=xx", "--gres-flags=enforce-binding,disable-binding", "--acctg-freq=xx", "--acctg-freq=task=x",
            "--acctg-freq=foo=1",
            "--acctg-freq=task", "--acctg-freq=-1", "--acctg-freq=task=1,", "--cpu-freq=xx", "--cpu-freq=0", "--cpu-freq=3000-1000",
            "--cpu-freq=high-low", "--cpu-freq=1000:OnDemand", "--cpu-freq=2000-", "--cpu-freq=-", "--cpu-freq=userspace:2000",
            "--cpu-freq=1000-2000:On", "--cpu-freq=low-2000", "--cpu-freq=5000000000", "--delay-boot=x", "--delay-boot=-1",
            "--kill-on-invalid-dep=x", "--mail-type=xx", "--mail-type=END,xx", "--mail-type=ARRAY_TASKS", "--mail-user='a b'",
            "--mcs-label='a b'", "--profile=xx", "--profile=energy,xx", "--wait-all-nodes=2", "--wait-all-nodes=x", "--batch='a b'",
            "--bb=\u{7}", "--reboot=1", "--network='a b'", "--power=x",
        ])
    func malformed(text: String) throws {
        let error = try #require(throws: FlagError.self) { try SbatchFlags.parse(text) }
        switch error.reason {
        case .malformed, .unexpectedValue, .missingValue: break
        case .refused where text.hasPrefix("--power"): break
        default: Issue.record("\(error)")
        }
    }

    @Test(
        "imply tasks as sbatch does",
        arguments: [
            ("-B 2:3:1", UInt32?(6), UInt32(6)), ("-B 2:2 -N 2", 8, 8), ("-B 2:2 -n 3", 3, 3), ("-B 2:2:2 --ntasks-per-node=3", 3, 3),
            ("-B 2:2:2 -N 2-3", nil, 1), ("-B *", nil, 1), ("--sockets-per-node=2 --cores-per-socket=2", nil, 1),
        ])
    func impliedTasks(text: String, tasks: UInt32?, cpus: UInt32) throws {
        var job = JobSubmission(name: "n", script: "#!")
        try SbatchFlags.parse(text).apply(to: &job)
        let size = try JobSize(job)
        #expect(size.explicitTasks == tasks)
        #expect(size.cpus == cpus)
    }

    @Test(
        "imply tasks by GPUs as sbatch does",
        arguments: [
            ("-G 2 --ntasks-per-gpu=2", UInt32?(4)), ("-G 4 --gpus-per-task=2", 2), ("-N 2 --gpus-per-node=1 --ntasks-per-gpu=2", 4),
            ("-G a:1,b:2 --ntasks-per-gpu=2", 6), ("-G 3 --gpus-per-task=2", nil), ("-G 2 -n 3 --ntasks-per-gpu=2", nil),
            ("--ntasks-per-gpu=2", nil), ("-G 0 --ntasks-per-gpu=2", nil), ("--gpus-per-node=4294967295 -N 1m --ntasks-per-gpu=9", nil),
        ])
    func gpuTasks(text: String, tasks: UInt32?) throws {
        var job = JobSubmission(name: "n", script: "#!")
        try SbatchFlags.parse(text).apply(to: &job)
        #expect(try JobSize(job).gpuTasks == tasks)
    }
}
