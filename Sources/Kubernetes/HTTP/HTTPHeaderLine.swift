/// One line of a response's header, as libcurl hands it over; also HTTP/2's comes in HTTP/1's form.
enum HTTPHeaderLine: Equatable {
    /// The status line, which begins a block.
    case status(Int)
    case field(name: String, value: String)
    /// The empty line, which ends a block.
    case end
    /// Neither of these.
    case other

    /// Reads a line: thousands of them come in a second, so its bytes are looked at only once.
    init(_ bytes: UnsafeRawBufferPointer) {
        let line = Self.trimmed(bytes[...])
        if line.isEmpty {
            self = .end
        } else if line.starts(with: "HTTP/".utf8) {
            let code = line.drop { $0 != UInt8(ascii: " ") }.drop { $0 == UInt8(ascii: " ") }.prefix { $0 != UInt8(ascii: " ") }
            self = .status(Int(String(decoding: code, as: UTF8.self)) ?? 0)
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            self = .field(
                name: String(decoding: line[..<colon], as: UTF8.self),
                value: String(decoding: Self.trimmed(line[(colon + 1)...]), as: UTF8.self))
        } else {
            self = .other
        }
    }

    private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        var bytes = bytes
        while let first = bytes.first, isBlank(first) { bytes.removeFirst() }
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return bytes
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}
