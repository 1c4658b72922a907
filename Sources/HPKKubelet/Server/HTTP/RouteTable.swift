import NIOHTTP1

/// A request that has passed authentication and authorisation.
public struct KubeletRequest: Sendable {
    public var method: HTTPMethod
    public var query: [QueryItem]
    public var headers: HTTPHeaders
    /// What the route's placeholders matched.
    public var parameters: [String: String]
    public var client: ClientIdentity

    /// A placeholder's value; the route table guarantees that it is there.
    func parameter(_ name: String) throws(HTTPFault) -> String {
        guard let value = parameters[name] else { throw HTTPFault(500, "the route has no \(name)") }
        return value
    }
}

/// What a handler answers.
public enum KubeletAnswer: Sendable {
    /// A whole body with status 200.
    case whole(contentType: String, body: [UInt8])
    /// A body of unknown length with status 200, written piece by piece; `write` waits while the client is slow and throws when it is gone.
    case stream(contentType: String, body: @Sendable (_ write: ResponseWriter) async throws -> Void)
}

/// Sends one piece of a streamed body at once.
public typealias ResponseWriter = @Sendable (_ bytes: [UInt8]) async throws -> Void

/// Answers the requests of one route; a thrown ``HTTPFault`` becomes the answer.
public protocol KubeletRequestHandler: Sendable {
    func answer(_ request: KubeletRequest) async throws -> KubeletAnswer
}

/// Which handler answers which path.
struct RouteTable: Sendable {
    private struct Route: Sendable {
        var method: HTTPMethod
        var pattern: [String]
        var handler: any KubeletRequestHandler
    }

    private var routes: [Route] = []

    /// Adds a route.
    ///
    /// - Parameter pattern: parts separated by slashes; a part in braces is a placeholder for exactly one part, e.g. `/pods/{name}`.
    mutating func add(_ method: HTTPMethod, _ pattern: String, _ handler: any KubeletRequestHandler) {
        routes.append(Route(method: method, pattern: pattern.split(separator: "/").map(String.init), handler: handler))
    }

    /// The handler for a path, with the placeholders' values.
    ///
    /// - Throws: ``HTTPFault`` 404 for an unknown path, 405 for a known one with another method.
    func find(_ method: HTTPMethod, _ segments: [String]) throws(HTTPFault) -> (any KubeletRequestHandler, [String: String]) {
        var allowed: [String] = []
        for route in routes {
            guard let parameters = Self.match(route.pattern, segments) else { continue }
            if route.method == method { return (route.handler, parameters) }
            allowed.append(route.method.rawValue)
        }
        guard !allowed.isEmpty else { throw HTTPFault(404, "404 page not found") }
        var fault = HTTPFault(405, "405: Method Not Allowed")
        fault.allowedMethods = allowed
        throw fault
    }

    private static func match(_ pattern: [String], _ segments: [String]) -> [String: String]? {
        guard pattern.count == segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (part, segment) in zip(pattern, segments) {
            if part.hasPrefix("{"), part.hasSuffix("}") {
                guard !segment.isEmpty else { return nil }
                parameters[String(part.dropFirst().dropLast())] = segment
            } else if part != segment {
                return nil
            }
        }
        return parameters
    }
}
