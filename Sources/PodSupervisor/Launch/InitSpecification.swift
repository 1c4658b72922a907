import CSandbox
import Glibc

/// What `hpk-init` is to run in the container, as the bytes of the memory file that it reads.
///
/// Layout, numbers of 4 bytes in the machine's order, texts ended by a zero byte: magic, flags, user, group, capabilities (low, high),
/// count and numbers of groups, working directory, count of texts and pairs of source and destination of mounts, count and texts of arguments, count and texts of environment.
struct InitSpecification {
    static let magic: UInt32 = 0x314b_5048

    var arguments: [String]
    /// `NAME=value` texts.
    var environment: [String]
    var workingDirectory: String
    /// What `hpk-init` mounts itself: paths inside the container.
    var mounts: [(source: String, destination: String)] = []
    var user: UInt32
    var group: UInt32
    /// Supplementary groups; nil keeps those of the process.
    var groups: [UInt32]?
    var capabilities: UInt64
    var noNewPrivileges: Bool
    /// False where the process must stay who it is (no user namespace).
    var setsIdentity = true
    /// The program inherits ``ApptainerCommand/pmiDescriptor``.
    var keepsPMI = false

    /// - Throws: ``Failure`` for a text with a zero byte, which no program could receive.
    func encoded() throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        func put(_ value: UInt32) {
            withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
        }
        func put(_ text: String, _ what: String) throws(Failure) {
            guard !text.utf8.contains(0) else { throw Failure("\(what) holds a zero byte") }
            bytes.append(contentsOf: text.utf8)
            bytes.append(0)
        }
        put(Self.magic)
        put((noNewPrivileges ? 1 : 0) | (setsIdentity ? 2 : 0) | (groups != nil ? 4 : 0) | (keepsPMI ? 8 : 0))
        put(user)
        put(group)
        put(UInt32(truncatingIfNeeded: capabilities))
        put(UInt32(truncatingIfNeeded: capabilities >> 32))
        put(UInt32(groups?.count ?? 0))
        for group in groups ?? [] { put(group) }
        try put(workingDirectory, "the working directory")
        put(UInt32(mounts.count * 2))
        for mount in mounts {
            try put(mount.source, "a mount")
            try put(mount.destination, "a mount")
        }
        put(UInt32(arguments.count))
        for argument in arguments { try put(argument, "an argument") }
        put(UInt32(environment.count))
        for variable in environment { try put(variable, "the environment") }
        return bytes
    }

    /// The bytes in a memory file.
    func memoryFile() throws -> Descriptor {
        let number = hpk_memory_file("hpk-init")
        guard number >= 0 else { throw SystemError("make", "a memory file") }
        let file = Descriptor(owning: number)
        try file.writeAll(encoded(), subject: "the start specification")
        return file
    }
}
