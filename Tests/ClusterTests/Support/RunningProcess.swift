import Foundation

/// A process of this machine, as `/proc` tells of it.
struct RunningProcess: Sendable {
    let id: Int32
    let arguments: [String]

    /// Last part of the program's path, as the process was started.
    var program: String { arguments.first.map { String($0.split(separator: "/").last ?? "") } ?? "" }

    /// Processes that have the text in one of their arguments.
    static func all(naming text: String) -> [RunningProcess] {
        all.filter { $0.arguments.contains { $0.contains(text) } }
    }

    static var all: [RunningProcess] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { name in
            // A process may end between the two looks.
            guard let id = Int32(name), let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline"), !line.isEmpty else {
                return nil
            }
            return RunningProcess(id: id, arguments: line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) })
        }
    }
}
