import Testing

@testable import HPKKubelet

@Suite("Configuration: sources and their order")
struct ConfigurationLoaderTests {
    private func load(
        file: [(Setting, [String])] = [], environment: [String: String] = [:], flags: [Setting: [String]] = [:]
    ) throws -> LoadedConfiguration {
        let entries = file.enumerated().map { ConfigurationFile.Entry(setting: $1.0, values: $1.1, line: $0 + 1) }
        return try ConfigurationLoader(
            environment: environment.merging(["HOME": "/home/ada"]) { own, _ in own }, currentDirectory: "/here",
            programDirectory: "/opt/bin"
        ).load(file: file.isEmpty ? nil : ConfigurationFile(path: "/etc/hpk/kubelet.yaml", entries: entries), flags: flags)
    }

    struct Precedence: Sendable, CustomTestStringConvertible {
        var file: String?
        var environment: String?
        var flag: String?
        var port: Int
        var source: ConfigurationSource?
        var testDescription: String { "file \(file ?? "-"), environment \(environment ?? "-"), flag \(flag ?? "-")" }
    }

    @Test(
        "The later source wins",
        arguments: [
            Precedence(port: 10250),
            Precedence(file: "1", port: 1, source: .file(path: "/etc/hpk/kubelet.yaml", line: 1)),
            Precedence(environment: "2", port: 2, source: .environment("HPK_KUBELET_PORT")),
            Precedence(flag: "3", port: 3, source: .flag("kubelet-port")),
            Precedence(file: "1", environment: "2", port: 2, source: .environment("HPK_KUBELET_PORT")),
            Precedence(file: "1", flag: "3", port: 3, source: .flag("kubelet-port")),
            Precedence(environment: "2", flag: "3", port: 3, source: .flag("kubelet-port")),
            Precedence(file: "1", environment: "2", flag: "3", port: 3, source: .flag("kubelet-port")),
            Precedence(file: "1", environment: "", port: 1, source: .file(path: "/etc/hpk/kubelet.yaml", line: 1)),
        ])
    func laterSourceWins(row: Precedence) throws {
        let loaded = try load(
            file: row.file.map { [(.kubeletPort, [$0])] } ?? [],
            environment: row.environment.map { ["HPK_KUBELET_PORT": $0] } ?? [:],
            flags: row.flag.map { [.kubeletPort: [$0]] } ?? [:])
        #expect(loaded.configuration.kubeletPort == row.port)
        #expect(loaded.sources[.kubeletPort] == row.source)
    }

