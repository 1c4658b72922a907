/// An exchange that gave no response.
public struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong, as far as it decides what to do next.
    public enum Kind: Sendable, Hashable {
        /// No connection: the request was certainly not handled.
        case unreachable
        /// The connection broke: the request may have been handled.
        case connectionLost
        /// Too slow: the request may have been handled.
        case timeout
        /// The peer's or our certificate was refused, or a file of them is broken.
        case tls
        /// The response is longer than allowed.
        case responseTooLarge
        /// The request cannot be sent as it is.
        case invalidRequest
        /// The engine was stopped.
        case stopped
    }

    /// What went wrong.
    public let kind: Kind
    /// Method and URL without query and user information, to say which request.
    public let request: String
    /// libcurl's words.
    public let detail: String

    /// Makes an error.
    public init(_ kind: Kind, request: String, detail: String) {
        self.kind = kind
        self.request = request
        self.detail = detail
    }

    /// What failed, on which request, and what to look at.
    public var description: String {
        let advice =
            switch kind {
            case .unreachable: "check the address and that the server runs"
            case .connectionLost: "the connection broke on the way"
            case .timeout: "the server did not answer in time"
            case .tls: "check the certificate authority, the client certificate and the server's name"
            case .responseTooLarge: "the response is longer than the limit"
            case .invalidRequest: "the request is malformed"
            case .stopped: "the HTTP engine was stopped"
            }
        return "\(request): \(detail) (\(advice))"
    }
}
