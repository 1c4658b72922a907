/// When Slurm is asked next: often while something is expected, rarely at rest, and never more than a bounded share of the time.
///
/// One query answers for every job of the user, so the load on slurmctld does not grow with the number of pods.
struct QueryPace: Sendable, Equatable {
    /// Shortest pause between two queries, whatever happens.
    var shortest = 0.25
    /// Pause while a job is about to end, or has just been submitted.
    var expecting = 1.0
    /// Pause while jobs wait in the queue or are being completed, so that the reason and the state shown follow Slurm's.
    var queued = 5.0
    /// Pause at rest with jobs.
    var resting = 30.0
    /// Pauses are at least this many times the duration of the last query.
    var loadFactor = 20.0
    /// Longest pause after failures.
    var longestAfterFailure = 30.0

    /// What is known when the pause is chosen.
    struct Situation: Sendable, Equatable {
        /// Jobs that are followed at all.
        var followed = 0
        /// Followed jobs that wait in the queue or are being completed.
        var waiting = 0
        /// Followed jobs of which no answer has told yet.
        var unsettled = 0
        /// Somebody asked, or Slurm pushed, since the last query.
        var isAsked = false
        /// A job is being ended, and its end has not been seen.
        var expected = 0
        /// Seconds that the last query took.
        var lastDuration = 0.0
        /// Queries that failed in a row.
        var failures = 0
    }

    /// Seconds from the end of the last query to the next one; nil for no query until something changes.
    func pause(_ situation: Situation) -> Double? {
        let floor = max(shortest, situation.lastDuration * loadFactor)
        if situation.failures > 0 {
            return min(longestAfterFailure, max(floor, shortest * Double(1 << min(situation.failures, 10))))
        }
        guard situation.followed > 0 else { return nil }
        if situation.isAsked { return floor }
        if situation.expected > 0 || situation.unsettled > 0 { return max(floor, expecting) }
        if situation.waiting > 0 { return max(floor, queued) }
        return max(floor, resting)
    }
}
