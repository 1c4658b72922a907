import CMesh
import Glibc

/// The work of a leg: carries packets between the pod's device and the host's socket. Lives on its thread alone.
final class LegLoop {
    private let shared: LegShared
    private let sockets: LegSockets
    private let tun: Int32
    private let epoll: Int32
    private let session: MeshSession
    private let own: Set<MeshAddress>
    private let isPlain: Bool
    private var table = PeerTable()
    private var keys: [UInt32: MeshKey] = [:]
    private var sendingKey: MeshKey?
    private var counters = LegCounters()
    /// Packets from the pod whose address nobody has told yet, and datagrams of unknown senders.
    private var homeless = HeldPackets<MeshAddress, (hpk_mesh_virtio, [UInt8])>(depth: 32, breadth: 64, capacity: 2 << 20)
    private var strangers = HeldPackets<UInt64, [UInt8]>(depth: 32, breadth: 16, capacity: 2 << 20)
    /// A packet from the pod; datagrams to send; datagrams received; a packet to the pod.
    private let packetBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)
    private let sendBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 64)
    private let receiveBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)
    private let joinBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)
    private var joined: Coalescing
    private var joinedNeedsChecksum = false

    /// Packets that one side may have before the other gets its turn.
    private static let turn = 64
    /// Most segments of one call, and its most bytes (udp(7); the length of a UDP datagram has sixteen bits).
    private static let segmentsAtMost = 64
    private static let bytesAtMost = 65507

    init(_ settings: LegSettings, _ sockets: LegSockets, _ shared: LegShared) throws(MeshError) {
        self.shared = shared
        self.sockets = sockets
        session = settings.session
        isPlain = settings.isPlain
        own = Set(settings.addresses.map(\.address))
        tun = try Self.openDevice(settings)
        epoll = hpk_mesh_wait_create(tun, sockets.socket, shared.call.number)
        joined = Coalescing(joinBuffer)
        guard epoll >= 0 else {
            close(tun)
            throw MeshError("wait for packets", code: -epoll)
        }
    }

    deinit {
        close(tun)
        if epoll >= 0 { close(epoll) }
        for buffer in [packetBuffer, sendBuffer, receiveBuffer, joinBuffer] { buffer.deallocate() }
    }

    private static func openDevice(_ settings: LegSettings) throws(MeshError) -> Int32 {
        if let namespace = settings.networkNamespace {
            let result = hpk_mesh_enter(namespace)
            guard result == 0 else { throw MeshError("enter the pod's network namespace", code: -result) }
        }
        let tun = hpk_mesh_tun_open(settings.device)
        guard tun >= 0 else { throw MeshError("make the network device \(settings.device)", code: -tun) }
        hpk_mesh_tun_quiet(settings.device, settings.addresses.contains { !$0.address.isIPv4 } ? 1 : 0)
        var steps: [(String, Int32)] = settings.addresses.map {
            (
                "give \(settings.device) the address \($0.address)",
                hpk_mesh_tun_address(settings.device, $0.address.bytes, Int32($0.prefix.length))
            )
        }
        steps.append(("switch \(settings.device) on", hpk_mesh_tun_up(settings.device, Int32(settings.mtu))))
        if let failed = steps.first(where: { $0.1 != 0 }) {
            close(tun)
            throw MeshError(failed.0, code: -failed.1)
        }
        return tun
    }

    /// Works until the leg is stopped, or its device is gone.
    func run() {
        while true {
            let ready = hpk_mesh_wait(epoll)
            guard ready >= 0 else { return }
            if ready & 4 != 0 {
                shared.call.clear()
                if shared.isStopped.load(ordering: .acquiring) { return }
                obey(
                    shared.orders.withLock { orders in
                        defer { orders = [] }
                        return orders
                    })
            }
            if ready & 2 != 0 { receive() }
            if ready & 1 != 0, !readDevice() { return }
            counters.peers = table.count
            let now = counters
            shared.counters.withLock { $0 = now }
        }
    }

    // MARK: Orders and questions

    private func obey(_ orders: [LegOrder]) {
        for order in orders {
            switch order {
            case .keys(let new, let sending):
                keys = Dictionary(new.map { ($0.generation, $0) }, uniquingKeysWith: { $1 })
                sendingKey = keys[sending]
                let generations = Set(keys.keys)
                for state in table.all {
                    state.keep(generations)
                    sendHeld(to: state.peer)
                }
            case .peer(let peer): know(peer)
            case .unreachable(let address):
                table.remove(address: address)
                for held in homeless.release(address, at: Self.now()) { refuse(held.1, .unreachable) }
            case .gone(let session): table.remove(session: session.rawValue)
            }
        }
    }

    private func know(_ peer: MeshPeer) {
        if table.peer(session: peer.session.rawValue)?.peer != peer {
            let state = PeerState(peer, own: session, limit: 0, isPlain: isPlain)
            state.limit = pathLimit(state)
            table.set(state)
        }
        sendHeld(to: peer)
        for datagram in strangers.release(peer.session.rawValue, at: Self.now()) {
            receiveBuffer.copyBytes(from: datagram)
            accept(UnsafeMutableRawBufferPointer(rebasing: receiveBuffer[..<datagram.count]))
        }
        flushJoined()
    }

    private func sendHeld(to peer: MeshPeer) {
        guard sendingKey != nil else { return }
        let now = Self.now()
        for address in peer.addresses {
            for (header, bytes) in homeless.release(address, at: now) {
                bytes.withUnsafeBytes { if let view = PacketView($0) { send(view, $0, header) } }
            }
        }
    }

    private func ask(_ question: LegNews) {
        shared.questions.withLock { if $0.count < 256 { $0.append(question) } }
        shared.news.raise()
    }

    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Bytes of a datagram that the way to a leg takes.
    private func pathLimit(_ state: PeerState) -> Int {
        var endpoint = state.endpoint
        let mtu = Int(hpk_mesh_path_mtu(sockets.probe, &endpoint))
        let headers = (state.peer.endpoint.host.isIPv4 ? 20 : 40) + 8
        return min(Self.bytesAtMost, (mtu > 0 ? max(mtu, 1280) : 1280) - headers)
    }

    // MARK: From the pod

    /// False where the device is gone.
    private func readDevice() -> Bool {
        var header = hpk_mesh_virtio()
        for _ in 0..<Self.turn {
            let count = hpk_mesh_tun_read(tun, &header, packetBuffer.baseAddress, packetBuffer.count)
            if count <= 0 { return count == -Int(EAGAIN) || count == -Int(EINTR) }
            let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(packetBuffer)[..<count])
            guard let view = PacketView(bytes) else {
                counters[.malformed] += 1
                continue
            }
            if header.isPartial, !header.isUsual(for: view) {
                Checksum.complete(
                    UnsafeMutableRawBufferPointer(rebasing: packetBuffer[..<view.length]), start: Int(header.csum_start),
                    offset: Int(header.csum_offset))
                header = hpk_mesh_virtio()
            }
            guard own.contains(view.source) else {
                counters[.foreignAddress] += 1
                continue
            }
            guard view.destination.isSingle else {
                counters[.multicast] += 1
                continue
            }
            counters.packetsOut += 1
            counters.bytesOut += UInt64(view.length)
            send(view, bytes, header)
        }
        return true
    }

    private func send(_ view: PacketView, _ bytes: UnsafeRawBufferPointer, _ header: hpk_mesh_virtio) {
        guard let state = table.peer(at: view.destination), let key = sendingKey else {
            switch homeless.hold((header, Array(bytes[..<view.length])), size: view.length, for: view.destination, at: Self.now()) {
            case .ask: ask(.missing(view.destination))
            case .held: break
            case .dropped: counters[.unreachable] += 1
            }
            return
        }
        guard let cipher = state.sealer(key) else {
            counters[.refused] += 1
            return
        }
        if !transmit(view, bytes, header, to: state, key, cipher) {
            // The way has become narrower.
            state.limit = pathLimit(state)
            if !transmit(view, bytes, header, to: state, key, cipher) { counters[.tooLarge] += 1 }
        }
    }

    /// False where the way does not take datagrams of this size.
    private func transmit(
        _ view: PacketView, _ bytes: UnsafeRawBufferPointer, _ header: hpk_mesh_virtio, to state: PeerState, _ key: MeshKey,
        _ cipher: PairCipher
    ) -> Bool {
        let room = state.limit - DatagramHeader.overhead
        var datagram = DatagramHeader(
            flags: header.isPartial ? DatagramHeader.needsChecksum : 0, segment: 0, generation: key.generation, session: session.rawValue,
            counter: 0)
        if view.length <= room {
            if header.segment > 0 {
                (datagram.flags, datagram.segment) = (datagram.flags | DatagramHeader.isSegmented, UInt16(header.segment))
            }
            datagram.counter = state.nextCounter()
            let packet = UnsafeRawBufferPointer(rebasing: bytes[..<view.length])
            guard let count = cipher.seal(datagram, head: packet, tail: UnsafeRawBufferPointer(start: nil, count: 0), into: sendBuffer)
            else {
                counters[.refused] += 1
                return true
            }
            return put(count, segment: 0, to: state)
        }
        guard let cut = Segmentation(view, bytes, segment: header.segment, limit: room) else {
            answerTooLarge(view, bytes, room: room)
            return true
        }
        return transmit(cut, view, bytes, segment: header.segment, datagram, to: state, cipher)
    }

    private func transmit(
        _ cut: Segmentation, _ view: PacketView, _ bytes: UnsafeRawBufferPointer, segment: Int, _ header: DatagramHeader,
        to state: PeerState,
        _ cipher: PairCipher
    ) -> Bool {
        let whole = DatagramHeader.overhead + cut.headerLength + cut.pieceLength
        let atOnce = max(1, min(Self.segmentsAtMost, Self.bytesAtMost / whole))
        // The pieces' headers are made where the packet from the pod was read to, behind it.
        let scratch = UnsafeMutableRawBufferPointer(rebasing: sendBuffer[(sendBuffer.count - 1024)...])
        guard cut.headerLength <= scratch.count else { return true }
        var used = 0
        for piece in 0..<cut.count {
            let payload = cut.payload(of: piece)
            cut.writeHeader(of: piece, packet: view, bytes, to: scratch)
            var datagram = header
            datagram.counter = state.nextCounter()
            datagram.flags = DatagramHeader.needsChecksum
            if segment > 0, payload.count > segment {
                (datagram.flags, datagram.segment) = (datagram.flags | DatagramHeader.isSegmented, UInt16(truncatingIfNeeded: segment))
            }
            let room = UnsafeMutableRawBufferPointer(rebasing: sendBuffer[used..<sendBuffer.count - 1024])
            guard
                let count = cipher.seal(
                    datagram, head: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(scratch)[..<cut.headerLength]),
                    tail: UnsafeRawBufferPointer(rebasing: bytes[payload]), into: room)
            else {
                counters[.refused] += 1
                return true
            }
            used += count
            if (piece + 1) % atOnce == 0 || piece + 1 == cut.count {
                guard put(used, segment: UInt16(truncatingIfNeeded: whole), to: state) else { return false }
                used = 0
            }
        }
        return true
    }

    /// False where the way does not take datagrams of this size.
    private func put(_ count: Int, segment: UInt16, to state: PeerState) -> Bool {
        var endpoint = state.endpoint
        while true {
            let sent = hpk_mesh_send(sockets.socket, &endpoint, sendBuffer.baseAddress, count, segment)
            switch -Int32(truncatingIfNeeded: sent) {
            case _ where sent >= 0: return true
            case EAGAIN, EINTR:
                if hpk_mesh_wait_to_send(sockets.socket, 100) == 0 {
                    counters[.refused] += 1
                    return true
                }
            case EMSGSIZE: return false
            default:
                counters[.refused] += 1
                return true
            }
        }
    }

    private func answerTooLarge(_ view: PacketView, _ bytes: UnsafeRawBufferPointer, room: Int) {
        counters[.tooLarge] += 1
        guard let answer = ErrorMessage.tooLarge(view, bytes, mtu: room) else { return }
        answer.withUnsafeBytes { write(hpk_mesh_virtio(), $0) }
    }

    /// Tells the pod that nobody has the address.
    private func refuse(_ packet: [UInt8], _ drop: LegCounters.Drop) {
        counters[drop] += 1
        let answer = packet.withUnsafeBytes { bytes in PacketView(bytes).flatMap { ErrorMessage.unreachable($0, bytes) } }
        answer?.withUnsafeBytes { write(hpk_mesh_virtio(), $0) }
    }

    // MARK: To the pod

    private func receive() {
        var from = hpk_mesh_endpoint()
        var segment: UInt16 = 0
        for _ in 0..<Self.turn {
            let count = hpk_mesh_receive(sockets.socket, &from, receiveBuffer.baseAddress, receiveBuffer.count, &segment)
            // What else fails concerns one datagram that could not be delivered.
            guard count >= 0 else {
                if count == -Int(EAGAIN) { break }
                continue
            }
            let size = segment > 0 ? Int(segment) : max(count, 1)
            for start in stride(from: 0, to: count, by: size) {
                accept(UnsafeMutableRawBufferPointer(rebasing: receiveBuffer[start..<min(start + size, count)]))
            }
            flushJoined()
        }
    }

    private func accept(_ datagram: UnsafeMutableRawBufferPointer) {
        guard let header = DatagramHeader(reading: UnsafeRawBufferPointer(datagram)) else { return counters[.malformed] += 1 }
        guard let key = keys[header.generation] else { return counters[.unknownSender] += 1 }
        guard let state = table.peer(session: header.session) else { return holdStranger(header, datagram) }
        guard state.window.admits(header.counter) else { return counters[.replayed] += 1 }
        guard let packet = state.opener(key)?.open(header, datagram) else { return counters[.forged] += 1 }
        state.window.accept(header.counter)
        let bytes = UnsafeRawBufferPointer(packet)
        guard let view = PacketView(bytes), view.length == bytes.count else { return counters[.malformed] += 1 }
        guard state.peer.addresses.contains(view.source), own.contains(view.destination) else { return counters[.foreignAddress] += 1 }
        counters.packetsIn += 1
        counters.bytesIn += UInt64(view.length)
        deliver(view, bytes, header)
    }

    private func holdStranger(_ header: DatagramHeader, _ datagram: UnsafeMutableRawBufferPointer) {
        guard let stranger = MeshSession(rawValue: header.session), stranger != session else { return counters[.unknownSender] += 1 }
        switch strangers.hold(Array(datagram), size: datagram.count, for: header.session, at: Self.now()) {
        case .ask: ask(.unknown(stranger))
        case .held: break
        case .dropped: counters[.unknownSender] += 1
        }
    }

    private func deliver(_ view: PacketView, _ bytes: UnsafeRawBufferPointer, _ header: DatagramHeader) {
        let needsChecksum = header.flags & DatagramHeader.needsChecksum != 0
        if header.segment > 0 {
            flushJoined()
            var headerLength = view.transportOffset + 8
            if view.transport == .tcp { headerLength = view.transportOffset + Int(bytes[view.transportOffset + 12] >> 4) * 4 }
            return write(.segmented(view, headerLength: headerLength, segment: header.segment), bytes)
        }
        if !joined.isEmpty {
            if joinedNeedsChecksum == needsChecksum, joined.add(view, bytes, needsChecksum: needsChecksum) { return }
            flushJoined()
        }
        joinedNeedsChecksum = needsChecksum
        _ = joined.add(view, bytes, needsChecksum: needsChecksum)
    }

    private func flushJoined() {
        guard let (header, packet) = joined.take(needsChecksum: joinedNeedsChecksum) else { return }
        write(header, packet)
    }

    private func write(_ header: hpk_mesh_virtio, _ packet: UnsafeRawBufferPointer) {
        var header = header
        if hpk_mesh_tun_write(tun, &header, packet.baseAddress, packet.count) < 0 { counters[.refused] += 1 }
    }
}

extension MeshAddress {
    /// Neither a group, nor all, nor nobody.
    var isSingle: Bool {
        if let ipv4 { return ipv4 >> 28 != 0xe && ipv4 != .max && ipv4 != 0 }
        return high >> 56 != 0xff && (high | low) != 0
    }
}
