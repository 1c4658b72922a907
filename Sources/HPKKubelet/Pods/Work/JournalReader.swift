import PodProtocol

/// Reads a journal: one ``PodEvent`` a line.
enum JournalReader {
    /// The events in order of sequence, and a description of each line that is none.
    ///
    /// A last line without a line end is left alone, as it is still being written.
    static func read(_ bytes: [UInt8]) -> (events: [PodEvent], problems: [String]) {
        var events: [PodEvent] = []
        var problems: [String] = []
        var number = 0
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            number += 1
            let line = bytes[start..<end]
            start = end + 1
            if line.isEmpty { continue }
            do {
                events.append(try MessageCoding.decode(PodEvent.self, from: line, subject: "journal line \(number)"))
            } catch {
                problems.append("\(error)")
            }
        }
        return (events.sorted { $0.sequence < $1.sequence }, problems)
    }
}
