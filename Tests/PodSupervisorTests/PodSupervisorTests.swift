import Testing

@testable import PodSupervisor
