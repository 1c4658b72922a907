import Foundation
import Testing

@testable import Slurm

/// 2026-03-10 12:00:00 UTC, a Tuesday.
private let noon = Date(timeIntervalSince1970: 1_773_144_000)
private let context = SbatchFlags.Context(now: noon, timeZone: .gmt)

/// What an option text makes of an empty submission, as differences that a table can hold.
struct FlagRow: Sendable, CustomTestStringConvertible {
    let text: String
    let change: @Sendable (inout JobSubmission) -> Void

    init(_ text: String, _ change: @escaping @Sendable (inout JobSubmission) -> Void) {
        self.text = text
        self.change = change
    }

    var testDescription: String { text }

    static let all: [FlagRow] = [
        FlagRow("--partition=main") { $0.partition = "main" },
        FlagRow("-p main,short") { $0.partition = "main,short" },
        FlagRow("-pmain") { $0.partition = "main" },
        FlagRow("--partition main") { $0.partition = "main" },
        FlagRow("--account=ab12") { $0.account = "ab12" },
        FlagRow("-A ab12") { $0.account = "ab12" },
        FlagRow("--qos=high -q low") { $0.qos = "low" },
        FlagRow("--constraint='fast&big'") { $0.constraint = "fast&big" },
        FlagRow("-C [rack1*2|rack2*4]") { $0.constraint = "[rack1*2|rack2*4]" },
        FlagRow("--prefer=fast") { $0.preferredFeatures = "fast" },
        FlagRow("--reservation=r1,r2") { $0.reservation = "r1,r2" },
        FlagRow("--nodelist=c[1-2,4],d7") { $0.nodeList = "c[1-2,4],d7" },
        FlagRow("-w c1") { $0.nodeList = "c1" },
        FlagRow("--exclude=c[3-4]") { $0.excludeNodes = "c[3-4]" },
        FlagRow("-x c3") { $0.excludeNodes = "c3" },
        FlagRow("--licenses=foo:2,bar") { $0.licenses = "foo:2,bar" },
        FlagRow("-L foo") { $0.licenses = "foo" },
        FlagRow("--wckey=k") { $0.wckey = "k" },
        FlagRow("--exclusive") { $0.sharing = .exclusive },
        FlagRow("--exclusive=user") { $0.sharing = .user },
        FlagRow("--exclusive=mcs") { $0.sharing = .mcs },
        FlagRow("--oversubscribe") { $0.sharing = .oversubscribe },
        FlagRow("-s") { $0.sharing = .oversubscribe },
        FlagRow("--contiguous") { $0.contiguous = true },
        FlagRow("--nodes=2") { ($0.minNodes, $0.maxNodes) = (2, 2) },
        FlagRow("-N 2-4") { ($0.minNodes, $0.maxNodes) = (2, 4) },
        FlagRow("-N1k") { ($0.minNodes, $0.maxNodes) = (1024, 1024) },
        FlagRow("--ntasks=8") { $0.tasks = 8 },
        FlagRow("-n8") { $0.tasks = 8 },
        FlagRow("--ntasks-per-node=3") { $0.tasksPerNode = 3 },
        FlagRow("--cpus-per-task=4") { $0.cpusPerTask = 4 },
        FlagRow("-c 4") { $0.cpusPerTask = 4 },
        FlagRow("--mincpus=6") { $0.minCPUsPerNode = 6 },
        FlagRow("--mem=512") { $0.memory = .perNode(megabytes: 512) },
        FlagRow("--mem=2G") { $0.memory = .perNode(megabytes: 2048) },
        FlagRow("--mem=0") { $0.memory = .perNode(megabytes: 0) },
        FlagRow("--mem=1T") { $0.memory = .perNode(megabytes: 1 << 20) },
        FlagRow("--mem=1025K") { $0.memory = .perNode(megabytes: 2) },
        FlagRow("--mem=10m") { $0.memory = .perNode(megabytes: 10) },
        FlagRow("--mem-per-cpu=1G") { $0.memory = .perCPU(megabytes: 1024) },
        FlagRow("--tmp=5G") { $0.temporaryDiskMegabytes = 5120 },
        FlagRow("--gres=gpu:2") { $0.gres = "gpu:2" },
        FlagRow("--gres=gpu:a100:2,shard:4,nic") { $0.gres = "gpu:a100:2,shard:4,nic" },
        FlagRow("--gres=gpu:1 --gres=none") { _ in },
        FlagRow("--gpus=3") { $0.gpus = "3" },
        FlagRow("-G a100:3") { $0.gpus = "a100:3" },
        FlagRow("--gres=gpu:1,nic:2 --gpus-per-node=4") { $0.gres = "nic:2,gpu:4" },
        FlagRow("--overcommit") { $0.overcommit = true },
        FlagRow("--time=90") { $0.timeLimit = .minutes(90) },
        FlagRow("-t 1:00:00") { $0.timeLimit = .minutes(60) },
        FlagRow("-t 0") { $0.timeLimit = .unlimited },
        FlagRow("--time-min=10") { $0.minimumTimeLimit = .minutes(10) },
        FlagRow("--begin=now+1hour") { $0.beginTime = 1_773_147_600 },
        FlagRow("-b 2026-03-11T06:30") { $0.beginTime = 1_773_210_600 },
        FlagRow("--deadline=2026-03-12") { $0.deadline = 1_773_273_600 },
        FlagRow("--signal=B:TERM@30") { $0.warningSignal = .init(signal: 15, secondsBeforeEnd: 30, batchOnly: true) },
        FlagRow("--priority=1000") { $0.priority = .value(1000) },
        FlagRow("--priority=TOP") { $0.priority = .top },
        FlagRow("--nice") { $0.nice = 100 },
        FlagRow("--nice=-5") { $0.nice = -5 },
        FlagRow("--nice=2147483645") { $0.nice = 2_147_483_645 },
        FlagRow("--hold") { $0.hold = true },
        FlagRow("-H") { $0.hold = true },
        FlagRow("-HO") { ($0.hold, $0.overcommit) = (true, true) },
        FlagRow("-HOpmain") { ($0.hold, $0.overcommit, $0.partition) = (true, true, "main") },
        FlagRow("--requeue") { $0.requeue = true },
        FlagRow("--requeue --no-requeue") { _ in },
        FlagRow("--no-kill") { $0.killOnNodeFail = false },
        FlagRow("--no-kill=off") { $0.killOnNodeFail = true },
        FlagRow("-k") { $0.killOnNodeFail = false },
        FlagRow("--dependency=afterok:12:13,afterany:14") { $0.dependency = "afterok:12:13,afterany:14" },
        FlagRow("-d singleton") { $0.dependency = "singleton" },
        FlagRow("--comment='run 7; $(id)'") { $0.userComment = "run 7; $(id)" },
        FlagRow("") { _ in },
    ]
}

