import PodProtocol

/// Counts the processes of the supervisor's cgroup that the kernel ended for want of memory.
struct OutOfMemory {
    private let path: String?

    /// Finds the counter: `memory.events` of cgroup v2, or `memory.oom_control` of v1.
    init() {
        let text = (try? FileSystem.read("/proc/self/cgroup", limit: 1 << 16)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        var found: String?
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            if fields[1].isEmpty {
                found = found ?? "/sys/fs/cgroup\(fields[2])/memory.events"
            } else if fields[1].split(separator: ",").contains("memory") {
                found = "/sys/fs/cgroup/memory\(fields[2])/memory.oom_control"
            }
        }
        path = found.flatMap { FileSystem.status($0) == nil ? nil : $0 }
    }

    /// How many so far; 0 where it cannot be known.
    var kills: Int {
        guard let path, let bytes = try? FileSystem.read(path, limit: 1 << 12) else { return 0 }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix("oom_kill ") {
            return Int(line.dropFirst("oom_kill ".count)) ?? 0
        }
        return 0
    }
}
