import Glibc
import PodProtocol

/// What is known of the tasks of one container's step, and what their ends come to; a pure value.
struct StepTally: Equatable {
    struct Exit: Equatable {
        var code: Int32
        /// 0 for none.
        var signal: Int32
        var isOutOfMemory: Bool
    }

    struct Task: Equatable {
        var hasStarted = false
        var refusal: [UInt8]?
        var message: [UInt8] = []
        var exit: Exit?
    }

    private(set) var tasks: [UInt32: Task] = [:]
    /// The number of tasks; nil until the first one has told.
    private(set) var expected: Int?

    /// Takes in what a task tells; output is not its concern.
    mutating func take(_ frame: StepFrame) {
        var task = tasks[frame.task] ?? Task()
        switch frame.kind {
        case .present: expected = Int(String(decoding: frame.text, as: UTF8.self))
        case .started: task.hasStarted = true
        case .refused: task.refusal = (task.refusal ?? []) + frame.text
        case .message: task.message += frame.text
        case .exited:
            let numbers = String(decoding: frame.text, as: UTF8.self).split(separator: " ").map { Int32($0) ?? 0 }
            guard numbers.count == 3 else { return }
            task.exit = Exit(code: numbers[0], signal: numbers[1], isOutOfMemory: numbers[2] == 1)
        case .output, .outputLine, .error, .errorLine: return
        }
        tasks[frame.task] = task
    }

    /// Every task's program runs, or has run.
    var allStarted: Bool {
        expected.map { $0 == tasks.count } ?? false && tasks.values.allSatisfy(\.hasStarted)
    }

    /// The end of the whole step: the highest exit code of all tasks.
    enum End: Equatable {
        /// No program ran.
        case notStarted(String)
        case ended(code: Int32, signal: Int32, isOutOfMemory: Bool, message: String)
    }

    /// - Parameters:
    ///   - launcherCode: exit code of srun; counts where a task has not told its own.
    ///   - launcherWords: what srun said.
    func end(launcherCode: Int32, launcherWords: String) -> End {
        let refused = tasks.sorted { $0.key < $1.key }.compactMap { $0.value.refusal }
        if !tasks.values.contains(where: \.hasStarted) {
            if let first = refused.first { return .notStarted(StepFrame.unescape(first)) }
            let words = launcherWords.isEmpty ? "srun ended with exit code \(launcherCode)" : launcherWords
            return .notStarted("the container's step did not start: \(words)")
        }
        var ends: [Exit] = []
        for task in tasks.values {
            if let exit = task.exit {
                ends.append(exit)
            } else if task.refusal != nil {
                ends.append(Exit(code: 128, signal: 0, isOutOfMemory: false))
            } else {
                // Slurm ends a step by KILL, after which a task says nothing more.
                ends.append(Exit(code: 128 + SIGKILL, signal: SIGKILL, isOutOfMemory: false))
            }
        }
        if let expected, tasks.count < expected { ends.append(Exit(code: max(launcherCode, 1), signal: 0, isOutOfMemory: false)) }
        let worst = ends.max { ($0.code, $0.signal) < ($1.code, $1.signal) } ?? Exit(code: launcherCode, signal: 0, isOutOfMemory: false)
        let messages = tasks.sorted { $0.key < $1.key }.map(\.value.message).filter { !$0.isEmpty }
        let message = messages.first.map(StepFrame.unescape) ?? refused.first.map(StepFrame.unescape) ?? ""
        return .ended(
            code: worst.code, signal: worst.signal, isOutOfMemory: ends.contains(where: \.isOutOfMemory) && worst.signal == SIGKILL,
            message: message)
    }
}
