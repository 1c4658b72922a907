import PodProtocol

/// Refuses a plan that this build cannot carry out, before anything is made.
enum PlanCheck {
    /// - Throws: ``Failure`` that names the field.
    static func check(_ plan: LaunchPlan) throws(Failure) {
        guard plan.version == LaunchPlan.currentVersion else {
            throw Failure("the plan is of version \(plan.version), this hpk-pod reads version \(LaunchPlan.currentVersion)")
        }
        guard !plan.containers.isEmpty else { throw Failure("the plan has no container") }
        guard plan.hostname.utf8.count <= 64 else { throw Failure("the plan's hostname is longer than 64 bytes") }
        var names: Set<String> = []
        for container in plan.initContainers + plan.containers {
            let name = container.name
            guard !name.isEmpty, name != ".", name != "..", !name.contains("/"), !name.utf8.contains(where: { $0 < 0x20 }) else {
                throw Failure("container name \(name.debugDescription) is not valid")
            }
            guard names.insert(name).inserted else { throw Failure("two containers are named \(name)") }
            guard !container.command.isEmpty else { throw Failure("container \(name) has no command") }
        }
        var volumes: Set<String> = []
        for volume in plan.volumes where !volumes.insert(volume.name).inserted {
            throw Failure("two volumes are named \(volume.name.debugDescription)")
        }
    }
}
