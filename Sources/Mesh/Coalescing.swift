import CMesh

/// Puts TCP segments of one connection that came one behind the other together into one packet, so that the kernel takes them in one go.
///
/// It does what a network card's receive offload does, and no more: sequence numbers must join, all else in the headers be the same.
struct Coalescing {
    /// Largest packet: what an IP length can say.
    static let limit = 65535

    private let buffer: UnsafeMutableRawBufferPointer
    private var packet: PacketView?
    private var headerLength = 0
    private var length = 0
    private var segment = 0
    private var segments = 0
    private var isClosed = false

    /// - Parameter buffer: has room for ``limit`` bytes; it must live as long as this value is used.
    init(_ buffer: UnsafeMutableRawBufferPointer) { self.buffer = buffer }

    var isEmpty: Bool { packet == nil }

    /// Adds a packet to what is held, if it belongs there, or holds it, if nothing is held.
    ///
    /// - Returns: false where the packet has to wait until what is held was taken.
    mutating func add(_ new: PacketView, _ bytes: UnsafeRawBufferPointer, needsChecksum: Bool) -> Bool {
        guard let packet else { return begin(new, bytes, needsChecksum: needsChecksum) }
        guard !isClosed, needsChecksum, new.transport == .tcp, !new.isFragment, new.source == packet.source,
            new.destination == packet.destination,
            new.sourcePort == packet.sourcePort, new.destinationPort == packet.destinationPort,
            new.transportOffset == packet.transportOffset
        else { return false }
        let offset = new.transportOffset
        let header = offset + Int(bytes[offset + 12] >> 4) * 4
        let payload = new.length - header
        guard header == headerLength, payload > 0, payload <= segment, length + payload <= Self.limit else { return false }
        let held = UnsafeRawBufferPointer(buffer)
        // The same but for length, identification, checksums, sequence number and PSH: everything that the connection's user could tell.
        guard held.number32(offset + 4) &+ UInt32(truncatingIfNeeded: length - headerLength) == bytes.number32(offset + 4),
            held.number32(offset + 8) == bytes.number32(offset + 8), held.number16(offset + 14) == bytes.number16(offset + 14),
            (held[offset + 13] ^ bytes[offset + 13]) & ~0x09 == 0, bytes[offset + 13] & 0xa6 == 0,
            same(bytes, held, 0, 2), same(bytes, held, offset + 20, headerLength)
        else { return false }
        if packet.isIPv4 {
            guard same(bytes, held, 6, 10) else { return false }
        } else {
            guard same(bytes, held, 2, 4), same(bytes, held, 6, 8) else { return false }
        }
        UnsafeMutableRawBufferPointer(rebasing: buffer[length..<length + payload]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: bytes[header..<new.length]))
        length += payload
        segments += 1
        buffer[offset + 13] |= bytes[offset + 13] & 0x09
        isClosed = payload < segment || bytes[offset + 13] & 0x09 != 0
        return true
    }

    private mutating func begin(_ new: PacketView, _ bytes: UnsafeRawBufferPointer, needsChecksum: Bool) -> Bool {
        guard new.length <= buffer.count else { return true }
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<new.length]))
        packet = new
        length = new.length
        segments = 1
        isClosed = true
        guard needsChecksum, new.transport == .tcp, !new.isFragment else { return true }
        headerLength = new.transportOffset + Int(bytes[new.transportOffset + 12] >> 4) * 4
        segment = new.length - headerLength
        // SYN, FIN, RST, PSH, URG and CWR are not followed by what could be joined.
        isClosed = segment <= 0 || bytes[new.transportOffset + 13] & 0xaf != 0
        return true
    }

    /// What is held, as the kernel takes it, and nothing is held any more.
    ///
    /// - Returns: nil where nothing is held.
    mutating func take(needsChecksum: Bool) -> (header: hpk_mesh_virtio, packet: UnsafeRawBufferPointer)? {
        guard let packet else { return nil }
        self.packet = nil
        var header = hpk_mesh_virtio()
        if segments > 1 {
            let offset = packet.transportOffset
            if packet.isIPv4 {
                buffer.set16(UInt16(truncatingIfNeeded: length), at: 2)
                buffer.set16(0, at: 10)
                buffer.set16(Checksum.ofHeader(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<offset])), at: 10)
            } else {
                buffer.set16(UInt16(truncatingIfNeeded: length - 40), at: 4)
            }
            buffer.set16(
                Checksum.ofPseudoHeader(
                    source: packet.source, destination: packet.destination, protocolNumber: packet.protocolNumber, length: length - offset),
                at: offset + 16)
            header = .segmented(packet, headerLength: headerLength, segment: UInt16(truncatingIfNeeded: segment))
        } else if needsChecksum {
            header = .partial(packet)
        }
        return (header, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<length]))
    }

    private func same(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer, _ from: Int, _ to: Int) -> Bool {
        from >= to || one[from..<to].elementsEqual(other[from..<to])
    }
}

extension hpk_mesh_virtio {
    private static let needsChecksum: UInt8 = 1
    private static let tcp4: UInt8 = 1
    private static let tcp6: UInt8 = 4
    private static let udp: UInt8 = 5

    /// Whether the transport's checksum is left to do.
    var isPartial: Bool { flags & Self.needsChecksum != 0 }
    /// The payload of each segment where the packet stands for several; the kind may bear the bit for ECN.
    var segment: Int { gso_type & 0x7f == 0 ? 0 : Int(gso_size) }

    /// Whether the checksum that is left to do is where the packet's transport has it: the other end can only know of that.
    func isUsual(for packet: PacketView) -> Bool {
        let usual = Self.partial(packet)
        return usual.csum_start == csum_start && usual.csum_offset == csum_offset && usual.flags != 0
    }

    /// A packet whose transport checksum is left to do; without such a checksum, as it is.
    static func partial(_ packet: PacketView) -> hpk_mesh_virtio {
        var header = hpk_mesh_virtio()
        switch packet.transport {
        case .tcp: header.csum_offset = 16
        case .udp: header.csum_offset = 6
        default: return header
        }
        header.flags = needsChecksum
        header.csum_start = UInt16(truncatingIfNeeded: packet.transportOffset)
        return header
    }

    /// A packet that stands for several.
    static func segmented(_ packet: PacketView, headerLength: Int, segment: UInt16) -> hpk_mesh_virtio {
        var header = partial(packet)
        header.gso_type = packet.transport == .udp ? udp : packet.isIPv4 ? tcp4 : tcp6
        header.gso_size = segment
        header.hdr_len = UInt16(truncatingIfNeeded: headerLength)
        return header
    }
}
