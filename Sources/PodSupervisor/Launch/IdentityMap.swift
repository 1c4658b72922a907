import Glibc

/// Which user and group ids of the machine the sandbox's ids stand for.
struct IdentityMap: Equatable {
    /// One range: `inside`…, `outside`…, `count` ids.
    struct Range: Equatable {
        var inside: UInt32
        var outside: UInt32
        var count: UInt32
    }

    var users: [Range]
    var groups: [Range]

    /// Root of the sandbox is the user; other ids come from the ranges of `/etc/subuid` and `/etc/subgid`, if both have some.
    init(user: uid_t, group: gid_t, userName: String?, subordinateUsers: String, subordinateGroups: String) {
        users = [Range(inside: 0, outside: user, count: 1)]
        groups = [Range(inside: 0, outside: group, count: 1)]
        let names = [userName, String(user)].compactMap(\.self)
        let more = (Self.ranges(in: subordinateUsers, of: names), Self.ranges(in: subordinateGroups, of: names))
        guard !more.0.isEmpty, !more.1.isEmpty else { return }
        users += more.0
        groups += more.1
    }

    var isSingle: Bool { users.count == 1 }

    /// The ranges of one user in the text of such a file (`name:start:count`, see subuid(5)); lines that are not so are passed over.
    static func ranges(in text: String, of names: [String]) -> [Range] {
        var result: [Range] = []
        var inside: UInt32 = 1
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 3, names.contains(String(fields[0])), let start = UInt32(fields[1]), let count = UInt32(fields[2]),
                count > 0,
                start.addingReportingOverflow(count).overflow == false, inside.addingReportingOverflow(count).overflow == false
            else { continue }
            result.append(Range(inside: inside, outside: start, count: count))
            inside += count
        }
        return result
    }

    /// Arguments of `newuidmap` or `newgidmap`, without the program's name.
    static func arguments(process: pid_t, _ ranges: [Range]) -> [String] {
        ["\(process)"] + ranges.flatMap { ["\($0.inside)", "\($0.outside)", "\($0.count)"] }
    }
}
