import Kubernetes
import PodProtocol

/// Chooses the user and groups of a container's process from the pod's and the container's security context and the image, by the
/// rules of the kubelet and the container runtimes.
struct IdentityResolver {
    let pod: Pod

    /// The identity, or an error that keeps the container waiting (`CreateContainerConfigError`).
    func identity(of container: Container, image: ImageRecord) throws(TranslationError) -> ProcessIdentity {
        let podContext = pod.spec.securityContext
        let context = container.securityContext
        let wantedUser = try number(context?.runAsUser ?? podContext?.runAsUser, container, "runAsUser")
        let wantedGroup = try number(context?.runAsGroup ?? podContext?.runAsGroup, container, "runAsGroup")
        let account = try account(wantedUser, image, container)
        if context?.runAsNonRoot ?? podContext?.runAsNonRoot == true, account.user == 0 {
            let problem =
                wantedUser == nil ? "container has runAsNonRoot and image will run as root" : "container's runAsUser breaks non-root policy"
            throw waits(container, "\(problem) (pod: \"\(pod.displayName)\", container: \(container.name))")
        }
        let group = wantedGroup ?? account.group
        var groups: [UInt32] = podContext?.supplementalGroupsPolicy == "Strict" ? [] : account.supplementaryGroups
        for wanted in podContext?.supplementalGroups ?? [] {
            if let id = try number(wanted, container, "supplementalGroups") { groups.append(id) }
        }
        if let id = try number(podContext?.fsGroup, container, "fsGroup") { groups.append(id) }
        var seen: Set<UInt32> = [group]
        return ProcessIdentity(user: account.user, group: group, supplementaryGroups: groups.filter { seen.insert($0).inserted })
    }

    /// The uid that every container of the pod sets, which then owns projected tokens; nil where they differ or one sets none.
    var commonUser: UInt32? {
        let users = (pod.spec.initContainers + pod.spec.containers).map { container in
            container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser
        }
        guard let first = users.first, let uid = first, users.allSatisfy({ $0 == uid }) else { return nil }
        return UInt32(exactly: uid)
    }

    /// Highest id that the API allows (a signed 32-bit number).
    static let largestID = Int(Int32.max)

    private func account(_ wanted: UInt32?, _ image: ImageRecord, _ container: Container) throws(TranslationError) -> ImageUser {
        if let wanted {
            return image.accounts.first { $0.user == wanted } ?? ImageUser(user: wanted, group: 0)
        }
        if let user = image.user { return user }
        if let name = image.configuration.user, !name.isEmpty {
            throw TranslationError(
                .containerWaits(container: container.name, reason: "CreateContainerError"),
                message:
                    "image \(image.reference) runs as user \(name.quotedForMessage), which its own /etc/passwd does not have: set runAsUser"
            )
        }
        return image.accounts.first { $0.user == 0 } ?? ImageUser(user: 0, group: 0)
    }

    private func number(_ value: Int?, _ container: Container, _ field: String) throws(TranslationError) -> UInt32? {
        guard let value else { return nil }
        guard (0...Self.largestID).contains(value), let id = UInt32(exactly: value) else {
            throw .invalid(
                "securityContext.\(field)", "\(value) is not an id: container \(container.name) needs one from 0 to \(Self.largestID)")
        }
        return id
    }

    private func waits(_ container: Container, _ message: String) -> TranslationError {
        TranslationError(.containerWaits(container: container.name, reason: "CreateContainerConfigError"), message: message)
    }
}

extension Pod {
    /// `name_namespace(uid)`, as the kubelet writes pods in messages.
    var displayName: String { "\(metadata.name)_\(metadata.namespace)(\(metadata.uid))" }
}
