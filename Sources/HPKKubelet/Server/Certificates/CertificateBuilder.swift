import COpenSSL

/// What a certificate is to say.
struct CertificateBuilder {
    enum Usage {
        case authority
        case server
        case client
    }

    var commonName: String
    var organizations: [String] = []
    var names: [CertificateName] = []
    var usage: Usage
    /// First and last moment of validity, in seconds since the Unix epoch.
    var notBefore: Int64
    var notAfter: Int64

    /// A certificate for `key`, signed with the issuer's key; without an issuer it signs itself.
    func sign(_ key: PrivateKey, issuer: (certificate: X509Certificate, key: PrivateKey)?) throws(CertificateError) -> X509Certificate {
        guard let handle = X509_new() else { throw .openSSL("make a certificate") }
        let certificate = X509Certificate(owning: handle)
        let issuerHandle = issuer?.certificate.handle ?? handle
        var start = time_t(notBefore)
        var end = time_t(notAfter)
        guard X509_set_version(handle, 2) == 1,  // counted from 0: version 3
            X509_time_adj_ex(X509_getm_notBefore(handle), 0, 0, &start) != nil,
            X509_time_adj_ex(X509_getm_notAfter(handle), 0, 0, &end) != nil,
            X509_set_pubkey(handle, key.handle) == 1
        else { throw .openSSL("fill a certificate") }
        try setSerial(of: handle)
        try setSubject(of: handle)
        guard X509_set_issuer_name(handle, X509_get_subject_name(issuerHandle)) == 1 else { throw .openSSL("name a certificate's issuer") }
        for (identifier, value) in extensions(selfSigned: issuer == nil) {
            try add(identifier, value, to: handle, issuer: issuerHandle)
        }
        guard X509_sign(handle, (issuer?.key ?? key).handle, EVP_sha256()) > 0 else { throw .openSSL("sign a certificate") }
        return certificate
    }

    private func extensions(selfSigned: Bool) -> [(Int32, String)] {
        var list: [(Int32, String)] = [(NID_subject_key_identifier, "hash")]
        switch usage {
        case .authority:
            list += [(NID_basic_constraints, "critical,CA:TRUE,pathlen:0"), (NID_key_usage, "critical,keyCertSign,cRLSign")]
        case .server:
            list += [
                (NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature"),
                (NID_ext_key_usage, "serverAuth"),
            ]
        case .client:
            list += [
                (NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature"),
                (NID_ext_key_usage, "clientAuth"),
            ]
        }
        if !selfSigned { list.append((NID_authority_key_identifier, "keyid")) }
        if !names.isEmpty { list.append((NID_subject_alt_name, names.map(\.openSSLEntry).joined(separator: ","))) }
        return list
    }

    private func add(_ identifier: Int32, _ value: String, to certificate: OpaquePointer, issuer: OpaquePointer) throws(CertificateError) {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer, certificate, nil, nil, 0)
        guard let ext = X509V3_EXT_nconf_nid(nil, &context, identifier, value) else { throw .openSSL("add '\(value)' to a certificate") }
        defer { X509_EXTENSION_free(ext) }
        guard X509_add_ext(certificate, ext, -1) == 1 else { throw .openSSL("add '\(value)' to a certificate") }
    }

    private func setSubject(of certificate: OpaquePointer) throws(CertificateError) {
        guard let subject = X509_get_subject_name(certificate) else { throw .openSSL("name a certificate") }
        for (field, value) in organizations.map({ ("O", $0) }) + [("CN", commonName)] {
            let bytes = Array(value.utf8)
            guard X509_NAME_add_entry_by_txt(subject, field, MBSTRING_FLAG | 0, bytes, Int32(bytes.count), -1, 0) == 1 else {
                throw .openSSL("put \(field)=\(value) into a certificate")
            }
        }
    }

    /// 127 random bits: unique without a register of issued numbers (RFC 5280, 4.1.2.2 allows up to 20 octets).
    private func setSerial(of certificate: OpaquePointer) throws(CertificateError) {
        guard let number = BN_new() else { throw .openSSL("make a serial number") }
        defer { BN_free(number) }
        guard BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1,
            BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil
        else { throw .openSSL("make a serial number") }
    }
}
