import PodProtocol
import Testing

@testable import HPKKubelet

@Suite("Configuration: every setting takes what it should and refuses the rest")
struct SettingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var setting: Setting
        var value: String
        var holds: @Sendable (KubeletConfiguration) -> Bool
        var bad: [String]
        var testDescription: String { setting.rawValue }
    }

    static let rows: [Row] = [
        Row(
            setting: .nodename, value: "n-1.site", holds: { $0.nodeName == "n-1.site" },
            bad: ["", "N", "a b", "-a", "a..b", String(repeating: "a", count: 64)]),
        Row(setting: .kubeletAddr, value: "::1", holds: { $0.kubeletAddress == "::1" }, bad: ["", "host", "1.2.3", "1.2.3.4:5"]),
        Row(setting: .kubeletPort, value: "65535", holds: { $0.kubeletPort == 65535 }, bad: ["0", "65536", "-1", "1e3", " 1", ""]),
        Row(setting: .certificate, value: "/c", holds: { $0.certificateFile == "/c" }, bad: ["", "a\nb"]),
        Row(setting: .key, value: "/k", holds: { $0.keyFile == "/k" }, bad: ["", "a\0b"]),
        Row(setting: .clientCAFile, value: "/ca", holds: { $0.clientAuthorityFile == "/ca" }, bad: [""]),
        Row(setting: .namespace, value: "team-a", holds: { $0.namespace == "team-a" }, bad: ["a.b", "A", "a/b"]),
        Row(setting: .maxPods, value: "5", holds: { $0.maxPods == 5 }, bad: ["0", "many"]),
        Row(setting: .disableTaint, value: "true", holds: { !$0.isTainted }, bad: ["", "maybe"]),
        Row(setting: .taintKey, value: "site.org/t", holds: { $0.taint.key == "site.org/t" }, bad: ["", "/t", "a/b/c", "UP.org/t", "a b"]),
        Row(setting: .taintValue, value: "", holds: { $0.taint.value.isEmpty }, bad: ["a b", "-", String(repeating: "a", count: 64)]),
        Row(setting: .taintEffect, value: "NoExecute", holds: { $0.taint.effect == .noExecute }, bad: ["noexecute", ""]),
        Row(setting: .kubeconfig, value: "a:/b", holds: { $0.kubeconfig == "/base/a:/b" }, bad: ["", ":"]),
        Row(setting: .context, value: "dev", holds: { $0.context == "dev" }, bad: ["", "a\tb"]),
        Row(setting: .podSyncWorkers, value: "1000", holds: { $0.podSyncWorkers == 1000 }, bad: ["0", "1001"]),
        Row(
            setting: .fullResyncPeriod, value: "1m30s", holds: { $0.fullResyncPeriod == .seconds(90) },
            bad: ["0", "500ms", "1", "m", "-1m", "1d", "1.2.3s"]),
        Row(setting: .startupTimeout, value: "0", holds: { $0.startupTimeout == .zero }, bad: ["-1s", "100000000h", "x"]),
        Row(setting: .noScheduler, value: "on", holds: { !$0.runsScheduler }, bad: ["2"]),
        Row(setting: .schedulerName, value: "hpk", holds: { $0.schedulerName == "hpk" }, bad: ["", "A"]),
        Row(setting: .slurmConf, value: "/s.conf", holds: { $0.slurmConfiguration == "/s.conf" }, bad: [""]),
        Row(setting: .disableGathering, value: "yes", holds: { !$0.gathersSubmissions }, bad: ["", "arrays"]),
        Row(setting: .apptainer, value: "singularity", holds: { $0.apptainer == "singularity" }, bad: ["", "bin/apptainer", "a\nb"]),
        Row(
            setting: .registry, value: "oras://r.org/", holds: { $0.registry == "oras://r.org/" },
            bad: ["", "r.org", "http://r", "docker://a b"]),
        Row(
            setting: .insecureRegistry, value: "127.0.0.1:5000", holds: { $0.insecureRegistries == ["127.0.0.1:5000"] },
            bad: ["", "a:b:c", "a:0", "http://a"]),
        Row(setting: .imagePath, value: "/i/../j", holds: { $0.imagePaths == ["/j"] }, bad: [""]),
        Row(setting: .workingDir, value: "/w", holds: { $0.workingDirectory == "/w" && $0.stateDirectory == "/w/.hpk" }, bad: [""]),
        Row(setting: .localDir, value: "/l", holds: { $0.localDirectory == "/l" }, bad: [""]),
        Row(setting: .enableCgroupV2, value: "off", holds: { $0 == KubeletConfiguration() }, bad: ["v2", "1", "true"]),
        Row(setting: .network, value: "private", holds: { $0.network == .private }, bad: ["", "Host", "bridge"]),
        Row(setting: .containerSteps, value: "yes", holds: { $0.containerSteps }, bad: ["", "steps"]),
        Row(setting: .clusterDNS, value: "10.0.0.1", holds: { $0.clusterDNS == ["10.0.0.1"] }, bad: ["dns", ""]),
        Row(setting: .clusterDomain, value: "k.site", holds: { $0.clusterDomain == "k.site" }, bad: ["", ".k"]),
        Row(setting: .podProgram, value: "/p", holds: { $0.podProgram == "/p" }, bad: [""]),
        Row(setting: .initProgram, value: "/i", holds: { $0.initProgram == "/i" }, bad: [""]),
        Row(
            setting: .supervisorAddress, value: "Login1",
            holds: { $0.supervisorAddress == "Login1" && $0.supervisorPublicPort == nil },
            bad: ["", "a b", "a:0", "a:", ":1", "a:65536", "a:b", "[::1]", "[::1]:x"]),
        Row(setting: .supervisorPort, value: "0", holds: { $0.supervisorPort == 0 }, bad: ["-1", "65536"]),
        Row(setting: .logLevel, value: "debug", holds: { $0.logLevel == .debug }, bad: ["", "loud"]),
        Row(setting: .logFormat, value: "json", holds: { $0.logFormat == .json }, bad: ["", "xml"]),
    ]

    private func apply(_ setting: Setting, _ values: [String]) throws -> KubeletConfiguration {
        var configuration = KubeletConfiguration()
        try setting.apply(values, base: "/base", home: "/home", to: &configuration)
        return configuration
    }

    @Test("The table has a row for each setting")
    func tableIsComplete() {
        #expect(Self.rows.map(\.setting) == Setting.allCases)
    }

    @Test("A good value lands in its field, and only there", arguments: rows)
    func goodValue(row: Row) throws {
        #expect(row.holds(try apply(row.setting, [row.value])))
        // The only values of these that are taken are their defaults.
        let fixed: [Setting] = [.startupTimeout, .enableCgroupV2]
        #expect(!row.holds(KubeletConfiguration()) || fixed.contains(row.setting))
        for other in Self.rows where other.setting != row.setting && !fixed.contains(other.setting) {
            #expect(!other.holds(try apply(row.setting, [row.value])), "\(other.setting.rawValue)")
        }
    }

    @Test("A bad value is refused with an advice", arguments: rows)
    func badValue(row: Row) {
        for value in row.bad {
            let refusal = #expect(throws: ValueRefusal.self, "\(value.debugDescription)") { try apply(row.setting, [value]) }
            #expect(refusal?.advice.hasSuffix(".") == true)
        }
    }

    @Test(
        "The supervisors' address may name the port of a relay",
        arguments: [
            ("relay:7001", "relay", 7001), ("10.0.0.1:7001", "10.0.0.1", 7001), ("[fd00::1]:7001", "fd00::1", 7001),
            ("fd00::1", "fd00::1", nil), ("10.0.0.1", "10.0.0.1", nil),
        ] as [(String, String, Int?)])
    func relay(text: String, host: String, port: Int?) throws {
        let configuration = try apply(.supervisorAddress, [text])
        #expect(configuration.supervisorAddress == host)
        #expect(configuration.supervisorPublicPort == port)
    }

    @Test("Only lists take several values", arguments: rows)
    func severalValues(row: Row) {
        if row.setting.isList {
            #expect(throws: Never.self) { try apply(row.setting, [row.value, row.value]) }
        } else {
            #expect(throws: ValueRefusal.self) { try apply(row.setting, [row.value, row.value]) }
        }
    }

    @Test(
        "Durations are read as Go writes them",
        arguments: [
            ("1m0s", 60.0), ("1.5h", 5400), ("90s", 90), ("2m", 120), ("1500ms", 1.5), ("1h1m1s", 3661), ("1000000us", 1),
        ])
    func durations(text: String, seconds: Double) throws {
        #expect(try DurationText.parse(text, minimum: .zero) == .seconds(seconds))
    }
}
