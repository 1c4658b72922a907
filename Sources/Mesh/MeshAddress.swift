import CMesh
import Glibc

/// An IPv6 address, or an IPv4 address, which is held as mapped into IPv6 (RFC 4291, 2.5.5.2).
public struct MeshAddress: Hashable, Sendable, CustomStringConvertible {
    /// The first and the last eight bytes.
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An IPv4 address, first byte first.
    public init(ipv4 value: UInt32) {
        self.init(high: 0, low: 0xffff_0000_0000 | UInt64(value))
    }

    /// Sixteen bytes in network order; nil for any other number.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }, low: bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The usual text forms, `10.1.2.3` or `fd00::1`; nil for anything else. Names are not looked up.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(ipv4: UInt32(bigEndian: four.s_addr))
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        self.init(withUnsafeBytes(of: six) { MeshAddress(reading: $0, at: 0) })
    }

    private init(_ other: MeshAddress) { self = other }

    /// Sixteen bytes of a packet.
    init(reading bytes: UnsafeRawBufferPointer, at offset: Int) {
        high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
    }

    /// Whether this is an IPv4 address.
    public var isIPv4: Bool { high == 0 && low >> 32 == 0xffff }

    /// The IPv4 address, first byte first; nil for an IPv6 address.
    public var ipv4: UInt32? { isIPv4 ? UInt32(truncatingIfNeeded: low) : nil }

    /// Sixteen bytes in network order.
    public var bytes: [UInt8] { [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } } }

    /// The usual text form.
    public var description: String {
        if let ipv4 { return (0..<4).map { "\((ipv4 >> (24 - 8 * $0)) & 0xff)" }.joined(separator: ".") }
        var address = in6_addr()
        withUnsafeMutableBytes(of: &address) { $0.copyBytes(from: bytes) }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(AF_INET6, &address, &text, socklen_t(text.count)) != nil else { return "::" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A range of addresses, `10.244.0.0/16`.
public struct MeshPrefix: Hashable, Sendable, CustomStringConvertible {
    /// The first address.
    public let base: MeshAddress
    /// How many leading bits are fixed: 0 to 32, or 0 to 128 for IPv6.
    public let length: Int

    /// An address and a length, `10.244.0.0/16`. Bits behind the length are dropped; nil where either part is malformed.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = MeshAddress(parts[0]), parts[1].allSatisfy(\.isASCII), let length = Int(parts[1]),
            length >= 0,
            length <= (address.isIPv4 ? 32 : 128), "\(length)" == parts[1]
        else { return nil }
        self.length = length
        base = MeshPrefix.cut(address, Self.bits(length, address))
    }

    /// Whether the address is in the range.
    public func contains(_ address: MeshAddress) -> Bool {
        address.isIPv4 == base.isIPv4 && Self.cut(address, Self.bits(length, base)) == base
    }

    /// `10.244.0.0/16`.
    public var description: String { "\(base)/\(length)" }

    private static func bits(_ length: Int, _ address: MeshAddress) -> Int { address.isIPv4 ? 96 + length : length }

    private static func cut(_ address: MeshAddress, _ bits: Int) -> MeshAddress {
        func mask(_ count: Int) -> UInt64 { count <= 0 ? 0 : count >= 64 ? .max : ~(UInt64.max >> UInt64(count)) }
        return MeshAddress(high: address.high & mask(bits), low: address.low & mask(bits - 64))
    }
}
