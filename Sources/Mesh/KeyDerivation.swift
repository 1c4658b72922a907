import COpenSSL

/// HKDF with SHA-256 (RFC 5869).
enum KeyDerivation {
    /// `count` bytes, at most 255 × 32, derived from a secret.
    static func derive(_ secret: [UInt8], salt: [UInt8], info: [UInt8], count: Int) -> [UInt8] {
        let extracted = authenticate(secret, key: salt)
        var result: [UInt8] = []
        var block: [UInt8] = []
        var number: UInt8 = 1
        while result.count < count {
            block = authenticate(block + info + [number], key: extracted)
            result += block
            number &+= 1
        }
        return Array(result.prefix(count))
    }

    /// HMAC with SHA-256 (RFC 2104).
    private static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        var tag = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 32
        // With a fixed digest and buffers in memory there is nothing that could fail but memory itself.
        _ = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &tag, &length)
        return tag
    }
}
