import Foundation

/// What the node object says of the host that the agent runs on.
public struct NodeFacts: Sendable, Equatable {
    /// Kernel release as in uname(2).
    public var kernelVersion = ""
    /// `PRETTY_NAME` of os-release(5).
    public var osImage = ""
    /// Go's word for the processor: `amd64`, `arm64`.
    public var architecture = ""
    /// machine-id(5).
    public var machineID = ""
    /// Changes with each boot.
    public var bootID = ""
    /// Version of Apptainer, without any prefix; nil when it was not found.
    public var apptainerVersion: String?

    /// Nothing known.
    public init() {}

    /// Reads what the running kernel and the files below `root` tell; what cannot be read stays empty.
    public static func gather(root: String = "", apptainerVersion: String? = nil) -> NodeFacts {
        var facts = NodeFacts()
        var names = utsname()
        if uname(&names) == 0 {
            facts.kernelVersion = text(of: names.release)
            facts.architecture = goArchitecture(text(of: names.machine))
        }
        let release = firstReadable([root + "/etc/os-release", root + "/usr/lib/os-release"])
        facts.osImage = prettyName(release) ?? "Linux"
        facts.machineID = firstReadable([root + "/etc/machine-id"]).trimmingCharacters(in: .whitespacesAndNewlines)
        facts.bootID = firstReadable([root + "/proc/sys/kernel/random/boot_id"]).trimmingCharacters(in: .whitespacesAndNewlines)
        facts.apptainerVersion = apptainerVersion
        return facts
    }

    /// Go's name for uname's machine.
    static func goArchitecture(_ machine: String) -> String {
        switch machine {
        case "x86_64": "amd64"
        case "aarch64": "arm64"
        case "ppc64le", "riscv64", "s390x": machine
        default: machine
        }
    }

    /// The value of `PRETTY_NAME`, quotes taken off.
    static func prettyName(_ release: String) -> String? {
        for line in release.split(separator: "\n") where line.hasPrefix("PRETTY_NAME=") {
            return line.dropFirst("PRETTY_NAME=".count).trimmingCharacters(in: CharacterSet(charactersIn: "\"' \t"))
        }
        return nil
    }

    private static func firstReadable(_ paths: [String]) -> String {
        paths.lazy.compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }.first ?? ""
    }

    private static func text<Field>(of field: Field) -> String {
        withUnsafeBytes(of: field) { bytes in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
