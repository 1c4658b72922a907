import PodProtocol

/// The log streams that the node agent has opened, fed while the connection has room.
final class LogStreams {
    private let connection: AgentConnection
    private var followers: [UInt32: LogFollower] = [:]
    private var isPumping = false

    init(connection: AgentConnection) {
        self.connection = connection
    }

    func open(_ stream: UInt32, path: String, live: LogFile?, offset: Int64) {
        do {
            followers[stream] = try LogFollower(path: path, live: live, offset: offset)
            pump()
        } catch {
            end(stream, message: "\(error)")
        }
    }

    func refuse(_ stream: UInt32, _ message: String) {
        end(stream, message: message)
    }

    func close(_ stream: UInt32) {
        followers[stream] = nil
    }

    func closeAll() {
        followers = [:]
    }

    /// Sends what is there, in turns so that no stream starves another.
    func pump() {
        guard !isPumping, !followers.isEmpty else { return }
        isPumping = true
        defer { isPumping = false }
        var progressed = true
        while progressed {
            progressed = false
            for (stream, follower) in followers {
                guard connection.hasRoom else { return }
                switch follower.next() {
                case .idle: break
                case .bytes(let bytes):
                    connection.send(Frame(.streamData, stream: stream, payload: bytes))
                    progressed = true
                case .end: end(stream, message: "")
                }
            }
        }
    }

    private func end(_ stream: UInt32, message: String) {
        followers[stream] = nil
        guard let frame = try? MessageCoding.frame(.streamEnd, stream: stream, StreamEnd(message: message)) else { return }
        connection.send(frame)
    }
}
