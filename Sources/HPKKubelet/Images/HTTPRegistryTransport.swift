import Foundation
import Kubernetes

/// Speaks to registries by the agent's HTTP engine, with the system's trust in certificates.
public struct HTTPRegistryTransport: RegistryTransport {
    private let engine: any HTTPTransport

    public init(engine: any HTTPTransport) { self.engine = engine }

    public func send(_ request: RegistryRequest) async throws -> RegistryResponse {
        var headers = HTTPHeaders()
        for (name, value) in request.headers { headers.add(name, value) }
        var message = HTTPRequest(
            method: request.method.rawValue, url: request.url, headers: headers, body: request.body.isEmpty ? nil : Data(request.body),
            timeout: request.timeout)
        message.responseLimit = request.bodyLimit
        let response = try await engine.send(message)
        return RegistryResponse(
            status: response.status, headers: response.headers.fields.map { ($0.name, $0.value) }, body: Array(response.body))
    }
}
