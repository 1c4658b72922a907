import Testing

extension ClusterSuite {
    /// The ways of pods on a healthy cluster; one agent runs for all of them.
    @Suite("Pods", .sharedAgent) enum Pods {}
}
