import Foundation
import NIOPosix
import PodProtocol
import Synchronization

@testable import HPKKubelet

/// A container instance whose log the test writes, with a supervisor's stream that the test plays.
final class LogFixture: Sendable {
    /// One stream that the reader has opened.
    struct Opened: Sendable {
        var offset: Int64
        var continuation: AsyncThrowingStream<[UInt8], any Error>.Continuation
    }

    private struct State {
        var finished = false
        var isConnected = false
        var source: (@Sendable () -> [UInt8]?)?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    let folder: TemporaryFolder
    private let state = Mutex(State())
    private let opened: AsyncStream<Opened>
    private let openedContinuation: AsyncStream<Opened>.Continuation

    init() throws {
        folder = try TemporaryFolder()
        (opened, openedContinuation) = AsyncStream.makeStream()
    }

    var path: String { PodDirectory(path: folder.path).log(container: "c", restartCount: 0) }

    var target: LogTarget {
        LogTarget(
            directory: PodDirectory(path: folder.path), container: "c", restartCount: 0,
            isFinished: { self.state.withLock { $0.finished } },
            waitUntilFinished: { await self.waitUntilFinished() },
            follow: { offset in
                guard self.state.withLock({ $0.isConnected }) else { throw SupervisorStreamError.connectionLost }
                if let source = self.state.withLock({ $0.source }) { return AsyncThrowingStream { source() } }
                let (stream, continuation) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
                self.openedContinuation.yield(Opened(offset: offset, continuation: continuation))
                return stream
            })
    }

    static func entry(_ number: Int) -> String {
        let nanoseconds = String(format: "%09d", number / 3)
        return "2026-11-24T10:00:00.\(nanoseconds)Z stdout F line \(number)\n"
    }

    static func entries(_ numbers: some Sequence<Int>) -> String { numbers.map(entry).joined() }
    static func texts(_ numbers: some Sequence<Int>) -> String { numbers.map { "line \($0)\n" }.joined() }

    func append(_ text: String) throws { try write(text, to: path, appending: true) }

    /// As the supervisor does: the current file becomes `.1`, `.1` becomes `.2`, …
    func rotate() throws {
        let manager = FileManager.default
        var last = 1
        while manager.fileExists(atPath: "\(path).\(last)") { last += 1 }
        for number in stride(from: last, to: 1, by: -1) {
            try manager.moveItem(atPath: "\(path).\(number - 1)", toPath: "\(path).\(number)")
        }
        try manager.moveItem(atPath: path, toPath: path + ".1")
    }

    func connect() { state.withLock { $0.isConnected = true } }
    /// Streams opened from now on ask `source` for each piece.
    func play(_ source: @escaping @Sendable () -> [UInt8]?) { state.withLock { $0.source = source } }
    func disconnect() { state.withLock { $0.isConnected = false } }

    func finish() {
        let waiters = state.withLock { state in
            state.finished = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until the reader opens a stream.
    func nextStream() async -> Opened? {
        var iterator = opened.makeAsyncIterator()
        return await iterator.next()
    }

    private func waitUntilFinished() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = state.withLock { state in
                    if state.finished || Task.isCancelled { return true }
                    state.waiters.append(continuation)
                    return false
                }
                if now { continuation.resume() }
            }
        } onCancel: {
            let waiters = state.withLock { state in
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }
    }

    /// The whole answer.
    func read(_ change: (inout LogOptions) -> Void = { _ in }) async throws -> String {
        var options = LogOptions()
        change(&options)
        var reader = LogReader(target, options: options, pool: .singleton)
        _ = try await reader.open()
        var output: [UInt8] = []
        try await reader.run { output += $0 }
        return String(decoding: output, as: UTF8.self)
    }

    /// Follows in a task; what comes can be awaited.
    func follow(_ change: @Sendable (inout LogOptions) -> Void = { _ in }) -> Following {
        var options = LogOptions()
        change(&options)
        options.follow = true
        return Following(LogReader(target, options: options, pool: .singleton, sleep: { _ in try await Task.sleep(for: .milliseconds(5)) }))
    }
}

/// A client that follows a log.
actor Following {
    private let pieces: AsyncThrowingStream<[UInt8], any Error>
    private let task: Task<Void, Never>
    private var text = ""

    init(_ reader: LogReader) {
        let (pieces, continuation) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
        self.pieces = pieces
        task = Task {
            var reader = reader
            do {
                _ = try await reader.open()
                try await reader.run { continuation.yield($0) }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
    }

    /// Everything so far, when it ends with this.
    func until(_ ending: String) async throws -> String {
        var iterator = pieces.makeAsyncIterator()
        while !text.hasSuffix(ending), let piece = try await iterator.next() { text += String(decoding: piece, as: UTF8.self) }
        return text
    }

    /// Everything, when the log has ended.
    func whole() async throws -> String {
        for try await piece in pieces { text += String(decoding: piece, as: UTF8.self) }
        return text
    }

    func cancel() async {
        task.cancel()
        await task.value
    }
}
