import CSandbox
import Glibc

/// Starts programs with exact arguments, environment and descriptors.
enum Spawn {
    /// The environment of every helper program: nothing of the job's own, which may hold settings of Apptainer or secrets.
    static let environment = ["PATH=\(Sandbox.searchPath)", "LANG=C", "HOME=/"]

    /// - Parameters:
    ///   - descriptors: what each of the child's descriptors is; others close.
    ///   - network: descriptor of a network namespace to enter, or -1.
    ///   - namespaces: descriptors of a user namespace and others of it to enter first, in this order.
    /// - Returns: the process id.
    static func start(
        _ program: String, _ arguments: [String], environment: [String] = environment, descriptors: [(source: Int32, target: Int32)] = [],
        network: Int32 = -1, namespaces: [Int32] = []
    ) throws(SystemError) -> pid_t {
        let result = withCStrings(arguments) { argv in
            withCStrings(environment) { envp in
                program.withCString { path in
                    let sources = descriptors.map(\.source)
                    let targets = descriptors.map(\.target)
                    return sources.withUnsafeBufferPointer { source in
                        targets.withUnsafeBufferPointer { target in
                            namespaces.withUnsafeBufferPointer { entered in
                                var request = hpk_spawn_request(
                                    path: path, argv: argv, envp: envp, network: network, namespaces: entered.baseAddress,
                                    namespace_count: entered.count, source: source.baseAddress, target: target.baseAddress,
                                    count: source.count)
                                return hpk_spawn(&request)
                            }
                        }
                    }
                }
            }
        }
        guard result > 0 else { throw SystemError("start", program, code: -result) }
        return result
    }

    /// Runs the body in a child, so that slow work on files does not hold up the loop. Only for a process with one thread.
    static func detach(_ body: () -> Void) {
        if hpk_fork() == 0 {
            body()
            _exit(0)
        }
    }

    /// Calls the body with a null-terminated array of C strings.
    static func withCStrings<R>(_ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R) -> R {
        var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("an array with an element has an address") }
            return body(base)
        }
    }
}
