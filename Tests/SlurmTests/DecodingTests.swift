import CSlurm
import Foundation
import Testing

@testable import Slurm

/// C strings that a record of libslurm could hold.
private final class CText {
    private var owned: [UnsafeMutablePointer<CChar>] = []

    func make(_ bytes: [UInt8]?) -> UnsafeMutablePointer<CChar>? {
        guard let bytes else { return nil }
        let text = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
        for (index, byte) in bytes.enumerated() { text[index] = CChar(bitPattern: byte) }
        text[bytes.count] = 0
        owned.append(text)
        return text
    }

    func make(_ text: String) -> UnsafeMutablePointer<CChar>? { make(Array(text.utf8)) }

    deinit {
        for text in owned { text.deallocate() }
    }
}

@Suite("Records of libslurm")
struct DecodingTests {
    /// Texts that no well-behaved Slurm sends.
    static let hostile: [[UInt8]?] = [
        nil, [], [0xff, 0xfe, 0x80], [0xc3], Array("a\u{7}\n\r\u{1b}[2J".utf8), Array(repeating: 0x61, count: 1 << 16), [0xed, 0xa0, 0x80],
        Array("👩‍👩‍👧".utf8),
        Array(repeating: UInt8(ascii: "("), count: 500), Array(",,:::,(,)".utf8),
        Array("gpu:99999999999999999999,gpu:18446744073709551615T".utf8),
    ]

    static let numbers: [UInt64] = [
        0, 1, 0x7f, 0xff, 0xfffe, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff, 1 << 63, .max - 1, .max,
    ]

    @Test("are read whatever their texts and numbers are", arguments: hostile, numbers)
    func hostileRecords(text: [UInt8]?, number: UInt64) {
        let store = CText()
        var job = slurm_job_info_t()
        let string = store.make(text)
        (job.name, job.comment, job.nodes, job.state_desc, job.tres_alloc_str, job.work_dir, job.array_task_str) = (
            string, string, string, string, string, string, string
        )
        hpk_slurm_set_job_id(&job, UInt32(truncatingIfNeeded: number))
        (job.job_state, job.exit_code, job.derived_ec) = (
            UInt32(truncatingIfNeeded: number), UInt32(truncatingIfNeeded: number), UInt32(truncatingIfNeeded: number)
        )
        job.state_reason = .init(truncatingIfNeeded: number)
        (job.submit_time, job.start_time, job.end_time) = (
            time_t(truncatingIfNeeded: number), time_t(truncatingIfNeeded: number), time_t.min
        )
        (job.array_job_id, job.array_task_id) = (UInt32(truncatingIfNeeded: number), UInt32(truncatingIfNeeded: number))
        job.restart_cnt = UInt16(truncatingIfNeeded: number)
        var texts = RepeatedTexts()
        let record = JobRecord(decoding: &job, &texts)
        #expect(record.id.rawValue == UInt32(truncatingIfNeeded: number))
        #expect((record.comment == nil) == (text?.isEmpty ?? true))
        #expect(!record.state.description.isEmpty && !record.exitStatus.description.isEmpty && !record.stateReason.text.isEmpty)
        #expect(record.endTime == nil)

        var node = node_info_t()
        (node.name, node.gres, node.features, node.reason) = (string, string, string, string)
        (node.cpus, node.cpus_efctv) = (UInt16(truncatingIfNeeded: number), UInt16(truncatingIfNeeded: number))
        (node.real_memory, node.mem_spec_limit) = (number, number / 2)
        for base in [UInt32(2), UInt32(truncatingIfNeeded: number)] {
            node.node_state = base
            let decoded = NodeRecord(decoding: &node)
            let totals = ClusterTotals(Array(repeating: decoded, count: 3))
            #expect(totals.nodes + totals.unusableNodes == 3)
            #expect(!decoded.state.description.isEmpty)
        }

        var partition = partition_info_t()
        (partition.name, partition.nodes) = (string, string)
        (partition.max_time, partition.total_nodes) = (UInt32(truncatingIfNeeded: number), UInt32(truncatingIfNeeded: number))
        #expect(PartitionRecord(decoding: &partition).name == CStrings.text(string))
    }

    @Test("of a job give each field at its place")
    func job() {
        let store = CText()
        var job = slurm_job_info_t()
        hpk_slurm_set_job_id(&job, 42)
        (job.name, job.comment, job.partition, job.batch_host) = (
            store.make("ns/pod"), store.make("uid=7 note"), store.make("main"), store.make("c1")
        )
        (job.job_state, job.exit_code, job.user_id) = (UInt32(JOB_TIMEOUT.rawValue) | 1 << 15, 9, 1000)
        (job.array_job_id, job.array_task_id) = (40, 3)
        (job.submit_time, job.start_time, job.end_time) = (1_700_000_000, 1_700_000_010, 0)
        (job.time_limit, job.priority, job.restart_cnt, job.num_cpus) = (0xffff_ffff, 17, 2, 4)
        var texts = RepeatedTexts()
        let record = JobRecord(decoding: &job, &texts)
        #expect(record.id == JobID(array: 40, task: 3) && record.number == 42 && record.arrayTasks == nil)
        #expect(record.name == "ns/pod" && record.ownComment == "uid=7" && record.partition == "main" && record.batchHost == "c1")
        #expect(record.state == JobState(.timeout, flags: .completing) && record.state.isFinal && !record.state.isReleased)
        #expect(record.exitStatus.signal == 9 && record.userID == 1000)
        #expect(record.submitTime == Date(timeIntervalSince1970: 1_700_000_000) && record.endTime == nil)
        #expect(record.timeLimitMinutes == nil && record.priority == 17 && record.restartCount == 2 && record.numCPUs == 4)
    }

