/// One entry of a container's log file, in the format of the Container Runtime Interface: time, stream, tags, text.
struct LogLine: Equatable {
    var time: LogTime
    /// The text as it goes to the client: with its line end where the entry is whole, without where it is partial.
    var text: ArraySlice<UInt8>

    /// Reads one entry; nil where it is none, e.g. a line that a full disk has cut.
    ///
    /// - Parameter raw: the entry's bytes, with the line end if it has one.
    init?(_ raw: ArraySlice<UInt8>) {
        let space = UInt8(ascii: " ")
        guard let timeEnd = raw.firstIndex(of: space), let time = LogTime(raw[..<timeEnd]) else { return nil }
        let afterTime = raw[(timeEnd + 1)...]
        guard let streamEnd = afterTime.firstIndex(of: space) else { return nil }
        let stream = afterTime[..<streamEnd]
        guard stream.elementsEqual("stdout".utf8) || stream.elementsEqual("stderr".utf8) else { return nil }
        let afterStream = raw[(streamEnd + 1)...]
        guard let tagsEnd = afterStream.firstIndex(of: space) else { return nil }
        // Tags are separated by colons; the first one says whether the entry is whole (F) or goes on in the next (P).
        let tag = afterStream[..<tagsEnd].prefix { $0 != UInt8(ascii: ":") }
        var text = raw[(tagsEnd + 1)...]
        if tag.elementsEqual("P".utf8) {
            if text.last == UInt8(ascii: "\n") { text = text.dropLast() }
        } else if !tag.elementsEqual("F".utf8) {
            return nil
        }
        self.time = time
        self.text = text
    }
}

/// Cuts a stream of bytes into lines, whatever the sizes in which they come.
struct LineSplitter {
    /// A longer line is thrown away: no supervisor writes one, so it is damage, and it must not fill the memory.
    static let longestLine = 1 << 20

    private var buffer: [UInt8] = []
    private var start = 0
    private var scanned = 0
    private var skipping = false

    /// Bytes of the line that has no end yet.
    var pending: ArraySlice<UInt8> { skipping ? [] : buffer[start...] }

    mutating func append(_ bytes: some Collection<UInt8>) {
        if start > 0 {
            buffer.removeFirst(start)
            scanned -= start
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole line with its line end, or nil until more bytes come.
    mutating func next() -> ArraySlice<UInt8>? {
        while true {
            guard let end = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")) else {
                scanned = buffer.count
                if scanned - start > Self.longestLine {
                    skipping = true
                    start = scanned
                }
                return nil
            }
            let line = buffer[start...end]
            start = end + 1
            scanned = start
            if skipping {
                skipping = false
                continue
            }
            return line
        }
    }
}
