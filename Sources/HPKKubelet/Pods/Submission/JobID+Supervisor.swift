import PodProtocol
import Slurm

extension JobID {
    /// The job that a supervisor runs in.
    init(_ start: SupervisorStart) {
        if let array = start.arrayJobID, let task = start.arrayTaskID {
            self.init(array: array, task: task)
        } else {
            self.init(rawValue: start.jobID)
        }
    }
}
