import NIOSSL
import Synchronization

/// The TLS settings for new connections; replaced when a certificate was renewed, while old connections go on.
final class TLSContext: Sendable {
    private let context: Mutex<NIOSSLContext>

    init(_ configuration: TLSConfiguration) throws {
        context = Mutex(try NIOSSLContext(configuration: configuration))
    }

    var current: NIOSSLContext { context.withLock { $0 } }

    func replace(_ configuration: TLSConfiguration) throws {
        let new = try NIOSSLContext(configuration: configuration)
        context.withLock { $0 = new }
    }
}
