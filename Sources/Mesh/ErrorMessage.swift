/// ICMP messages to the pod about packets that cannot go on: RFC 792, RFC 1191, RFC 4443.
enum ErrorMessage {
    /// The way takes packets of `mtu` bytes at most.
    static func tooLarge(_ view: PacketView, _ packet: UnsafeRawBufferPointer, mtu: Int) -> [UInt8]? {
        let mtu = max(mtu, 68)
        return view.isIPv4
            ? message(view, packet, type: 3, code: 4, rest: UInt32(truncatingIfNeeded: min(mtu, 0xffff)))
            : message(view, packet, type: 2, code: 0, rest: UInt32(truncatingIfNeeded: max(mtu, 1280)))
    }

    /// Nobody has the address.
    static func unreachable(_ view: PacketView, _ packet: UnsafeRawBufferPointer) -> [UInt8]? {
        view.isIPv4 ? message(view, packet, type: 3, code: 1, rest: 0) : message(view, packet, type: 1, code: 3, rest: 0)
    }

    /// From the address that the packet was for, since there is no router between.
    private static func message(_ view: PacketView, _ packet: UnsafeRawBufferPointer, type: UInt8, code: UInt8, rest: UInt32) -> [UInt8]? {
        // No error about an error, nor about what has no beginning.
        guard !view.isLaterFragment, view.transport != .icmp && view.transport != .icmpv6 || isRequest(view, packet) else { return nil }
        let quoted = min(view.length, view.isIPv4 ? view.transportOffset + 8 : 1280 - 48)
        let ipHeader = view.isIPv4 ? 20 : 40
        var bytes = [UInt8](repeating: 0, count: ipHeader + 8 + quoted)
        bytes.withUnsafeMutableBytes { bytes in
            let length = bytes.count
            if view.isIPv4 {
                bytes[0] = 0x45
                bytes.set16(UInt16(truncatingIfNeeded: length), at: 2)
                bytes[8] = 64
                bytes[9] = PacketView.Transport.icmp.rawValue
                bytes.set32(UInt32(truncatingIfNeeded: view.destination.low), at: 12)
                bytes.set32(UInt32(truncatingIfNeeded: view.source.low), at: 16)
                bytes.set16(Checksum.ofHeader(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[..<20])), at: 10)
            } else {
                bytes[0] = 0x60
                bytes.set16(UInt16(truncatingIfNeeded: length - 40), at: 4)
                bytes[6] = PacketView.Transport.icmpv6.rawValue
                bytes[7] = 64
                for (offset, word) in [view.destination.high, view.destination.low, view.source.high, view.source.low].enumerated() {
                    bytes.storeBytes(of: word.bigEndian, toByteOffset: 8 + offset * 8, as: UInt64.self)
                }
            }
            bytes[ipHeader] = type
            bytes[ipHeader + 1] = code
            bytes.set32(rest, at: ipHeader + 4)
            UnsafeMutableRawBufferPointer(rebasing: bytes[(ipHeader + 8)...]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: packet[..<quoted]))
            var sum = Checksum.sum(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[ipHeader...]))
            if !view.isIPv4 {
                sum += UInt64(
                    Checksum.ofPseudoHeader(
                        source: view.destination, destination: view.source, protocolNumber: PacketView.Transport.icmpv6.rawValue,
                        length: length - 40))
            }
            bytes.set16(~Checksum.fold(sum), at: ipHeader + 2)
        }
        return bytes
    }

    private static func isRequest(_ view: PacketView, _ packet: UnsafeRawBufferPointer) -> Bool {
        guard view.transportOffset < view.length else { return false }
        return [8, 128].contains(packet[view.transportOffset])
    }
}
