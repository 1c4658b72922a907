import PodProtocol
import Slurm

/// Makes one job array of the jobs of pods of one shape.
enum ArrayPlanner {
    /// Longest name of an array, in bytes.
    private static let longestName = 200

    /// The array; task n runs pod n.
    ///
    /// - Parameters:
    ///   - jobs: at least one, all of one shape.
    ///   - batch: id of the ``BatchRecord``.
    ///   - directory: where the batch file is.
    ///   - script: text of the batch script.
    static func submission(
        of jobs: [JobSubmission], batch: String, cluster: String, directory: BatchDirectory, script: String
    ) throws -> JobSubmission {
        guard var array = jobs.first, let comment = JobComment(cluster: cluster, .batch(batch)) else {
            throw PodDirectoryError(path: directory.batch(batch), problem: "the cluster '\(cluster)' cannot stand in a comment")
        }
        array.name = name(of: jobs.map(\.name))
        array.comment = comment.description
        array.script = script
        array.arrayTasks = UInt32(clamping: jobs.count)
        array.workingDirectory = directory.path
        array.standardOutput = directory.output(batch)
        array.appendsOutput = true
        return array
    }

    /// What the pods' names have in common, and `*` for the rest: `default/web-7d4b9-*`.
    static func name(of names: [String]) -> String {
        guard let first = names.first else { return "*" }
        var common = first[...]
        for name in names.dropFirst() {
            common = common.prefix(zip(common, name).prefix { $0 == $1 }.count)
        }
        return common.utf8.count == first.utf8.count && names.count == 1 ? first : String(common.prefix(longestName)) + "*"
    }
}
