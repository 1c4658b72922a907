/// What a job's comment says about the pod it runs: `hpk/1;cluster=NAME;uid=UID`, one word without white space.
///
/// By it the agent finds its jobs again after a crash, so that no pod is submitted twice.
public struct JobComment: Sendable, Equatable, CustomStringConvertible {
    /// Which cluster the pod belongs to; ``PlanSettings/clusterName``.
    public var cluster: String
    /// The pod's UID.
    public var uid: String

    /// nil where a part holds anything but letters, digits, `.`, `_` and `-`.
    public init?(cluster: String, uid: String) {
        guard TextRules.isPathWord(cluster), TextRules.isPathWord(uid) else { return nil }
        self.cluster = cluster
        self.uid = uid
    }

    private static let mark = "hpk/1"

    public var description: String { "\(Self.mark);cluster=\(cluster);uid=\(uid)" }

    /// Reads a comment; what follows a space is the user's own and is left out. Unknown parts are ignored. nil for jobs that are not ours.
    public init?(parsing text: String) {
        guard let word = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).first else { return nil }
        let parts = word.split(separator: ";", omittingEmptySubsequences: false)
        guard parts.first == Self.mark[...] else { return nil }
        var values: [Substring: Substring] = [:]
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "=") else { return nil }
            guard values.updateValue(part[part.index(after: equals)...], forKey: part[..<equals]) == nil else { return nil }
        }
        guard let cluster = values["cluster"], let uid = values["uid"] else { return nil }
        self.init(cluster: String(cluster), uid: String(uid))
    }
}
