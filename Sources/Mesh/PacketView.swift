/// What a leg reads of an IP packet: RFC 791, RFC 8200, RFC 9293, RFC 768.
struct PacketView: Equatable, Sendable {
    enum Transport: UInt8, Sendable {
        case icmp = 1
        case tcp = 6
        case udp = 17
        case icmpv6 = 58
        case sctp = 132
    }

    var source: MeshAddress
    var destination: MeshAddress
    /// The protocol's number, behind IPv6 extension headers.
    var protocolNumber: UInt8
    /// Where the transport's header begins.
    var transportOffset: Int
    /// Bytes of the packet by its own word.
    var length: Int
    /// A fragment; one but the first has no transport header.
    var isFragment = false
    var isLaterFragment = false
    /// Of TCP, UDP and SCTP; 0 otherwise.
    var sourcePort: UInt16 = 0
    var destinationPort: UInt16 = 0

    var transport: Transport? { Transport(rawValue: protocolNumber) }
    var isIPv4: Bool { source.isIPv4 }

    /// Nil for what is no whole IP packet. What is behind the packet's own length does not count.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let first = bytes.first else { return nil }
        switch first >> 4 {
        case 4:
            guard bytes.count >= 20 else { return nil }
            let header = Int(first & 15) * 4
            length = Int(bytes.number16(2))
            guard header >= 20, length >= header, length <= bytes.count else { return nil }
            source = MeshAddress(ipv4: bytes.number32(12))
            destination = MeshAddress(ipv4: bytes.number32(16))
            protocolNumber = bytes[9]
            transportOffset = header
            let fragment = bytes.number16(6)
            isFragment = fragment & 0x3fff != 0
            isLaterFragment = fragment & 0x1fff != 0
        case 6:
            guard bytes.count >= 40 else { return nil }
            length = 40 + Int(bytes.number16(4))
            guard length <= bytes.count else { return nil }
            source = MeshAddress(reading: bytes, at: 8)
            destination = MeshAddress(reading: bytes, at: 24)
            // A mapped address on the wire would be an IPv4 address in disguise.
            guard !source.isIPv4, !destination.isIPv4 else { return nil }
            protocolNumber = bytes[6]
            transportOffset = 40
            guard skipExtensions(bytes) else { return nil }
        default: return nil
        }
        guard !isLaterFragment else { return }
        switch transport {
        case .tcp: guard length >= transportOffset + 20 else { return nil }
        case .udp: guard length >= transportOffset + 8 else { return nil }
        case .sctp: guard length >= transportOffset + 12 else { return nil }
        default: return
        }
        sourcePort = bytes.number16(transportOffset)
        destinationPort = bytes.number16(transportOffset + 2)
    }

    /// Goes through IPv6 extension headers (RFC 8200, 4): hop-by-hop, routing, fragment, destination options, authentication.
    private mutating func skipExtensions(_ bytes: UnsafeRawBufferPointer) -> Bool {
        while [0, 43, 44, 51, 60].contains(protocolNumber) {
            guard transportOffset + 8 <= length else { return false }
            let next = bytes[transportOffset]
            var size = 8 + Int(bytes[transportOffset + 1]) * 8
            switch protocolNumber {
            case 44:
                size = 8
                isFragment = true
                isLaterFragment = bytes.number16(transportOffset + 2) & 0xfff8 != 0
            case 51: size = (Int(bytes[transportOffset + 1]) + 2) * 4
            default: break
            }
            protocolNumber = next
            transportOffset += size
            guard transportOffset <= length else { return false }
            if isLaterFragment { return true }
        }
        return true
    }
}

extension UnsafeRawBufferPointer {
    /// Two bytes in network order. The caller has seen to it that they are there.
    func number16(_ offset: Int) -> UInt16 { UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self)) }
    /// Four bytes in network order. The caller has seen to it that they are there.
    func number32(_ offset: Int) -> UInt32 { UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
}

extension UnsafeMutableRawBufferPointer {
    func set16(_ value: UInt16, at offset: Int) { storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self) }
    func set32(_ value: UInt32, at offset: Int) { storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self) }
}
