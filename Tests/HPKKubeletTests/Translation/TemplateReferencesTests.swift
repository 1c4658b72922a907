import PodProtocol
import Testing

@testable import HPKKubelet

@Suite("References in texts of a pod", .tags(.translation))
struct TemplateReferencesTests {
    @Test(
        "After escaping, expansion with more variables gives what the kubelet gives with the known ones",
        arguments: [
            ("$(A)", "1"), ("$(X)", "$(X)"), ("$$(A)", "$(A)"), ("$$(X)", "$(X)"), ("$(A$(B)", "$(A$(B)"), ("$(A$(X)", "$(A$(X)"),
            ("$", "$"), ("a$", "a$"), ("$x$(A)", "$x1"), ("$(", "$("), ("$(A", "$(A"), ("$()", "$()"), ("$(A)$(X)$(B)", "1$(X)2"),
            ("é$(A)é", "é1é"), ("", ""), ("$$$(A)", "$1"), ("$$$(X)", "$$(X)"),
        ])
    func escaping(text: String, expected: String) {
        let escaped = TemplateReferences.escapingUnknown(in: text, known: ["A", "B"])
        #expect(EnvironmentExpansion.expand(escaped, with: ["A": "1", "B": "2", "X": "image", "": "empty"]) == expected)
    }

    @Test("Names are found in order", arguments: [("$(A)/$$(B)/$(C)", ["A", "C"]), ("none", []), ("$(A", [])])
    func names(text: String, expected: [String]) {
        #expect(TemplateReferences.names(in: text) == expected)
    }
}
