import CMesh

/// What a leg holds of another one.
final class PeerState {
    let peer: MeshPeer
    let endpoint: hpk_mesh_endpoint
    private let own: MeshSession
    private let isPlain: Bool
    /// Bytes of a datagram that the way takes.
    var limit: Int
    private var counter: UInt64 = 0
    var window = ReplayWindow()
    private var sealers: [UInt32: PairCipher] = [:]
    private var openers: [UInt32: PairCipher] = [:]

    init(_ peer: MeshPeer, own: MeshSession, limit: Int, isPlain: Bool = false) {
        self.peer = peer
        self.own = own
        self.isPlain = isPlain
        self.limit = limit
        endpoint = peer.endpoint.raw
    }

    /// A number that this leg has not used towards the other one.
    func nextCounter() -> UInt64 {
        defer { counter += 1 }
        return counter
    }

    /// The cipher for what is sent with a key.
    func sealer(_ key: MeshKey) -> PairCipher? {
        if let known = sealers[key.generation] { return known }
        let cipher = PairCipher(key, from: own, to: peer.session, sealing: true, isPlain: isPlain)
        sealers[key.generation] = cipher
        return cipher
    }

    /// The cipher for what is received with a key.
    func opener(_ key: MeshKey) -> PairCipher? {
        if let known = openers[key.generation] { return known }
        let cipher = PairCipher(key, from: peer.session, to: own, sealing: false, isPlain: isPlain)
        openers[key.generation] = cipher
        return cipher
    }

    /// Forgets the ciphers of keys that are not in use any more.
    func keep(_ generations: Set<UInt32>) {
        sealers = sealers.filter { generations.contains($0.key) }
        openers = openers.filter { generations.contains($0.key) }
    }
}

/// The legs that are known, by address and by session.
struct PeerTable {
    private var byAddress: [MeshAddress: PeerState] = [:]
    private var bySession: [UInt64: PeerState] = [:]

    var count: Int { bySession.count }
    var all: Dictionary<UInt64, PeerState>.Values { bySession.values }

    func peer(at address: MeshAddress) -> PeerState? { byAddress[address] }
    func peer(session: UInt64) -> PeerState? { bySession[session] }

    /// Takes what the directory says. An address belongs to whom it was given last.
    mutating func set(_ state: PeerState) {
        remove(session: state.peer.session.rawValue)
        for address in state.peer.addresses {
            if let old = byAddress[address] { remove(session: old.peer.session.rawValue) }
            byAddress[address] = state
        }
        bySession[state.peer.session.rawValue] = state
    }

    mutating func remove(session: UInt64) {
        guard let old = bySession.removeValue(forKey: session) else { return }
        for address in old.peer.addresses where byAddress[address] === old { byAddress[address] = nil }
    }

    mutating func remove(address: MeshAddress) {
        if let old = byAddress[address] { remove(session: old.peer.session.rawValue) }
    }
}
