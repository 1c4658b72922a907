import Testing

@testable import HPKKubelet
