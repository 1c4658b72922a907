import CBench
import Foundation
import Glibc

/// What this process has used so far; two of them subtract.
public struct ProcessUsage: Sendable, Equatable {
    /// Processor time of this process, user and system, in seconds.
    public var cpuSeconds: Double
    /// Processor time of the children that ended and were waited for, in seconds.
    public var childrenCPUSeconds: Double
    /// Calls of malloc, calloc and realloc in this process, libslurm's included.
    public var allocations: Int

    /// Usage of this process now: getrusage(2) and the counters of `CBench`.
    public static func now() -> ProcessUsage {
        ProcessUsage(
            cpuSeconds: seconds(RUSAGE_SELF.rawValue), childrenCPUSeconds: seconds(RUSAGE_CHILDREN.rawValue),
            allocations: Int(clamping: hpk_allocation_count()))
    }

    /// What was used since `earlier`.
    public func since(_ earlier: ProcessUsage) -> ProcessUsage {
        ProcessUsage(
            cpuSeconds: cpuSeconds - earlier.cpuSeconds, childrenCPUSeconds: childrenCPUSeconds - earlier.childrenCPUSeconds,
            allocations: allocations - earlier.allocations)
    }

    private static func seconds(_ who: Int32) -> Double {
        var usage = rusage()
        getrusage(who, &usage)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }
}
