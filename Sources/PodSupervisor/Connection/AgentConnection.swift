import CSandbox
import Glibc
import PodProtocol

/// The supervisor's connection to the node agent: made again and again while the pod lives, needed for nothing but a delivery.
final class AgentConnection {
    /// What the node agent asks for; set before ``start()``.
    struct Handlers {
        var delivery: (Delivery) -> Void = { _ in }
        var stop: (StopRequest) -> Void = { _ in }
        var streamOpened: (UInt32, StreamRequest) -> Void = { _, _ in }
        var streamEnded: (UInt32) -> Void = { _ in }
        /// There is room in the send buffer again.
        var canSend: () -> Void = {}
        /// Every stream of the connection is gone.
        var lost: () -> Void = {}
        /// A line for the supervisor's own output.
        var note: (String) -> Void = { _ in }
    }

    private enum State {
        case idle
        case resolving(pipe: Descriptor)
        case connecting(Descriptor)
        case handshaking(TLSSession)
        case greeting(TLSSession)
        case open(TLSSession)
    }

    /// Seconds within which a connection must be made and greeted.
    private static let setupSeconds = 15.0
    /// Seconds of silence after which a ping is sent, and within which the answer must come.
    private static let pingSeconds = 30.0
    /// Bytes gathered for sending above which streams wait.
    private static let sendLimit = 256 << 10

    var handlers = Handlers()
    private let loop: EventLoop
    private let clock: Clock
    private let directory: PodDirectory
    private let planned: ConnectionSettings?
    private var isFirstAttempt = true
    private let journal: Journal
    private let identity: (uid: String, start: SupervisorStart)

    private var state = State.idle
    private var settings: ConnectionSettings?
    private var endpointIndex = 0
    private var addresses: [[UInt8]] = []
    private var pause = ReconnectPause()
    private var timer: EventLoop.TimerID?
    private var decoder = FrameDecoder()
    private var output: [UInt8] = []
    private var sent = 0
    private var nextEvent: UInt64 = 1
    private var lastHeard: Int64 = 0
    private var awaitsPong = false
    private var ended = false
    private var onDrained: (() -> Void)?
    private var lastNote = ""

    /// - Parameter settings: those of the plan, for the first attempt; the agent may have moved since, so later ones look for newer ones.
    init(
        loop: EventLoop, clock: Clock, directory: PodDirectory, settings: ConnectionSettings?, journal: Journal, uid: String,
        start: SupervisorStart
    ) {
        planned = settings
        self.loop = loop
        self.clock = clock
        self.directory = directory
        self.journal = journal
        identity = (uid, start)
    }

    var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    /// Whether a stream may send more now.
    var hasRoom: Bool { isOpen && output.count - sent < Self.sendLimit }

    func start() {
        connect()
    }

    /// The journal has grown.
    func eventsAppended() {
        pump()
    }

    func send(_ frame: Frame) {
        guard isOpen else { return }
        output.append(contentsOf: frame.encoded)
        flush()
    }

    /// Sends what is left and closes, then calls the body; at most `seconds` later it is called all the same.
    func finish(within seconds: Double, then body: @escaping () -> Void) {
        ended = true
        guard isOpen else {
            reset()
            return body()
        }
        loop.schedule(after: seconds, body)
        onDrained = body
        pump()
    }

    // MARK: - Making the connection

    private func connect() {
        guard !ended, case .idle = state else { return }
        do {
            if addresses.isEmpty {
                let settings = try currentSettings()
                guard !settings.endpoints.isEmpty else { throw Failure("\(directory.path) names no endpoint of the node agent") }
                self.settings = settings
                let endpoint = try Endpoint(settings.endpoints[endpointIndex % settings.endpoints.count])
                endpointIndex += 1
                try resolve(endpoint)
            } else {
                try dial()
            }
        } catch {
            fail("\(error)")
        }
    }

    private func currentSettings() throws -> ConnectionSettings {
        defer { isFirstAttempt = false }
        if isFirstAttempt, let planned { return planned }
        return try .current(in: directory, planned: planned)
    }

