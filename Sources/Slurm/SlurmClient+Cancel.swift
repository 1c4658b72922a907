import CSlurm
import Glibc

extension SlurmClient {
    /// Jobs that were not cancelled, and why.
    public struct CancelFailure: Error, Sendable {
        /// What one request had named; some of them may have been cancelled.
        public var jobs: [JobID]
        /// Why.
        public var error: SlurmError
    }

    /// Cancels many jobs with few requests: from Slurm 23.11 on one for all, before one for the tasks of each array and one for each plain
    /// job. They take turns with submissions, so that neither keeps the other waiting. A job that is over is no failure.
    ///
    /// - Returns: what was not cancelled, empty when all went well.
    public func cancel(_ jobs: [JobID]) async -> [CancelFailure] {
        let words = CancelWord.words(for: jobs)
        guard !words.isEmpty else { return [] }
        if hpk_slurm_can_kill_many() {
            return await failure(of: jobs, words: words).map { [$0] } ?? []
        }
        return await withTaskGroup(of: CancelFailure?.self) { group in
            for word in words { group.addTask { await self.failure(of: word) } }
            return await group.reduce(into: []) { if let failure = $1 { $0.append(failure) } }
        }
    }

    private func failure(of jobs: [JobID], words: [CancelWord]) async -> CancelFailure? {
        await failure(of: jobs) {
            let over = Array(Self.alreadyOver)
            var refused: Int32 = 0
            let texts = words.map { strdup($0.text) }
            defer { for text in texts { free(text) } }
            var pointers = texts
            let code = pointers.withUnsafeMutableBufferPointer {
                hpk_slurm_kill_many($0.baseAddress, UInt32(clamping: $0.count), over, over.count, &refused)
            }
            return code == 0 ? refused : code
        }
    }

    private func failure(of word: CancelWord) async -> CancelFailure? {
        await failure(of: word.jobs) { hpk_slurm_kill_job(word.text, UInt16(SIGKILL), 0) }
    }

    private func failure(of jobs: [JobID], _ call: @escaping @Sendable () -> Int32) async -> CancelFailure? {
        let operation = jobs.count == 1 ? "cancel job \(jobs[0])" : "cancel \(jobs.count) jobs from \(jobs[0]) on"
        do {
            let code = try await request(.bulk, call)
            guard code != 0, !Self.alreadyOver.contains(code) else { return nil }
            return CancelFailure(jobs: jobs, error: SlurmError(code: code, operation: operation))
        } catch let error as SlurmError {
            return CancelFailure(jobs: jobs, error: error)
        } catch {
            return CancelFailure(jobs: jobs, error: SlurmError(code: ECANCELED, operation: operation))
        }
    }
}

/// Jobs as one request names them: `123`, `123_4`, `123_[1-4,9]`.
struct CancelWord: Sendable, Equatable {
    var text: String
    var jobs: [JobID]

    /// As few words as there are plain jobs and arrays, in order of their numbers.
    static func words(for jobs: [JobID]) -> [CancelWord] {
        var words: [CancelWord] = []
        var tasks: [UInt32: [JobID]] = [:]
        for job in Set(jobs) {
            if job.task == nil {
                words.append(CancelWord(text: job.description, jobs: [job]))
            } else {
                tasks[job.rawValue, default: []].append(job)
            }
        }
        for (array, jobs) in tasks {
            let text = jobs.count == 1 ? jobs[0].description : "\(array)_[\(ArrayTasks(jobs.compactMap(\.task)))]"
            words.append(CancelWord(text: text, jobs: jobs.sorted()))
        }
        return words.sorted { $0.jobs[0] < $1.jobs[0] }
    }
}
