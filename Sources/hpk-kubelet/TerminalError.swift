import ArgumentParser
import Foundation
import HPKKubelet

/// How an error leaves the program: one line that says what failed, one that says what to do, and an exit status.
enum TerminalError {
    static func exit(with error: any Error) -> Never {
        guard let failure = StartupFailure(error) else {
            KubeletCommand.exit(withError: error)
        }
        FileHandle.standardError.write(Data("hpk-kubelet: \(failure.problem)\nhpk-kubelet: \(failure.advice)\n".utf8))
        Foundation.exit(failure.status.rawValue)
    }
}