    @Test(
        "count generic resources",
        arguments: [
            ("gpu:2", ["gpu": 2], [:]), ("gpu:a100:4(S:0-1),shard:8", ["gpu": 4, "shard": 8], ["gpu:a100": 4]), ("nic", ["nic": 1], [:]),
            ("gpu:nvidia:2,gpu:amd:2", ["gpu": 4], ["gpu:nvidia": 2, "gpu:amd": 2]), ("craynetwork:4K", ["craynetwork": 4096], [:]),
            ("gpu:tesla:no_consume:2", ["gpu": 2], ["gpu:tesla": 2]), ("gpu:2(IDX:0,2),nic:1", ["gpu": 2, "nic": 1], [:]),
            ("(null)", [:], [:]), ("", [:], [:]),
            ("gpu:18446744073709551615,gpu:5", ["gpu": .max], [:]),
        ] as [(String, [String: UInt64], [String: UInt64])])
    func gres(text: String, byName: [String: UInt64], byType: [String: UInt64]) {
        let counts = GresCounts(text)
        #expect(counts.byName == byName)
        #expect(counts.byType == byType)
    }

    @Test(
        "say which nodes can be used",
        arguments: [
            (2, nil, true), (3, nil, true), (5, nil, true), (1, nil, false), (0, nil, false), (6, nil, false), (2, 9, false), (3, 9, false),
            (2, 11, false), (2, 13, false), (5, 10, true), (2, 15, true),
        ] as [(UInt32, UInt32?, Bool)])
    func nodeState(base: UInt32, flag: UInt32?, isUsable: Bool) {
        #expect(NodeState(rawValue: base | (flag.map { 1 << $0 } ?? 0)).isUsable == isUsable)
    }
}

@Suite("Job states")
struct JobStateTests {
    @Test(
        "have Slurm's numbers and words",
        arguments: [
            (JOB_PENDING, JobState.Base.pending, "PENDING", false), (JOB_RUNNING, .running, "RUNNING", false),
            (JOB_SUSPENDED, .suspended, "SUSPENDED", false),
            (JOB_COMPLETE, .completed, "COMPLETED", true), (JOB_CANCELLED, .cancelled, "CANCELLED", true),
            (JOB_FAILED, .failed, "FAILED", true),
            (JOB_TIMEOUT, .timeout, "TIMEOUT", true), (JOB_NODE_FAIL, .nodeFail, "NODE_FAIL", true),
            (JOB_PREEMPTED, .preempted, "PREEMPTED", true),
            (JOB_BOOT_FAIL, .bootFail, "BOOT_FAIL", true), (JOB_DEADLINE, .deadline, "DEADLINE", true),
            (JOB_OOM, .outOfMemory, "OUT_OF_MEMORY", true),
        ])
    func base(raw: job_states, base: JobState.Base, name: String, isEnd: Bool) {
        let state = JobState(rawValue: UInt32(raw.rawValue))
        #expect(state.base == base)
        #expect(state.description == name)
        #expect(state.isFinal == isEnd)
    }

    @Test(
        "with flags are final only when the job does not come back",
        arguments: [
            (JobState(.completed, flags: .completing), true, false), (JobState(.cancelled, flags: .requeue), false, false),
            (JobState(.nodeFail, flags: [.requeue, .completing]), false, false), (JobState(.failed, flags: .launchFailed), true, true),
            (JobState(.pending, flags: .specialExit), false, false), (JobState(.preempted, flags: .requeueHold), false, false),
            (JobState(.running, flags: .configuring), false, false),
        ])
    func flags(state: JobState, isFinal: Bool, isReleased: Bool) {
        #expect(state.isFinal == isFinal)
        #expect(state.isReleased == isReleased)
        #expect(
            JobState(rawValue: (JobState.Base.table.firstIndex { $0.base == state.base }.map(UInt32.init) ?? 99) | state.flags.rawValue)
                == state)
    }

    @Test("of a number that is not known are kept, and are no end")
    func unknown() {
        let state = JobState(rawValue: 77)
        #expect(state.base == .unknown(77))
        #expect(!state.isFinal)
        #expect(state.description == "UNKNOWN(77)")
    }

    @Test(
        "are read from a wait status",
        arguments: [
            (UInt32(0), Int32(0), Int32?.none, "0:0"), (0x0100, 1, nil, "1:0"), (9, 137, 9, "0:9"), (0x8f, 143, 15, "0:15"),
            (0xff00, 255, nil, "255:0"),
        ])
    func exitStatus(raw: UInt32, shell: Int32, signal: Int32?, text: String) {
        let status = ExitStatus(rawValue: raw)
        #expect(status.shellCode == shell)
        #expect(status.signal == signal)
        #expect(status.description == text)
        #expect(status.isSuccess == (raw == 0))
    }

    @Test(
        "and ids are read from decimal digits only",
        arguments: [("12", UInt32?(12)), ("0", nil), ("", nil), ("-1", nil), ("+1", nil), ("1a", nil), ("4294967296", nil), ("१", nil)])
    func jobID(text: String, number: UInt32?) throws {
        #expect(JobID(text)?.rawValue == number)
        let id = JobID(rawValue: 7)
        #expect(String(decoding: try JSONEncoder().encode([id]), as: UTF8.self) == "[7]")
        #expect(try JSONDecoder().decode([JobID].self, from: Data("[7]".utf8)) == [id])
    }
}
