import Foundation

/// Header fields of a request or response, in order; names compare without case (RFC 9110).
public struct HTTPHeaders: Sendable, Equatable, ExpressibleByDictionaryLiteral, CustomStringConvertible {
    /// One field.
    public struct Field: Sendable, Hashable {
        /// Name as given.
        public let name: String
        /// Value without surrounding blanks.
        public let value: String
    }

    /// All fields.
    public private(set) var fields: [Field] = []

    /// No fields.
    public init() {}

    /// Fields in the order given.
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    /// Adds a field, also when there is one of that name.
    public mutating func add(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }

    /// The value of the first field of that name; setting replaces all of them, nil removes them.
    public subscript(name: String) -> String? {
        get { fields.first { $0.name.caseInsensitiveCompare(name) == .orderedSame }?.value }
        set {
            fields.removeAll { $0.name.caseInsensitiveCompare(name) == .orderedSame }
            if let newValue { add(name, newValue) }
        }
    }

    /// All values of that name.
    public func values(_ name: String) -> [String] {
        fields.filter { $0.name.caseInsensitiveCompare(name) == .orderedSame }.map(\.value)
    }

    /// Names only: values may be credentials.
    public var description: String { fields.map(\.name).joined(separator: ", ") }
}

/// How a TLS peer is verified and what we show it. All PEM.
public struct TLSSettings: Sendable, Equatable, CustomStringConvertible {
    /// Trusted certificates; the system's when nil.
    public var certificateAuthority: Data?
    /// Our certificate chain.
    public var clientCertificate: Data?
    /// Its key.
    public var clientKey: Data?
    /// Name expected in the peer's certificate (and sent as SNI) instead of the URL's host.
    public var serverName: String?
    /// Switches verification off. Only for people who insist.
    public var skipsVerification = false

    /// The system's trust, no client certificate.
    public init(
        certificateAuthority: Data? = nil, clientCertificate: Data? = nil, clientKey: Data? = nil, serverName: String? = nil,
        skipsVerification: Bool = false
    ) {
        self.certificateAuthority = certificateAuthority
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.serverName = serverName
        self.skipsVerification = skipsVerification
    }

    /// What is set, without the key.
    public var description: String {
        "TLS(ca: \(certificateAuthority != nil), client certificate: \(clientCertificate != nil), "
            + "server name: \(serverName ?? "-"), verified: \(!skipsVerification))"
    }
}

/// One HTTP request.
public struct HTTPRequest: Sendable {
    /// `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE`.
    public var method: String
    /// Absolute URL, http or https, already percent-encoded.
    public var url: String
    /// Header fields. A control character in one makes the request fail before it is sent.
    public var headers: HTTPHeaders
    /// Body, or none.
    public var body: Data?
    /// Verification and client certificate, for https.
    public var tls: TLSSettings
    /// Proxy URL; nil means the environment's (`https_proxy`, `no_proxy`), never for loopback.
    public var proxy: String?
    /// Most time until the connection stands.
    public var connectTimeout: Duration = .seconds(10)
    /// Most time for the whole exchange; none for endless streams.
    public var timeout: Duration?
    /// Most time without a byte from the peer, in whole seconds; waiting for our own consumer does not count.
    public var idleTimeout: Duration?
    /// Most body bytes that `send` collects; more is an error. Does not limit a stream.
    public var responseLimit = 256 << 20
    /// Most redirects to follow. Authorization fields are not sent to another host.
    public var redirectLimit = 0
    /// Whether HTTP/2 may be agreed on (by ALPN, https only).
    public var allowsHTTP2 = true
    /// Whether to leave open connections alone and make a new one, after the last one went dead.
    public var needsFreshConnection = false

    /// A request with default limits: 10 s to connect, 30 s in all.
    public init(
        method: String = "GET", url: String, headers: HTTPHeaders = HTTPHeaders(), body: Data? = nil, tls: TLSSettings = TLSSettings(),
        timeout: Duration? = .seconds(30)
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.tls = tls
        self.timeout = timeout
    }
}

/// A whole response.
public struct HTTPResponse: Sendable {
    /// Status code.
    public var status: Int
    /// Header fields.
    public var headers: HTTPHeaders
    /// Body.
    public var body: Data

    /// Makes a response.
    public init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: Data = Data()) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// A response whose body is still coming.
public struct HTTPStream: Sendable {
    /// Status code.
    public let status: Int
    /// Header fields.
    public let headers: HTTPHeaders
    /// Body as it comes, for one reader.
    public let chunks: HTTPBody

    /// Makes a stream.
    public init(status: Int, headers: HTTPHeaders = HTTPHeaders(), chunks: HTTPBody) {
        self.status = status
        self.headers = headers
        self.chunks = chunks
    }
}

/// The body of a stream: chunks of bytes, for one reader at a time. The transfer is cancelled when the last copy is let go.
public struct HTTPBody: AsyncSequence, Sendable {
    private let produce: @Sendable () async throws -> Data?

    /// Takes a function that gives the next chunk, or nil at the end.
    public init(_ produce: @escaping @Sendable () async throws -> Data?) { self.produce = produce }

    /// Reads chunks.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let produce: @Sendable () async throws -> Data?

        /// The next chunk, nil at the end.
        public mutating func next() async throws -> Data? { try await produce() }
    }

    /// Begins to read.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(produce: produce) }
}

/// What sends requests; `HTTPEngine` in the daemon, a script in tests.
public protocol HTTPTransport: Sendable {
    /// Sends a request and collects the response.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse
    /// Sends a request and returns as soon as the response's header is there.
    func stream(_ request: HTTPRequest) async throws -> HTTPStream
}
