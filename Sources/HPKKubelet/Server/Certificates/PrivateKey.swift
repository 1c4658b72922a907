import COpenSSL

/// A private key; owns one `EVP_PKEY`.
final class PrivateKey {
    let handle: OpaquePointer

    private init(owning handle: OpaquePointer) {
        self.handle = handle
    }

    deinit {
        EVP_PKEY_free(handle)
    }

    /// A new key on the curve P-256 (NIST SP 800-186), which every TLS 1.3 peer must support (RFC 8446, 9.1).
    static func makeP256() throws(CertificateError) -> PrivateKey {
        guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil) else { throw .openSSL("make a key") }
        defer { EVP_PKEY_CTX_free(context) }
        var handle: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1,
            EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) == 1,
            EVP_PKEY_keygen(context, &handle) == 1, let handle
        else { throw .openSSL("make a key") }
        return PrivateKey(owning: handle)
    }

    /// The first private key in PEM text; nil where there is none or it is protected by a passphrase.
    static func read(pem: [UInt8]) -> PrivateKey? {
        guard let memory = MemoryBIO(pem) else { return nil }
        // The callback answers "no passphrase"; OpenSSL's default would ask on the terminal and block the daemon.
        let handle = PEM_read_bio_PrivateKey(memory.handle, nil, { _, _, _, _ in -1 }, nil)
        ERR_clear_error()
        return handle.map(PrivateKey.init(owning:))
    }

    /// PKCS #8 PEM.
    func pem() throws(CertificateError) -> String {
        guard let memory = MemoryBIO(), PEM_write_bio_PKCS8PrivateKey(memory.handle, handle, nil, nil, 0, nil, nil) == 1 else {
            throw .openSSL("write a key")
        }
        return memory.text
    }
}

/// Bytes in memory as OpenSSL reads and writes them; owns one `BIO`.
final class MemoryBIO {
    let handle: OpaquePointer

    /// An empty one, to be written by OpenSSL.
    init?() {
        guard let handle = BIO_new(BIO_s_mem()) else { return nil }
        self.handle = handle
    }

    /// One that holds a copy of the bytes.
    convenience init?(_ bytes: [UInt8]) {
        guard let length = Int32(exactly: bytes.count) else { return nil }
        self.init()
        guard length == 0 || BIO_write(handle, bytes, length) == length else { return nil }
    }

    deinit {
        BIO_free(handle)
    }

    /// What OpenSSL has written; taken out of the memory.
    var text: String {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = BIO_read(handle, &block, Int32(block.count))
            guard count > 0 else { break }
            bytes.append(contentsOf: block[..<Int(count)])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension CertificateError {
    /// The failed operation with the words of OpenSSL's error queue, which is emptied.
    static func openSSL(_ operation: String) -> CertificateError {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return .library(operation: operation, reason: "no reason given") }
        let reason = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer -> String in
            guard let start = buffer.baseAddress else { return "" }
            ERR_error_string_n(code, start, buffer.count)
            return String(cString: start)
        }
        return .library(operation: operation, reason: reason)
    }
}
