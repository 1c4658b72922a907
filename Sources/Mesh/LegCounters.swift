/// What a leg has done since its start.
public struct LegCounters: Equatable, Sendable {
    /// Why a packet did not go on.
    public enum Drop: Int, CaseIterable, Sendable {
        /// It is no whole IP packet, or no datagram of this mesh.
        case malformed
        /// Its source is not the sender's address, or its destination not the receiver's.
        case foreignAddress
        /// It goes to a group or to all; the mesh knows single addresses.
        case multicast
        /// Nobody has the address, or too many packets wait for the directory.
        case unreachable
        /// It is larger than the way takes, and cannot be cut.
        case tooLarge
        /// Its sender, or its sender's key, is not known.
        case unknownSender
        /// It is not genuine.
        case forged
        /// Its counter was seen before, or is too old.
        case replayed
        /// The kernel did not take it.
        case refused
        /// A network policy does not let it through.
        case denied
    }

    /// Packets from the pod, and their bytes. One that stands for many counts once.
    public var packetsOut: UInt64 = 0
    public var bytesOut: UInt64 = 0
    /// Packets to the pod, and their bytes.
    public var packetsIn: UInt64 = 0
    public var bytesIn: UInt64 = 0
    /// Legs that are known.
    public var peers = 0
    private var drops = [UInt64](repeating: 0, count: Drop.allCases.count)

    public init() {}

    /// How many packets were dropped for this reason.
    public subscript(_ drop: Drop) -> UInt64 {
        get { drops[drop.rawValue] }
        set { drops[drop.rawValue] = newValue }
    }
}
