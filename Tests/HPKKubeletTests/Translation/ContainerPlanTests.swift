import Kubernetes
import PodProtocol
import Testing

@testable import HPKKubelet

@Suite("A container's plan", .tags(.translation))
struct ContainerPlanTests {
    static let configuration = ImageConfiguration(entrypoint: ["/entry", "-x"], command: ["serve", "$(A)"], workingDirectory: "/srv")

    @Test(
        "command replaces entrypoint and cmd, args replace cmd only",
        arguments: [
            ([], [], ["/entry", "-x", "serve", "$(A)"]), (["/bin/sh"], [], ["/bin/sh"]), ([], ["-v"], ["/entry", "-x", "-v"]),
            (["/bin/sh"], ["-c", "a b 'c'"], ["/bin/sh", "-c", "a b 'c'"]), (["echo"], ["$(A) $(B) $$(A)"], ["echo", "1 $(B) $(A)"]),
        ] as [([String], [String], [String])])
    func command(command: [String], args: [String], expected: [String]) throws {
        let pod = Fixture.pod(container: {
            $0.command = command
            $0.args = args
            $0.env = [EnvVar(name: "A", value: "1")]
        })
        let image = Fixture.image { $0.configuration = Self.configuration }
        let words = try Fixture.build(pod, image: image).plan.containers[0].command.map { $0.resolved(with: ["A": "1", "B": "image's"]) }
        #expect(words == expected)
    }

    @Test("Without any command the container cannot be made", arguments: [[], [""]])
    func noCommand(entrypoint: [String]) {
        let image = Fixture.image { $0.configuration = ImageConfiguration(entrypoint: entrypoint) }
        let error = Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(Fixture.pod(), image: image) }
        #expect(error?.effect == .containerWaits(container: "main", reason: "CreateContainerError"))
        #expect(error?.message.hasPrefix("no command specified") == true)
    }

    @Test("An image that is not ready keeps its container waiting")
    func noImage() {
        let error = Fixture.failure { () throws(TranslationError) in
            _ = try PlanBuilder.build(pod: Fixture.pod(), sources: PodSources(), images: [:], settings: Fixture.settings())
        }
        #expect(error?.reason == "CreateContainerError")
    }

    @Test(
        "The working directory is the pod's, the image's or the root",
        arguments: [
            (nil, nil, "/"), ("/a/../b//", nil, "/b"), (nil, "/srv", "/srv"), ("/a", "/srv", "/a"), ("", "srv", "/srv"),
            ("rel/x", nil, "/rel/x"),
        ] as [(String?, String?, String)])
    func workingDirectory(pod wanted: String?, image: String?, expected: String) throws {
        let pod = Fixture.pod(container: { $0.workingDir = wanted })
        let image = Fixture.image { $0.configuration.workingDirectory = image }
        #expect(try Fixture.build(pod, image: image).plan.containers[0].workingDirectory == expected)
    }

    @Test("Termination message, streams, signal and root file system follow the pod and the image")
    func rest() throws {
        let pod = Fixture.pod(container: {
            $0.terminationMessagePath = "/var//last"
            $0.terminationMessagePolicy = .fallbackToLogsOnError
            $0.stdin = true
            $0.stdinOnce = true
            $0.tty = true
            $0.securityContext = SecurityContext(readOnlyRootFilesystem: true)
        })
        let image = Fixture.image { $0.configuration.stopSignal = "SIGQUIT" }
        let plan = try Fixture.build(pod, image: image).plan.containers[0]
        #expect(plan.terminationMessagePath == "/var/last")
        #expect(plan.terminationMessageFallsBackToLogs)
        #expect(plan.stdin && plan.stdinOnce && plan.tty && plan.readOnlyRootFilesystem)
        #expect(plan.stopSignal == 3)
        let plain = try Fixture.build(Fixture.pod()).plan.containers[0]
        #expect(plain.terminationMessagePath == "/dev/termination-log")
        #expect(!plain.terminationMessageFallsBackToLogs && !plain.readOnlyRootFilesystem)
    }

    static func pod(mounts: [VolumeMount]) -> Pod {
        Fixture.pod {
            $0.spec.volumes = [Volume(name: "data", source: .emptyDir(EmptyDirVolumeSource()))]
            $0.spec.containers[0].env = [EnvVar(name: "A", value: "1")]
            $0.spec.containers[0].volumeMounts = mounts
        }
    }

    @Test("Mounts keep path, part and mode")
    func mounts() throws {
        let pod = Self.pod(mounts: [
            VolumeMount(name: "data", mountPath: "/a//b/", readOnly: true), VolumeMount(name: "data", mountPath: "rel", subPath: "x/$(A)"),
            VolumeMount(name: "data", mountPath: "/c", subPathExpr: "y/$(A)"),
        ])
        #expect(
            try Fixture.build(pod).plan.containers[0].mounts == [
                MountPlan(volume: "data", path: "/a/b", readOnly: true),
                MountPlan(volume: "data", path: "/rel", subPath: Template("x/$(A)", expands: false)),
                MountPlan(volume: "data", path: "/c", subPath: Template("y/$(A)")),
            ])
    }

    @Test(
        "Mounts that cannot be fail the pod, with the field", .tags(.hostileInput),
        arguments: [
            ([VolumeMount(name: "none", mountPath: "/a")], "spec.containers[0].volumeMounts[0].name", "cannot find volume \"none\""),
            (
                [VolumeMount(name: "data", mountPath: "/a"), VolumeMount(name: "data", mountPath: "/b/../a/")],
                "spec.containers[0].volumeMounts[1].mountPath", "must be unique"
            ), ([VolumeMount(name: "data", mountPath: "/a/..")], "spec.containers[0].volumeMounts[0].mountPath", "root"),
            ([VolumeMount(name: "data", mountPath: "/a\nb")], "spec.containers[0].volumeMounts[0].mountPath", "control characters"),
            (
                [VolumeMount(name: "data", mountPath: "/a", subPath: "/etc")], "spec.containers[0].volumeMounts[0].subPath",
                "must not be an absolute path"
            ),
            (
                [VolumeMount(name: "data", mountPath: "/a", subPath: "x/../../etc")], "spec.containers[0].volumeMounts[0].subPath",
                "must not contain '..'"
            ),
            (
                [VolumeMount(name: "data", mountPath: "/a", subPathExpr: "$(A)/..")], "spec.containers[0].volumeMounts[0].subPathExpr",
                "must not contain '..'"
            ), ([VolumeMount(name: "data", mountPath: "/a", subPath: "x\u{1}")], "spec.containers[0].volumeMounts[0].subPath", "control"),
        ] as [([VolumeMount], String, String)])
    func badMounts(mounts: [VolumeMount], field: String, words: String) {
        let error = Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(Self.pod(mounts: mounts)) }
        #expect(error?.reason == "InvalidPod")
        #expect(error?.field == field)
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    }

    @Test("subPathExpr with an unknown variable keeps the container waiting")
    func missingVariable() {
        let pod = Self.pod(mounts: [VolumeMount(name: "data", mountPath: "/a", subPathExpr: "$(PATH)")])
        let error = Fixture.failure { () throws(TranslationError) in _ = try Fixture.build(pod) }
        #expect(error?.reason == "CreateContainerConfigError")
        #expect(error?.description == "missing value for \"PATH\"")
    }
}
