/// The Internet checksum (RFC 1071).
enum Checksum {
    /// The sum of sixteen-bit words, not yet folded.
    static func sum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var sum: UInt64 = 0
        var index = 0
        while index + 1 < bytes.count {
            sum += UInt64(bytes.number16(index))
            index += 2
        }
        if index < bytes.count { sum += UInt64(bytes[index]) << 8 }
        return sum
    }

    static func fold(_ sum: UInt64) -> UInt16 {
        var sum = sum
        while sum >> 16 != 0 { sum = (sum & 0xffff) + (sum >> 16) }
        return UInt16(truncatingIfNeeded: sum)
    }

    /// The checksum of an IPv4 header whose checksum field is 0.
    static func ofHeader(_ bytes: UnsafeRawBufferPointer) -> UInt16 { ~fold(sum(bytes)) }

    /// The sum of the pseudo header, as it stands in the transport's checksum field while the rest is left to do.
    static func ofPseudoHeader(source: MeshAddress, destination: MeshAddress, protocolNumber: UInt8, length: Int) -> UInt16 {
        var sum = UInt64(protocolNumber) + UInt64(length >> 16) + UInt64(length & 0xffff)
        for address in [source, destination] {
            if address.isIPv4 {
                sum += (address.low >> 16) & 0xffff
                sum += address.low & 0xffff
            } else {
                for word in [address.high, address.low] {
                    for shift in stride(from: UInt64(0), to: 64, by: 16) { sum += (word >> shift) & 0xffff }
                }
            }
        }
        return fold(sum)
    }

    /// Does what a packet's sender left to do: the checksum of all from `start` on, at `offset` behind it.
    static func complete(_ packet: UnsafeMutableRawBufferPointer, start: Int, offset: Int) {
        guard start + offset + 2 <= packet.count else { return }
        let sum = ~fold(sum(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(packet)[start...])))
        // 0 would say that there is none (RFC 768).
        packet.set16(sum == 0 ? 0xffff : sum, at: start + offset)
    }
}
