/// Host and port of the node agent: `host:port` or `[v6]:port`.
struct Endpoint: Equatable {
    var host: String
    var port: String

    /// - Throws: ``Failure`` that shows the text.
    init(_ text: String) throws(Failure) {
        func refuse() -> Failure { Failure("endpoint \(text.debugDescription) is not host:port or [address]:port") }
        guard let colon = text.lastIndex(of: ":") else { throw refuse() }
        var host = text[..<colon]
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw refuse()
        }
        guard !host.isEmpty, let port = UInt16(text[text.index(after: colon)...]), port > 0, !host.utf8.contains(where: { $0 <= 0x20 })
        else {
            throw refuse()
        }
        self.host = String(host)
        self.port = String(port)
    }
}

/// Growing pause between attempts to reach the node agent.
struct ReconnectPause: Equatable {
    static let first = 0.1
    static let longest = 30.0

    private var next = first

    /// Seconds to wait before the next attempt.
    ///
    /// - Parameter jitter: 0 to 1, random: the pause is taken from half to all of its length, so that many pods do not come at once.
    mutating func pause(jitter: Double) -> Double {
        defer { next = min(next * 2, Self.longest) }
        return next * (0.5 + jitter / 2)
    }

    /// The node agent was reached.
    mutating func reset() {
        next = Self.first
    }
}
