/// What this build calls itself.
public enum HPKVersion {
    /// The program's own version.
    public static let program = "0.1.0"
    /// The `kubeletVersion` of the node: the release of Kubernetes whose kubelet this agent's behaviour was measured against, then the
    /// program's own. Clients compare the front part with the API server's version.
    public static let kubelet = "v1.20.2-hpk-" + program
}
