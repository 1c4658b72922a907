import Foundation
import JSONCoding

/// A request to the API server that did not succeed.
public struct KubernetesError: Error, Sendable, CustomStringConvertible {
    /// Why.
    public enum Cause: Sendable {
        /// The server refused, with its `Status` (made up from the body when the server sent none).
        case status(Status)
        /// No response.
        case transport(HTTPError)
        /// A response that is not what was asked for.
        case unexpectedResponse(String)
        /// No credentials to send.
        case credentials(String)
    }

    /// Why.
    public let cause: Cause
    /// What was tried, as `PATCH /api/v1/namespaces/a/pods/b/status`.
    public let operation: String
    /// The HTTP code, when there was a response.
    public let code: Int?
    /// How long the server wants us to wait.
    public let retryAfter: Duration?

    /// Makes an error.
    public init(_ cause: Cause, operation: String, code: Int? = nil, retryAfter: Duration? = nil) {
        self.cause = cause
        self.operation = operation
        self.code = code
        self.retryAfter = retryAfter
    }

    /// Reads an error response.
    init(_ response: HTTPResponse, operation: String) {
        var status = (try? JSONReader.decode(Status.self, from: response.body)) ?? Status()
        if status.message == nil, status.reason == nil {
            // A proxy's page, or plain text from a part of the server that knows no Status.
            status = Status(status: "Failure", message: String(decoding: response.body.prefix(500), as: UTF8.self), code: response.status)
        }
        // RFC 9110, 10.2.3: seconds, or a date, which Kubernetes does not send.
        let seconds = response.headers["Retry-After"].flatMap { Int($0) } ?? status.details?.retryAfterSeconds
        self.init(
            .status(status), operation: operation, code: response.status,
            retryAfter: seconds.flatMap { $0 > 0 ? .seconds(min($0, 3600)) : nil })
    }

    /// The server's `Status`, when it refused.
    public var status: Status? {
        guard case .status(let status) = cause else { return nil }
        return status
    }

    /// The server's machine-readable reason, as `NotFound`.
    public var reason: String? { status?.reason }

    /// The object is not there.
    public var isNotFound: Bool { code == 404 }
    /// The object is another than was meant: version, UID, or the name is taken.
    public var isConflict: Bool { code == 409 }
    /// An object of that name is there already.
    public var isAlreadyExists: Bool { code == 409 && reason == "AlreadyExists" }
    /// The version or the page's token is too old: list anew.
    public var isGone: Bool { code == 410 }
    /// The object is not as it should be; another try would fail in the same way.
    public var isInvalid: Bool { code == 422 || code == 400 }
    /// Credentials are not accepted.
    public var isUnauthorized: Bool { code == 401 }
    /// Credentials do not allow it.
    public var isForbidden: Bool { code == 403 }

    /// Whether another try of the same request may succeed, apart from the question whether it may be repeated.
    public var isRetryable: Bool {
        switch cause {
        case .status: code == 429 || (code ?? 0) >= 500
        case .transport(let error): [.unreachable, .connectionLost, .timeout].contains(error.kind)
        case .unexpectedResponse, .credentials: false
        }
    }

    /// Whether the server certainly did not act on the request, so that even a create may be repeated.
    public var wasNotHandled: Bool {
        if case .transport(let error) = cause { return error.kind == .unreachable }
        return code == 429
    }

    /// What failed, the server's words, and what to do.
    public var description: String {
        let words: String
        switch cause {
        case .status(let status):
            words = [status.reason, status.message].compactMap(\.self).filter { !$0.isEmpty }.joined(separator: ": ")
        case .transport(let error): return "\(operation): \(error)"
        case .unexpectedResponse(let text): words = text
        case .credentials(let text): words = text
        }
        return "\(operation): \(code.map { "HTTP \($0) " } ?? "")\(words)\(advice.map { " (\($0))" } ?? "")"
    }

    private var advice: String? {
        switch code {
        case 401: "check the user's certificate or token in the kubeconfig"
        case 403: "grant the user this right"
        case 410: "list anew"
        default: nil
        }
    }
}
