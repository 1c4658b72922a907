import Testing

/// Parent of every suite that starts a node agent: there is one cluster and one node name, so one agent at a time.
@Suite(.serialized, .cluster) enum ClusterSuite {}
