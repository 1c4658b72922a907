import Glibc

extension NodeDescription.Storage {
    /// Size and free space of the file system that holds a path; nil when it cannot be asked.
    static func ofFileSystem(at path: String) -> NodeDescription.Storage? {
        var figures = statvfs()
        guard statvfs(path, &figures) == 0 else { return nil }
        let block = UInt64(figures.f_frsize)
        return NodeDescription.Storage(
            totalBytes: block.multipliedReportingOverflow(by: UInt64(figures.f_blocks)).partialValue,
            freeBytes: block.multipliedReportingOverflow(by: UInt64(figures.f_bavail)).partialValue)
    }
}
