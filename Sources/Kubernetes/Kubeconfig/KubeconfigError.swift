/// A kubeconfig that cannot be used.
public struct KubeconfigError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file, or the list of files, or what was looked for.
    public let source: String
    /// The context, once it is known which one is meant.
    public let context: String?
    /// What is wrong, with the key.
    public let detail: String

    /// Makes an error.
    public init(source: String, context: String? = nil, detail: String) {
        self.source = source
        self.context = context
        self.detail = detail
    }

    /// File, context and key.
    public var description: String {
        "kubeconfig \(source)\(context.map { ", context \($0.debugDescription)" } ?? ""): \(detail)"
    }
}
