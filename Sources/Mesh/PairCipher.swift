import COpenSSL

/// Authenticated encryption from one leg to one other, with one generation of the cluster's key: AES-256-GCM (NIST SP 800-38D).
///
/// Its key is made of the generation's secret and both sessions, so it is good in one direction, between these two lives of legs only. A
/// counter is used once with it, which keeps its nonces apart.
final class PairCipher {
    static let tagLength = 16

    private let context: OpaquePointer
    private let isSealing: Bool
    private let isPlain: Bool
    private let salt: [UInt8]

    /// Nil where OpenSSL has no memory, or not this cipher.
    init?(_ key: MeshKey, from sender: MeshSession, to receiver: MeshSession, sealing: Bool, isPlain: Bool = false) {
        func bytes(_ session: MeshSession) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: session.rawValue >> (56 - 8 * $0)) } }
        let material = KeyDerivation.derive(
            key.secret, salt: bytes(sender) + bytes(receiver), info: Array("hpk mesh 1".utf8), count: 32 + 4)
        guard let context = EVP_CIPHER_CTX_new() else { return nil }
        self.context = context
        isSealing = sealing
        self.isPlain = isPlain
        salt = Array(material[32...])
        guard EVP_CipherInit_ex(context, EVP_aes_256_gcm(), nil, Array(material[..<32]), nil, sealing ? 1 : 0) == 1 else { return nil }
    }

    deinit { EVP_CIPHER_CTX_free(context) }

    private func begin(_ counter: UInt64) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 12, alignment: 8) { nonce in
            nonce.copyBytes(from: salt)
            nonce.storeBytes(of: counter.bigEndian, toByteOffset: 4, as: UInt64.self)
            return EVP_CipherInit_ex(context, nil, nil, nil, nonce.baseAddress, isSealing ? 1 : 0) == 1
        }
    }

    /// Writes a datagram: the header, the encrypted packet and the tag.
    ///
    /// - Parameters:
    ///   - head: the first bytes of the packet.
    ///   - tail: the rest of it.
    ///   - datagram: has room for ``DatagramHeader/overhead`` bytes more than the packet.
    /// - Returns: the datagram's length; nil where OpenSSL refuses.
    func seal(
        _ header: DatagramHeader, head: UnsafeRawBufferPointer, tail: UnsafeRawBufferPointer, into datagram: UnsafeMutableRawBufferPointer
    ) -> Int? {
        let length = DatagramHeader.overhead + head.count + tail.count
        guard datagram.count >= length, let start = datagram.baseAddress else { return nil }
        header.write(to: datagram)
        if isPlain {
            UnsafeMutableRawBufferPointer(rebasing: datagram[DatagramHeader.length...]).copyMemory(from: head)
            if tail.count > 0 {
                UnsafeMutableRawBufferPointer(rebasing: datagram[(DatagramHeader.length + head.count)...]).copyMemory(from: tail)
            }
            return length
        }
        guard begin(header.counter) else { return nil }
        var written: Int32 = 0
        var position = start + DatagramHeader.length
        guard EVP_CipherUpdate(context, nil, &written, start, Int32(DatagramHeader.length)) == 1 else { return nil }
        for part in [head, tail] where part.count > 0 {
            guard EVP_CipherUpdate(context, position, &written, part.baseAddress, Int32(part.count)) == 1 else { return nil }
            position += part.count
        }
        guard EVP_CipherFinal_ex(context, position, &written) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, Int32(Self.tagLength), position) == 1
        else { return nil }
        return length
    }

    /// Decrypts a datagram in place.
    ///
    /// - Returns: the packet within the datagram; nil where it is not genuine.
    func open(_ header: DatagramHeader, _ datagram: UnsafeMutableRawBufferPointer) -> UnsafeMutableRawBufferPointer? {
        let count = datagram.count - DatagramHeader.overhead
        guard count > 0, let start = datagram.baseAddress else { return nil }
        let packet = start + DatagramHeader.length
        if isPlain { return UnsafeMutableRawBufferPointer(start: packet, count: count) }
        guard begin(header.counter) else { return nil }
        var written: Int32 = 0
        guard EVP_CipherUpdate(context, nil, &written, start, Int32(DatagramHeader.length)) == 1,
            EVP_CipherUpdate(context, packet, &written, packet, Int32(count)) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, Int32(Self.tagLength), packet + count) == 1,
            EVP_CipherFinal_ex(context, packet + count, &written) == 1
        else { return nil }
        return UnsafeMutableRawBufferPointer(start: packet, count: count)
    }
}
