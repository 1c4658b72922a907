import Testing

@Suite(.serialized, .cluster) enum ClusterSuite {}
