import Foundation
import Glibc

/// Processor time of the cluster's own daemons and of the agent, by name.
public struct ClusterCPU: Sendable {
    /// Name of what is not a process: everything that runs, other work included.
    static let machine = "whole machine"

    private let processes: [(name: String, process: ObservedProcess)]

    /// Finds the daemons by the files of their process ids.
    public init(_ cluster: BenchCluster, agent: ObservedProcess) {
        var processes = [("hpk-kubelet", agent)]
        let folder = cluster["HPK_RUN_DIR"]
        for file in ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() where file.hasSuffix(".pid") {
            guard let text = try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8),
                let id = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))
            else { continue }
            // All slurmds count as one.
            processes.append((file.hasPrefix("slurmd-") ? "slurmd" : String(file.dropLast(4)), ObservedProcess(id)))
        }
        self.processes = processes
    }

    /// Seconds so far, by name.
    public func seconds() -> [String: Double] {
        var result: [String: Double] = [Self.machine: Self.machineSeconds()]
        for (name, process) in processes { result[name, default: 0] += process.cpuSeconds ?? 0 }
        return result
    }

    /// Everything that all processors did but wait.
    static func machineSeconds() -> Double {
        guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8), let line = text.split(separator: "\n").first else {
            return 0
        }
        // user, nice, system, idle, iowait, irq, softirq, steal: proc(5)
        let ticks = line.split(separator: " ").dropFirst().compactMap { Double($0) }
        guard ticks.count >= 7 else { return 0 }
        return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
