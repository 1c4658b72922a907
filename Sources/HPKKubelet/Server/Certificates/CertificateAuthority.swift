/// A certificate authority of our own: signs what supervisors, tests and a kubelet port without a given certificate need.
///
/// The key and certificate live in one file, so that no crash can leave one without the other.
public struct CertificateAuthority: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// Length of a new authority's life: ten years, longer than any job.
    public static let lifetime: Int64 = 10 * 365 * 86_400
    /// An authority with less life left than this is replaced at the next start: one year.
    public static let renewalMargin: Int64 = 365 * 86_400
    /// Certificates begin this long before they are made, for machines whose clocks differ: five minutes.
    static let clockSkew: Int64 = 300

    /// PEM of the authority's own certificate: what a client is to trust.
    public let certificate: String
    private let privateKey: String

    /// What a certificate made by the authority is for.
    public enum Usage: Sendable {
        case server
        case client
    }

    /// Makes an authority that lives in memory only.
    ///
    /// - Parameters:
    ///   - name: its common name.
    ///   - now: seconds since the Unix epoch.
    ///   - lifetime: seconds.
    public init(name: String, now: Int64, lifetime: Int64 = CertificateAuthority.lifetime) throws(CertificateError) {
        let key = try PrivateKey.makeP256()
        let builder = CertificateBuilder(commonName: name, usage: .authority, notBefore: now - Self.clockSkew, notAfter: now + lifetime)
        certificate = try builder.sign(key, issuer: nil).pem()
        privateKey = try key.pem()
    }

    private init(certificate: String, privateKey: String) {
        self.certificate = certificate
        self.privateKey = privateKey
    }

    /// Reads the authority from `path`, or makes one and writes it there: the first time, and when it nears its end.
    ///
    /// A file that is there and cannot be read stops the start: replacing it would cut off every running pod.
    public static func load(orMakeAt path: String, name: String, now: Int64) throws(CertificateError) -> CertificateAuthority {
        if let bytes = try PrivateFile.read(path, what: "certificate authority") {
            let identity = try TLSIdentity(certificateChain: bytes, privateKey: bytes, certificatePath: path, keyPath: path)
            guard let certificate = identity.leaf, let key = PrivateKey.read(pem: bytes) else {
                throw .malformed(path: path, what: "certificate authority")
            }
            if certificate.notAfter - now >= renewalMargin {
                return CertificateAuthority(certificate: try certificate.pem(), privateKey: try key.pem())
            }
        }
        let authority = try CertificateAuthority(name: name, now: now)
        try PrivateFile.write(authority.certificate + authority.privateKey, to: path)
        return authority
    }

    /// Signs a certificate for a new key.
    ///
    /// - Parameters:
    ///   - organizations: in Kubernetes, a client's groups.
    ///   - names: what a server may be called by.
    ///   - lifetime: seconds; cut to the authority's own end.
    public func issue(
        commonName: String, organizations: [String] = [], names: [CertificateName] = [], usage: Usage, now: Int64, lifetime: Int64
    ) throws(CertificateError) -> TLSIdentity {
        guard let issuer = X509Certificate.read(pem: Array(certificate.utf8)), let issuerKey = PrivateKey.read(pem: Array(privateKey.utf8))
        else {
            throw .malformed(path: "in memory", what: "certificate authority")
        }
        let key = try PrivateKey.makeP256()
        let builder = CertificateBuilder(
            commonName: commonName, organizations: organizations, names: names, usage: usage == .server ? .server : .client,
            notBefore: min(now, now + lifetime) - Self.clockSkew, notAfter: min(now + lifetime, issuer.notAfter))
        let leaf = try builder.sign(key, issuer: (issuer, issuerKey))
        return try TLSIdentity(
            certificateChain: Array(try leaf.pem().utf8), privateKey: Array(try key.pem().utf8), certificatePath: commonName,
            keyPath: commonName)
    }

    /// Without the key, so that no log can hold it.
    public var description: String { "CertificateAuthority" }
    public var debugDescription: String { description }
}
