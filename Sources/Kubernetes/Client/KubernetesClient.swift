import Foundation
import JSONCoding
import Logging

/// Talks to one API server. Cheap to copy; any number of tasks may use it.
///
/// Every method throws `KubernetesError`, or `CancellationError` when the task is cancelled.
public struct KubernetesClient: Sendable {
    /// Where the server is.
    public let connection: ClusterConnection
    let transport: any HTTPTransport
    let retry: RetryPolicy
    let time: TimeSource
    let credentials: CredentialSource
    let userAgent: String
    let logger: Logger

    /// Makes a client; nothing is sent yet.
    public init(
        connection: ClusterConnection, transport: any HTTPTransport, retry: RetryPolicy = .standard, time: TimeSource = .system,
        userAgent: String = "hpk", logger: Logger = Logger(label: "kubernetes")
    ) {
        self.connection = connection
        self.transport = transport
        self.retry = retry
        self.time = time
        self.userAgent = userAgent
        self.logger = logger
        credentials = CredentialSource(connection.authentication, time: time)
    }

    /// Sends a request, with the retries that its policy allows, and returns a response with a 2xx code.
    public func send(_ request: APIRequest) async throws -> HTTPResponse {
        try await attempt(request) {
            try await transport.send($0)
        } accept: { response in
            (200..<300).contains(response.status) ? nil : KubernetesError(response, operation: request.label)
        }
    }

    /// Sends a request and returns the stream of a response with a 2xx code. Retries happen only before the header.
    func stream(_ request: APIRequest, idleTimeout: Duration?) async throws -> HTTPStream {
        let stream = try await attempt(request) { http in
            var http = http
            http.idleTimeout = idleTimeout
            let stream = try await transport.stream(http)
            if (200..<300).contains(stream.status) { return Result<HTTPStream, KubernetesError>.success(stream) }
            var body = Data()
            for try await chunk in stream.chunks where body.count < 1 << 16 { body.append(chunk) }
            let response = HTTPResponse(status: stream.status, headers: stream.headers, body: body)
            return .failure(KubernetesError(response, operation: request.label))
        } accept: { result in
            if case .failure(let error) = result { return error }
            return nil
        }
        return try stream.get()
    }

    private func attempt<Answer: Sendable>(
        _ request: APIRequest, _ exchange: (HTTPRequest) async throws -> Answer, accept: (Answer) -> KubernetesError?
    ) async throws -> Answer {
        let policy = request.retry ?? retry
        var attempts = 0
        var hasRenewed = false
        var needsFreshConnection = false
        while true {
            attempts += 1
            let credential = try await credential(for: request)
            var http = makeHTTPRequest(request, credential)
            http.needsFreshConnection = needsFreshConnection
            let failure: KubernetesError
            do {
                let answer = try await exchange(http)
                guard let refusal = accept(answer) else { return answer }
                if refusal.isUnauthorized, credentials.canRenew, !hasRenewed {
                    hasRenewed = true
                    await credentials.refuse(credential)
                    continue
                }
                failure = refusal
            } catch let error as HTTPError {
                failure = KubernetesError(.transport(error), operation: request.label)
                // The connection may be dead without knowing it: don't wait for the kernel to find out.
                needsFreshConnection = error.kind == .timeout
            }
            guard
                let delay = policy.delay(
                    afterAttempt: attempts, error: failure, isIdempotent: request.isIdempotent, random: time.random())
            else { throw failure }
            logger.debug("trying again", metadata: ["error": "\(failure)", "delay": "\(delay)"])
            try await time.sleep(delay)
        }
    }

    private func credential(for request: APIRequest) async throws -> Credential {
        do {
            return try await credentials.current()
        } catch let error as CancellationError {
            throw error
        } catch {
            throw KubernetesError(.credentials("\(error)"), operation: request.label)
        }
    }

    private func makeHTTPRequest(_ request: APIRequest, _ credential: Credential) -> HTTPRequest {
        var headers: HTTPHeaders = ["Accept": request.answer.mediaTypes, "User-Agent": userAgent]
        if request.body != nil { headers.add("Content-Type", request.contentType) }
        if let authorization = credential.authorization { headers.add("Authorization", authorization) }
        var tls = connection.tls
        if let certificate = credential.clientCertificate {
            tls.clientCertificate = certificate
            tls.clientKey = credential.clientKey
        }
        var http = HTTPRequest(
            method: request.method, url: connection.server + request.target, headers: headers, body: request.body, tls: tls,
            timeout: request.timeout)
        http.proxy = connection.proxy
        return http
    }

    /// Decodes a body, with errors that name the request.
    func decode<T: Decodable>(_ type: T.Type, _ data: Data, operation: String) throws -> T {
        do {
            return try JSONReader.decode(type, from: data)
        } catch {
            throw KubernetesError(
                .unexpectedResponse("the response is not a \(type): \(UndecodableObject.describe(error))"), operation: operation)
        }
    }
}
