import ArgumentParser
import HPKKubelet
import Testing

@testable import hpk_kubelet

@Suite("Command line")
struct CommandLineTests {
    private func values(_ arguments: [String]) throws -> [Setting: [String]] {
        try SettingFlags.parse(FlagSpelling.normalised(arguments)).values
    }

    @Test("Each setting has its flag, under the setting's own name", arguments: Setting.allCases)
    func everySettingHasAFlag(setting: Setting) throws {
        switch setting {
        case .disableTaint, .enableCgroupV2, .noScheduler, .disableGathering, .containerSteps:
            #expect(try values(["--\(setting.rawValue)"]) == [setting: ["true"]])
            #expect(try values(["--\(setting.rawValue)=true"]) == [setting: ["true"]])
            #expect(try values(["--\(setting.rawValue)=false"]) == [setting: ["false"]])
        default:
            #expect(try values(["--\(setting.rawValue)", "a"]) == [setting: ["a"]])
            #expect(try values(["--\(setting.rawValue)=a b"]) == [setting: ["a b"]])
            #expect(try values(["--\(setting.rawValue)="]) == [setting: [""]])
        }
    }

    @Test("Lists grow with each flag and at each comma")
    func lists() throws {
        #expect(try values(["--image-path", "/a", "--image-path=/b,/c"]) == [.imagePath: ["/a", "/b", "/c"]])
    }

    @Test("No flag, no value")
    func nothingGiven() throws {
        #expect(try values([]).isEmpty)
    }

    @Test("Unknown flags, missing values and stray words are refused", arguments: [["--nodenam", "a"], ["--nodename"], ["stray"]])
    func refused(arguments: [String]) {
        #expect(throws: (any Error).self) { try values(arguments) }
    }

    @Test(
        "Switches are only respelled where they are ours", arguments: ["--nodename=true", "--disable-taint=perhaps", "disable-taint=true"])
    func leftAlone(argument: String) {
        #expect(FlagSpelling.normalised([argument]) == [argument])
    }

    @Test("Without a subcommand the agent runs")
    func runIsDefault() throws {
        let command = try KubeletCommand.parseAsRoot(["--nodename", "a"])
        #expect((command as? RunCommand)?.flags.values == [.nodename: ["a"]])
    }
}
