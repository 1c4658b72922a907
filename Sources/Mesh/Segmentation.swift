/// Cuts a packet that stands for many (TCP or UDP segmentation offload) into packets of a size that the way takes, as a network card does.
struct Segmentation: Equatable, Sendable {
    /// Bytes before the payload: IP header, its options, the transport's header.
    let headerLength: Int
    /// Payload of each piece but the last.
    let pieceLength: Int
    let payloadLength: Int
    private let transportOffset: Int
    private let isTCP: Bool
    private let isIPv4: Bool

    /// - Parameters:
    ///   - segment: payload of each segment as the kernel wants them; 0 for a packet that stands for itself, which is cut all the same where it
    ///     is TCP.
    ///   - limit: bytes of a packet that the way takes.
    /// - Returns: nil where the packet cannot be cut.
    init?(_ packet: PacketView, _ bytes: UnsafeRawBufferPointer, segment: Int, limit: Int) {
        guard !packet.isFragment else { return nil }
        switch packet.transport {
        case .tcp:
            let length = Int(bytes[packet.transportOffset + 12] >> 4) * 4
            guard length >= 20, packet.transportOffset + length <= packet.length else { return nil }
            headerLength = packet.transportOffset + length
            isTCP = true
        case .udp where segment > 0:
            headerLength = packet.transportOffset + 8
            isTCP = false
        default: return nil
        }
        let room = limit - headerLength
        guard room > 0 else { return nil }
        if isTCP {
            // A segment may always be smaller than the connection's largest one. Whole ones are put into one piece as far as they fit.
            pieceLength = segment > 0 && room >= segment ? room / segment * segment : room
        } else {
            guard room >= segment else { return nil }
            // A datagram is a message: each piece is whole messages.
            pieceLength = room / segment * segment
        }
        payloadLength = packet.length - headerLength
        guard payloadLength > 0 else { return nil }
        transportOffset = packet.transportOffset
        isIPv4 = packet.isIPv4
    }

    var count: Int { (payloadLength + pieceLength - 1) / pieceLength }

    /// The part of the payload that the piece has.
    func payload(of piece: Int) -> Range<Int> {
        let start = piece * pieceLength
        return headerLength + start..<headerLength + min(start + pieceLength, payloadLength)
    }

    /// Writes the piece's own headers; the transport's checksum is left to its receiver, with the sum of the pseudo header in its place.
    func writeHeader(of piece: Int, packet: PacketView, _ bytes: UnsafeRawBufferPointer, to header: UnsafeMutableRawBufferPointer) {
        header.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<headerLength]))
        let payload = payload(of: piece)
        let length = headerLength + payload.count
        if isIPv4 {
            header.set16(UInt16(truncatingIfNeeded: length), at: 2)
            header.set16(bytes.number16(4) &+ UInt16(truncatingIfNeeded: piece), at: 4)
            header.set16(0, at: 10)
            header.set16(
                Checksum.ofHeader(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(header)[..<Int((bytes[0] & 15) * 4)])), at: 10)
        } else {
            header.set16(UInt16(truncatingIfNeeded: length - 40), at: 4)
        }
        if isTCP {
            header.set32(
                bytes.number32(transportOffset + 4) &+ UInt32(truncatingIfNeeded: payload.lowerBound - headerLength),
                at: transportOffset + 4)
            var flags = bytes[transportOffset + 13]
            // FIN and PSH belong to the last one, CWR to the first (RFC 3168, 6.1.2).
            if piece + 1 < count { flags &= ~0x09 }
            if piece > 0 { flags &= ~0x80 }
            header[transportOffset + 13] = flags
        } else {
            header.set16(UInt16(truncatingIfNeeded: length - transportOffset), at: transportOffset + 4)
        }
        header.set16(
            Checksum.ofPseudoHeader(
                source: packet.source, destination: packet.destination, protocolNumber: packet.protocolNumber,
                length: length - transportOffset),
            at: transportOffset + (isTCP ? 16 : 6))
    }
}
