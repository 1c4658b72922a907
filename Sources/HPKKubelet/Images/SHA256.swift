import COpenSSL

/// SHA-256 of bytes that arrive in pieces. Owns its OpenSSL context and frees it once.
struct SHA256: ~Copyable {
    private let context: OpaquePointer

    /// Nil only where OpenSSL has no memory or no SHA-256.
    init?() {
        guard let context = EVP_MD_CTX_new() else { return nil }
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            EVP_MD_CTX_free(context)
            return nil
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        // Cannot fail on a context that was initialised; the digest's length is checked at the end all the same.
        _ = EVP_DigestUpdate(context, base, bytes.count)
    }

    /// The digest as an OCI descriptor writes it: `sha256:` and 64 lowercase hexadecimal digits.
    consuming func digest() -> String? {
        var value = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        guard EVP_DigestFinal_ex(context, &value, &length) == 1, length == 32 else { return nil }
        let digits = Array("0123456789abcdef")
        var text = "sha256:"
        for byte in value {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return text
    }

    /// The digest of bytes at hand.
    static func digest(of bytes: some Sequence<UInt8>) -> String? {
        guard var hash = SHA256() else { return nil }
        Array(bytes).withUnsafeBytes { hash.update($0) }
        return hash.digest()
    }
}