    private func resolve(_ endpoint: Endpoint) throws {
        var child: pid_t = 0
        let number = hpk_resolve(endpoint.host, endpoint.port, &child)
        guard number >= 0 else { throw SystemError("start", "a name look-up") }
        let pipe = Descriptor(owning: number)
        pipe.setNonBlocking()
        state = .resolving(pipe: pipe)
        limitSetup()
        var bytes: [UInt8] = []
        try loop.watch(pipe.number, UInt32(HPK_READABLE)) { [weak self] _ in
            guard let self else { return }
            var chunk = [UInt8](repeating: 0, count: 4096)
            switch chunk.withUnsafeMutableBytes({ pipe.read(into: $0) }) {
            case .bytes(let count): bytes.append(contentsOf: chunk[..<count])
            case .wouldBlock: break
            case .end, .failed:
                self.reset()
                self.addresses = Self.split(bytes)
                if self.addresses.isEmpty {
                    self.fail("the node agent's address \(endpoint.host) cannot be resolved")
                } else {
                    self.connect()
                }
            }
        }
    }

    /// The socket addresses in what the resolving child wrote.
    static func split(_ bytes: [UInt8]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var rest = bytes[...]
        while rest.count >= 4 {
            let length = Int(rest.prefix(4).withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })
            guard length <= 128, rest.count >= 4 + length else { break }
            result.append(Array(rest.dropFirst(4).prefix(length)))
            rest = rest.dropFirst(4 + length)
        }
        return result
    }

    private func dial() throws {
        let address = addresses.removeFirst()
        let number = address.withUnsafeBytes { hpk_connect($0.baseAddress, UInt32($0.count)) }
        guard number >= 0 else { throw SystemError("connect to", "the node agent") }
        let socket = Descriptor(owning: number)
        state = .connecting(socket)
        limitSetup()
        try loop.watch(number, UInt32(HPK_WRITABLE)) { [weak self] _ in self?.progress() }
    }

    private func limitSetup() {
        loop.cancel(timer)
        timer = loop.schedule(after: Self.setupSeconds) { [weak self] in self?.fail("the node agent does not answer") }
    }

    private func progress() {
        switch state {
        case .idle, .resolving: break
        case .connecting(let socket):
            let error = hpk_socket_error(socket.number)
            guard error == 0, let settings else { return fail("the node agent is not reached: \(String(cString: strerror(error)))") }
            do {
                let session = try TLSSession(socket: socket, authority: settings.certificateAuthority, serverName: settings.serverName)
                state = .handshaking(session)
                progress()
            } catch {
                fail("\(error)")
            }
        case .handshaking(let session):
            switch session.handshake() {
            case .done: greet(session)
            case .wantsRead: loop.change(session.socket.number, UInt32(HPK_READABLE))
            case .wantsWrite: loop.change(session.socket.number, UInt32(HPK_READABLE | HPK_WRITABLE))
            case .end: fail("the node agent closed the connection during the TLS handshake")
            case .failed(let why): fail("TLS with the node agent failed: \(why)")
            }
        case .greeting(let session), .open(let session):
            receive(session)
            flush()
        }
    }

    private func greet(_ session: TLSSession) {
        guard let settings else { return }
        state = .greeting(session)
        decoder = FrameDecoder()
        output = []
        sent = 0
        let hello = Hello(uid: identity.uid, token: settings.token, start: identity.start, lastSequence: journal.lastSequence)
        guard let frame = try? MessageCoding.frame(.hello, hello) else { return fail("the greeting cannot be encoded") }
        output.append(contentsOf: frame.encoded)
        flush()
    }

    // MARK: - Frames

    private func receive(_ session: TLSSession) {
        var chunk = [UInt8](repeating: 0, count: 32 << 10)
        while true {
            switch chunk.withUnsafeMutableBytes({ session.read(into: $0) }) {
            case .done(let count):
                lastHeard = clock.monotonic()
                awaitsPong = false
                decoder.append(chunk[..<count])
                do {
                    while let frame = try decoder.next() {
                        try handle(frame)
                        guard isCurrent(session) else { return }
                    }
                } catch {
                    return fail("\(error)")
                }
            case .wantsRead, .wantsWrite: return
            case .end: return fail("the node agent closed the connection")
            case .failed(let why): return fail("the connection to the node agent broke: \(why)")
            }
        }
    }

    private func isCurrent(_ session: TLSSession) -> Bool {
        switch state {
        case .greeting(let current), .open(let current): current === session
        case .idle, .resolving, .connecting, .handshaking: false
        }
    }

    private func handle(_ frame: Frame) throws {
        switch (frame.type, state) {
        case (.welcome, .greeting(let session)):
            let welcome = try MessageCoding.decode(Welcome.self, from: frame.payload, subject: "the node agent's welcome")
            state = .open(session)
            pause.reset()
            addresses = []
            endpointIndex = max(0, endpointIndex - 1)
            nextEvent = min(welcome.knownSequence, journal.lastSequence) + 1
            lastNote = ""
            schedulePing()
            pump()
        case (.refusal, _):
            let refusal = try MessageCoding.decode(Refusal.self, from: frame.payload, subject: "the node agent's refusal")
            throw Failure("the node agent refuses this supervisor: \(refusal.message)")
        case (.delivery, .open):
            handlers.delivery(try MessageCoding.decode(Delivery.self, from: frame.payload, subject: "the delivery"))
        case (.stop, .open):
            handlers.stop(try MessageCoding.decode(StopRequest.self, from: frame.payload, subject: "the stop request"))
        case (.ping, .open):
            send(Frame(.pong))
        case (.pong, .open), (.streamData, .open):
            break
        case (.streamOpen, .open):
            do {
                handlers.streamOpened(
                    frame.stream, try MessageCoding.decode(StreamRequest.self, from: frame.payload, subject: "the stream request"))
            } catch {
                send(try MessageCoding.frame(.streamEnd, stream: frame.stream, StreamEnd(message: "\(error)")))
            }
        case (.streamEnd, .open):
            handlers.streamEnded(frame.stream)
        default:
            throw Failure("the node agent sent an unexpected frame (\(frame.type))")
        }
    }

    private func schedulePing() {
        loop.cancel(timer)
        timer = loop.schedule(at: lastHeard + Clock.nanoseconds(Self.pingSeconds) * (awaitsPong ? 2 : 1)) { [weak self] in
            guard let self, self.isOpen else { return }
            let silent = self.clock.monotonic() - self.lastHeard >= Clock.nanoseconds(Self.pingSeconds)
            if silent && self.awaitsPong { return self.fail("the node agent does not answer pings") }
            if silent {
                self.awaitsPong = true
                self.send(Frame(.ping))
            }
            self.schedulePing()
        }
    }

    // MARK: - Sending

    private func pump() {
        while hasRoom, nextEvent <= journal.lastSequence {
            guard let line = journal.line(nextEvent) else { break }
            output.append(contentsOf: Frame(.event, payload: line).encoded)
            nextEvent += 1
        }
        flush()
    }

    private func flush() {
        let session: TLSSession
        switch state {
        case .greeting(let current), .open(let current): session = current
        case .idle, .resolving, .connecting, .handshaking: return
        }
        while sent < output.count {
            switch output.withUnsafeBytes({ session.write(UnsafeRawBufferPointer(rebasing: $0[sent...])) }) {
            case .done(let count): sent += count
            case .wantsRead, .wantsWrite: return loop.change(session.socket.number, UInt32(HPK_READABLE | HPK_WRITABLE))
            case .end: return fail("the node agent closed the connection")
            case .failed(let why): return fail("the connection to the node agent broke: \(why)")
            }
        }
        output.removeAll(keepingCapacity: output.capacity <= 4 * Self.sendLimit)
        sent = 0
        loop.change(session.socket.number, UInt32(HPK_READABLE))
        guard isOpen else { return }
        if nextEvent <= journal.lastSequence { return pump() }
        if let body = onDrained {
            onDrained = nil
            session.sendClose()
            reset()
            return body()
        }
        handlers.canSend()
    }

    // MARK: - Ends

    private func reset() {
        loop.cancel(timer)
        timer = nil
        switch state {
        case .idle: break
        case .resolving(let pipe): loop.forget(pipe.number)
        case .connecting(let socket): loop.forget(socket.number)
        case .handshaking(let session), .greeting(let session), .open(let session): loop.forget(session.socket.number)
        }
        let wasOpen = isOpen
        state = .idle
        output = []
        sent = 0
        awaitsPong = false
        if wasOpen { handlers.lost() }
    }

    private func fail(_ why: String) {
        reset()
        if why != lastNote { handlers.note(why) }
        lastNote = why
        if let body = onDrained {
            onDrained = nil
            return body()
        }
        guard !ended else { return }
        // The next address of the same name is tried at once.
        if !addresses.isEmpty { return connect() }
        timer = loop.schedule(after: pause.pause(jitter: Double.random(in: 0...1))) { [weak self] in self?.connect() }
    }
}
