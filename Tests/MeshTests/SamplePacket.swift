@testable import Mesh

/// Packets as a kernel makes them.
enum SamplePacket {
    static let one = MeshAddress(ipv4: 0x0af4_0001)
    static let two = MeshAddress(ipv4: 0x0af4_0002)
    static let one6 = MeshAddress(high: 0xfd00_0000_0000_0000, low: 1)
    static let two6 = MeshAddress(high: 0xfd00_0000_0000_0000, low: 2)

    /// A TCP or UDP packet with right lengths; of TCP with twelve bytes of options.
    static func make(
        _ transport: PacketView.Transport, ipv6: Bool = false, payload: [UInt8], sequence: UInt32 = 1000, flags: UInt8 = 0x10,
        ports: (UInt16, UInt16) = (40000, 80)
    ) -> [UInt8] {
        var body = [UInt8(ports.0 >> 8), UInt8(ports.0 & 255), UInt8(ports.1 >> 8), UInt8(ports.1 & 255)]
        switch transport {
        case .tcp:
            body += (0..<4).map { UInt8(truncatingIfNeeded: sequence >> (24 - 8 * UInt32($0))) } + [0, 0, 0, 9]
            body += [8 << 4, flags, 0xff, 0xff, 0, 0, 0, 0, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]
        default:
            let length = payload.count + 8
            body += [UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length), 0, 0]
        }
        body += payload
        return wrap(body, protocolNumber: transport.rawValue, ipv6: ipv6)
    }

    static func wrap(_ body: [UInt8], protocolNumber: UInt8, ipv6: Bool) -> [UInt8] {
        if ipv6 {
            return [0x60, 0, 0, 0, UInt8(truncatingIfNeeded: body.count >> 8), UInt8(truncatingIfNeeded: body.count), protocolNumber, 64]
                + one6.bytes + two6.bytes + body
        }
        let length = body.count + 20
        var header: [UInt8] = [
            0x45, 0, UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length), 0, 7, 0x40, 0, 64, protocolNumber, 0, 0,
        ]
        header += one.bytes[12...] + two.bytes[12...]
        let sum = header.withUnsafeBytes { Checksum.ofHeader($0) }
        header[10] = UInt8(sum >> 8)
        header[11] = UInt8(sum & 255)
        return header + body
    }

    /// Finishes a transport's checksum in software, whose field holds the sum of the pseudo header.
    static func completed(_ packet: [UInt8]) -> [UInt8] {
        var packet = packet
        packet.withUnsafeMutableBytes { bytes in
            guard let view = PacketView(UnsafeRawBufferPointer(bytes)) else { return }
            Checksum.complete(bytes, start: view.transportOffset, offset: view.transport == .tcp ? 16 : 6)
        }
        return packet
    }

    /// Whether header and transport checksums are right.
    static func isSound(_ packet: [UInt8]) -> Bool {
        packet.withUnsafeBytes { bytes in
            guard let view = PacketView(bytes) else { return false }
            if view.isIPv4, Checksum.fold(Checksum.sum(UnsafeRawBufferPointer(rebasing: bytes[..<view.transportOffset]))) != 0xffff {
                return false
            }
            let pseudo = Checksum.ofPseudoHeader(
                source: view.source, destination: view.destination, protocolNumber: view.protocolNumber,
                length: view.length - view.transportOffset)
            let sum = Checksum.sum(UnsafeRawBufferPointer(rebasing: bytes[view.transportOffset..<view.length]))
            return Checksum.fold(sum + UInt64(pseudo)) == 0xffff
        }
    }
}
