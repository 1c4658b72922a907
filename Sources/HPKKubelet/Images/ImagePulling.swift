/// One image to be brought here.
struct PullRequest: Sendable, Equatable {
    /// A complete name with scheme, pinned to a digest wherever the registry has digests.
    var uri: String
    /// The registry's host and port, which the credential is for; nil for a library.
    var host: String?
    var plainHTTP: Bool
    var credential: RegistryCredential?
}

/// Brings images here as SIF files.
protocol ImagePulling: Sendable {
    /// - Parameter path: where to put the file; nothing is there yet, and the folder is.
    /// - Throws: ``ImageFault`` with the words of the program or registry.
    func pull(_ request: PullRequest, to path: String) async throws(ImageFault)
}
