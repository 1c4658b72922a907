import CMesh
import Glibc
import Synchronization

/// What a leg is told.
public enum LegOrder: Sendable {
    /// The keys that are good for receiving, and the generation of the one to send with.
    case keys([MeshKey], sending: UInt32)
    /// Where an address is: an answer, or a change.
    case peer(MeshPeer)
    /// Nobody has the address.
    case unreachable(MeshAddress)
    /// The leg of this session is no more.
    case gone(MeshSession)
}

/// What a leg asks for. It asks for the same thing once a second at most, so an answer may be asked for again.
public enum LegNews: Hashable, Sendable {
    /// Who has this address?
    case missing(MeshAddress)
    /// Who is this?
    case unknown(MeshSession)
}

/// How a leg is made.
public struct LegSettings: Sendable {
    /// A pod's address, and the prefix in which all pods are.
    public struct Address: Sendable, Equatable {
        public var address: MeshAddress
        public var prefix: MeshPrefix

        public init(address: MeshAddress, prefix: MeshPrefix) {
            self.address = address
            self.prefix = prefix
        }
    }

    /// One address of a kind at most.
    public var addresses: [Address]
    public var session: MeshSession
    /// The descriptor of the pod's network namespace; nil is the caller's own.
    public var networkNamespace: Int32?
    /// Name of the device, at most 15 bytes.
    public var device: String
    /// Largest packet of the device in bytes, at least 1280 (RFC 8200, 5).
    public var mtu: Int
    /// UDP port on the host; 0 leaves it to the kernel.
    public var port: UInt16
    /// Sends and takes packets as they are, to measure what encryption costs. Nothing outside of this package can say so.
    package var isPlain = false

    public init(
        addresses: [Address], session: MeshSession, networkNamespace: Int32? = nil, device: String = "hpk0", mtu: Int = 1412,
        port: UInt16 = 0
    ) {
        self.addresses = addresses
        self.session = session
        self.networkNamespace = networkNamespace
        self.device = device
        self.mtu = mtu
        self.port = port
    }
}

/// One leg of the mesh: a device in a pod's network namespace, a UDP socket in the host's, and a thread that carries packets between them.
///
/// The thread sleeps while there is nothing to carry.
public final class MeshLeg: Sendable {
    /// The UDP port on the host.
    public let port: UInt16
    /// Becomes readable when there is news.
    public let newsDescriptor: Int32
    private let shared: LegShared
    private let thread: LegThread

    /// Makes the device in the pod's network namespace and the socket in the caller's.
    ///
    /// - Throws: ``MeshError``.
    public init(_ settings: LegSettings) throws(MeshError) {
        let shared = try LegShared()
        let sockets = try LegSockets(port: settings.port)
        port = sockets.port
        newsDescriptor = shared.news.number
        self.shared = shared
        thread = try LegThread { () throws(MeshError) in try LegLoop(settings, sockets, shared) }
    }

    deinit { stop() }

    /// Hands orders over; they are carried out in order.
    public func apply(_ orders: [LegOrder]) {
        guard !orders.isEmpty else { return }
        shared.orders.withLock { $0 += orders }
        shared.call.raise()
    }

    /// What is asked for, and not to be asked for again by this call.
    public func takeNews() -> [LegNews] {
        shared.news.clear()
        return shared.questions.withLock { questions in
            defer { questions = [] }
            return questions
        }
    }

    public var counters: LegCounters { shared.counters.withLock { $0 } }

    /// Ends the thread and removes the device; returns when that is done.
    public func stop() {
        shared.isStopped.store(true, ordering: .releasing)
        shared.call.raise()
        thread.join()
    }
}

/// What the leg's thread and the others share.
final class LegShared: Sendable {
    let orders = Mutex<[LegOrder]>([])
    let questions = Mutex<[LegNews]>([])
    let counters = Mutex(LegCounters())
    let isStopped = Atomic(false)
    /// Wakes the leg's thread.
    let call: EventDescriptor
    let news: EventDescriptor

    init() throws(MeshError) {
        call = try EventDescriptor()
        news = try EventDescriptor()
    }
}

/// A counter of the kernel's by which one thread wakes another (eventfd(2)).
final class EventDescriptor: Sendable {
    let number: Int32

    init() throws(MeshError) {
        let number = hpk_mesh_eventfd()
        guard number >= 0 else { throw MeshError("make an event descriptor", code: -number) }
        self.number = number
    }

    deinit { close(number) }

    func raise() {
        var one: UInt64 = 1
        // It can fail only where it is raised already.
        _ = write(number, &one, 8)
    }

    func clear() {
        var count: UInt64 = 0
        _ = read(number, &count, 8)
    }
}

/// The sockets of the host's network namespace.
final class LegSockets: Sendable {
    let socket: Int32
    /// Sends nothing; by it the kernel is asked how large packets may be.
    let probe: Int32
    let port: UInt16

    init(port wanted: UInt16) throws(MeshError) {
        let socket = hpk_mesh_udp_open(wanted)
        guard socket >= 0 else { throw MeshError(wanted == 0 ? "open a UDP port" : "open UDP port \(wanted)", code: -socket) }
        let probe = hpk_mesh_udp_open(0)
        guard probe >= 0 else {
            close(socket)
            throw MeshError("open a UDP port", code: -probe)
        }
        (self.socket, self.probe) = (socket, probe)
        port = UInt16(clamping: hpk_mesh_udp_port(socket))
    }

    deinit {
        close(socket)
        close(probe)
    }
}
