extension JobSubmission {
    /// How GPUs are counted and used, beyond `gres` of each node and `gpus` of the job. Slurm judges whether the numbers fit together.
    public struct GPUUse: Sendable, Hashable {
        /// `--gpus-per-socket`: `2`, `a100:2`; wants `layout.socketsPerNode`.
        public var perSocket: String?
        /// `--gpus-per-task`: `2`, `a100:2`; wants `tasks` or `gpus`.
        public var perTask: String?
        /// `--tres-per-task` (from 23.11 on): resources of each task, such as `cpu:2,gres/gpu:1`.
        public var resourcesPerTask: String?
        /// `--ntasks-per-gpu`, 1 or more.
        public var tasksPerGPU: UInt16?
        /// `--cpus-per-gpu`, 1 or more.
        public var cpusPerGPU: UInt32?
        /// `--gpu-bind`: `closest`, `single:2`, `per_task:1`, `map_gpu:0,1`, …
        public var binding: String?
        /// `--gpu-freq`: `medium`, `450,memory=low`, …
        public var frequency: String?
        /// `--gres-flags`: true holds the CPUs to those near the GPUs, false lets any be used.
        public var bindsCPUs: Bool?
        /// `--gres-flags` (from 23.11 on): whether tasks of the job may share one shared generic resource.
        public var sharing: TaskSharing?

        /// Slurm's defaults.
        public init() {}

        /// The count that `resourcesPerTask` gives to a resource of any type: 2 for `cpu` in `cpu:2,gres/gpu:a100=1`, 1 for `gres/gpu`.
        func resource(_ name: String) -> String? {
            let items = (resourcesPerTask ?? "").split(separator: ",").map { $0.split { $0 == ":" || $0 == "=" } }
            return items.first { $0.count >= 2 && $0[0] == name }?.last.map(String.init)
        }
    }

    /// Whether several of a job's tasks use one shared generic resource.
    public enum TaskSharing: Sendable, Hashable {
        /// `one-task-per-sharing`.
        case oneTask
        /// `multiple-tasks-per-sharing`.
        case multipleTasks
    }
}
