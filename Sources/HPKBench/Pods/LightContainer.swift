import Foundation

/// A stand-in for Apptainer that makes no container: the supervisor, its sandbox and `hpk-init` are the real ones, the container's program
/// runs on the node's own files. For what Apptainer's weight would hide: rates beyond its own, and the supervisor's system calls.
enum LightContainer {
    /// Writes the stand-in into a folder; gives its path for `--apptainer`.
    static func install(in folder: String) throws -> String {
        let path = "\(folder)/apptainer"
        // Apptainer's other calls (version, pull) go to the real one.
        let text = """
            #!/bin/sh
            init=
            for argument in "$@"; do
                case $argument in
                *'"dst=/.hpk/init"'*) source=${argument#*'"src='}; init=${source%%'"'*} ;;
                esac
            done
            [ -n "$init" ] || exec apptainer "$@"
            exec "$init" 200 201 202 203 204

            """
        try write(text, to: path)
        return path
    }

    /// Writes a script into a folder that runs `hpk-pod` under strace; gives its path for `--pod-program`.
    static func installTracer(in folder: String, program: String) throws -> String {
        let path = "\(folder)/hpk-pod"
        let trace = FileSystemTrace.command(output: "\(folder)/pod.$SLURM_JOB_ID.trace").joined(separator: " ")
        try write("#!/bin/sh\nexec \(trace) \(program) \"$@\"\n", to: path)
        return path
    }

    private static func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }
}
