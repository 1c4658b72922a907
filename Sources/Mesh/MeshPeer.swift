import CMesh
import Glibc

/// One life of a leg: a number that is made by chance at its start, so that nothing which was sent to or by an earlier leg is good for it.
public struct MeshSession: Hashable, Sendable, CustomStringConvertible {
    /// Never 0.
    public let rawValue: UInt64

    /// Nil for 0.
    public init?(rawValue: UInt64) {
        guard rawValue != 0 else { return nil }
        self.rawValue = rawValue
    }

    /// A new session.
    public static func random(using generator: inout some RandomNumberGenerator) -> MeshSession {
        while true {
            if let session = MeshSession(rawValue: generator.next()) { return session }
        }
    }

    /// Sixteen hexadecimal digits.
    public var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// Where a leg is reached: an address of its host and a UDP port.
public struct MeshEndpoint: Hashable, Sendable, CustomStringConvertible {
    public var host: MeshAddress
    public var port: UInt16

    public init(host: MeshAddress, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// `10.0.0.1:40000` or `[fd00::1]:40000`.
    public var description: String { host.isIPv4 ? "\(host):\(port)" : "[\(host)]:\(port)" }

    init(_ raw: hpk_mesh_endpoint) {
        host = withUnsafeBytes(of: raw.address) { MeshAddress(reading: $0, at: 0) }
        port = raw.port
    }

    var raw: hpk_mesh_endpoint {
        var raw = hpk_mesh_endpoint()
        withUnsafeMutableBytes(of: &raw.address) { bytes in
            bytes.storeBytes(of: host.high.bigEndian, as: UInt64.self)
            bytes.storeBytes(of: host.low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        raw.port = port
        return raw
    }
}

/// What the directory says of a leg.
public struct MeshPeer: Hashable, Sendable {
    /// The pod's addresses; packets with any other source are not the peer's.
    public var addresses: [MeshAddress]
    public var endpoint: MeshEndpoint
    public var session: MeshSession

    public init(addresses: [MeshAddress], endpoint: MeshEndpoint, session: MeshSession) {
        self.addresses = addresses
        self.endpoint = endpoint
        self.session = session
    }
}

/// A generation of the cluster's key, of which the keys of all pairs of legs are made.
public struct MeshKey: Hashable, Sendable, CustomStringConvertible {
    /// Length of the secret in bytes.
    public static let length = 32

    public let generation: UInt32
    let secret: [UInt8]

    /// Nil where the secret has not 32 bytes.
    public init?(generation: UInt32, secret: [UInt8]) {
        guard secret.count == Self.length else { return nil }
        self.generation = generation
        self.secret = secret
    }

    /// Says nothing of the secret.
    public var description: String { "key \(generation)" }
}

/// A leg cannot be made.
public struct MeshError: Error, Sendable, Equatable, CustomStringConvertible {
    public var operation: String
    public var code: Int32

    init(_ operation: String, code: Int32) {
        self.operation = operation
        self.code = code
    }

    /// What failed, why, and what to do.
    public var description: String {
        let reason = String(cString: strerror(code))
        return switch code {
        case ENOENT, ENXIO, ENODEV:
            "cannot \(operation): \(reason); the node's kernel must have the module `tun` and /dev/net/tun: ask its administrator"
        case EACCES:
            "cannot \(operation): \(reason); /dev/net/tun must be open to everybody (mode 0666, as udev makes it): ask the node's administrator"
        default: "cannot \(operation): \(reason)"
        }
    }
}
