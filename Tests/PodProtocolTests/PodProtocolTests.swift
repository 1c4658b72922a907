import Testing

@testable import PodProtocol
