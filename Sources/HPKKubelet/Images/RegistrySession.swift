import Foundation

/// Why a registry gave no image.
enum RegistryFailure: Error, Sendable, Equatable {
    /// No answer, or one that says "not now" (429, 5xx).
    case unavailable(String)
    /// 401 or 403, in the registry's words.
    case refused(String)
    /// 404, in the registry's words.
    case missing(String)
    /// An answer that makes no sense or no image that fits.
    case unusable(String)

    var words: String {
        switch self {
        case .unavailable(let words), .refused(let words), .missing(let words), .unusable(let words): words
        }
    }
}

/// One image asked of one registry with one credential: logs in when the registry asks for it, follows redirects.
///
/// The flow is that of the distribution project: the first request goes without credentials, the answer 401 names how to log in, `Bearer`
/// tokens come from the token server it names (distribution docs, "Token Authentication").
struct RegistrySession: Sendable {
    private let transport: any RegistryTransport
    /// `https://host` or `http://host`.
    private let base: String
    private let reference: RegistryReference
    private let credential: RegistryCredential?
    private var authorization: String?

    init(transport: any RegistryTransport, base: String, reference: RegistryReference, credential: RegistryCredential?) {
        self.transport = transport
        self.base = base
        self.reference = reference
        self.credential = credential
    }

    /// Asks for a manifest by tag or digest; the answer's status is 200.
    mutating func manifest(_ name: String, method: RegistryRequest.Method = .get) async throws(RegistryFailure) -> RegistryResponse {
        try await send(method, "manifests/\(name)", accept: RegistryManifest.mediaTypes, bodyLimit: 4 << 20)
    }

    /// Reads a small blob whole.
    mutating func blob(_ digest: String) async throws(RegistryFailure) -> RegistryResponse {
        try await send(.get, "blobs/\(digest)", accept: [], bodyLimit: 8 << 20)
    }

    private mutating func send(
        _ method: RegistryRequest.Method, _ path: String, accept: [String], bodyLimit: Int
    ) async throws(RegistryFailure) -> RegistryResponse {
        var request = RegistryRequest(method: method, url: "\(base)/v2/\(reference.repository)/\(path)", bodyLimit: bodyLimit)
        request.headers = accept.isEmpty ? [] : [("Accept", accept.joined(separator: ", "))]
        var response = try await exchange(request)
        if response.status == 401 {
            // Also with a token in hand: it may have run out between two requests.
            authorization = try await logIn(AuthenticationChallenge.parse(response.values(of: "WWW-Authenticate")), refusal: response)
            response = try await exchange(request)
        }
        guard response.status == 200 else { throw failure(of: response) }
        return response
    }

    /// One request and the redirects after it. Credentials go to the registry's own host only.
    private func exchange(_ original: RegistryRequest) async throws(RegistryFailure) -> RegistryResponse {
        var request = original
        if let authorization { request.headers.append(("Authorization", authorization)) }
        for _ in 0..<6 {
            let response = try await answer(to: request)
            guard [301, 302, 303, 307, 308].contains(response.status) else { return response }
            guard let location = response.values(of: "Location").first, let from = URL(string: request.url),
                let target = URL(string: location, relativeTo: from)?.absoluteURL, let scheme = target.scheme,
                scheme == "https" || (scheme == "http" && base.hasPrefix("http://"))
            else {
                throw .unusable("the registry redirects to a place that is not to be trusted")
            }
            if target.host != from.host || target.port != from.port || scheme != from.scheme {
                request.headers.removeAll { $0.name == "Authorization" }
            }
            request.url = target.absoluteString
        }
        throw .unusable("the registry redirects without end")
    }

    private func answer(to request: RegistryRequest) async throws(RegistryFailure) -> RegistryResponse {
        do {
            return try await transport.send(request)
        } catch {
            throw .unavailable(oneLine("\(error)", limit: 512))
        }
    }

    private func logIn(_ challenges: [AuthenticationChallenge], refusal: RegistryResponse) async throws(RegistryFailure) -> String {
        if let challenge = challenges.first(where: { $0.scheme == "bearer" }) { return try await token(for: challenge) }
        if challenges.contains(where: { $0.scheme == "basic" }), let header = credential?.basicHeader, authorization != header {
            return header
        }
        throw failure(of: refusal)
    }

    private func token(for challenge: AuthenticationChallenge) async throws(RegistryFailure) -> String {
        guard let realm = challenge.parameters["realm"], let url = URL(string: realm), url.host != nil,
            url.scheme == "https" || (url.scheme == "http" && base.hasPrefix("http://"))
        else {
            throw .unusable("the registry names no token server to be trusted")
        }
        var query: [(String, String)] = []
        if let service = challenge.parameters["service"] { query.append(("service", service)) }
        query.append(("scope", challenge.parameters["scope"] ?? "repository:\(reference.repository):pull"))

        var request = RegistryRequest(url: realm, bodyLimit: 1 << 20)
        if case .identityToken(_, let token) = credential {
            query += [("grant_type", "refresh_token"), ("client_id", "hpk-kubelet"), ("refresh_token", token)]
            request.method = .post
            request.headers = [("Content-Type", "application/x-www-form-urlencoded")]
            request.body = Array(Self.form(query).utf8)
        } else {
            request.url += (realm.contains("?") ? "&" : "?") + Self.form(query)
            if let header = credential?.basicHeader { request.headers = [("Authorization", header)] }
        }
        let response = try await answer(to: request)
        guard response.status == 200 else { throw failure(of: response) }
        guard let grant = try? JSONDecoder().decode(TokenGrant.self, from: Data(response.body)),
            let token = grant.token ?? grant.access_token,
            !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else {
            throw .unusable("the token server's answer holds no token")
        }
        return "Bearer " + token
    }

    private struct TokenGrant: Decodable {
        var token: String?
        var access_token: String?
    }

    private func failure(of response: RegistryResponse) -> RegistryFailure {
        let words = RegistryErrors.words(in: response.body)
        switch response.status {
        case 401:
            return .refused(
                words.map { $0.contains("unauthorized") ? $0 : "unauthorized: \($0)" } ?? "unauthorized: authentication required")
        case 403: return .refused(words ?? "denied: access forbidden")
        case 404: return .missing(words ?? "manifest unknown")
        case 429: return .unavailable(words ?? "too many requests")
        case 500...: return .unavailable("status \(response.status)" + (words.map { ": \($0)" } ?? ""))
        default: return .unusable("unexpected status \(response.status)" + (words.map { ": \($0)" } ?? ""))
        }
    }

    /// `application/x-www-form-urlencoded`, everything but the unreserved characters escaped.
    static func form(_ fields: [(String, String)]) -> String {
        fields.map { "\(escape($0.0))=\(escape($0.1))" }.joined(separator: "&")
    }

    private static func escape(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            if ImageGrammar.isAlphanumeric(byte) || "-._~".utf8.contains(byte) {
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return escaped
    }
}
