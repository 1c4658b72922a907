import Kubernetes
import PodProtocol

/// A pod's launch plan and what belongs to it.
public struct BuiltPlan: Sendable, Equatable {
    public var plan: LaunchPlan
    /// Secret values and volumes; nil where the plan refers to none (`needsDelivery` is false then).
    public var delivery: Delivery?
    /// Files of every configMap, secret, downwardAPI and projected volume, secret or not: what ``VolumeRefresh`` compares with.
    public var contents: [String: VolumeContent]
    /// Events for the pod's owner.
    public var notices: [PlanNotice]
}

/// Translates a pod into what its supervisor runs. Pure: the same input gives the same plan.
public enum PlanBuilder {
    /// Annotation that chooses the pod's network: `host` or `private`.
    public static let networkAnnotation = "hpk.io/network"

    /// Makes the plan.
    ///
    /// - Parameters:
    ///   - images: the ready images by container name, init containers included.
    /// - Throws: ``TranslationError``, which says whether the pod waits or fails.
    public static func build(
        pod: Pod, sources: PodSources, images: [String: ImageRecord], settings: PlanSettings
    ) throws(TranslationError) -> BuiltPlan {
        try PodValidation.validate(pod)
        let hostname = try PodHostname(pod: pod, clusterDomain: settings.clusterDomain)
        let steps = try StepPlanner(pod: pod)
        let network = try steps.network(network(of: pod, settings))
        let resolver = try PodResolver(pod: pod, settings: settings).resolve()
        var notices = resolver.notices + PodNotices.unsupportedWishes(of: pod)

        let volumes = try plan(volumes: pod, sources, settings)
        var secrets: [String: String] = [:]
        let planner = ContainerPlanner(pod: pod, sources: sources, settings: settings, hostname: hostname.kernelName)
        func plans(_ containers: [Container]) throws(TranslationError) -> [ContainerPlan] {
            var result: [ContainerPlan] = []
            for container in containers {
                guard let image = images[container.name] else {
                    throw TranslationError(
                        .containerWaits(container: container.name, reason: "CreateContainerError"),
                        message: "image \(container.image.quotedForMessage) is not ready")
                }
                let planned = try planner.plan(container, image: image)
                secrets.merge(planned.secrets) { _, new in new }
                notices += planned.notices
                result.append(planned.plan)
            }
            return result
        }
        let initContainers = try plans(pod.spec.initContainers)
        let containers = try plans(pod.spec.containers)

        let needsDelivery = !secrets.isEmpty || !volumes.delivered.isEmpty
        let aliases = pod.spec.hostAliases.map { PodProtocol.HostAlias(address: $0.ip, hostnames: $0.hostnames) }
        let plan = LaunchPlan(
            uid: pod.metadata.uid, namespace: pod.metadata.namespace, name: pod.metadata.name, nodeName: settings.nodeName,
            restartPolicy: pod.spec.restartPolicy.flatMap { PodProtocol.RestartPolicy(rawValue: $0.rawValue) } ?? .always,
            terminationGracePeriodSeconds: gracePeriod(of: pod), hostname: hostname.kernelName,
            fullyQualifiedName: hostname.fullyQualifiedName, network: network, resolvConf: resolver.text,
            // On the node's network its own file is right, unless the pod adds to it.
            managesHostsFile: !pod.spec.hostNetwork || !aliases.isEmpty, hostAliases: aliases,
            sharesProcessNamespace: pod.spec.shareProcessNamespace ?? false,
            fsGroup: pod.spec.securityContext?.fsGroup.flatMap { UInt32(exactly: $0) }, volumes: volumes.plans,
            initContainers: initContainers, containers: containers, needsDelivery: needsDelivery, apptainer: settings.apptainer,
            initProgram: settings.initProgram, localDirectory: settings.localDirectory, logLimits: settings.logLimits,
            restartBackoff: settings.restartBackoff, steps: steps.plan(settings))
        let delivery = needsDelivery ? Delivery(volumes: volumes.delivered, secrets: secrets) : nil
        try validateSize(plan, delivery)
        var seen: Set<PlanNotice> = []
        return BuiltPlan(
            plan: plan, delivery: delivery, contents: volumes.contents, notices: notices.filter { seen.insert($0).inserted })
    }

    /// Seconds between TERM and KILL: `spec.terminationGracePeriodSeconds`, 30 where absent; less than 0 means 1, as in Kubernetes.
    static func gracePeriod(of pod: Pod) -> Int64 {
        guard let seconds = pod.spec.terminationGracePeriodSeconds else { return 30 }
        return seconds < 0 ? 1 : Int64(seconds)
    }

    private static func network(of pod: Pod, _ settings: PlanSettings) throws(TranslationError) -> NetworkMode {
        if pod.spec.hostNetwork { return .host }
        guard let wanted = pod.metadata.annotations[networkAnnotation] else { return settings.defaultNetwork }
        guard let mode = NetworkMode(rawValue: wanted) else {
            let modes = NetworkMode.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid(
                "metadata.annotations['\(networkAnnotation)']", "\(wanted.quotedForMessage) is no network mode: use one of \(modes)")
        }
        return mode
    }

    private struct Volumes {
        var plans: [VolumePlan] = []
        var delivered: [String: VolumeContent] = [:]
        var contents: [String: VolumeContent] = [:]
    }

    private static func plan(volumes pod: Pod, _ sources: PodSources, _ settings: PlanSettings) throws(TranslationError) -> Volumes {
        let planner = VolumePlanner(pod: pod, sources: sources, settings: settings)
        var result = Volumes()
        for (index, volume) in pod.spec.volumes.enumerated() {
            let planned = try planner.plan(volume, field: "spec.volumes[\(index)]")
            result.plans.append(planned.plan)
            if let content = planned.delivered {
                result.delivered[volume.name] = content
                result.contents[volume.name] = content
            } else if case .content(let content) = planned.plan.source {
                result.contents[volume.name] = content
            }
        }
        return result
    }

    private static func validateSize(_ plan: LaunchPlan, _ delivery: Delivery?) throws(TranslationError) {
        guard let bytes = try? MessageCoding.encode(plan) else { throw .invalid("spec", "the launch plan cannot be written as JSON") }
        try PodValidation.validate(planBytes: bytes.count)
        guard let delivery else { return }
        guard let bytes = try? MessageCoding.encode(delivery) else {
            throw .invalid("spec.volumes", "the pod's secrets cannot be written as JSON")
        }
        try PodValidation.validate(deliveryBytes: bytes.count)
    }
}
