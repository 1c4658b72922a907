import JSONCoding

/// Stands for the bytes of a part of an object, which are too many to keep: 128 bits of a hash whose key is chosen anew by each process, so
/// that nobody can make two texts with the same one.
struct Fingerprint: Sendable, Hashable {
    private let first: Int
    private let second: Int
    private let count: Int

    init(_ json: JSONIndex) {
        (first, second, count) = json.withBytes { bytes in
            var hashers = (Hasher(), Hasher())
            hashers.1.combine(UInt8(1))
            hashers.0.combine(bytes: bytes)
            hashers.1.combine(bytes: bytes)
            return (hashers.0.finalize(), hashers.1.finalize(), bytes.count)
        }
    }
}

extension Pod {
    /// What changes in a pod's life.
    private struct Changing: Decodable {
        var metadata: ObjectMeta
        var status: PodStatus
    }

    /// Decodes the spec only when it is new: of a pod's ten events in its life eight are about its status, most of them our own doing.
    public static func snapshot(of json: JSONIndex, known: Snapshot<Pod>?) throws -> Snapshot<Pod> {
        guard let spec = json["spec"] else { return Snapshot(value: try json.decode(Pod.self)) }
        let fingerprint = Fingerprint(spec)
        guard let known, known.fingerprint == fingerprint else {
            return Snapshot(value: try json.decode(Pod.self), fingerprint: fingerprint)
        }
        let changing = try json.decode(Changing.self)
        return Snapshot(
            value: Pod(metadata: changing.metadata, spec: known.value.spec, status: changing.status), fingerprint: fingerprint)
    }
}