@Suite("sbatch options of a pod")
struct SbatchFlagsTests {
    @Test("change the submission as sbatch would", arguments: FlagRow.all + FlagRow.details)
    func apply(row: FlagRow) throws {
        var expected = JobSubmission(name: "n", script: "#!")
        row.change(&expected)
        var actual = JobSubmission(name: "n", script: "#!")
        try SbatchFlags.parse(row.text, context: context).apply(to: &actual)
        #expect(actual == expected)
    }

    @Test("all have a row in the table above, or a reason to be refused")
    func everyFlagIsTested() throws {
        var seen: Set<String> = []
        for row in FlagRow.all + FlagRow.details { seen.formUnion(try SbatchFlags.parse(row.text, context: context).options.map(\.name)) }
        for flag in SbatchFlag.all {
            if case .refused(let why) = flag.form { #expect(!why.isEmpty) } else { #expect(seen.contains(flag.long), "--\(flag.long)") }
        }
    }

    @Test("are all in the documentation, and nothing else is")
    func documentation() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../docs/slurm-flags.md")
        let rows = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("| `-") }
        let names = Set(rows.flatMap { $0.split(separator: "|")[0].matches(of: /`--([a-z0-9-]+)`/).map { String($0.1) } })
        #expect(names == Set(SbatchFlag.all.map(\.long)))
    }

    @Test("have distinct names")
    func distinctNames() {
        #expect(SbatchFlag.byLong.count == SbatchFlag.all.count)
        #expect(SbatchFlag.byShort.count == SbatchFlag.all.filter { $0.short != nil }.count)
    }

    @Test(
        "that are malformed are refused with the option and the text",
        arguments: [
            ("--partition=", "--partition"), ("-p", "-p"), ("--partition='a b'", "--partition"), ("--partition=\u{7}", "--partition"),
            ("--nodes=0", "--nodes"), ("--nodes=4-2", "--nodes"), ("--nodes=1,2", "--nodes"), ("-N x", "-N"),
            ("--nodes=99999999999m", "--nodes"),
            ("--ntasks=0", "--ntasks"), ("--ntasks=-1", "--ntasks"), ("--ntasks=1.5", "--ntasks"), ("--ntasks=99999999999", "--ntasks"),
            ("--cpus-per-task=65534", "--cpus-per-task"), ("--cpus-per-task=", "--cpus-per-task"), ("-c4x", "-c"),
            ("--mem=1X", "--mem"), ("--mem=G", "--mem"), ("--mem=-1", "--mem"), ("--mem=99999999999999999999", "--mem"),
            ("--mem=9999999999999T", "--mem"),
            ("--gres=:2", "--gres"), ("--gres=gpu:", "--gres"), ("--gres=gpu:a:b:2", "--gres"), ("--gres=gpu:-1", "--gres"),
            ("--gres=,", "--gres"),
            ("--gpus=x", "--gpus"), ("--gpus=a:b", "--gpus"), ("--gpus=a:1,", "--gpus"),
            ("--exclusive=nobody", "--exclusive"), ("--hold=yes", "--hold"),
            ("--time=1:2:3:4", "--time"), ("--time=x", "--time"), ("--time=-5", "--time"), ("--time=1-", "--time"),
            ("--time=99999999999999", "--time"),
            ("--begin=yesterday", "--begin"), ("--begin=25:00", "--begin"), ("--begin=2026-02-31", "--begin"),
            ("--begin=now+1fortnight", "--begin"),
            ("--begin=now-1", "--begin"), ("--signal=NOPE", "--signal"), ("--signal=X:TERM", "--signal"),
            ("--signal=TERM@70000", "--signal"), ("--signal=0", "--signal"),
            ("--priority=high", "--priority"), ("--nice=x", "--nice"), ("--nice=2147483646", "--nice"), ("--nodelist=c[1-2", "--nodelist"),
            ("--nodelist=./file", "--nodelist"), ("--exclude=a;b", "--exclude"), ("--comment='a\u{1b}b'", "--comment"),
            ("--no-kill=on", "--no-kill"),
        ])
    func malformed(text: String, flag: String) throws {
        let error = try #require(throws: FlagError.self) { try SbatchFlags.parse(text, context: context) }
        #expect(error.flag == flag)
        #expect(error.description.contains(flag))
        switch error.reason {
        case .malformed, .missingValue, .unexpectedValue: break
        default: Issue.record("\(error)")
        }
        #expect(!error.description.unicodeScalars.contains { $0.properties.generalCategory == .control })
    }

    @Test(
        "that are not known are named, with the one that was perhaps meant",
        arguments: [
            ("--partiton=main", "--partiton", "--partition"), ("--part=main", "--part", "--partition"), ("--zzzzzz", "--zzzzzz", nil),
            ("-z", "-z", nil), ("--", "--", nil), ("--$(id)", "--$(id)", nil), ("--Partition=x", "--Partition", "--partition"),
        ] as [(String, String, String?)])
    func unknown(text: String, flag: String, suggestion: String?) throws {
        let error = try #require(throws: FlagError.self) { try SbatchFlags.parse(text, context: context) }
        #expect(error.flag == flag)
        #expect(error.reason == .unknown(suggestion: suggestion))
    }

    @Test("that belong to the one who submits are refused with the reason", arguments: SbatchFlag.refused.map(\.long))
    func refused(long: String) throws {
        for text in ["--\(long)=x", "--\(long) x"] + (SbatchFlag.byLong[long]?.short.map { ["-\($0) x", "-\($0)x"] } ?? []) {
            let error = try #require(throws: FlagError.self) { try SbatchFlags.parse(text, context: context) }
            guard case .refused = error.reason else { throw error }
        }
    }

    @Test(
        "that say one thing in two ways are refused together",
        arguments: [
            ("--mem=1G --mem-per-cpu=1G", "--mem-per-cpu", "--mem"), ("--mem-per-gpu=1G --mem=1G", "--mem-per-gpu", "--mem"),
            ("-S 1 --thread-spec=2", "--thread-spec", "--core-spec"),
            ("--gpus-per-task=1 --ntasks-per-gpu=2", "--gpus-per-task", "--ntasks-per-gpu"),
            ("--ntasks-per-node=2 --ntasks-per-gpu=2", "--ntasks-per-node", "--ntasks-per-gpu"),
        ])
    func conflicts(text: String, flag: String, other: String) throws {
        let error = try #require(throws: FlagError.self) { try SbatchFlags.parse(text, context: context) }
        #expect(error == FlagError(flag: flag, reason: .conflict(with: other)))
        #expect(error.description.contains(flag) && error.description.contains(other))
    }

    @Test("of other releases are refused with the release")
    func releases() throws {
        let newer = SbatchFlag.since(99, 11, .plain("later") { $0.hold = true })
        let older = SbatchFlag.before(20, 2, .plain("earlier") { $0.hold = true })
        for (flag, release) in [(newer, "99.11"), (older, "20.02")] {
            guard case .refused(let why) = flag.form else { throw FlagError(flag: flag.long, reason: .unexpectedValue) }
            #expect(why.contains(release) && why.contains(SlurmVersion.compiled.description))
        }
        #expect(SbatchFlag.since(20, 2, .plain("old") { _ in }).form == .none)
        #expect(SbatchFlag.before(99, 11, .plain("young") { _ in }).form == .none)
    }

    @Test("of a second component are refused")
    func components() throws {
        let error = try #require(throws: FlagError.self) { try SbatchFlags.parse("-n 1 : -n 2", context: context) }
        guard case .refused = error.reason else { throw error }
    }

    @Test("do not take stray words", arguments: ["main", "-p main x", "-", "'--x y' z"])
    func stray(text: String) {
        #expect(throws: FlagError.self) { try SbatchFlags.parse(text, context: context) }
    }

    @Test("leave the submitter's own comment at its place")
    func comment() throws {
        var job = JobSubmission(name: "n", comment: "uid=1234", script: "#!")
        try SbatchFlags.parse("--comment='uid=666 x'").apply(to: &job)
        #expect(job.comment == "uid=1234")
        #expect(job.wireComment == "uid=1234 uid=666 x")
        let record = JobRecord(
            id: JobID(rawValue: 1), name: "n", comment: job.wireComment, state: JobState(.running),
            stateReason: .init(rawValue: 0, text: "None"))
        #expect(record.ownComment == "uid=1234")
    }

    @Test("survive any text", arguments: [UInt64(1), 2, 3])
    func fuzz(seed: UInt64) {
        var random = SplitMix64(state: seed)
        let alphabet = Array("-= \"'\\abcmt1:,[]@+\u{0}\n\u{301}👩‍👧$`;")
        for _ in 0..<4000 {
            let text = String((0..<Int.random(in: 0...24, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "-" })
            let prefix = SbatchFlag.all.randomElement(using: &random)?.long ?? ""
            for candidate in [text, "--\(prefix)=\(text)", "--\(prefix) \(text)"] {
                do {
                    var job = JobSubmission(name: "n", script: "#!")
                    try SbatchFlags.parse(candidate, context: context).apply(to: &job)
                } catch {
                    #expect(!error.description.isEmpty)
                }
            }
        }
    }
}

/// A generator of the same numbers in each run.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}
