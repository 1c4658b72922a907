import Foundation
import Kubernetes

/// Speaks to registries by the HTTP engine.
public struct EngineRegistryTransport: RegistryTransport {
    private let engine: any HTTPTransport

    public init(engine: any HTTPTransport) {
        self.engine = engine
    }

    public func send(_ request: RegistryRequest) async throws -> RegistryResponse {
        var headers = HTTPHeaders()
        for header in request.headers { headers.add(header.name, header.value) }
        var http = HTTPRequest(
            method: request.method.rawValue, url: request.url, headers: headers, body: request.body.isEmpty ? nil : Data(request.body),
            timeout: request.timeout)
        http.responseLimit = request.bodyLimit
        let response = try await engine.send(http)
        return RegistryResponse(
            status: response.status, headers: response.headers.fields.map { (name: $0.name, value: $0.value) }, body: Array(response.body))
    }
}
