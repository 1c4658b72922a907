import Foundation
import HPKBench
import Testing

@testable import Mesh

extension LiveMeshSuite {
    /// Real devices, real sockets, real programs, in network namespaces that stand for hosts and pods. Needs root.
    @Suite("Legs of the mesh")
    struct LegTests {
        private static let python = "/usr/bin/python3"

        /// Sends bytes over TCP from one pod to another and expects them to arrive as they were.
        static func transfer(_ bytes: Int, from source: MeshRig.Pod, to sink: MeshRig.Pod) throws {
            let (taker, output) = try sink.namespace.start([python, "-c", Script.sink])
            defer { NetworkNamespace.end(taker) }
            _ = output.fileHandleForReading.availableData
            let said = try source.namespace.run([python, "-c", Script.source, "\(sink.address)", "\(bytes)"])
            #expect(said.trimmingCharacters(in: .whitespacesAndNewlines) == "same")
        }

        /// Messages that come back.
        private func messages(_ sizes: [Int], from caller: MeshRig.Pod, to echo: MeshRig.Pod) throws -> [Int] {
            let (answerer, output) = try echo.namespace.start([Self.python, "-c", Script.echo])
            defer { NetworkNamespace.end(answerer) }
            _ = output.fileHandleForReading.availableData
            let said = try caller.namespace.run([Self.python, "-c", Script.caller, "\(echo.address)"] + sizes.map { "\($0)" })
            return said.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        }

        @Test(
            "Pods reach each other by TCP and UDP, on links of 1500 and 9000 bytes and on one host",
            arguments: [(2, 1500), (2, 9000), (1, 1500)])
        func reach(hosts: Int, mtu: Int) throws {
            let world = try MeshRig(hosts: hosts, mtu: mtu)
            defer { world.end() }
            let one = try world.pod(on: 0, "10.244.0.1")
            let two = try world.pod(on: hosts - 1, "10.244.0.2")
            try Self.transfer(5_000_000, from: one, to: two)
            try Self.transfer(5_000_000, from: two, to: one)
            // Messages larger than the device takes are cut by the pod's own kernel.
            #expect(try messages([1, 1000, 1372, 1500, 8000, 60_000], from: one, to: two) == [1, 1000, 1372, 1500, 8000, 60_000])
            let counters = two.leg.counters
            #expect(
                LegCounters.Drop.allCases.filter { ![.multicast, .foreignAddress].contains($0) }.allSatisfy { counters[$0] == 0 },
                "\(counters)"
            )
            // The first packet waited for the answer, and nothing was asked for twice.
            #expect(world.questions <= 2)
        }

        @Test("A device that takes more than the way learns it: TCP is cut, and UDP is told")
        func narrow() throws {
            let world = try MeshRig(hosts: 2, mtu: 1500)
            defer { world.end() }
            let one = try world.pod(on: 0, "10.244.0.1", mtu: 8900)
            let two = try world.pod(on: 1, "10.244.0.2", mtu: 8900)
            try Self.transfer(2_000_000, from: one, to: two)
            #expect(try messages([5000], from: one, to: two) == [5000])
            #expect(one.leg.counters[.tooLarge] > 0)
        }

        @Test("A pod that moves to another host is reached there, and an address that nobody has is refused at once")
        func moves() throws {
            let world = try MeshRig(hosts: 3)
            defer { world.end() }
            let one = try world.pod(on: 0, "10.244.0.1")
            let two = try world.pod(on: 1, "10.244.0.2")
            try Self.transfer(100_000, from: one, to: two)
            world.remove(two)
            let began = ContinuousClock.now
            #expect(throws: NetworkNamespace.Failed.self) {
                try one.namespace.run([Self.python, "-c", Script.source, "10.244.0.2", "1"])
            }
            #expect(ContinuousClock.now - began < .seconds(3), "refused, not timed out")
            let again = try world.pod(on: 2, "10.244.0.2")
            try Self.transfer(100_000, from: one, to: again)
        }

        @Test("Keys are changed under a running transfer, and nothing is lost")
        func rotation() throws {
            let world = try MeshRig(hosts: 2)
            defer { world.end() }
            let one = try world.pod(on: 0, "10.244.0.1")
            let two = try world.pod(on: 1, "10.244.0.2")
            let keys = try (1...12).map { try CryptographyTests.key(UInt32($0), UInt8($0)) }
            world.setKeys([keys[0]], sending: 1)
            let rotating = Thread {
                for index in 1..<keys.count {
                    // As the agent does it: known to all, then used by all, then no longer known.
                    let known = Array(keys[max(0, index - 6)...index])
                    world.setKeys(known, sending: UInt32(index))
                    usleep(20_000)
                    world.setKeys(known, sending: UInt32(index + 1))
                    usleep(20_000)
                }
            }
            rotating.start()
            try Self.transfer(30_000_000, from: one, to: two)
            while !rotating.isFinished { usleep(1000) }
            for leg in [one.leg, two.leg] { #expect(leg.counters[.forged] == 0 && leg.counters[.unknownSender] == 0) }
            #expect(try messages([10], from: one, to: two) == [10])
        }

        @Test("A leg at rest does not wake up, and ends when it is told")
        func rest() throws {
            let world = try MeshRig(hosts: 1)
            defer { world.end() }
            let one = try world.pod(on: 0, "10.244.0.1")
            let two = try world.pod(on: 0, "10.244.0.2")
            try Self.transfer(1000, from: one, to: two)
            let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").filter {
                (try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8))?.hasPrefix("hpk-mesh") == true
            }
            #expect(threads.count == 2)
            func switches() -> [String] {
                threads.compactMap { try? String(contentsOfFile: "/proc/self/task/\($0)/status", encoding: .utf8) }
                    .map { $0.split(separator: "\n").filter { $0.contains("ctxt_switches") }.joined() }
            }
            // What the kernel says of its own accord on a new device is over by then.
            usleep(3_000_000)
            let before = switches()
            usleep(2_000_000)
            #expect(switches() == before)
            one.leg.stop()
            two.leg.stop()
            #expect(try one.namespace.run(["/usr/sbin/ip", "link"]).contains("hpk0") == false)
        }

        @Test("A node without usable /dev/net/tun is told of by what to do", arguments: [ENOENT, EACCES])
        func device(_ code: Int32) {
            let words = "\(MeshError("make the network device hpk0", code: code))"
            #expect(words.contains("/dev/net/tun") && words.contains("administrator"))
        }
    }
}
