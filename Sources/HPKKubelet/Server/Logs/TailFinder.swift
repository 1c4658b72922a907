/// Finds where the last lines of a file begin, reading backwards block by block.
enum TailFinder {
    /// Bytes per read.
    static let blockSize: Int64 = 64 << 10

    /// Where the tail begins, and how many lines it holds; fewer than asked for when the file is shorter.
    struct Tail: Equatable {
        var offset: Int64
        var lines: Int64
    }

    /// - Parameters:
    ///   - lines: wanted; a last line without its end counts as one.
    ///   - size: bytes of the file to look at.
    ///   - read: the bytes from an offset on, up to a count; fewer only at the file's end.
    static func find(
        lines: Int64, size: Int64, blockSize: Int64 = TailFinder.blockSize, read: (_ offset: Int64, _ count: Int64) throws -> [UInt8]
    ) rethrows -> Tail {
        guard lines > 0, size > 0 else { return Tail(offset: size, lines: 0) }
        var found: Int64 = 0
        var blockEnd = size
        while blockEnd > 0 {
            let blockStart = max(0, blockEnd - blockSize)
            let block = try read(blockStart, blockEnd - blockStart)
            for (index, byte) in block.enumerated().reversed() where byte == UInt8(ascii: "\n") {
                let lineStart = blockStart + Int64(index) + 1
                // The line end that closes the file begins no line.
                if lineStart == size { continue }
                found += 1
                if found == lines { return Tail(offset: lineStart, lines: found) }
            }
            blockEnd = blockStart
        }
        return Tail(offset: 0, lines: found + 1)
    }
}
