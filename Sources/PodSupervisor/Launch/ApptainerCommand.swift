import Glibc
import PodProtocol

/// How Apptainer is called for one container: fixed options, paths, and nothing else of the pod's.
struct ApptainerCommand: Equatable {
    /// Where `hpk-init` stands inside each container.
    static let initPath = "/.hpk/init"
    /// Descriptors that `hpk-init` inherits: control, specification, standard streams.
    static let descriptors: [Int32] = [200, 201, 202, 203, 204]

    /// Where `hpk-init` leaves the connection to PMI's server open, for a task of a parallel step.
    static let pmiDescriptor: Int32 = 205

    var program: String
    /// A configuration of our own, so that a container is the same on every site; nil outside of a user namespace, where the site's own
    /// configuration and its set-uid starter are what there is.
    var configuration: String?
    var imagePath: String
    var isReadOnly: Bool
    /// Folder with `upper` and `work` for a writable root; nil leaves it to Apptainer's own small layer in memory.
    var overlay: String?
    var ownProcessNamespace: Bool
    var mounts: [MountOption]

    /// Apptainer's settings for the pod's containers: only what the pod names is mounted, the image's own files are left alone, and the
    /// first process has all of the namespace's capabilities so that `hpk-init` can take exactly the pod's.
    static let configurationText = """
        allow setuid = no
        root default capabilities = full
        config passwd = no
        config group = no
        config resolv_conf = no
        mount proc = yes
        mount sys = yes
        mount dev = minimal
        mount devpts = yes
        mount home = no
        mount tmp = no
        mount hostfs = no
        mount slave = no
        user bind control = yes
        enable fusemount = no
        enable overlay = yes
        enable underlay = yes
        sessiondir max size = 64
        memory fs type = tmpfs

        """

    func arguments() throws(Failure) -> [String] {
        guard imagePath.hasPrefix("/") else { throw Failure("image path \"\(imagePath)\" is not absolute") }
        var arguments = ["apptainer", "--silent"]
        if let configuration {
            arguments += ["--config", configuration, "exec", "--ignore-userns", "--allow-setuid", "--no-mount", "bind-paths"]
        } else {
            arguments += ["exec", "--no-mount", "bind-paths,home,tmp"]
        }
        arguments += ["--contain", "--cleanenv", "--no-eval"]
        if ownProcessNamespace { arguments += ["--pid", "--no-init"] }
        if !isReadOnly { arguments += overlay.map { ["--overlay", $0] } ?? ["--writable-tmpfs"] }
        for mount in mounts { arguments += ["--mount", try mount.text()] }
        return arguments + [imagePath, Self.initPath] + Self.descriptors.map(String.init)
    }

    /// The program's absolute path; a plain name is looked up in `path`, a list of folders separated by colons.
    static func locate(_ program: String, path: String) -> String? {
        if program.contains("/") { return access(program, X_OK) == 0 ? program : nil }
        for folder in path.split(separator: ":") {
            let candidate = "\(folder)/\(program)"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        return nil
    }

    /// Apptainer's last words without colour codes and level names, for a message.
    static func lastWords(_ output: String) -> String {
        var plain = ""
        var inEscape = false
        for scalar in output.unicodeScalars {
            if inEscape {
                if ("@"..."~").contains(scalar) && scalar != "[" { inEscape = false }
            } else if scalar == "\u{1b}" {
                inEscape = true
            } else if scalar == "\n" || scalar.value >= 0x20 {
                plain.unicodeScalars.append(scalar)
            }
        }
        let lines = plain.split(separator: "\n").map { line -> Substring in
            for level in ["FATAL:", "ERROR:"] where line.hasPrefix(level) {
                return line.dropFirst(level.count).drop { $0 == " " }
            }
            return line
        }
        return lines.suffix(5).joined(separator: "\n")
    }
}
