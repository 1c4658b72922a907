import Foundation

/// Names one process among all that run or ran on any host: what tells a lock of the living from one of the dead.
struct ProcessMark: Codable, Sendable, Hashable {
    /// `/proc/sys/kernel/random/boot_id` and the PID namespace: only processes that share both can judge each other.
    var machine: String
    var process: Int32
    /// Start time in clock ticks since boot (proc(5), `stat`, field 22), since numbers of processes are used again.
    var started: UInt64

    static let current: ProcessMark = {
        let boot = (try? OpenFile("/proc/sys/kernel/random/boot_id").readText()) ?? UUID().uuidString
        var target = [CChar](repeating: 0, count: 128)
        let length = readlink("/proc/self/ns/pid", &target, target.count - 1)
        let namespace = String(decoding: target.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let machine = boot.trimmingCharacters(in: .whitespacesAndNewlines) + " " + namespace
        return ProcessMark(machine: machine, process: getpid(), started: startTime(of: getpid()) ?? 0)
    }()

    /// Whether the process is surely gone. One of another machine is never judged.
    func isDead(seenFrom observer: ProcessMark = .current) -> Bool {
        machine == observer.machine && Self.startTime(of: process) != started
    }

    static func startTime(of process: Int32) -> UInt64? {
        guard let text = try? OpenFile("/proc/\(process)/stat").readText(), let close = text.lastIndex(of: ")") else { return nil }
        // The name in brackets may hold anything; the fields after it are the third and later.
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return UInt64(fields[19])
    }
}

extension OpenFile {
    /// The text of a file of `/proc`, whose size is not known beforehand.
    borrowing func readText() throws(ImageFault) -> String {
        String(decoding: try readPrefix(limit: 4096, sized: false), as: UTF8.self)
    }
}
