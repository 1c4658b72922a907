import NIOCore
import NIOPosix
import ServiceLifecycle

/// An address that cannot be listened on.
public struct ListenError: Error, CustomStringConvertible {
    public var host: String
    public var port: Int
    public var reason: String

    public var description: String {
        "cannot listen on \(host) port \(port) (\(reason)): stop what uses the port, or configure another address"
    }
}

/// A bound socket whose connections are each served by a task.
struct ListeningSocket<Connection: Sendable>: Sendable {
    private let channel: NIOAsyncChannel<Connection, Never>
    let port: Int

    /// - Parameters:
    ///   - port: 0 for any free one.
    ///   - setUp: makes a connection's handlers, on its event loop.
    static func bind(
        host: String, port: Int, group: any EventLoopGroup, setUp: @escaping @Sendable (any Channel) throws -> Connection
    ) async throws(ListenError) -> ListeningSocket {
        do {
            let channel = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.socketOption(.so_keepalive), value: 1)
                .bind(host: host, port: port) { child in
                    child.eventLoop.makeCompletedFuture {
                        do {
                            return try setUp(child)
                        } catch {
                            child.close(promise: nil)
                            throw error
                        }
                    }
                }
            return ListeningSocket(channel: channel, port: channel.channel.localAddress?.port ?? port)
        } catch {
            throw ListenError(host: host, port: port, reason: "\(error)")
        }
    }

    /// Serves until graceful shutdown or cancellation, which also end what is being served.
    func serve(_ body: @escaping @Sendable (Connection) async -> Void) async throws {
        let channel = channel.channel
        try await withGracefulShutdownHandler {
            try await self.channel.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections {
                        group.addTask { await body(connection) }
                    }
                    group.cancelAll()
                }
            }
        } onGracefulShutdown: {
            channel.close(promise: nil)
        }
    }

    /// Gives the port back where `serve` is never called.
    func close() async {
        try? await channel.executeThenClose { _ in }
    }
}
