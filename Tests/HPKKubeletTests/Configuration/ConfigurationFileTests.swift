import Foundation
import Testing

@testable import HPKKubelet

@Suite("Configuration file")
struct ConfigurationFileTests {
    private func parse(_ text: String) throws -> ConfigurationFile {
        try ConfigurationFile.parse(Data(text.utf8), path: "/etc/hpk.yaml")
    }

    @Test("Names, lists and lines")
    func good() throws {
        let file = try parse(
            """
            # of site a
            nodename: site-a

            kubelet-port: 10350
            disable-taint: yes
            image-path:
              - /a
              - "/b c"
            cluster-dns: 10.0.0.1
            namespace:
            """)
        #expect(
            file.entries == [
                .init(setting: .nodename, values: ["site-a"], line: 2), .init(setting: .kubeletPort, values: ["10350"], line: 4),
                .init(setting: .disableTaint, values: ["yes"], line: 5), .init(setting: .imagePath, values: ["/a", "/b c"], line: 6),
                .init(setting: .clusterDNS, values: ["10.0.0.1"], line: 9),
            ])
        #expect(file.directory == "/etc")
    }

    @Test("An empty file sets nothing", arguments: ["", "# nothing\n", "---\n"])
    func empty(text: String) throws {
        #expect(try parse(text).entries.isEmpty)
    }

    @Test(
        "What is no setting is named with its line",
        arguments: [
            ("nodename: a\nkubelet_port: 1\n", "line 2 of /etc/hpk.yaml: there is no setting \"kubelet_port\""),
            ("nodename: [a, b]\n", "line 1 of /etc/hpk.yaml: nodename is a list"),
            ("nodename: {a: b}\n", "line 1 of /etc/hpk.yaml"), ("- a\n", "not a list"), ("a: [\n", "/etc/hpk.yaml is not a YAML mapping"),
            ("nodename: a\nnodename: b\n", "line 2 of /etc/hpk.yaml"),
        ])
    func bad(text: String, words: String) {
        let error = #expect(throws: ConfigurationError.self) { try parse(text) }
        #expect(error?.problem.contains(words) == true, "\(error?.problem ?? "")")
    }

    @Test("A file that is not there is named")
    func missing() {
        let failure = #expect(throws: StartupFailure.self) { try ConfigurationFile.read("no.yaml", currentDirectory: "/nowhere") }
        #expect(failure?.status == .noInput)
        #expect(failure?.problem.contains("/nowhere/no.yaml") == true)
    }
}
