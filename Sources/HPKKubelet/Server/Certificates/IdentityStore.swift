/// The node agent's own certificates in its state directory; made when needed, kept over restarts, renewed before their end.
public struct IdentityStore: Sendable {
    /// Life of a server's certificate: 90 days.
    public static let lifetime: Int64 = 90 * 86_400
    /// Renewed when less than this is left: 30 days.
    public static let renewalMargin: Int64 = 30 * 86_400

    /// Absolute path; mode 0700.
    public let directory: String
    public let authority: CertificateAuthority

    /// Makes the folder and the authority where they are missing.
    ///
    /// - Parameter now: seconds since the Unix epoch.
    public init(directory: String, now: Int64) throws(CertificateError) {
        try PrivateFile.makeDirectory(directory)
        self.directory = directory
        authority = try CertificateAuthority.load(orMakeAt: directory + "/authority.pem", name: "hpk-kubelet authority", now: now)
    }

    /// The server's certificate called `label`: from its file while that is good for these names, else a new one.
    ///
    /// Running pods trust the authority, so a new certificate from it disturbs none of them.
    ///
    /// - Parameters:
    ///   - label: part of the file's name, e.g. `supervisors`.
    ///   - commonName: e.g. `system:node:NAME` for the kubelet port.
    ///   - names: every name and address that clients use.
    ///   - now: seconds since the Unix epoch.
    public func serverIdentity(
        _ label: String, commonName: String, organizations: [String] = [], names: [CertificateName], now: Int64
    ) throws(CertificateError) -> TLSIdentity {
        let path = "\(directory)/\(label).pem"
        if let kept = try? keptIdentity(path), isGood(kept, commonName: commonName, organizations: organizations, names: names, now: now) {
            return kept
        }
        let identity = try authority.issue(
            commonName: commonName, organizations: organizations, names: names, usage: .server, now: now, lifetime: Self.lifetime)
        try PrivateFile.write(identity.certificateChain + identity.privateKey, to: path)
        return identity
    }

    private func keptIdentity(_ path: String) throws(CertificateError) -> TLSIdentity? {
        guard let bytes = try PrivateFile.read(path, what: "certificate") else { return nil }
        let combined = try TLSIdentity(certificateChain: bytes, privateKey: bytes, certificatePath: path, keyPath: path)
        guard let leaf = combined.leaf, let key = PrivateKey.read(pem: bytes) else { return nil }
        return try TLSIdentity(
            certificateChain: Array(try leaf.pem().utf8), privateKey: Array(try key.pem().utf8), certificatePath: path, keyPath: path)
    }

    private func isGood(
        _ identity: TLSIdentity, commonName: String, organizations: [String], names: [CertificateName], now: Int64
    ) -> Bool {
        guard let leaf = identity.leaf, let issuer = X509Certificate.read(pem: Array(authority.certificate.utf8)) else { return false }
        return leaf.notAfter - now >= Self.renewalMargin && leaf.notBefore <= now && leaf.isSigned(by: issuer)
            && leaf.commonNames == [commonName] && leaf.organizations == organizations && names.allSatisfy(leaf.covers)
    }
}

extension TLSIdentity {
    /// Reads a certificate chain and its key from files that somebody else made (`APISERVER_CERT_LOCATION`, `APISERVER_KEY_LOCATION`).
    ///
    /// - Parameter now: seconds since the Unix epoch.
    /// - Throws: ``CertificateError`` that names the file at fault: missing, unreadable, malformed, of another key, expired.
    public static func load(certificatePath: String, keyPath: String, now: Int64) throws(CertificateError) -> TLSIdentity {
        guard let chain = try PrivateFile.read(certificatePath, what: "certificate") else {
            throw .missing(path: certificatePath, what: "certificate")
        }
        guard let key = try PrivateFile.read(keyPath, what: "private key") else { throw .missing(path: keyPath, what: "private key") }
        let identity = try TLSIdentity(certificateChain: chain, privateKey: key, certificatePath: certificatePath, keyPath: keyPath)
        guard let leaf = identity.leaf else { throw .malformed(path: certificatePath, what: "certificate") }
        guard leaf.notAfter >= now else { throw .expired(path: certificatePath, ended: leaf.notAfter) }
        guard leaf.notBefore <= now else { throw .notYetValid(path: certificatePath, begins: leaf.notBefore) }
        return identity
    }
}
