import Foundation
import Glibc

/// Runs a program by posix_spawn(3), on a thread of its own, and collects what it prints. No shell, no terminal.
enum ChildProcess {
    struct Result: Sendable, Equatable {
        /// Exit code, or 128 + the signal.
        var status: Int32
        var output: Data
        var errorOutput: Data
        var timedOut: Bool
    }

    /// The program could not be started.
    struct Failure: Error, Sendable {
        let detail: String
    }

    /// Most bytes taken from each of the two outputs; what follows is thrown away.
    private static let outputLimit = 1 << 20

    /// Runs a program until it ends or the time is over; then its whole process group is killed.
    static func run(_ command: String, _ arguments: [String], environment: [String: String], timeout: Duration) async throws -> Result {
        guard !([command] + arguments + Array(environment.keys) + Array(environment.values)).contains(where: { $0.utf8.contains(0) }) else {
            throw Failure(detail: "a NUL in the command, an argument or the environment")
        }
        return try await withCheckedThrowingContinuation { continuation in
            let thread = Thread {
                continuation.resume(with: Swift.Result { try runBlocking(command, arguments, environment, timeout) })
            }
            thread.name = "child process"
            thread.start()
        }
    }

    private static func runBlocking(
        _ command: String, _ arguments: [String], _ environment: [String: String], _ timeout: Duration
    ) throws -> Result {
        let output = try Pipe()
        let errorOutput = try Pipe()
        let pid = try spawn(command, arguments, environment, output: output.writeEnd, errorOutput: errorOutput.writeEnd)
        output.closeWriteEnd()
        errorOutput.closeWriteEnd()
        let deadline = ContinuousClock.now + timeout
        let readers = [output, errorOutput]
        var timedOut = false
        // The program may close its outputs and live on, or leave them to a child: both are bounded by the deadline.
        while readers.contains(where: \.isOpen) {
            let left = deadline - ContinuousClock.now
            guard left > .zero else {
                timedOut = true
                break
            }
            Pipe.read(readers, timeout: left, limit: outputLimit)
        }
        var status: Int32 = 0
        while !timedOut {
            let found = waitpid(pid, &status, WNOHANG)
            if found == pid {
                return Result(status: exitCode(status), output: readers[0].data, errorOutput: readers[1].data, timedOut: false)
            }
            guard found == 0 || errno == EINTR else { throw Failure(detail: "waitpid: \(String(cString: strerror(errno)))") }
            if ContinuousClock.now >= deadline { timedOut = true } else { usleep(5_000) }
        }
        kill(-pid, SIGKILL)
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return Result(status: exitCode(status), output: readers[0].data, errorOutput: readers[1].data, timedOut: true)
    }

    private static func exitCode(_ status: Int32) -> Int32 {
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    /// Everything but the three standard descriptors is closed in the child, and it leads a process group of its own.
    private static func spawn(
        _ command: String, _ arguments: [String], _ environment: [String: String], output: Int32, errorOutput: Int32
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        guard posix_spawn_file_actions_init(&actions) == 0 else { throw Failure(detail: "out of memory") }
        defer { posix_spawn_file_actions_destroy(&actions) }
        guard posix_spawnattr_init(&attributes) == 0 else { throw Failure(detail: "out of memory") }
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errorOutput, 2)
        // Sockets of libraries are not all close-on-exec. Closing one that is gone by then is no error in glibc.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let descriptor = Int32(name), descriptor > 2 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        }
        // Signals that the daemon blocks or ignores must work in the child.
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
        let argv = CStringArray([command] + arguments)
        let envp = CStringArray(variables)
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, command, &actions, &attributes, argv.pointer, envp.pointer)
        guard code == 0 else { throw Failure(detail: String(cString: strerror(code))) }
        return pid
    }

    /// A null-terminated array of C strings, freed with the object.
    private final class CStringArray {
        let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
        private let count: Int

        init(_ strings: [String]) {
            count = strings.count
            pointer = .allocate(capacity: count + 1)
            for (index, string) in strings.enumerated() { (pointer + index).initialize(to: strdup(string)) }
            (pointer + count).initialize(to: nil)
        }

        deinit {
            for index in 0..<count { free(pointer[index]) }
            pointer.deallocate()
        }
    }

    /// Both ends of a pipe and what was read from it; closes what is still open with the object.
    private final class Pipe {
        private var readEnd: Int32
        private(set) var writeEnd: Int32
        private(set) var data = Data()

        var isOpen: Bool { readEnd >= 0 }

        init() throws {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { throw Failure(detail: "pipe: \(String(cString: strerror(errno)))") }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            readEnd = ends[0]
            writeEnd = ends[1]
        }

        deinit {
            closeWriteEnd()
            closeReadEnd()
        }

        func closeWriteEnd() {
            if writeEnd >= 0 { close(writeEnd) }
            writeEnd = -1
        }

        private func closeReadEnd() {
            if readEnd >= 0 { close(readEnd) }
            readEnd = -1
        }

        /// Waits for any of the pipes and takes what is there.
        static func read(_ pipes: [Pipe], timeout: Duration, limit: Int) {
            var descriptors = pipes.map { pollfd(fd: $0.readEnd, events: Int16(POLLIN), revents: 0) }
            guard poll(&descriptors, nfds_t(descriptors.count), Int32(clamping: timeout.milliseconds)) > 0 else { return }
            for (pipe, descriptor) in zip(pipes, descriptors) where descriptor.revents != 0 { pipe.take(limit: limit) }
        }

        private func take(limit: Int) {
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = Glibc.read(readEnd, &buffer, buffer.count)
            if count > 0 {
                data.append(contentsOf: buffer.prefix(min(count, limit - data.count)))
            } else if count == 0 || errno != EINTR {
                closeReadEnd()
            }
        }
    }
}
