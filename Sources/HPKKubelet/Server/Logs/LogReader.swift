import NIOPosix

/// Reads one container instance's log from its files, and goes on with the supervisor's live stream where the client follows.
///
/// Files are read on the thread pool in blocks; nothing is held beyond one block and one line.
struct LogReader {
    /// Bytes per read.
    private static let blockSize: Int64 = 64 << 10
    /// The first and the longest pause between two looks at a growing file.
    private static let pauses: ClosedRange<Duration> = .milliseconds(100)...(.seconds(2))

    private let target: LogTarget
    private let options: LogOptions
    private let pool: NIOThreadPool
    private let sleep: @Sendable (Duration) async throws -> Void

    private var filter: LogFilter
    private var splitter = LineSplitter()
    private var position = LogPosition()
    private var catchUp: LogCatchUp?
    /// The file being read, then the newer ones.
    private var files: [LogFile] = []
    /// The first byte of `files[0]` not yet read.
    private var offset: Int64 = 0
    /// Whether `position.lastLine` was read from `files[0]` and ends where its whole lines end.
    private var lastLineIsInFile = false

    /// - Parameter sleep: waits; a test replaces it.
    init(
        _ target: LogTarget, options: LogOptions, pool: NIOThreadPool,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.target = target
        self.options = options
        self.pool = pool
        self.sleep = sleep
        filter = LogFilter(options)
    }

    /// Opens the files and finds where to begin.
    ///
    /// - Returns: whether there is a file.
    mutating func open() async throws -> Bool {
        let path = target.path
        let tail = options.tailLines
        let (set, start) = try await pool.runIfActive { () -> (LogFileSet, (file: Int, offset: Int64)) in
            let set = try LogFileSet.open(path)
            guard let tail else { return (set, (0, 0)) }
            return (set, try set.tail(tail, sizes: try set.files.map { try $0.size() }))
        }
        files = Array(set.files[start.file...])
        offset = start.offset
        return !files.isEmpty
    }

    /// Hands the log to `write`, whose pace is kept; returns at its end, at a limit, or (following) when the instance has ended.
    mutating func run(write: (_ bytes: [UInt8]) async throws -> Void) async throws {
        guard options.follow else {
            try await drain(write)
            return try await finishLine(write)
        }
        var pause = Self.pauses.lowerBound
        while !filter.isDone {
            let finished = await target.isFinished()
            let before = position
            try await adoptRotation()
            try await drain(write)
            if filter.isDone { return }
            if finished { return try await finishLine(write) }
            if catchUp == nil, try await followLive(write) { return }
            try Task.checkCancellation()
            pause = position == before ? min(pause * 2, Self.pauses.upperBound) : Self.pauses.lowerBound
            await wait(pause)
        }
    }

    // MARK: Files

    /// Reads all files to their present ends.
    private mutating func drain(_ write: ([UInt8]) async throws -> Void) async throws {
        while let file = files.first, !filter.isDone {
            let start = offset
            let bytes = try await pool.runIfActive { try file.read(at: start, count: Self.blockSize) }
            if !bytes.isEmpty {
                offset += Int64(bytes.count)
                try await consume(bytes, write)
                lastLineIsInFile = lastLineIsInFile || splitter.pending.count < bytes.count
            } else if files.count > 1 {
                try await finishLine(write)
                files.removeFirst()
                offset = 0
                lastLineIsInFile = false
            } else {
                return
            }
        }
    }

    /// Looks whether the current file was rotated away, and puts its successors after it.
    private mutating func adoptRotation() async throws {
        let path = target.path
        let known = files.last?.identity
        let set = try await pool.runIfActive { () -> LogFileSet? in
            if let known, let current = try LogFile.open(path), current.identity == known { return nil }
            return try LogFileSet.open(path)
        }
        guard let set else { return }
        guard let known, let index = set.files.firstIndex(where: { $0.identity == known }) else {
            // Either the first look that finds a file, or so many rotations happened that ours is gone: its end is read first, from the open file.
            files += set.files
            return
        }
        files += set.files[(index + 1)...]
    }

    /// Begins again with the files after the source changed; what the client has is passed over.
    private mutating func reopen() async throws {
        let path = target.path
        let time = position.time
        let set = try await pool.runIfActive { () -> LogFileSet in
            var set = try LogFileSet.open(path)
            // Older files than the newest one that begins before the position hold nothing new.
            while set.files.count > 1, let time, let first = try Self.firstTime(of: set.files[1]), first < time { set.files.removeFirst() }
            return set
        }
        files = set.files
        offset = 0
        splitter = LineSplitter()
        lastLineIsInFile = false
        catchUp = LogCatchUp(position)
    }

