import CSlurm

/// A release of Slurm, such as 22.05.8.
public struct SlurmVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Year of the release, two digits.
    public var major: Int
    /// Month of the release.
    public var minor: Int
    /// Number of the correction.
    public var micro: Int

    /// A release by its three numbers.
    public init(major: Int, minor: Int, micro: Int) {
        self.major = major
        self.minor = minor
        self.micro = micro
    }

    /// Reads `SLURM_VERSION_NUMBER`: one byte for each of the three numbers.
    init(number: UInt32) {
        self.init(major: Int(number >> 16 & 0xff), minor: Int(number >> 8 & 0xff), micro: Int(number & 0xff))
    }

    /// The headers that this program was compiled against.
    public static var compiled: SlurmVersion { SlurmVersion(number: hpk_slurm_compiled_version()) }

    /// The libslurm that this process has loaded.
    public static var runtime: SlurmVersion { SlurmVersion(number: UInt32(truncatingIfNeeded: slurm_api_version())) }

    /// The two lay out libslurm's structures alike: they are of the same year and month.
    public func isCompatible(with other: SlurmVersion) -> Bool { major == other.major && minor == other.minor }

    public static func < (left: SlurmVersion, right: SlurmVersion) -> Bool {
        (left.major, left.minor, left.micro) < (right.major, right.minor, right.micro)
    }

    public var description: String {
        "\(major).\(minor < 10 ? "0" : "")\(minor).\(micro)"
    }
}
