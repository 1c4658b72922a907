/// What stands before the encrypted packet of each datagram, and is authenticated with it. All numbers are in network order.
///
/// ```
///  0        1        2        4            8                16               24
///  version  flags    segment  generation   sender's session counter          encrypted packet, 16 bytes of tag
/// ```
struct DatagramHeader: Equatable, Sendable {
    static let version: UInt8 = 1
    static let length = 24
    /// Bytes that a datagram has beside its packet.
    static let overhead = length + PairCipher.tagLength

    /// The transport's checksum is of its pseudo header only: the rest is left to whoever sends the packet on.
    static let needsChecksum: UInt8 = 1
    /// The packet stands for several, each with ``segment`` bytes of payload but the last, which may be shorter.
    static let isSegmented: UInt8 = 2

    var flags: UInt8
    var segment: UInt16
    var generation: UInt32
    var session: UInt64
    var counter: UInt64

    func write(to bytes: UnsafeMutableRawBufferPointer) {
        bytes.storeBytes(of: Self.version, toByteOffset: 0, as: UInt8.self)
        bytes.storeBytes(of: flags, toByteOffset: 1, as: UInt8.self)
        bytes.storeBytes(of: segment.bigEndian, toByteOffset: 2, as: UInt16.self)
        bytes.storeBytes(of: generation.bigEndian, toByteOffset: 4, as: UInt32.self)
        bytes.storeBytes(of: session.bigEndian, toByteOffset: 8, as: UInt64.self)
        bytes.storeBytes(of: counter.bigEndian, toByteOffset: 16, as: UInt64.self)
    }
}

extension DatagramHeader {
    /// Nil for what cannot be a datagram of this mesh.
    init?(reading bytes: UnsafeRawBufferPointer) {
        guard bytes.count > Self.overhead, bytes[0] == Self.version, bytes[1] & ~(Self.needsChecksum | Self.isSegmented) == 0 else {
            return nil
        }
        flags = bytes[1]
        segment = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        generation = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        session = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        counter = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        guard (segment == 0) == (flags & Self.isSegmented == 0) else { return nil }
    }
}
