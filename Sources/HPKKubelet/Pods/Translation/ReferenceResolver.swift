import Kubernetes

/// Fetches what a pod refers to.
public struct ReferenceResolver: Sendable {
    private let reader: any PodSourceReader
    private let now: @Sendable () -> Timestamp

    /// - Parameter now: the clock that a token's life is counted from.
    public init(reader: any PodSourceReader, now: @escaping @Sendable () -> Timestamp) {
        self.reader = reader
        self.now = now
    }

    /// Why a fetch failed other than by there being no such object: the caller tries again later.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// What was fetched, e.g. `secret "x"`.
        public var subject: String
        /// The client's error.
        public var underlying: any Error

        public var description: String { "failed to fetch \(subject): \(underlying)" }
    }

    /// Fetches all references at once, side by side.
    ///
    /// What the server does not have is missing from the result: ``PlanBuilder`` then knows whether that is allowed, and says what waits
    /// for it.
    ///
    /// - Parameter known: tokens that are still good and are taken over instead of being asked for anew.
    /// - Throws: ``Failure`` of the first fetch that failed.
    public func resolve(_ references: PodReferences, of pod: Pod, known: [TokenKey: IssuedToken] = [:]) async throws -> PodSources {
        let namespace = pod.metadata.namespace
        return try await withThrowingTaskGroup(of: Fetched.self) { group in
            for name in references.configMaps.keys {
                group.addTask {
                    .configMap(
                        name, try await fetch("configmap \"\(name)\"") { try await reader.configMap(namespace: namespace, name: name) })
                }
            }
            for name in references.secrets.keys {
                group.addTask {
                    .secret(name, try await fetch("secret \"\(name)\"") { try await reader.secret(namespace: namespace, name: name) })
                }
            }
            var sources = PodSources()
            for key in references.tokens {
                if let token = known[key] {
                    sources.tokens[key] = token
                } else {
                    group.addTask { .token(key, try await token(key, references.serviceAccount, pod)) }
                }
            }
            for try await fetched in group { sources.add(fetched) }
            return sources
        }
    }

    private func token(_ key: TokenKey, _ account: String, _ pod: Pod) async throws -> IssuedToken? {
        let request = TokenRequestSpec(
            audiences: key.audience.map { [$0] } ?? [], expirationSeconds: key.expirationSeconds,
            boundObjectRef: BoundObjectReference(kind: "Pod", apiVersion: "v1", name: pod.metadata.name, uid: pod.metadata.uid))
        let asked = now().secondsSince1970
        let answer = try await fetch("token of serviceaccount \"\(account)\"") {
            try await reader.token(namespace: pod.metadata.namespace, serviceAccount: account, request: request)
        }
        guard let answer, !answer.token.isEmpty else { return nil }
        let expires = answer.expirationTimestamp ?? Timestamp(secondsSince1970: asked + Int64(key.expirationSeconds))
        // The server may give a shorter life than was asked for; a renewal counts from the life there is.
        let life = min(Int64(key.expirationSeconds), max(expires.secondsSince1970 - asked, 1))
        return IssuedToken(token: answer.token, expires: expires, expirationSeconds: Int(life))
    }

    private func fetch<Value: Sendable>(_ subject: String, _ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as CancellationError {
            throw error
        } catch {
            throw Failure(subject: subject, underlying: error)
        }
    }
}

/// One fetched value; nil where the server has no such object.
private enum Fetched: Sendable {
    case configMap(String, ConfigMap?)
    case secret(String, Secret?)
    case token(TokenKey, IssuedToken?)
}

extension PodSources {
    fileprivate mutating func add(_ fetched: Fetched) {
        switch fetched {
        case .configMap(let name, let value): configMaps[name] = value
        case .secret(let name, let value): secrets[name] = value
        case .token(let key, let value): tokens[key] = value
        }
    }
}
