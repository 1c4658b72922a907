import Kubernetes

/// Wishes of a pod that its sandbox does not grant although the pod can run without them.
enum PodNotices {
    static func unsupportedWishes(of pod: Pod) -> [PlanNotice] {
        let spec = pod.spec
        var notices: [PlanNotice] = []
        func note(_ field: String, _ message: String) {
            notices.append(PlanNotice(reason: "NotSupported", message: "\(field): \(message)"))
        }
        if spec.hostPID { note("spec.hostPID", "the pod keeps a process namespace of its own") }
        if spec.hostIPC { note("spec.hostIPC", "the pod keeps an IPC namespace of its own") }
        if spec.securityContext?.sysctls.isEmpty == false { note("spec.securityContext.sysctls", "kernel settings are left as they are") }
        for container in spec.initContainers + spec.containers {
            if container.tty { note("\(container.field(in: pod)).tty", "the process gets pipes instead of a terminal") }
            for mount in container.volumeMounts where mount.mountPropagation == "Bidirectional" {
                note(
                    "\(container.field(in: pod)).volumeMounts",
                    "mounts made below \(mount.mountPath.quotedForMessage) stay in the container")
            }
        }
        return notices
    }
}
