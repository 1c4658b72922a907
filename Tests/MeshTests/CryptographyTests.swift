import Testing

@testable import Mesh

@Suite("Keys and ciphers of the mesh")
struct CryptographyTests {
    static func session(_ number: UInt64) -> MeshSession { MeshSession(rawValue: number) ?? MeshSession.random(using: &system) }
    nonisolated(unsafe) private static var system = SystemRandomNumberGenerator()  // It has no state.

    static func key(_ generation: UInt32 = 1, _ byte: UInt8 = 7) throws -> MeshKey {
        try #require(MeshKey(generation: generation, secret: Array(repeating: byte, count: MeshKey.length)))
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = hex[...]
        while let pair = Optional(rest.prefix(2)), pair.count == 2, let byte = UInt8(pair, radix: 16) {
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    @Test(
        "HKDF gives what RFC 5869 has in its appendix A",
        arguments: [
            (
                String(repeating: "0b", count: 22), "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
            ),
            (
                String(repeating: "0b", count: 22), "", "",
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
            ),
        ])
    func derivation(_ secret: String, _ salt: String, _ info: String, _ expected: String) {
        let derived = KeyDerivation.derive(Self.bytes(secret), salt: Self.bytes(salt), info: Self.bytes(info), count: 42)
        #expect(derived == Self.bytes(expected))
    }

    /// Seals a text and gives the datagram.
    private func seal(_ text: String, _ cipher: PairCipher, counter: UInt64) throws -> [UInt8] {
        let text = Array(text.utf8)
        var datagram = [UInt8](repeating: 0, count: text.count + DatagramHeader.overhead)
        let header = DatagramHeader(flags: 0, segment: 0, generation: 1, session: 5, counter: counter)
        let count = datagram.withUnsafeMutableBytes { room in
            text.withUnsafeBytes { text in
                cipher.seal(
                    header, head: UnsafeRawBufferPointer(rebasing: text[..<2]), tail: UnsafeRawBufferPointer(rebasing: text[2...]),
                    into: room)
            }
        }
        #expect(count == datagram.count)
        return datagram
    }

    private func open(_ datagram: [UInt8], _ cipher: PairCipher) -> String? {
        var datagram = datagram
        return datagram.withUnsafeMutableBytes { bytes in
            DatagramHeader(reading: UnsafeRawBufferPointer(bytes)).flatMap { cipher.open($0, bytes) }.map {
                String(decoding: $0, as: UTF8.self)
            }
        }
    }

    @Test("A datagram opens at the leg it is for, and at no other, in no other direction, by no other key")
    func pairs() throws {
        let (one, two, three) = (Self.session(5), Self.session(6), Self.session(7))
        let sealer = try #require(PairCipher(Self.key(), from: one, to: two, sealing: true))
        let datagram = try seal("a packet", sealer, counter: 9)
        #expect(open(datagram, try #require(PairCipher(Self.key(), from: one, to: two, sealing: false))) == "a packet")
        #expect(open(datagram, try #require(PairCipher(Self.key(), from: one, to: three, sealing: false))) == nil)
        #expect(open(datagram, try #require(PairCipher(Self.key(), from: three, to: two, sealing: false))) == nil)
        #expect(open(datagram, try #require(PairCipher(Self.key(), from: two, to: one, sealing: false))) == nil)
        #expect(open(datagram, try #require(PairCipher(Self.key(1, 8), from: one, to: two, sealing: false))) == nil)
    }

    @Test("No bit of a datagram can be changed, and none can be cut off or added")
    func tampering() throws {
        let (one, two) = (Self.session(5), Self.session(6))
        let opener = try #require(PairCipher(Self.key(), from: one, to: two, sealing: false))
        let datagram = try seal("a packet", try #require(PairCipher(Self.key(), from: one, to: two, sealing: true)), counter: 9)
        for bit in 0..<datagram.count * 8 {
            var changed = datagram
            changed[bit / 8] ^= 1 << (bit % 8)
            // The generation and the session choose the cipher, which is given here; they are authenticated all the same.
            #expect(open(changed, opener) == nil, "bit \(bit)")
        }
        for count in 0..<datagram.count { #expect(open(Array(datagram[..<count]), opener) == nil) }
        #expect(open(datagram + [0], opener) == nil)
        #expect(open(datagram, opener) == "a packet")
    }

    @Test("The same packet sent twice is two datagrams that have nothing in common behind the header")
    func nonces() throws {
        let cipher = try #require(PairCipher(Self.key(), from: Self.session(5), to: Self.session(6), sealing: true))
        let (first, second) = (try seal("a packet", cipher, counter: 1), try seal("a packet", cipher, counter: 2))
        #expect(first[DatagramHeader.length...].elementsEqual(second[DatagramHeader.length...]) == false)
        var state = PeerState(
            MeshPeer(addresses: [], endpoint: MeshEndpoint(host: MeshAddress(ipv4: 1), port: 1), session: Self.session(6)),
            own: Self.session(5),
            limit: 1400)
        let counters = (0..<1000).map { _ in state.nextCounter() }
        #expect(Set(counters).count == 1000)
        state = PeerState(state.peer, own: Self.session(8), limit: 1400)
        #expect(state.nextCounter() == 0)
    }

    @Test("A key tells its generation, and never its secret")
    func description() throws {
        #expect("\(try Self.key(12, 0xab))" == "key 12")
        #expect(MeshKey(generation: 1, secret: [1, 2, 3]) == nil)
    }
}

@Suite("The window of counters")
struct ReplayWindowTests {
    @Test("It lets each counter in once, late ones as far as it is wide, as a plain list of them would", arguments: [1, 2, 3])
    func model(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var window = ReplayWindow()
        var seen: Set<UInt64> = []
        var highest: UInt64?
        var center: UInt64 = 0
        for _ in 0..<20_000 {
            switch generator.next() % 40 {
            case 0: center += generator.next() % 10_000
            case 1: center += generator.next() % 100_000_000
            default: center += generator.next() % 3
            }
            let back = generator.next() % 3000
            let counter = generator.next() % 4 == 0 ? center : center - min(center, back)
            let isLate = highest.map { counter <= $0 && $0 + 1 - counter > ReplayWindow.width } ?? false
            let expected = !seen.contains(counter) && !isLate
            #expect(window.admits(counter) == expected, "counter \(counter) behind \(highest ?? 0)")
            if expected {
                window.accept(counter)
                seen.insert(counter)
                highest = max(highest ?? 0, counter)
            }
        }
    }

    @Test("The last number there is never counts, so that the next one always exists")
    func last() {
        var window = ReplayWindow()
        #expect(!window.admits(.max))
        window.accept(.max - 1)
        #expect(!window.admits(.max - 1) && window.admits(.max - 2) && !window.admits(0))
    }
}
