import COpenSSL
import CSandbox
import Glibc

/// One TLS 1.3 connection as a client, over a non-blocking socket that it owns.
///
/// Only the given authority is trusted and the given name accepted. Frees OpenSSL's objects exactly once.
final class TLSSession {
    /// What a step of the connection gave.
    enum Result: Equatable {
        case done(Int)
        case wantsRead
        case wantsWrite
        /// The peer closed the connection.
        case end
        case failed(String)
    }

    let socket: Descriptor
    private let context: OpaquePointer
    private let session: OpaquePointer

    /// - Parameter authority: PEM of the certificate authority.
    init(socket: Descriptor, authority: String, serverName: String) throws(Failure) {
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw Failure("TLS cannot be set up: \(Self.lastError())") }
        do {
            try Self.trust(context, authority: authority)
        } catch {
            SSL_CTX_free(context)
            throw error
        }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        // Macros of ssl.h: minimum version, and partial writes from a buffer that may move.
        _ = SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_3_VERSION), nil)
        _ = SSL_CTX_ctrl(context, SSL_CTRL_MODE, Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER), nil)
        guard let session = SSL_new(context) else {
            SSL_CTX_free(context)
            throw Failure("TLS cannot be set up: \(Self.lastError())")
        }
        self.socket = socket
        self.context = context
        self.session = session
        var name = Array(serverName.utf8CString)
        _ = name.withUnsafeMutableBytes { SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), $0.baseAddress) }
        let isAddress = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), serverName) == 1
        guard isAddress || SSL_set1_host(session, serverName) == 1, SSL_set_fd(session, socket.number) == 1 else {
            throw Failure("TLS cannot be set up for \(serverName): \(Self.lastError())")
        }
        SSL_set_connect_state(session)
    }

    deinit {
        SSL_free(session)
        SSL_CTX_free(context)
    }

    func handshake() -> Result {
        ERR_clear_error()
        return result(SSL_do_handshake(session))
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Result {
        ERR_clear_error()
        return result(SSL_read(session, buffer.baseAddress, Int32(clamping: buffer.count)))
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Result {
        ERR_clear_error()
        return result(SSL_write(session, bytes.baseAddress, Int32(clamping: bytes.count)))
    }

    /// Tells the peer that no more will come; nothing is read any more to know that it heard.
    func sendClose() {
        ERR_clear_error()
        _ = SSL_shutdown(session)
        _ = shutdown(socket.number, Int32(SHUT_WR))
    }

    private func result(_ value: Int32) -> Result {
        guard value <= 0 else { return .done(Int(value)) }
        let code = errno
        switch SSL_get_error(session, value) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .end
        case SSL_ERROR_SYSCALL:
            if ERR_peek_error() == 0 { return value == 0 || code == 0 ? .end : .failed(String(cString: strerror(code))) }
            return .failed(explain())
        default: return .failed(explain())
        }
    }

    private func explain() -> String {
        let verdict = SSL_get_verify_result(session)
        if verdict != Int(X509_V_OK) {
            return "the node agent's certificate is not accepted: \(String(cString: X509_verify_cert_error_string(verdict)))"
        }
        return Self.lastError()
    }

    private static func lastError() -> String {
        let code = ERR_get_error()
        guard code != 0 else { return "unknown TLS error" }
        return ERR_reason_error_string(code).map { String(cString: $0) } ?? "TLS error \(code)"
    }

    private static func trust(_ context: OpaquePointer, authority: String) throws(Failure) {
        let count = Array(authority.utf8).withUnsafeBytes { bytes -> Int in
            // The buffer is not copied: it lives as long as this closure.
            guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return 0 }
            defer { BIO_free(bio) }
            var count = 0
            while let certificate = PEM_read_bio_X509(bio, nil, nil, nil) {
                if X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) == 1 { count += 1 }
                X509_free(certificate)
            }
            return count
        }
        ERR_clear_error()
        guard count > 0 else { throw Failure("the node agent's certificate authority is no PEM certificate") }
    }
}
