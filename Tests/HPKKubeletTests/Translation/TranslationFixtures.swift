import Foundation
import Kubernetes
import PodProtocol
import Testing

@testable import HPKKubelet

extension Tag {
    @Tag static var translation: Self
    @Tag static var hostileInput: Self
}

/// Values that the tests of the translation start from.
enum Fixture {
    static let uid = "0f6e6a2c-1111-2222-3333-444455556666"

    static func settings(_ change: (inout PlanSettings) -> Void = { _ in }) -> PlanSettings {
        var settings = PlanSettings(
            nodeName: "hpk", clusterName: "test", apiServerHost: "10.0.0.1", clusterDNS: ["10.32.0.10"],
            podProgram: "/opt/hpk/bin/hpk-pod", initProgram: "/opt/hpk/bin/hpk-init")
        change(&settings)
        return settings
    }

    static func image(_ change: (inout ImageRecord) -> Void = { _ in }) -> ImageRecord {
        var image = ImageRecord(
            path: "/images/a.sif", reference: "registry/app:1", imageID: "docker://registry/app@sha256:1",
            configuration: ImageConfiguration(entrypoint: ["/entry"], command: ["serve"]))
        change(&image)
        return image
    }

    static func pod(_ change: (inout Pod) -> Void = { _ in }) -> Pod {
        var pod = Pod(
            metadata: ObjectMeta(name: "web", namespace: "shop", uid: uid),
            spec: PodSpec(containers: [Container(name: "main", image: "registry/app:1")], nodeName: "hpk"))
        change(&pod)
        return pod
    }

    /// A pod of one container.
    static func pod(container change: (inout Container) -> Void) -> Pod {
        pod { change(&$0.spec.containers[0]) }
    }

    static func build(
        _ pod: Pod, sources: PodSources = PodSources(), image: ImageRecord = image(), settings: PlanSettings = settings()
    ) throws(TranslationError) -> BuiltPlan {
        var images: [String: ImageRecord] = [:]
        for container in pod.spec.containers + pod.spec.initContainers { images[container.name] = image }
        return try PlanBuilder.build(pod: pod, sources: sources, images: images, settings: settings)
    }

    /// The environment of the first container as the process will see it.
    static func environment(
        _ pod: Pod, sources: PodSources = PodSources(), image: ImageRecord = image(), settings: PlanSettings = settings()
    ) throws(TranslationError) -> [String: String] {
        let built = try build(pod, sources: sources, image: image, settings: settings)
        let context = EnvironmentExpansion.Context(
            podAddresses: ["10.1.2.3", "fd00::3"], hostAddress: "192.0.2.9", secrets: built.delivery?.secrets ?? [:])
        return Dictionary(
            EnvironmentExpansion.resolve(built.plan.containers[0].environment, in: context).map { ($0.name, $0.value) },
            uniquingKeysWith: { _, last in last })
    }

    static func configMap(_ data: [String: String], binary: [String: Data] = [:]) -> ConfigMap { ConfigMap(data: data, binaryData: binary) }
    static func secret(_ data: [String: String]) -> Secret { Secret(data: data.mapValues { Data($0.utf8) }) }

    static func failure(_ body: () throws(TranslationError) -> Void) -> TranslationError? {
        do throws(TranslationError) {
            try body()
            return nil
        } catch {
            return error
        }
    }
}
