import Foundation

/// What ``RegistryClient`` needs of an HTTP client. Redirects are not followed and no credentials added: the client decides both.
public protocol RegistryTransport: Sendable {
    /// Sends one request and reads its whole answer.
    ///
    /// - Throws: only where there is no answer: no connection, no TLS, time-out, a body over the limit. Every status is an answer.
    func send(_ request: RegistryRequest) async throws -> RegistryResponse
}

/// One request to a registry or its token server.
public struct RegistryRequest: Sendable, Equatable {
    public enum Method: String, Sendable { case get = "GET", head = "HEAD", post = "POST" }

    public var method: Method
    /// Absolute, `http` or `https`.
    public var url: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// For the whole exchange.
    public var timeout: Duration
    /// Bytes of the answer's body after which the exchange is given up.
    public var bodyLimit: Int

    public init(
        method: Method = .get, url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        timeout: Duration = .seconds(30),
        bodyLimit: Int = 4 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.bodyLimit = bodyLimit
    }

    public static func == (left: RegistryRequest, right: RegistryRequest) -> Bool {
        left.method == right.method && left.url == right.url && left.body == right.body && left.timeout == right.timeout
            && left.bodyLimit == right.bodyLimit
            && left.headers.elementsEqual(right.headers, by: { $0.name == $1.name && $0.value == $1.value })
    }
}

/// The answer to a ``RegistryRequest``.
public struct RegistryResponse: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Every value of a header, whatever its case.
    public func values(of name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }
}