    @Test("A value is refused also where a later source would replace it, so that no slip of the pen hides")
    func earlierSourcesAreChecked() {
        #expect(throws: ConfigurationError.self) {
            try load(file: [(.kubeletPort, ["none"])], flags: [.kubeletPort: ["3"]])
        }
    }

    @Test(
        "The original's variables set what they always did",
        arguments: [
            ("KUBECONFIG", Setting.kubeconfig), ("VKUBELET_ADDRESS", .kubeletAddr), ("APISERVER_CERT_LOCATION", .certificate),
            ("APISERVER_KEY_LOCATION", .key), ("SLURM_CONF", .slurmConf),
        ])
    func originalVariables(variable: String, setting: Setting) throws {
        var environment = ["APISERVER_CERT_LOCATION": "/pki/c", "APISERVER_KEY_LOCATION": "/pki/k"]
        let value = setting == .kubeletAddr ? "10.0.0.5" : "/given"
        environment[variable] = value
        let loaded = try load(environment: environment)
        #expect(loaded.sources[setting] == .environment(variable))
        let configuration = loaded.configuration
        let found: String? =
            switch setting {
            case .kubeconfig: configuration.kubeconfig
            case .kubeletAddr: configuration.kubeletAddress
            case .certificate: configuration.certificateFile
            case .key: configuration.keyFile
            default: configuration.slurmConfiguration
            }
        #expect(found == value)
    }

    @Test("A variable of our own is stronger than the one that is shared with other programs")
    func ownVariableWins() throws {
        let loaded = try load(environment: ["SLURM_CONF": "/etc/slurm/slurm.conf", "HPK_SLURM_CONF": "/mine.conf"])
        #expect(loaded.configuration.slurmConfiguration == "/mine.conf")
    }

    @Test("Lists are joined by commas in the environment, and a later source replaces the whole list")
    func lists() throws {
        let environment = ["HPK_CLUSTER_DNS": "10.0.0.1,10.0.0.2", "HPK_IMAGE_PATH": "/a,/b"]
        let loaded = try load(file: [(.clusterDNS, ["10.9.9.9"])], environment: environment, flags: [.imagePath: ["/c"]])
        #expect(loaded.configuration.clusterDNS == ["10.0.0.1", "10.0.0.2"])
        #expect(loaded.configuration.imagePaths == ["/c"])
    }

    @Test("Relative paths start at the file's folder in a file, else at the working directory; ~ is the home")
    func relativePaths() throws {
        let loaded = try load(
            file: [(.slurmConf, ["conf/slurm.conf"]), (.localDir, ["~/scratch"])], environment: ["HPK_WORKING_DIR": "state/../work"],
            flags: [.podProgram: ["./hpk-pod"]])
        #expect(loaded.configuration.slurmConfiguration == "/etc/hpk/conf/slurm.conf")
        #expect(loaded.configuration.localDirectory == "/home/ada/scratch")
        #expect(loaded.configuration.workingDirectory == "/here/work")
        #expect(loaded.configuration.podProgram == "/here/hpk-pod")
    }

    @Test("Without any source the defaults are those of the original, below the home and beside the program")
    func defaults() throws {
        let configuration = try load().configuration
        var expected = KubeletConfiguration()
        expected.workingDirectory = "/home/ada"
        expected.podProgram = "/opt/bin/hpk-pod"
        expected.initProgram = "/opt/bin/hpk-init"
        #expect(configuration == expected)
        #expect(configuration.stateDirectory == "/home/ada/.hpk")
        #expect(configuration.nodeName == "hpk-kubelet")
        #expect(configuration.registry == "docker://")
        #expect(configuration.taint.key == "virtual-kubelet.io/provider")
    }

    @Test("Variables that look like ours and are not are named")
    func unknownVariables() throws {
        let loaded = try load(environment: ["HPK_KUBELETPORT": "1", "HPK_CONFIG": "/x", "HPK_NODENAME": "a"])
        #expect(loaded.unknownVariables == ["HPK_KUBELETPORT"])
    }

    @Test(
        "A certificate without its key, or the other way round, is refused",
        arguments: [(Setting.certificate, "key is not"), (.key, "certificate is not")])
    func certificateNeedsKey(setting: Setting, words: String) {
        let error = #expect(throws: ConfigurationError.self) { try load(flags: [setting: ["/x.pem"]]) }
        #expect(error?.problem.contains(words) == true)
        #expect(error?.problem.contains("the flag --\(setting.rawValue)") == true)
    }

    @Test("Two listeners on one port are refused")
    func portsDiffer() {
        #expect(throws: ConfigurationError.self) { try load(flags: [.supervisorPort: ["10250"]]) }
    }

    @Test("An error names source, value and what to do")
    func errorText() {
        let error = #expect(throws: ConfigurationError.self) { try load(file: [(.nodename, ["a"]), (.kubeletPort, ["99999"])]) }
        #expect(
            error?.description == """
                kubelet-port from line 2 of /etc/hpk/kubelet.yaml is "99999": not a whole number from 1 to 65535
                Give a number from 1 to 65535.
                """)
    }

    @Test("A hostile value is shown on one line and cut")
    func hostileValue() {
        let error = #expect(throws: ConfigurationError.self) {
            try load(environment: ["HPK_NODENAME": "a\n\u{1b}[31m" + String(repeating: "x", count: 10_000)])
        }
        #expect(error?.problem.contains("\u{1b}") == false)
        #expect(error?.problem.contains("\n") == false)
        #expect((error?.problem.count ?? 0) < 300)
    }
}
