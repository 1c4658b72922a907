import Testing

@testable import Kubernetes
