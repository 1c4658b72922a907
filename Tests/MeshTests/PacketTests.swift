import CMesh
import Testing

@testable import Mesh

@Suite("Packets of the mesh")
struct PacketTests {
    @Test(
        "Addresses are read and written as usual",
        arguments: ["10.244.0.1", "0.0.0.0", "255.255.255.255", "fd00::1", "::1", "2001:db8::ff"])
    func addresses(_ text: String) throws {
        let address = try #require(MeshAddress(text))
        #expect(address.description == text)
        #expect(MeshAddress(bytes: address.bytes) == address)
        #expect(address.isIPv4 == !text.contains(":"))
    }

    @Test("What is no address is none", arguments: ["", "10.1", "10.1.1.256", "localhost", "10.1.1.1 ", "fd00:::1", "10.1.1.1/8"])
    func noAddresses(_ text: String) { #expect(MeshAddress(text) == nil) }

    @Test(
        "A prefix has its addresses and no others",
        arguments: [
            ("10.244.0.0/16", "10.244.255.255", true), ("10.244.0.0/16", "10.245.0.0", false), ("10.244.7.7/16", "10.244.0.1", true),
            ("0.0.0.0/0", "1.2.3.4", true), ("0.0.0.0/0", "fd00::1", false), ("::/0", "1.2.3.4", false), ("::/0", "fd00::1", true),
            ("10.1.1.1/32", "10.1.1.1", true), ("10.1.1.1/32", "10.1.1.0", false), ("fd00::/64", "fd00::ffff:1", true),
            ("fd00::/64", "fd00:0:0:1::", false), ("fd00::/127", "fd00::1", true), ("fd00::/127", "fd00::2", false),
        ])
    func prefixes(_ prefix: String, _ address: String, _ isIn: Bool) throws {
        #expect(try #require(MeshPrefix(prefix)).contains(try #require(MeshAddress(address))) == isIn)
    }

    @Test(
        "What is no prefix is none",
        arguments: ["10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "fd00::/129", "10.0.0.0/-1", "10.0.0.0/+8", "x/8", "10.0.0.0/08"])
    func noPrefixes(_ text: String) { #expect(MeshPrefix(text) == nil) }

    private static let payload = (0..<60_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

    private func pieces(_ packet: [UInt8], segment: Int, limit: Int) throws -> [[UInt8]] {
        try packet.withUnsafeBytes { bytes in
            let view = try #require(PacketView(bytes))
            let cut = try #require(Segmentation(view, bytes, segment: segment, limit: limit))
            return (0..<cut.count).map { piece in
                var header = [UInt8](repeating: 0, count: cut.headerLength)
                header.withUnsafeMutableBytes { cut.writeHeader(of: piece, packet: view, bytes, to: $0) }
                return header + bytes[cut.payload(of: piece)]
            }
        }
    }

    @Test(
        "A packet that stands for many is cut into sound ones that fit, and put together again byte for byte", arguments: [false, true],
        [1388, 1360, 9000, 536])
    func roundTrip(ipv6: Bool, limit: Int) throws {
        let whole = SamplePacket.make(.tcp, ipv6: ipv6, payload: Self.payload, flags: 0x18)
        let pieces = try pieces(whole, segment: 1300, limit: limit)
        #expect(pieces.allSatisfy { $0.count <= limit && SamplePacket.isSound(SamplePacket.completed($0)) })
        if limit >= 1400 { #expect(pieces.count < 60_000 / 1300) }
        // Only the last bears PSH.
        let offset = (ipv6 ? 40 : 20) + 13
        #expect(pieces.dropLast().allSatisfy { $0[offset] == 0x10 } && pieces.last?[offset] == 0x18)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        var joined = Coalescing(buffer)
        for piece in pieces {
            let isTaken = piece.withUnsafeBytes { bytes in PacketView(bytes).map { joined.add($0, bytes, needsChecksum: true) } }
            #expect(isTaken == true)
        }
        let taken = joined.take(needsChecksum: true)
        let (header, packet) = try #require(taken)
        #expect(header.isPartial && Int(header.gso_size) == pieces[0].count - (ipv6 ? 72 : 52))
        #expect(SamplePacket.completed(Array(packet)) == SamplePacket.completed(Self.withPseudoSum(whole)))
        #expect(joined.isEmpty)
    }

    /// As the kernel gives it: the sum of the pseudo header is where the checksum belongs.
    private static func withPseudoSum(_ packet: [UInt8]) -> [UInt8] {
        var packet = packet
        packet.withUnsafeMutableBytes { bytes in
            guard let view = PacketView(UnsafeRawBufferPointer(bytes)) else { return }
            bytes.set16(
                Checksum.ofPseudoHeader(
                    source: view.source, destination: view.destination, protocolNumber: view.protocolNumber,
                    length: view.length - view.transportOffset), at: view.transportOffset + (view.transport == .tcp ? 16 : 6))
        }
        return packet
    }

    @Test("Messages of UDP are cut where they join, and never within one")
    func messages() throws {
        let whole = SamplePacket.make(.udp, payload: Array(Self.payload[..<5000]))
        let pieces = try pieces(whole, segment: 600, limit: 1388)
        #expect(pieces.map(\.count) == [1228, 1228, 1228, 1228, 228])
        #expect(pieces.allSatisfy { SamplePacket.isSound(SamplePacket.completed($0)) })
        for segment in [2000, 0] {
            let isCut = whole.withUnsafeBytes { bytes in
                PacketView(bytes).map { Segmentation($0, bytes, segment: segment, limit: 1388) != nil }
            }
            #expect(isCut == false)
        }
    }

    @Test(
        "Segments that do not follow one another stay apart",
        arguments: [
            SamplePacket.make(.tcp, payload: [1, 2], sequence: 1003), SamplePacket.make(.tcp, payload: [1, 2, 3], sequence: 1002),
            SamplePacket.make(.tcp, payload: [], sequence: 1002), SamplePacket.make(.tcp, payload: [1, 2], sequence: 1002, flags: 0x12),
            SamplePacket.make(.tcp, payload: [1, 2], sequence: 1002, flags: 0x14), SamplePacket.make(.udp, payload: [1, 2]),
            SamplePacket.make(.tcp, payload: [1, 2], sequence: 1002, ports: (40001, 80)),
            SamplePacket.make(.tcp, ipv6: true, payload: [1, 2], sequence: 1002),
        ])
    func apart(_ second: [UInt8]) throws {
        let first = SamplePacket.make(.tcp, payload: [1, 2])
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        var joined = Coalescing(buffer)
        func add(_ packet: [UInt8]) -> Bool? {
            packet.withUnsafeBytes { bytes in PacketView(bytes).map { joined.add($0, bytes, needsChecksum: true) } }
        }
        #expect(add(first) == true)
        #expect(add(second) == false)
        let taken = joined.take(needsChecksum: true)
        let (header, packet) = try #require(taken)
        #expect(Array(packet) == first && header.gso_type == 0)
        #expect(add(second) == true)
    }

    @Test("Nothing that a network could send breaks the reading of packets or datagrams: 100,000 of them")
    func hostile() throws {
        var generator = SeededGenerator(seed: 42)
        let samples = [
            SamplePacket.make(.tcp, payload: Array(repeating: 1, count: 40)), SamplePacket.make(.udp, payload: [1, 2, 3]),
            SamplePacket.make(.tcp, ipv6: true, payload: [9]),
            SamplePacket.wrap(Array(repeating: 60, count: 48), protocolNumber: 0, ipv6: true),
        ]
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        var joined = Coalescing(buffer)
        var read = 0
        for round in 0..<100_000 {
            var packet = samples[round % samples.count]
            for _ in 0..<generator.next() % 6 {
                packet[Int(generator.next() % UInt64(packet.count))] = UInt8(truncatingIfNeeded: generator.next())
            }
            packet = Array(packet.prefix(Int(generator.next() % UInt64(packet.count + 20))))
            packet.withUnsafeBytes { bytes in
                _ = DatagramHeader(reading: bytes)
                guard let view = PacketView(bytes) else { return }
                read += 1
                #expect(view.length <= bytes.count && view.transportOffset <= view.length)
                if let cut = Segmentation(view, bytes, segment: Int(generator.next() % 100), limit: Int(generator.next() % 200)) {
                    #expect((0..<cut.count).allSatisfy { cut.payload(of: $0).upperBound <= view.length })
                }
                _ = ErrorMessage.tooLarge(view, bytes, mtu: 1000)
                _ = ErrorMessage.unreachable(view, bytes)
                if !joined.add(view, bytes, needsChecksum: round % 2 == 0) {
                    _ = joined.take(needsChecksum: true)
                }
            }
        }
        #expect(read > 10_000)
    }

    @Test("An error message quotes the packet, and there is none about an error")
    func errors() throws {
        for ipv6 in [false, true] {
            let packet = SamplePacket.make(.udp, ipv6: ipv6, payload: Array(repeating: 1, count: 100))
            let message = packet.withUnsafeBytes { bytes in PacketView(bytes).flatMap { ErrorMessage.tooLarge($0, bytes, mtu: 1400) } }
            let answer = try #require(message)
            let view = try #require(answer.withUnsafeBytes { PacketView($0) })
            #expect(
                view.source == (ipv6 ? SamplePacket.two6 : SamplePacket.two)
                    && view.destination == (ipv6 ? SamplePacket.one6 : SamplePacket.one))
            #expect(view.length == answer.count)
            #expect(answer.withUnsafeBytes { ErrorMessage.unreachable(view, $0) } == nil)
        }
    }

    @Test("What waits for the directory is bounded, asked for once a second, and not sent when it is old")
    func held() {
        var held = HeldPackets<Int, Int>(depth: 2, breadth: 2, capacity: 100)
        let second: UInt64 = 1_000_000_000
        func hold(_ item: Int, _ key: Int, _ now: UInt64) -> HeldPackets<Int, Int>.Outcome { held.hold(item, size: 20, for: key, at: now) }
        func release(_ key: Int, _ now: UInt64) -> [Int] { held.release(key, at: now) }
        #expect(hold(1, 7, 0) == .ask)
        #expect(hold(2, 7, 1) == .held)
        #expect(hold(3, 7, second) == .ask)
        #expect(release(7, second) == [2, 3])
        #expect(release(7, second).isEmpty)
        #expect(hold(1, 8, 0) == .ask && hold(1, 9, 0) == .ask)
        #expect(hold(1, 10, second) == .dropped)
        #expect(release(8, 4 * second).isEmpty)
        #expect(hold(1, 10, 4 * second) == .ask)
        // Of a hundred bytes, twenty are taken.
        let tooMuch = held.hold(1, size: 81, for: 10, at: 4 * second)
        let enough = held.hold(1, size: 80, for: 10, at: 4 * second)
        #expect(tooMuch == .dropped && enough == .held)
    }
}
