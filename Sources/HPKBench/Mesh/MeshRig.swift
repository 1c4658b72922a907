import Foundation
import Glibc
import Mesh
import Synchronization

/// Hosts on one Ethernet, legs on them with a pod behind each, and a directory that answers what they ask.
public final class MeshRig: Sendable {
    /// A pod and its leg.
    public struct Pod: Sendable {
        public let namespace: NetworkNamespace
        public let leg: MeshLeg
        public let address: MeshAddress
        public let peer: MeshPeer
    }

    static let prefix = MeshPrefix("10.244.0.0/16")
    /// The hosts, 192.168.77.1 and so on.
    public let hosts: [NetworkNamespace]
    private let ethernet: NetworkNamespace
    private struct State {
        var pods: [Pod] = []
        var keys: ([MeshKey], UInt32) = ([], 0)
        var isOver = false
        var questions = 0
    }
    private let state = Mutex(State())

    /// Makes hosts whose links take packets of `mtu` bytes. Needs root.
    public init(hosts count: Int, mtu: Int = 1500) throws {
        ethernet = try NetworkNamespace()
        try ethernet.ip("link", "add", "bridge", "type", "bridge")
        try ethernet.ip("link", "set", "bridge", "mtu", "\(mtu)", "up")
        var hosts: [NetworkNamespace] = []
        for number in 1...count {
            let host = try NetworkNamespace()
            try ethernet.ip(
                "link", "add", "host\(number)", "mtu", "\(mtu)", "type", "veth", "peer", "name", "eth0", "mtu", "\(mtu)", "netns",
                "\(host.process)")
            try ethernet.ip("link", "set", "host\(number)", "master", "bridge", "up")
            try host.ip("address", "add", "192.168.77.\(number)/24", "dev", "eth0")
            try host.ip("link", "set", "eth0", "up")
            // Nobody is there; pasta serves only hosts that have a way to the world.
            try host.ip("route", "add", "default", "via", "192.168.77.254", "dev", "eth0")
            hosts.append(host)
        }
        self.hosts = hosts
        guard let key = MeshKey(generation: 1, secret: (0..<UInt8(MeshKey.length)).map { $0 &* 7 }) else {
            throw NetworkNamespace.Failed(description: "no key")
        }
        state.withLock { $0.keys = ([key], 1) }
        Thread.detachNewThread { [weak self] in
            while let self, self.answer() {}
        }
    }

    deinit {
        state.withLock { state in
            for pod in state.pods { pod.leg.stop() }
        }
    }

    /// Ends the directory; the legs end with this object.
    public func end() { state.withLock { $0.isOver = true } }

    /// How often a leg has asked.
    public var questions: Int { state.withLock { $0.questions } }

    /// Answers what legs ask, as the agent does; false when the world has come to its end.
    private func answer() -> Bool {
        usleep(1000)
        return state.withLock { state in
            for pod in state.pods {
                for question in pod.leg.takeNews() {
                    state.questions += 1
                    switch question {
                    case .missing(let address):
                        guard let other = state.pods.last(where: { $0.address == address }) else {
                            pod.leg.apply([.unreachable(address)])
                            continue
                        }
                        other.leg.apply([.peer(pod.peer)])
                        pod.leg.apply([.peer(other.peer)])
                    case .unknown(let session):
                        if let other = state.pods.first(where: { $0.peer.session == session }) { pod.leg.apply([.peer(other.peer)]) }
                    }
                }
            }
            return !state.isOver
        }
    }

    /// Makes a pod on a host.
    ///
    /// - Parameters:
    ///   - endpoint: where the others believe it to be; nil for the truth.
    ///   - isPlain: whether it sends and takes packets as they are, without encryption.
    @discardableResult
    public func pod(
        on host: Int, _ address: String, mtu: Int = 1412, isPlain: Bool = false, at endpoint: ((MeshEndpoint) throws -> MeshEndpoint)? = nil
    ) throws -> Pod {
        let namespace = try NetworkNamespace()
        guard let address = MeshAddress(address), let prefix = Self.prefix else { throw NetworkNamespace.Failed(description: "no address") }
        var generator = SystemRandomNumberGenerator()
        let session = MeshSession.random(using: &generator)
        let path = namespace.path
        let leg = try hosts[host].within {
            let number = open(path, O_RDONLY | O_CLOEXEC)
            defer { close(number) }
            var settings = LegSettings(
                addresses: [.init(address: address, prefix: prefix)], session: session, networkNamespace: number, mtu: mtu)
            settings.isPlain = isPlain
            return try MeshLeg(settings)
        }
        let own = MeshEndpoint(host: MeshAddress(ipv4: 0xc0a8_4d01 + UInt32(host)), port: leg.port)
        let peer = MeshPeer(addresses: [address], endpoint: try endpoint?(own) ?? own, session: session)
        let pod = Pod(namespace: namespace, leg: leg, address: address, peer: peer)
        state.withLock { state in
            state.pods.append(pod)
            leg.apply([.keys(state.keys.0, sending: state.keys.1)])
        }
        return pod
    }

    /// Ends a pod and tells the others.
    public func remove(_ pod: Pod) {
        state.withLock { state in
            state.pods.removeAll { $0.peer.session == pod.peer.session }
            for other in state.pods { other.leg.apply([.gone(pod.peer.session)]) }
        }
        pod.leg.stop()
    }

    /// Tells all legs of the keys.
    public func setKeys(_ keys: [MeshKey], sending: UInt32) {
        state.withLock { state in
            state.keys = (keys, sending)
            for pod in state.pods { pod.leg.apply([.keys(keys, sending: sending)]) }
        }
    }
}
