/// What a job's comment says about the pods it runs: `hpk/1;cluster=NAME;uid=UID`, for a job array `hpk/1;cluster=NAME;batch=ID`; one word
/// without white space.
///
/// By it the agent finds its jobs again after a crash, so that no pod is submitted twice.
public struct JobComment: Sendable, Hashable, CustomStringConvertible {
    /// What the job runs.
    public enum Subject: Sendable, Hashable {
        /// One pod, by its UID.
        case pod(String)
        /// The pods of a ``BatchRecord``, by its id: each task of the array runs one.
        case batch(String)
    }

    /// Which cluster the pods belong to; ``PlanSettings/clusterName``.
    public var cluster: String
    /// What the job runs.
    public var subject: Subject

    /// nil where a part holds anything but letters, digits, `.`, `_` and `-`.
    public init?(cluster: String, uid: String) {
        self.init(cluster: cluster, .pod(uid))
    }

    /// nil where a part holds anything but letters, digits, `.`, `_` and `-`.
    public init?(cluster: String, _ subject: Subject) {
        switch subject {
        case .pod(let word), .batch(let word):
            guard TextRules.isPathWord(cluster), TextRules.isPathWord(word) else { return nil }
        }
        self.cluster = cluster
        self.subject = subject
    }

    /// The pod's UID; nil for an array.
    public var uid: String? { if case .pod(let uid) = subject { uid } else { nil } }

    private static let mark = "hpk/1"

    public var description: String {
        switch subject {
        case .pod(let uid): "\(Self.mark);cluster=\(cluster);uid=\(uid)"
        case .batch(let id): "\(Self.mark);cluster=\(cluster);batch=\(id)"
        }
    }

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
        guard let cluster = values["cluster"] else { return nil }
        switch (values["uid"], values["batch"]) {
        case (let uid?, nil): self.init(cluster: String(cluster), .pod(String(uid)))
        case (nil, let batch?): self.init(cluster: String(cluster), .batch(String(batch)))
        default: return nil
        }
    }
}
