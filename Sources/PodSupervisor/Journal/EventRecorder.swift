import PodProtocol

/// Brings events into the journal in their order; those that cannot be written (a full or stalled disk) wait and are tried again.
final class EventRecorder {
    private static let retrySeconds = 2.0

    let journal: Journal
    /// Called after events have been written.
    var appended: () -> Void = {}
    private let loop: EventLoop
    private let clock: Clock
    private let note: (String) -> Void
    private var waiting: [(kind: PodEvent.Kind, time: Int64)] = []
    private var timer: EventLoop.TimerID?

    init(journal: Journal, loop: EventLoop, clock: Clock, note: @escaping (String) -> Void) {
        self.journal = journal
        self.loop = loop
        self.clock = clock
        self.note = note
    }

    func record(_ kind: PodEvent.Kind) {
        waiting.append((kind, clock.wall()))
        if timer == nil { write() }
    }

    private func write() {
        timer = nil
        while let next = waiting.first {
            do {
                try journal.append(next.kind, time: next.time)
            } catch {
                note("an event waits: \(error)")
                timer = loop.schedule(after: Self.retrySeconds) { [weak self] in self?.write() }
                return
            }
            waiting.removeFirst()
        }
        appended()
    }
}
