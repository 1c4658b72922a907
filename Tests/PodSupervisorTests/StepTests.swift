import Glibc
import PodProtocol
import Testing

@testable import PodSupervisor

@Suite("Slurm steps")
struct StepTests {
    // MARK: - Frames

    @Test("Output of any form comes through frames unchanged, each below Slurm's limit for whole lines")
    func output() throws {
        var generator = SystemRandomNumberGenerator()
        let long = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let texts: [[UInt8]] = [
            [], [0x0a], Array("one\ntwo\n".utf8), Array("no end".utf8), [0, 1, 0x5c, 0x0a, 0x0a, 0xff], long,
            [UInt8](repeating: 0x61, count: StepFrame.longestText) + [0x0a], [UInt8](repeating: 0x61, count: StepFrame.longestText + 1),
        ]
        for text in texts {
            let frames = StepFrame.of(output: text[...], task: 4_294_967_295, isError: false)
            var reader = LineReader(limit: 4096)
            var result: [UInt8] = []
            for frame in frames {
                #expect(frame.encoded.count < 1024)
                for line in reader.append(frame.encoded[...]) {
                    let read = try #require(StepFrame(line: line[...]))
                    #expect(read.task == 4_294_967_295)
                    result += read.text + (read.kind == .outputLine ? [0x0a] : [])
                }
            }
            #expect(result == text)
        }
    }

    @Test("Texts of several lines and parts are put together again")
    func texts() {
        for text in ["", "a\nb", "\\n \\", String(repeating: "x\\\n", count: 900)] {
            let frames = StepFrame.of(text: text.utf8, kind: .message, task: 1)
            #expect(frames.allSatisfy { $0.encoded.count < 1024 && !$0.text.contains(0x0a) })
            #expect(StepFrame.unescape(frames.flatMap { Array($0.text) }) == text)
        }
    }

    @Test(
        "Lines of others are none of ours",
        arguments: ["", "srun: error: x", "1", "1 ", "1 O", "1 Z x", "x O y", "99999999999 O y", "1  O y"])
    func foreign(line: String) {
        #expect(StepFrame(line: Array(line.utf8)[...]) == nil)
    }

    // MARK: - Ends

    private func tally(_ frames: [(UInt32, StepFrame.Kind, String)]) -> StepTally {
        var tally = StepTally()
        for (task, kind, text) in frames { tally.take(StepFrame(task: task, kind: kind, text)) }
        return tally
    }

    @Test("A step has started when every task has")
    func started() {
        #expect(!tally([]).allStarted)
        #expect(!tally([(0, .present, "2"), (0, .started, "")]).allStarted)
        #expect(!tally([(0, .present, "2"), (0, .started, ""), (1, .present, "2")]).allStarted)
        #expect(tally([(0, .present, "2"), (0, .started, ""), (1, .present, "2"), (1, .started, "")]).allStarted)
    }

