import COpenSSL
import PodProtocol

/// A ``Delivery`` on its way to the pod's other nodes: Slurm's connections are not encrypted, so it is, by AES-256-GCM with a key that follows
/// from the pod's token, which lies in the pod's directory for its own user alone.
enum SealedDelivery {
    private static let nonceSize = 12
    private static let tagSize = 16

    /// Nonce, ciphertext and tag as one line of hexadecimal digits.
    static func seal(_ delivery: Delivery, token: String) throws -> [UInt8] {
        let plain = try MessageCoding.encode(delivery)
        var nonce = [UInt8](repeating: 0, count: nonceSize)
        guard RAND_bytes(&nonce, Int32(nonceSize)) == 1 else { throw Failure("OpenSSL has no random bytes") }
        var tag = [UInt8](repeating: 0, count: tagSize)
        let sealed = try run(plain, key: key(token), nonce: nonce, encrypts: true, tag: &tag)
        return hexadecimal(nonce + sealed + tag)
    }

    /// - Throws: ``Failure`` where the line was not sealed with this token.
    static func open(_ line: some Collection<UInt8>, token: String) throws -> Delivery {
        guard let bytes = binary(line), bytes.count >= nonceSize + tagSize else { throw Failure("a sealed delivery is cut short") }
        var tag = Array(bytes.suffix(tagSize))
        let sealed = Array(bytes[nonceSize..<(bytes.count - tagSize)])
        let plain = try run(sealed, key: key(token), nonce: Array(bytes.prefix(nonceSize)), encrypts: false, tag: &tag)
        return try MessageCoding.decode(Delivery.self, from: plain, subject: "a sealed delivery")
    }

    private static func key(_ token: String) throws(Failure) -> [UInt8] {
        let text = Array("hpk delivery to nodes\0\(token)".utf8)
        var digest = [UInt8](repeating: 0, count: 32)
        var size: UInt32 = 0
        guard EVP_Digest(text, text.count, &digest, &size, EVP_sha256(), nil) == 1, size == 32 else {
            throw Failure("OpenSSL has no SHA-256")
        }
        return digest
    }

    private static func run(
        _ input: [UInt8], key: [UInt8], nonce: [UInt8], encrypts: Bool, tag: inout [UInt8]
    ) throws(Failure) -> [UInt8] {
        guard let context = EVP_CIPHER_CTX_new() else { throw Failure("OpenSSL has no memory") }
        defer { EVP_CIPHER_CTX_free(context) }
        var output = [UInt8](repeating: 0, count: input.count + 16)
        // GCM leaves nothing for the last call, which only checks the tag.
        var last = [UInt8](repeating: 0, count: 16)
        var count: Int32 = 0
        var rest: Int32 = 0
        guard EVP_CipherInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce, encrypts ? 1 : 0) == 1,
            encrypts || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, Int32(tagSize), &tag) == 1,
            EVP_CipherUpdate(context, &output, &count, input, Int32(input.count)) == 1,
            EVP_CipherFinal_ex(context, &last, &rest) == 1
        else { throw Failure("a delivery cannot be \(encrypts ? "sealed" : "opened: it is not of this pod")") }
        if encrypts, EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, Int32(tagSize), &tag) != 1 {
            throw Failure("a delivery has no tag")
        }
        return Array(output.prefix(Int(count)))
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }

    private static func binary(_ line: some Collection<UInt8>) -> [UInt8]? {
        let digits = line.map { byte -> UInt8? in
            switch byte {
            case 0x30...0x39: byte - 0x30
            case 0x61...0x66: byte - 0x61 + 10
            default: nil
            }
        }
        guard digits.count.isMultiple(of: 2), !digits.contains(nil) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { (digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0) }
    }
}
