import CSandbox
import Glibc

/// Texts that C functions write into a buffer.
enum CText {
    /// The bytes that the body says it wrote; nil where that is less than one.
    static func fill(_ size: Int, _ body: (UnsafeMutablePointer<CChar>, Int) -> Int) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            let count = body(base, size)
            guard count > 0, count <= size else { return nil }
            return String(decoding: UnsafeRawBufferPointer(start: base, count: count), as: UTF8.self)
        }
    }

    /// The names in a folder, `.` and `..` left out; nil where it cannot be read.
    static func names(in folder: String) -> [String]? {
        guard let directory = opendir(folder) else { return nil }
        defer { closedir(directory) }
        var result: [String] = []
        while let entry = readdir(directory) {
            let name = String(cString: hpk_entry_name(entry))
            if name != "." && name != ".." { result.append(name) }
        }
        return result
    }
}
