import Foundation
import HPKBench
import Testing

@testable import Mesh

extension LiveMeshSuite {
    /// What somebody on the network between two legs can do, and what a bad network does.
    @Suite("The mesh on a hostile network")
    struct HostileNetworkTests {
        /// Two pods, each behind a relay.
        private struct Scene {
            let rig: MeshRig
            let one: MeshRig.Pod
            let two: MeshRig.Pod
            let relays: [DatagramRelay]

            init(_ behaviour: DatagramRelay.Behaviour = .init()) throws {
                let rig = try MeshRig(hosts: 2)
                var relays: [DatagramRelay] = []
                func pod(_ host: Int, _ address: String) throws -> MeshRig.Pod {
                    try rig.pod(on: host, address) { real in
                        let relay = try DatagramRelay(on: rig.hosts[host], before: real, behaviour)
                        relays.append(relay)
                        return relay.endpoint
                    }
                }
                one = try pod(0, "10.244.0.1")
                two = try pod(1, "10.244.0.2")
                self.rig = rig
                self.relays = relays
            }

            func end() {
                for relay in relays { relay.end() }
                rig.end()
            }
        }

        @Test("A stream arrives as it was sent although datagrams are lost, doubled and reordered")
        func lossy() throws {
            let scene = try Scene(DatagramRelay.Behaviour(lost: 5, doubled: 5, reordered: 10))
            defer { scene.end() }
            try LegTests.transfer(1_000_000, from: scene.one, to: scene.two)
            #expect(scene.two.leg.counters[.replayed] > 0)
            #expect(scene.two.leg.counters[.forged] == 0)
        }

        @Test("A stream goes on after the link was gone for some seconds")
        func interrupted() throws {
            let scene = try Scene()
            defer { scene.end() }
            try LegTests.transfer(1000, from: scene.one, to: scene.two)
            let cutting = Thread {
                usleep(100_000)
                for relay in scene.relays { relay.cut(true) }
                usleep(3_000_000)
                for relay in scene.relays { relay.cut(false) }
            }
            cutting.start()
            try LegTests.transfer(40_000_000, from: scene.one, to: scene.two)
        }

        @Test("What is recorded is not readable, and does nothing when it is sent again: to the same leg, to another, to a later one")
        func replayed() throws {
            let scene = try Scene()
            defer { scene.end() }
            let three = try scene.rig.pod(on: 1, "10.244.0.3")
            let four = try scene.rig.pod(on: 0, "10.244.0.4")
            try LegTests.transfer(1000, from: three, to: four)
            try LegTests.transfer(200_000, from: scene.one, to: scene.two)
            let before = scene.two.leg.counters
            let kept = scene.relays[1].kept
            #expect(kept.count > 100)
            // The addresses of the pods are in every packet, and in no datagram.
            let addresses = Array(SamplePacket.one.bytes[12...] + SamplePacket.two.bytes[12...])
            #expect(!kept.contains { datagram in datagram.indices.dropLast(8).contains { datagram[$0..<$0 + 8].elementsEqual(addresses) } })
            for datagram in kept { scene.relays[1].send(datagram) }
            let elsewhere = MeshEndpoint(host: three.peer.endpoint.host, port: three.leg.port)
            for datagram in kept { scene.relays[1].send(datagram, to: elsewhere) }
            try settle { scene.two.leg.counters[.replayed] >= before[.replayed] + UInt64(kept.count) / 2 }
            #expect(scene.two.leg.counters.packetsIn == before.packetsIn)
            #expect(three.leg.counters.packetsIn < 100, "only what it received itself")
            // The pod starts again at the same place: a leg with another session.
            scene.rig.remove(scene.two)
            let again = try scene.rig.pod(on: 1, "10.244.0.2")
            try LegTests.transfer(1000, from: scene.one, to: again)
            let fresh = again.leg.counters.packetsIn
            for datagram in kept { scene.relays[1].send(datagram, to: again.peer.endpoint) }
            try settle { again.leg.counters[.forged] > 0 }
            #expect(again.leg.counters.packetsIn == fresh)
        }

        @Test("Garbage, changed and cut datagrams do nothing but count: 100,000 of them")
        func garbage() throws {
            let scene = try Scene()
            defer { scene.end() }
            try LegTests.transfer(100_000, from: scene.one, to: scene.two)
            let kept = scene.relays[1].kept
            let before = scene.two.leg.counters
            var generator = SeededGenerator(seed: 3)
            for round in 0..<100_000 {
                var datagram = kept[round % kept.count]
                switch generator.next() % 4 {
                case 0: datagram = (0..<generator.next() % 200).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
                case 1: datagram = Array(datagram.prefix(Int(generator.next() % UInt64(datagram.count))))
                case 2: datagram += [1, 2, 3]
                default: datagram[Int(generator.next() % UInt64(datagram.count))] ^= UInt8(truncatingIfNeeded: 1 + generator.next() % 255)
                }
                scene.relays[1].send(datagram)
            }
            try settle { scene.two.leg.counters[.forged] > 0 }
            usleep(200_000)
            let after = scene.two.leg.counters
            #expect(after.packetsIn == before.packetsIn)
            #expect(after[.malformed] > before[.malformed] && after[.forged] + after[.unknownSender] > before[.forged])
            try LegTests.transfer(100_000, from: scene.one, to: scene.two)
        }

        @Test("A pod cannot send from an address that is not its own, nor one leg in the name of another")
        func foreign() throws {
            let rig = try MeshRig(hosts: 2)
            defer { rig.end() }
            let one = try rig.pod(on: 0, "10.244.0.1")
            let two = try rig.pod(on: 1, "10.244.0.2")
            try LegTests.transfer(1000, from: one, to: two)
            // The pod's own root gives itself its neighbour's address.
            try one.namespace.ip("address", "add", "10.244.0.9/32", "dev", "hpk0")
            let before = one.leg.counters[.foreignAddress]
            _ = try? one.namespace.run([
                "/usr/bin/python3", "-c",
                "import socket; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('10.244.0.9',0)); s.sendto(b'x',('10.244.0.2',7001))",
            ])
            try settle { one.leg.counters[.foreignAddress] > before }
            // The directory says that this session has another address: what it sends from its own is not let in.
            let known = two.leg.counters
            two.leg.apply([.peer(MeshPeer(addresses: [SamplePacket.two6], endpoint: one.peer.endpoint, session: one.peer.session))])
            _ = try? one.namespace.run([
                "/usr/bin/python3", "-c",
                "import socket; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.sendto(b'x',('10.244.0.2',7001))",
            ])
            try settle { two.leg.counters[.foreignAddress] > known[.foreignAddress] }
            #expect(two.leg.counters.packetsIn == known.packetsIn)
        }

        /// Waits until something that the legs' threads do has come about.
        private func settle(_ condition: () -> Bool) throws {
            for _ in 0..<2000 {
                if condition() { return }
                usleep(5000)
            }
            Issue.record("it did not come about")
        }
    }
}
