import NIOSSL

/// A certificate chain with its private key, as a server or client presents it.
public struct TLSIdentity: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    /// PEM: the leaf first, then what links it to the trusted root.
    public let certificateChain: String
    /// PEM (PKCS #8 where made here). A secret.
    public let privateKey: String
    /// Last moment of the leaf's validity, in seconds since the Unix epoch.
    public let notAfter: Int64

    /// Checks that the leaf and the key belong together.
    ///
    /// - Parameters:
    ///   - certificatePath: named in errors.
    ///   - keyPath: named in errors.
    init(certificateChain: [UInt8], privateKey: [UInt8], certificatePath: String, keyPath: String) throws(CertificateError) {
        guard let leaf = X509Certificate.read(pem: certificateChain) else { throw .malformed(path: certificatePath, what: "certificate") }
        guard let key = PrivateKey.read(pem: privateKey) else { throw .malformed(path: keyPath, what: "private key") }
        guard leaf.matches(key) else { throw .keyMismatch(certificate: certificatePath, key: keyPath) }
        self.certificateChain = String(decoding: certificateChain, as: UTF8.self)
        self.privateKey = String(decoding: privateKey, as: UTF8.self)
        self.notAfter = leaf.notAfter
    }

    /// Without the key, so that no log can hold it.
    public var description: String { "TLSIdentity(notAfter: \(notAfter))" }
    public var debugDescription: String { description }

    /// The leaf, for a look at what it says.
    var leaf: X509Certificate? { X509Certificate.read(pem: Array(certificateChain.utf8)) }

    /// A server's TLS settings that present this identity; TLS 1.3 unless told otherwise.
    func serverConfiguration(minimumVersion: TLSVersion = .tlsv13) throws -> TLSConfiguration {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificateChain.utf8)).map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(bytes: Array(privateKey.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = minimumVersion
        return configuration
    }
}
