import Foundation
import PodProtocol

/// One pod's life in stages, each with the clock of whoever saw it: all clocks are one machine's.
public struct PodTimeline: Sendable, Equatable {
    /// The stages in their order; each ends where the next one begins, but for the last two, which begin elsewhere.
    public enum Stage: String, Sendable, CaseIterable {
        /// Create request sent → a watcher sees the pod's node.
        case bound = "bound"
        /// → references, volumes and image are there and the plan is on disk.
        case prepared = "prepared (references, volumes, image, plan)"
        /// → the job's number is on disk.
        case submitted = "submitted to Slurm"
        /// → Slurm's step makes the output file of the batch script.
        case stepStarted = "Slurm started the batch step"
        /// → the supervisor's first event.
        case supervisor = "supervisor started"
        /// → namespaces, volumes and files of the sandbox are there.
        case sandbox = "sandbox ready"
        /// → the container's own program runs.
        case container = "container running"
        /// Container's program runs → a watcher sees the pod Running.
        case runningSeen = "running seen by a watcher"
        /// Container's end → a watcher sees the pod Succeeded.
        case endSeen = "end seen by a watcher"
    }

    /// Seconds of each stage that is known.
    public var seconds: [Stage: Double] = [:]
    /// Seconds from the create request to a watcher's sight of the end.
    public var total: Double?
    /// Seconds that the container ran, its end included.
    public var ran: Double?

    /// Puts together what is known of a pod.
    public init(created: Int64, sightings: PodSightings, traces: PodTraces) {
        var events: [String: PodEvent] = [:]
        for line in traces.journal.split(separator: UInt8(ascii: "\n")) {
            guard let event = try? MessageCoding.decode(PodEvent.self, from: line, subject: "journal") else { continue }
            switch event.kind {
            case .supervisorStarted: events["supervisor"] = event
            case .sandboxReady: events["sandbox"] = event
            case .containerStarted: events["started"] = event
            case .containerExited: events["exited"] = event
            case .sandboxFailed, .containerWaiting, .stopping, .finished: break
            }
        }
        self.init(
            created: created, sightings: sightings, planned: traces.planned, submitted: traces.submitted, stepStarted: traces.stepStarted,
            supervisor: events["supervisor"]?.time, sandbox: events["sandbox"]?.time, started: events["started"]?.time,
            exited: events["exited"]?.time)
    }

    /// When the supervisor knew that the container had ended, nanoseconds since the Unix epoch.
    static func exitTime(in traces: PodTraces) -> Int64? {
        for line in traces.journal.split(separator: UInt8(ascii: "\n")) {
            guard let event = try? MessageCoding.decode(PodEvent.self, from: line, subject: "journal") else { continue }
            if case .containerExited(_, _, let exit) = event.kind { return exit.finishedAt }
        }
        return nil
    }

    init(
        created: Int64, sightings: PodSightings, planned: Int64?, submitted: Int64?, stepStarted: Int64?, supervisor: Int64?,
        sandbox: Int64?, started: Int64?, exited: Int64?
    ) {
        let times: [(Stage, Int64?)] = [
            (.bound, sightings.times[.bound]), (.prepared, planned), (.submitted, submitted), (.stepStarted, stepStarted),
            (.supervisor, supervisor), (.sandbox, sandbox), (.container, started),
        ]
        var last: Int64? = created
        for (stage, time) in times {
            // The watcher may hear of something later than the agent, and files have the kernel's coarser clock: no stage is negative.
            seconds[stage] = WallClock.seconds(last, time).map { max(0, $0) }
            if let time { last = max(last ?? time, time) } else { last = nil }
        }
        seconds[.runningSeen] = WallClock.seconds(started, sightings.times[.running]).map { max(0, $0) }
        seconds[.endSeen] = WallClock.seconds(exited, sightings.times[.ended])
        total = WallClock.seconds(created, sightings.times[.ended])
        ran = WallClock.seconds(started, exited)
    }

    /// The stages of many pods as a table of milliseconds.
    public static func table(_ timelines: [PodTimeline]) -> ReportTable {
        let all =
            Stage.allCases.map { stage in (stage.rawValue, Distribution(timelines.compactMap { $0.seconds[stage] })) } + [
                ("container ran", Distribution(timelines.compactMap(\.ran))),
                ("create → Succeeded seen", Distribution(timelines.compactMap(\.total))),
            ]
        let rows = all.map { name, values -> [String] in
            let milliseconds = values.scaled(by: 1000)
            return [name] + [50.0, 90, 99].map { Number.text(milliseconds.percentile($0)) } + ["\(values.count)"]
        }
        return ReportTable("Start-up by stage, ms", columns: ["stage", "median", "p90", "p99", "pods"], rows: rows)
    }
}
