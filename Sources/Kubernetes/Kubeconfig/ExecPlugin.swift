/// placeholder
public struct ExecPlugin: Sendable, Equatable { public let command: String; func run() async throws -> Credential { Credential() } }
