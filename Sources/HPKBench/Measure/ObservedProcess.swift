import Foundation
import Glibc

/// Another process as the kernel sees it: its processor time to the nanosecond, its memory, its children.
public struct ObservedProcess: Sendable, Hashable {
    /// Process id.
    public let id: Int32

    /// The process with an id, which need not exist (any more).
    public init(_ id: Int32) {
        self.id = id
    }

    /// Processor time of all its threads, those that ended too, in seconds; nil when there is no such process. Children do not count.
    public var cpuSeconds: Double? {
        var clock = clockid_t()
        var time = timespec()
        // glibc packs the id into the clock's number: 0 is the caller, and what no id can be (PID_MAX_LIMIT, 2^22) becomes another's.
        guard (1..<(1 << 22)).contains(id), clock_getcpuclockid(id, &clock) == 0, clock_gettime(clock, &time) == 0 else { return nil }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Processor time of the children that it has waited for, in seconds, in steps of a clock tick (10 ms); nil when there is no such process.
    public var reapedChildrenCPUSeconds: Double? {
        // Fields after the name in parentheses, which may hold anything; cutime and cstime are 16 and 17 in proc(5).
        guard let fields = stat, fields.count > 14, let user = Double(fields[13]), let system = Double(fields[14]) else { return nil }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Memory in RAM (`VmRSS`), in bytes; nil when there is no such process.
    public var residentBytes: Int? { status("VmRSS").map { $0 * 1024 } }

    /// The highest `residentBytes` so far (`VmHWM`); nil when there is no such process.
    public var peakResidentBytes: Int? { status("VmHWM").map { $0 * 1024 } }

    /// Threads; nil when there is no such process.
    public var threads: Int? { status("Threads") }

    /// Ids of its children that live, in no order.
    public var children: [ObservedProcess] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/task")) ?? []
        return threads.flatMap { thread in
            (Self.text("/proc/\(id)/task/\(thread)/children") ?? "").split(separator: " ")
                .compactMap { Int32($0) }.map(ObservedProcess.init)
        }
    }

    /// `cpuSeconds` of the process and of all its descendants that live, and what it has reaped; nil when there is no such process.
    public var treeCPUSeconds: Double? {
        guard let own = cpuSeconds else { return nil }
        return children.reduce(own + (reapedChildrenCPUSeconds ?? 0)) { $0 + ($1.treeCPUSeconds ?? 0) }
    }

    private var stat: [Substring]? {
        guard let text = Self.text("/proc/\(id)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        return text[text.index(after: end)...].split(separator: " ")
    }

    private func status(_ name: String) -> Int? {
        guard let text = Self.text("/proc/\(id)/status") else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("\(name):") {
            return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
        }
        return nil
    }

    private static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
