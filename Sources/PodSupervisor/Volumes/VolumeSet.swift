import CSandbox
import Glibc
import PodProtocol

/// The pod's volumes on the compute node, and what of them is mounted into which container.
final class VolumeSet {
    /// A volume that cannot be made or mounted.
    struct Problem: Error, CustomStringConvertible {
        var volume: String
        var message: String
        /// It may come later (a delivery that has not brought it).
        var mayCome = false

        var description: String { "volume \(volume.debugDescription): \(message)" }
    }

    private let plan: LaunchPlan
    /// Folder on the node's disk, for emptyDir volumes.
    private let disk: String
    /// Folder in memory, for content, secrets and mount points.
    private let memory: String
    private let canMount: Bool
    private let clock: Clock
    private var roots: [String: String] = [:]
    private var delivered: Set<String> = []

    /// - Parameter canMount: false without a mount namespace of our own: then paths are given to Apptainer as they are.
    init(plan: LaunchPlan, disk: String, memory: String, canMount: Bool, clock: Clock) {
        self.plan = plan
        self.disk = disk
        self.memory = memory
        self.canMount = canMount
        self.clock = clock
    }

    /// Makes every volume; delivered ones are empty until ``deliver(_:)``.
    func prepare() throws(Problem) {
        for (index, volume) in plan.volumes.enumerated() {
            do {
                roots[volume.name] = try make(volume, index: index)
            } catch {
                throw Problem(volume: volume.name, message: "\(error)")
            }
        }
    }

    /// Writes the files of delivered volumes; later calls replace those of the volumes that they name, also of volumes whose first files
    /// were in the plan.
    func deliver(_ contents: [String: VolumeContent]) throws(Problem) {
        for volume in plan.volumes where isContent(volume) {
            guard let content = contents[volume.name], let root = roots[volume.name] else { continue }
            do {
                try ContentVolume(path: root, fsGroup: plan.fsGroup).write(content, version: clock.wall())
            } catch {
                throw Problem(volume: volume.name, message: "\(error)")
            }
            delivered.insert(volume.name)
        }
    }

    /// The mount options of one container instance; `release` undoes them after its end.
    ///
    /// - Parameter variables: the container's environment, for `subPathExpr`.
    func mounts(
        of container: ContainerPlan, instance: String, variables: [String: String]
    ) throws(Problem) -> [MountOption] {
        let folder = "\(memory)/mounts/\(instance)"
        var options: [MountOption] = []
        for (index, mount) in container.mounts.enumerated() {
            guard let volume = plan.volumes.first(where: { $0.name == mount.volume }), let root = roots[mount.volume] else {
                throw Problem(volume: mount.volume, message: "is mounted at \(mount.path) but is not a volume of the pod")
            }
            if volume.source == .delivered && !delivered.contains(volume.name) {
                throw Problem(volume: mount.volume, message: "has not been delivered yet", mayCome: true)
            }
            do {
                let source = try place(volume, root: root, mount: mount, variables: variables, target: "\(folder)/\(index)")
                options.append(MountOption(source: source, destination: mount.path, readOnly: mount.readOnly))
            } catch {
                throw Problem(volume: mount.volume, message: "mounting at \(mount.path): \(error)")
            }
        }
        return options
    }

    /// Undoes the mounts of an instance that has ended.
    func release(instance: String, container: ContainerPlan) {
        let folder = "\(memory)/mounts/\(instance)"
        guard canMount else { return }
        for index in container.mounts.indices {
            _ = hpk_unmount("\(folder)/\(index)")
            if rmdir("\(folder)/\(index)") != 0 { _ = unlink("\(folder)/\(index)") }
        }
        _ = rmdir(folder)
    }

    private func make(_ volume: VolumePlan, index: Int) throws -> String {
        switch volume.source {
        case .emptyDirectory(let inMemory, let sizeLimit):
            let path = inMemory ? "\(memory)/volumes/\(index)" : "\(disk)/volumes/\(index)"
            try FileSystem.makeDirectory(path, mode: 0o777)
            if inMemory && canMount {
                let size = sizeLimit.map { ",size=\(max($0, 4096))" } ?? ""
                guard hpk_mount_tmpfs(path, "mode=0777" + size) == 0 else { throw SystemError("mount a tmpfs at", path) }
            }
            if let fsGroup = plan.fsGroup { try Ownership.give(path, group: fsGroup, mode: 0o2777) }
            return path
        case .content(let content):
            let path = try makeContentFolder(index)
            try ContentVolume(path: path, fsGroup: plan.fsGroup).write(content, version: clock.wall())
            return path
        case .delivered:
            guard FileSystem.isInMemory(memory) else { throw Failure("secrets need a folder in memory, and \(memory) is not") }
            return try makeContentFolder(index)
        case .hostPath(let path, let type):
            try HostPath.prepare(path, type: type)
            return path
        }
    }

    private func makeContentFolder(_ index: Int) throws -> String {
        let path = "\(memory)/volumes/\(index)"
        try FileSystem.makeDirectory(path, mode: 0o755)
        if let fsGroup = plan.fsGroup { try Ownership.give(path, group: fsGroup, mode: 0o2775) }
        return path
    }

    /// A path for Apptainer that is the volume, or what stands under its subPath, and stays so.
    private func place(
        _ volume: VolumePlan, root: String, mount: MountPlan, variables: [String: String], target: String
    ) throws -> String {
        let top = try Descriptor(opening: root, hpk_path_only)
        var found = top
        if let subPath = mount.subPath {
            let path = subPath.resolved(with: variables)
            found = try SafePath.open(path, below: top, creating: mount.readOnly && isContent(volume) ? nil : mode(of: top))
        }
        var status = stat()
        guard found.use({ fstat($0, &status) }) == 0 else { throw SystemError("look at", root) }
        guard canMount else { return try realPath(of: found) }
        try FileSystem.makeDirectories(String(target[..<(target.lastIndex(of: "/") ?? target.endIndex)]), mode: 0o700)
        if FileSystem.kind(status) == S_IFDIR {
            try FileSystem.makeDirectory(target, mode: 0o700)
        } else {
            try FileSystem.write(target, [], mode: 0o600)
        }
        guard found.use({ hpk_mount_bind("/proc/self/fd/\($0)", target) }) == 0 else { throw SystemError("bind", root) }
        return target
    }

    private func isContent(_ volume: VolumePlan) -> Bool {
        switch volume.source {
        case .content, .delivered: true
        case .emptyDirectory, .hostPath: false
        }
    }

    private func mode(of folder: Descriptor) -> mode_t {
        var status = stat()
        return folder.use({ fstat($0, &status) }) == 0 ? status.st_mode & 0o7777 : 0o755
    }

    private func realPath(of descriptor: Descriptor) throws(SystemError) -> String {
        try descriptor.use { number -> Result<String, SystemError> in
            let link = "/proc/self/fd/\(number)"
            guard let path = CText.fill(Int(PATH_MAX), { readlink(link, $0, $1) }) else {
                return .failure(SystemError("find the path of", link))
            }
            return .success(path)
        }.get()
    }
}
