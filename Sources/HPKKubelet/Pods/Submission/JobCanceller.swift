import Slurm

/// Brings cancellations to Slurm: a lone one at once; those that come while a call is under way go together when it has returned.
actor JobCanceller {
    /// Most jobs of one call, so that one request stays small.
    static let most = 1000

    private let call: @Sendable ([JobID]) async -> [SlurmClient.CancelFailure]
    private var waiting: [(id: JobID, answer: CheckedContinuation<Void, any Error>)] = []
    private var isUnderWay = false

    /// - Parameter call: cancels jobs and tells what was not cancelled.
    init(_ call: @escaping @Sendable ([JobID]) async -> [SlurmClient.CancelFailure]) {
        self.call = call
    }

    /// Ends a job at once and returns when Slurm has been told; a job that is over is no error.
    ///
    /// - Throws: `SlurmError`.
    func cancel(_ id: JobID) async throws {
        try await withCheckedThrowingContinuation { continuation in
            waiting.append((id, continuation))
            advance()
        }
    }

    private func advance() {
        guard !isUnderWay, !waiting.isEmpty else { return }
        isUnderWay = true
        let now = Array(waiting.prefix(Self.most))
        waiting.removeFirst(now.count)
        Task {
            let failures = await call(now.map(\.id))
            var errors: [JobID: SlurmError] = [:]
            for failure in failures { for id in failure.jobs { errors[id] = failure.error } }
            for (id, answer) in now {
                if let error = errors[id] { answer.resume(throwing: error) } else { answer.resume() }
            }
            isUnderWay = false
            advance()
        }
    }
}
