import CMesh
import Foundation
import Glibc
import HPKBench
@testable import Mesh
import Synchronization

/// Stands between legs, as a network or somebody hostile on it does: passes datagrams on, keeps them, loses, doubles and reorders them.
///
/// Unchecked, and safe: what changes is behind the mutex.
final class DatagramRelay: @unchecked Sendable {
    struct Behaviour: Sendable {
        /// Of each hundred datagrams, how many are lost, doubled and held back behind the next one.
        var lost: UInt64 = 0
        var doubled: UInt64 = 0
        var reordered: UInt64 = 0
    }

    private struct State {
        var generator = SeededGenerator(seed: 11)
        var kept: [[UInt8]] = []
        var heldBack: [UInt8]?
        var isOver = false
        var isCut = false
    }

    let endpoint: MeshEndpoint
    private let target: MeshEndpoint
    private let behaviour: Behaviour
    private let socket: Int32
    private let state = Mutex(State())

    /// - Parameter host: the host of the leg that it stands before; both have that host's address.
    init(on host: NetworkNamespace, before target: MeshEndpoint, _ behaviour: Behaviour = Behaviour()) throws {
        let socket = try host.within { hpk_mesh_udp_open(0) }
        guard socket >= 0 else { throw MeshError("open a socket", code: -socket) }
        var off: Int32 = 0
        setsockopt(socket, Int32(IPPROTO_UDP), 104, &off, 4)
        self.socket = socket
        self.target = target
        self.behaviour = behaviour
        endpoint = MeshEndpoint(host: target.host, port: UInt16(clamping: hpk_mesh_udp_port(socket)))
        Thread.detachNewThread { self.work() }
    }

    /// Everything that has come by.
    var kept: [[UInt8]] { state.withLock { $0.kept } }

    /// Passes nothing on for the time being, or again.
    func cut(_ isCut: Bool) { state.withLock { $0.isCut = isCut } }

    func end() { state.withLock { $0.isOver = true } }

    /// Sends a datagram of the test's own to any leg of the host's network.
    func send(_ bytes: [UInt8], to target: MeshEndpoint? = nil) {
        var raw = hpk_mesh_endpoint()
        let target = target ?? self.target
        withUnsafeMutableBytes(of: &raw.address) { $0.copyBytes(from: target.host.bytes) }
        raw.port = target.port
        _ = hpk_mesh_send(socket, &raw, bytes, bytes.count, 0)
    }

    private func work() {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var from = hpk_mesh_endpoint()
        var segment: UInt16 = 0
        while !state.withLock({ $0.isOver }) {
            var watched = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            guard poll(&watched, 1, 50) > 0 else { continue }
            let count = hpk_mesh_receive(socket, &from, &buffer, buffer.count, &segment)
            guard count > 0 else { continue }
            for datagram in choose(Array(buffer[..<count])) { send(datagram) }
        }
        close(socket)
    }

    private func choose(_ datagram: [UInt8]) -> [[UInt8]] {
        state.withLock { state in
            if state.kept.count < 2000 { state.kept.append(datagram) }
            guard !state.isCut else { return [] }
            var passed: [[UInt8]] = []
            switch state.generator.next() % 100 {
            case ..<behaviour.lost: break
            case ..<(behaviour.lost + behaviour.doubled): passed = [datagram, datagram]
            case ..<(behaviour.lost + behaviour.doubled + behaviour.reordered) where state.heldBack == nil:
                state.heldBack = datagram
                return []
            default: passed = [datagram]
            }
            if let late = state.heldBack {
                passed.append(late)
                state.heldBack = nil
            }
            return passed
        }
    }
}
