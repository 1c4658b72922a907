/// The last bytes and lines of a container's output, as the kubelet takes them for a termination message.
///
/// Limits as in the kubelet: `MaxContainerTerminationMessageLogLength` (2048 bytes) and `MaxContainerTerminationMessageLogLines` (80).
struct OutputTail {
    static let maximumBytes = 2048
    static let maximumLines = 80

    private var bytes: [UInt8] = []

    mutating func append(_ more: ArraySlice<UInt8>) {
        bytes.append(contentsOf: more.suffix(Self.maximumBytes))
        if bytes.count > 4 * Self.maximumBytes { bytes.removeFirst(bytes.count - Self.maximumBytes) }
    }

    var text: String {
        var lines = 0
        var start = max(0, bytes.count - Self.maximumBytes)
        for index in stride(from: bytes.count - 2, through: start, by: -1) where bytes[index] == UInt8(ascii: "\n") {
            lines += 1
            if lines == Self.maximumLines {
                start = index + 1
                break
            }
        }
        return String(decoding: bytes[min(start, bytes.count)...], as: UTF8.self)
    }
}
