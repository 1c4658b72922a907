import COpenSSL
import CSandbox
import Glibc
import PodProtocol
import Synchronization

@testable import PodSupervisor

/// A node agent for tests: a TLS 1.3 server on loopback with a certificate of its own authority, on a thread of its own.
final class AgentServer: Sendable {
    /// What a test does with each frame of the supervisor: the frames to answer with.
    typealias Answer = @Sendable (Frame) -> [Frame]

    let settings: ConnectionSettings
    private let listener: Int32
    private let received = Mutex<[Frame]>([])
    private let answer: Answer
    /// An `SSL_CTX`; freed with the server, used by its one thread only.
    private nonisolated(unsafe) let context: OpaquePointer

    init(serverName: String = "agent.test", certificateName: String = "agent.test", answer: @escaping Answer) throws {
        self.answer = answer
        guard let key = Self.makeKey(), let certificate = Self.makeCertificate(key, name: certificateName),
            let context = SSL_CTX_new(TLS_server_method()), SSL_CTX_use_certificate(context, certificate) == 1,
            SSL_CTX_use_PrivateKey(context, key) == 1
        else { throw Failure("the test's certificate cannot be made") }
        self.context = context
        let pem = Self.pem(certificate)
        X509_free(certificate)
        EVP_PKEY_free(key)
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 5) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard bound else { throw SystemError("listen on", "loopback") }
        settings = ConnectionSettings(
            endpoints: ["127.0.0.1:\(UInt16(bigEndian: address.sin_port))"], certificateAuthority: pem, serverName: serverName,
            token: String(repeating: "0", count: 64))
    }

    deinit {
        _ = shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        SSL_CTX_free(context)
    }

    var frames: [Frame] { received.withLock { $0 } }

    /// The events that came, as the node agent would see them.
    var events: [PodEvent] {
        frames.filter { $0.type == .event }.compactMap { try? MessageCoding.decode(PodEvent.self, from: $0.payload, subject: "event") }
    }

    /// Serves one connection to its end on a new thread; `connections` of them, one after the other.
    func serve(connections: Int = 1) {
        let unmanaged = Unmanaged.passRetained(Job(server: self, connections: connections))
        var thread = pthread_t()
        let failed = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let job = Unmanaged<Job>.fromOpaque(argument).takeRetainedValue()
                for _ in 0..<job.connections { job.server.serveOne() }
                return nil
            }, unmanaged.toOpaque())
        if failed == 0 { pthread_detach(thread) } else { unmanaged.release() }
    }

    private final class Job: Sendable {
        let server: AgentServer
        let connections: Int

        init(server: AgentServer, connections: Int) {
            self.server = server
            self.connections = connections
        }
    }

    private func serveOne() {
        let socket = accept(listener, nil, nil)
        guard socket >= 0, let session = SSL_new(context) else { return }
        defer {
            SSL_free(session)
            close(socket)
        }
        SSL_set_fd(session, socket)
        guard SSL_accept(session) == 1 else { return }
        var decoder = FrameDecoder()
        var chunk = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = SSL_read(session, &chunk, Int32(chunk.count))
            guard count > 0 else { return }
            decoder.append(chunk[..<Int(count)])
            while let frame = try? decoder.next() {
                received.withLock { $0.append(frame) }
                for reply in answer(frame) {
                    let bytes = reply.encoded
                    guard SSL_write(session, bytes, Int32(bytes.count)) > 0 else { return }
                    if reply.type == .refusal { return }
                }
            }
        }
    }

    private static func makeKey() -> OpaquePointer? {
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "ED25519", nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_generate(context, &key) == 1 else { return nil }
        return key
    }

    private static func makeCertificate(_ key: OpaquePointer, name: String) -> OpaquePointer? {
        guard let certificate = X509_new() else { return nil }
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1)
        X509_gmtime_adj(X509_getm_notBefore(certificate), -60)
        X509_gmtime_adj(X509_getm_notAfter(certificate), 3600)
        X509_set_pubkey(certificate, key)
        let subject = X509_get_subject_name(certificate)
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, name, -1, -1, 0)
        X509_set_issuer_name(certificate, subject)
        guard let extensionValue = X509V3_EXT_conf_nid(nil, nil, NID_subject_alt_name, "DNS:\(name)") else { return nil }
        X509_add_ext(certificate, extensionValue, -1)
        X509_EXTENSION_free(extensionValue)
        return X509_sign(certificate, key, nil) > 0 ? certificate : nil
    }

    private static func pem(_ certificate: OpaquePointer) -> String {
        guard let bio = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(bio) }
        PEM_write_bio_X509(bio, certificate)
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = BIO_read(bio, &bytes, Int32(bytes.count))
        return String(decoding: bytes.prefix(Int(max(0, count))), as: UTF8.self)
    }
}
