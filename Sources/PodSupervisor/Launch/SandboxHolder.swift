import CSandbox
import Glibc

/// The batch step's own process: makes the namespaces, gives them their ids, forwards signals and ends as the supervisor in them ends.
enum SandboxHolder {
    static let lifelineNumber: Int32 = 3

    /// How the program in the namespaces ended.
    struct End {
        var code: Int32
        /// It was killed, so it could remove nothing.
        var wasKilled: Bool
    }

    /// Runs a command of this program in a copy of this process inside new namespaces.
    ///
    /// - Parameter arguments: of the command, the program's name first.
    /// - Returns: its end; nil where the node forbids user namespaces.
    static func run(arguments: [String]) throws -> End? {
        // Signals are blocked before the child exists, so that none can be missed.
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD] { sigaddset(&signals, signal) }
        sigprocmask(SIG_BLOCK, &signals, nil)
        var lifelineEnd: Int32 = -1
        let child = hpk_sandbox_start(lifelineNumber, &lifelineEnd)
        if child == 0 { _exit(Command.run(arguments)) }
        guard child > 0 else {
            Console.note("user namespaces cannot be made on this node: \(String(cString: strerror(errno)))")
            return nil
        }
        let lifeline = Descriptor(owning: lifelineEnd)
        try mapIdentities(of: child)
        try lifeline.writeAll([1], subject: "the sandbox's lifeline")
        return try wait(for: child, lifeline)
    }

    /// Forwards signals to the supervisor, starts what it asks for, and waits for its end.
    private static func wait(for child: pid_t, _ lifeline: Descriptor) throws -> End {
        let loop = try EventLoop(clock: .system)
        let broker = StepBroker(lifeline: lifeline)
        var result = End(code: 1, wasKilled: false)
        let signals = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD]
        let number = hpk_signal_descriptor(signals, signals.count)
        guard number >= 0 else { throw SystemError("watch", "signals") }
        try loop.watch(number, UInt32(HPK_READABLE)) { _ in
            while true {
                let signal = hpk_next_signal(number)
                if signal == 0 { break }
                if signal != SIGCHLD { _ = kill(child, signal) }
            }
            var id: pid_t = 0
            var code: Int32 = 0
            var cause: Int32 = 0
            while hpk_reap(&id, &code, &cause) == 1 {
                broker.reaped(id, code: code)
                guard id == child else { continue }
                if cause != 0 { Console.note("the supervisor was ended by signal \(cause)") }
                if (123...125).contains(code) { Console.note("the sandbox could not be entered (step \(code))") }
                result = End(code: code, wasKilled: cause != 0)
                loop.stop()
            }
        }
        try loop.watch(lifeline.number, UInt32(HPK_READABLE)) { _ in
            if !broker.receive() { loop.forget(lifeline.number) }
        }
        try withExtendedLifetime(lifeline) { try loop.run() }
        broker.end()
        return result
    }

    private static func mapIdentities(of child: pid_t) throws {
        let user = getuid()
        let group = getgid()
        if user == 0 {
            // The administrator's own sandbox: every id is itself.
            try write("0 0 4294967295", to: "/proc/\(child)/uid_map")
            try write("0 0 4294967295", to: "/proc/\(child)/gid_map")
            return
        }
        let name = getpwuid(user).flatMap { $0.pointee.pw_name }.map { String(cString: $0) }
        let map = IdentityMap(
            user: user, group: group, userName: name, subordinateUsers: text("/etc/subuid"), subordinateGroups: text("/etc/subgid"))
        if !map.isSingle {
            do {
                let users = try start("newuidmap", IdentityMap.arguments(process: child, map.users))
                let groups = try start("newgidmap", IdentityMap.arguments(process: child, map.groups))
                let results = (hpk_wait(users), hpk_wait(groups))
                guard results != (0, 0) else { return }
                Console.note("newuidmap or newgidmap failed: only the user's own id can be used in the pod")
            } catch {
                Console.note("\(error): only the user's own id can be used in the pod")
            }
        }
        try write("0 \(user) 1", to: "/proc/\(child)/uid_map")
        try write("deny", to: "/proc/\(child)/setgroups")
        try write("0 \(group) 1", to: "/proc/\(child)/gid_map")
    }

    private static func start(_ name: String, _ arguments: [String]) throws -> pid_t {
        guard let program = ApptainerCommand.locate(name, path: Sandbox.searchPath) else { throw Failure("\(name) is not installed") }
        return try Spawn.start(program, [name] + arguments)
    }

    private static func text(_ path: String) -> String {
        String(decoding: (try? FileSystem.read(path)) ?? [], as: UTF8.self)
    }

    private static func write(_ text: String, to path: String) throws(SystemError) {
        try Descriptor(opening: path, O_WRONLY).writeAll(text.utf8, subject: path)
    }
}