    private static func firstTime(of file: LogFile) throws -> LogTime? {
        LogTime(try file.read(at: 0, count: 64).prefix { $0 != UInt8(ascii: " ") })
    }

    // MARK: Live stream

    /// Follows the supervisor's stream from where the files ended.
    ///
    /// The stream is asked to begin one entry earlier: only when it repeats that entry, it reads the same file as we did. A rotation
    /// between our look and the supervisor's would otherwise lose or double lines.
    ///
    /// - Returns: true when the log is complete; false when the files have to be read again.
    private mutating func followLive(_ write: ([UInt8]) async throws -> Void) async throws -> Bool {
        let wholeLines = offset - Int64(splitter.pending.count)
        var expected = lastLineIsInFile ? position.lastLine[...] : []
        guard lastLineIsInFile || wholeLines == 0, files.count <= 1 else { return false }
        let before = position
        var confirmed = false
        var ended = false
        do {
            let stream = try await target.follow(wholeLines - Int64(expected.count))
            splitter = LineSplitter()
            for try await bytes in stream {
                if expected.isEmpty && !confirmed {
                    guard try await isUnrotated() else { break }
                    confirmed = true
                }
                let check = min(expected.count, bytes.count)
                guard bytes.prefix(check).elementsEqual(expected.prefix(check)) else { break }
                expected = expected.dropFirst(check)
                confirmed = expected.isEmpty
                try await consume(bytes.dropFirst(check), write)
                if filter.isDone { return true }
            }
            // A stream that ends before it repeated our last entry did not reach it: the files tell.
            ended = confirmed || (expected.isEmpty && position == before)
        } catch let error as LogWriteError {
            throw error
        } catch {
            ended = false
        }
        try Task.checkCancellation()
        if ended, await target.isFinished() {
            try await finishLine(write)
            return true
        }
        if position == before {
            splitter = LineSplitter()
            offset = wholeLines
        } else {
            try await reopen()
        }
        return false
    }

    /// Whether a stream that begins at the start of the current file misses nothing, when no entry can be compared.
    private func isUnrotated() async throws -> Bool {
        let path = target.path
        let known = files.first?.identity
        return try await pool.runIfActive {
            guard let known else { return try LogFile.open(path + ".1") == nil }
            return try LogFile.open(path)?.identity == known
        }
    }

    // MARK: Lines

    private mutating func consume(_ bytes: some Collection<UInt8>, _ write: ([UInt8]) async throws -> Void) async throws {
        splitter.append(bytes)
        var output: [UInt8] = []
        var last: ArraySlice<UInt8>?
        while !filter.isDone, let raw = splitter.next() {
            // An entry that cannot be read, e.g. cut by a full disk, is passed over, as the kubelet does.
            let line = LogLine(raw)
            switch catchUp?.judge(line) {
            case .seen:
                continue
            case .lastSeen:
                catchUp = nil
                continue
            case .new:
                catchUp = nil
            case nil:
                break
            }
            last = raw
            position.advance(over: line)
            if let line { filter.append(line, to: &output) }
        }
        if let last { position.setLastLine(last) }
        try await send(output, write)
    }

    /// Takes what is left without a line end as an entry.
    private mutating func finishLine(_ write: ([UInt8]) async throws -> Void) async throws {
        var output: [UInt8] = []
        if catchUp == nil, let line = LogLine(splitter.pending) { filter.append(line, to: &output) }
        splitter = LineSplitter()
        try await send(output, write)
    }

    private func send(_ bytes: [UInt8], _ write: ([UInt8]) async throws -> Void) async throws {
        guard !bytes.isEmpty else { return }
        do {
            try await write(bytes)
        } catch {
            throw LogWriteError(cause: error)
        }
    }

    private func wait(_ pause: Duration) async {
        await withTaskGroup { group in
            group.addTask { [sleep] in try? await sleep(pause) }
            group.addTask { [target] in await target.waitUntilFinished() }
            await group.next()
            group.cancelAll()
        }
    }
}

/// The client cannot take more; told apart from a lost live stream.
struct LogWriteError: Error {
    var cause: any Error
}