    @Test("The step's end is the highest of its tasks' ends")
    func ends() {
        let two: [(UInt32, StepFrame.Kind, String)] = [
            (0, .present, "2"), (1, .present, "2"), (0, .started, ""), (1, .started, ""),
        ]
        let rows: [(frames: [(UInt32, StepFrame.Kind, String)], code: Int32, end: StepTally.End)] = [
            (two + [(0, .exited, "0 0 0"), (1, .exited, "0 0 0")], 0, .ended(code: 0, signal: 0, isOutOfMemory: false, message: "")),
            (two + [(0, .exited, "3 0 0"), (1, .exited, "1 0 0")], 3, .ended(code: 3, signal: 0, isOutOfMemory: false, message: "")),
            (two + [(0, .exited, "0 0 0"), (1, .exited, "137 9 1")], 137, .ended(code: 137, signal: 9, isOutOfMemory: true, message: "")),
            // A task that Slurm killed says nothing.
            (two + [(0, .exited, "2 0 0")], 137, .ended(code: 137, signal: 9, isOutOfMemory: false, message: "")),
            (
                two + [(0, .message, "a\\nb"), (0, .exited, "0 0 0"), (1, .exited, "0 0 0")], 0,
                .ended(code: 0, signal: 0, isOutOfMemory: false, message: "a\nb")
            ),
            (
                [(0, .present, "2"), (0, .started, ""), (0, .exited, "0 0 0")], 7,
                .ended(code: 7, signal: 0, isOutOfMemory: false, message: "")
            ),
            (
                two.dropLast() + [(1, .refused, "no such file"), (0, .exited, "0 0 0")], 128,
                .ended(code: 128, signal: 0, isOutOfMemory: false, message: "no such file")
            ),
            ([(0, .present, "2"), (0, .refused, "no "), (0, .refused, "program")], 128, .notStarted("no program")),
            ([], 1, .notStarted("the container's step did not start: srun says why")),
        ]
        for row in rows {
            #expect(tally(row.frames).end(launcherCode: row.code, launcherWords: "srun says why") == row.end)
        }
        #expect(
            tally([]).end(launcherCode: 5, launcherWords: "")
                == .notStarted("the container's step did not start: srun ended with exit code 5"))
    }

    // MARK: - Commands

    @Test("srun gets fixed options, the pod's checked ones, and this program")
    func commands() {
        let command = SrunCommand(program: "/shared/hpk-pod", node: "c1", nodeCount: 3)
        let parallel = StepPlan(kind: .parallel, options: ["--mpi=pmi2", "--ntasks=6"])
        #expect(
            command.container("main", isInit: false, plan: parallel)
                == ["srun", "--overlap", "--quiet", "--job-name=main", "--mpi=pmi2", "--ntasks=6", "/shared/hpk-pod", "step"])
        let initial = command.container("first", isInit: true, plan: parallel)
        #expect(initial.contains("--ntasks=3") && initial.contains("--nodes=3") && !initial.contains("--mpi=pmi2"))
        let accounted = command.container("main", isInit: false, plan: StepPlan(kind: .accounted))
        #expect(accounted.contains("--ntasks=1") && accounted.contains("--nodelist=c1") && accounted.contains("--overlap"))
        let sandboxes = command.sandboxes(directory: "/pods/1")
        #expect(sandboxes.contains("--exclude=c1") && sandboxes.contains("--nodes=2"))
        #expect(sandboxes.suffix(4) == ["/shared/hpk-pod", "node", "--directory", "/pods/1"])
    }

    @Test("Slurm's, PMI's and device variables reach a task's container, others do not")
    func environment() {
        let given = [
            "SLURM_PROCID=3", "PMI_FD=17", "PMI_RANK=3", "PMIX_RANK=3", "CUDA_VISIBLE_DEVICES=1", "PATH=/x", "HOME=/root", "SLURMX=1",
            "LD_PRELOAD=x",
        ]
        #expect(
            StepEnvironment.shared(given)
                == ["SLURM_PROCID=3", "PMI_FD=205", "PMI_RANK=3", "PMIX_RANK=3", "CUDA_VISIBLE_DEVICES=1"])
    }

    @Test("A message to the batch step's own process keeps its values")
    func brokerMessage() throws {
        let message = try #require(BrokerMessage(BrokerMessage(kind: .ended, number: 7, value: -3).bytes))
        #expect((message.kind, message.number, message.value) == (.ended, 7, -3))
        #expect(BrokerMessage([1, 2, 3]) == nil)
        #expect(BrokerMessage([UInt8](repeating: 9, count: 12)) == nil)
    }

    // MARK: - Deliveries

    @Test("A delivery is opened with the pod's own token only, and not when it was changed")
    func sealed() throws {
        let delivery = Delivery(volumes: [:], secrets: ["k": "s3cret \n value"])
        let line = try SealedDelivery.seal(delivery, token: "abc")
        #expect(!line.contains(0x0a))
        #expect(!String(decoding: line, as: UTF8.self).contains("s3cret"))
        #expect(try SealedDelivery.open(line, token: "abc") == delivery)
        #expect(try SealedDelivery.seal(delivery, token: "abc") != line)
        #expect(throws: (any Error).self) { try SealedDelivery.open(line, token: "abd") }
        for index in [0, 30, line.count - 1] {
            var changed = line
            changed[index] = changed[index] == 0x30 ? 0x31 : 0x30
            #expect(throws: (any Error).self) { try SealedDelivery.open(changed, token: "abc") }
        }
        for bad in ["", "zz", "0", String(repeating: "0", count: 54)] {
            #expect(throws: (any Error).self) { try SealedDelivery.open(Array(bad.utf8), token: "abc") }
        }
    }
}
