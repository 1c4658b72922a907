/// One `--mount` option of Apptainer: a line of comma-separated `key=value` fields in the quoting of RFC 4180.
struct MountOption: Equatable {
    var source: String
    var destination: String
    var readOnly: Bool

    /// The option's text, exact for any path that it can hold.
    ///
    /// - Throws: ``Failure`` for a path that the format cannot carry unchanged: not absolute, or with a control character.
    func text() throws(Failure) -> String {
        let fields = try [Self.quote("src", source), Self.quote("dst", destination)]
        return (["type=bind"] + fields + (readOnly ? ["ro"] : [])).joined(separator: ",")
    }

    /// Splits mounts into those that Apptainer can put in place and those below `/dev`, where it makes no mount points: the latter are
    /// mounted below `/.hpk/mounts`, from where `hpk-init` brings them to their place.
    static func stage(_ mounts: [MountOption]) -> (options: [MountOption], later: [(source: String, destination: String)]) {
        var options: [MountOption] = []
        var later: [(source: String, destination: String)] = []
        for mount in mounts {
            let path = mount.destination.split(separator: "/").filter { $0 != "." }
            guard path.first == "dev", path.count > 1, path != ["dev", "shm"] else {
                options.append(mount)
                continue
            }
            let place = "/.hpk/mounts/\(later.count)"
            options.append(MountOption(source: mount.source, destination: place, readOnly: mount.readOnly))
            later.append((place, mount.destination))
        }
        return (options, later)
    }

    private static func quote(_ key: String, _ path: String) throws(Failure) -> String {
        guard path.hasPrefix("/") else { throw Failure("mount path \"\(path)\" is not absolute") }
        // The reader turns CR LF into LF, and a control character in a path is never meant.
        guard !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
            throw Failure("mount path \(path.debugDescription) holds a control character")
        }
        return "\"\(key)=\(path.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
    }
}
