import COpenSSL

/// A certificate; owns one `X509`.
final class X509Certificate {
    let handle: OpaquePointer

    /// Takes over the handle.
    init(owning handle: OpaquePointer) {
        self.handle = handle
    }

    deinit {
        X509_free(handle)
    }

    /// The first certificate in PEM text; nil where there is none.
    static func read(pem: [UInt8]) -> X509Certificate? {
        guard let memory = MemoryBIO(pem) else { return nil }
        let handle = PEM_read_bio_X509(memory.handle, nil, nil, nil)
        ERR_clear_error()
        return handle.map(X509Certificate.init(owning:))
    }

    /// A certificate in DER form; nil where the bytes are anything else.
    static func read(der: [UInt8]) -> X509Certificate? {
        let handle = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var cursor = buffer.baseAddress
            return d2i_X509(nil, &cursor, buffer.count)
        }
        ERR_clear_error()
        return handle.map(X509Certificate.init(owning:))
    }

    func pem() throws(CertificateError) -> String {
        guard let memory = MemoryBIO(), PEM_write_bio_X509(memory.handle, handle) == 1 else { throw .openSSL("write a certificate") }
        return memory.text
    }

    /// First moment of validity, in seconds since the Unix epoch.
    var notBefore: Int64 { Self.seconds(X509_get0_notBefore(handle)) ?? .max }
    /// Last moment of validity, in seconds since the Unix epoch.
    var notAfter: Int64 { Self.seconds(X509_get0_notAfter(handle)) ?? .min }

    /// The subject's common names and organisations, in the certificate's order.
    var commonNames: [String] { subjectEntries(NID_commonName) }
    var organizations: [String] { subjectEntries(NID_organizationName) }

    func matches(_ key: PrivateKey) -> Bool {
        let matches = X509_check_private_key(handle, key.handle) == 1
        ERR_clear_error()
        return matches
    }

    /// Whether `issuer` signed this certificate.
    func isSigned(by issuer: X509Certificate) -> Bool {
        guard let key = X509_get0_pubkey(issuer.handle) else { return false }
        let signed = X509_verify(handle, key) == 1
        ERR_clear_error()
        return signed
    }

    /// Whether a client that connects to `name` may accept this certificate (RFC 6125).
    func covers(_ name: CertificateName) -> Bool {
        switch name {
        case .dns(let text): X509_check_host(handle, text, text.utf8.count, 0, nil) == 1
        case .address(let text): X509_check_ip_asc(handle, text, 0) == 1
        }
    }

    private func subjectEntries(_ identifier: Int32) -> [String] {
        guard let subject = X509_get_subject_name(handle) else { return [] }
        var entries: [String] = []
        var index = X509_NAME_get_index_by_NID(subject, identifier, -1)
        while index >= 0 {
            if let entry = X509_NAME_get_entry(subject, index), let value = X509_NAME_ENTRY_get_data(entry) {
                var bytes: UnsafeMutablePointer<UInt8>?
                let count = ASN1_STRING_to_UTF8(&bytes, value)
                if count >= 0, let bytes {
                    entries.append(String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self))
                    CRYPTO_free(bytes, #file, #line)
                }
            }
            index = X509_NAME_get_index_by_NID(subject, identifier, index)
        }
        ERR_clear_error()
        return entries
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        guard let time, let epoch = ASN1_TIME_set(nil, 0) else { return nil }
        defer { ASN1_STRING_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return nil }
        return Int64(days) * 86_400 + Int64(seconds)
    }
}
