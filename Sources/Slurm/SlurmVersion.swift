import CSlurm

/// A release of Slurm, such as 22.05.8, or all releases of a month, such as 22.05.
public struct SlurmVersion: Sendable, Hashable, CustomStringConvertible {
    /// Year of the release, two digits.
    public var major: Int
    /// Month of the release.
    public var minor: Int
    /// Number of the correction; nil when it is not known.
    public var micro: Int?

    /// A release by its numbers.
    public init(major: Int, minor: Int, micro: Int? = nil) {
        self.major = major
        self.minor = minor
        self.micro = micro
    }

    /// Reads `SLURM_VERSION_NUMBER`: one byte for each of the three numbers.
    init(number: UInt32) {
        self.init(major: Int(number >> 16 & 0xff), minor: Int(number >> 8 & 0xff), micro: Int(number & 0xff))
    }

    /// libslurm's number (the N of `libslurm.so.N`, which `slurm_api_version` tells) for each release since 22.05.
    private static let libraries: [(library: Int, major: Int, minor: Int)] = [
        (38, 22, 5), (39, 23, 2), (40, 23, 11), (41, 24, 5), (42, 24, 11), (43, 25, 5), (44, 25, 11), (45, 26, 5),
    ]

    /// The release that has libslurm's number `library`; nil when it is none that this program knows.
    init?(library: Int) {
        guard let row = Self.libraries.first(where: { $0.library == library }) else { return nil }
        self.init(major: row.major, minor: row.minor)
    }

    /// The headers that this program was compiled against.
    public static var compiled: SlurmVersion { SlurmVersion(number: hpk_slurm_compiled_version()) }

    /// The libslurm that this process has loaded, without the number of the correction, which the library does not tell;
    /// nil when it is of a release that this program does not know.
    public static var runtime: SlurmVersion? { SlurmVersion(library: slurm_api_version() >> 16) }

    /// The two lay out libslurm's structures alike: they are of the same year and month.
    public func isCompatible(with other: SlurmVersion) -> Bool { major == other.major && minor == other.minor }

    /// The loaded library fits the headers. When neither is of a known release, the loader's check of `libslurm.so.N` must do.
    static func fits(compiled: SlurmVersion, runtime: SlurmVersion?) -> Bool {
        if let runtime { return compiled.isCompatible(with: runtime) }
        return !libraries.contains { $0.major == compiled.major && $0.minor == compiled.minor }
    }

    /// `22.05.8`, or `22.05` when the last number is not known.
    public var description: String {
        "\(major).\(minor < 10 ? "0" : "")\(minor)" + (micro.map { ".\($0)" } ?? "")
    }
}
