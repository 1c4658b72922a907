import Foundation
import Kubernetes

/// When a container wrote its last line, as the supervisor noted it on arrival: the container's own last act.
enum LogEnd {
    /// Nanoseconds since the Unix epoch of the last line of a log (`2026-11-24T22:00:00.123456789Z stdout F text`).
    static func time(ofLastLineIn log: Data) -> Int64? {
        guard let line = log.split(separator: UInt8(ascii: "\n")).last, let word = line.split(separator: UInt8(ascii: " ")).first else {
            return nil
        }
        let parts = String(decoding: word, as: UTF8.self).split(separator: ".")
        guard parts.count == 2, parts[1].hasSuffix("Z"), let whole = Timestamp(parts[0] + "Z") else { return nil }
        let digits = parts[1].dropLast()
        guard (1...9).contains(digits.count), let fraction = Int64(digits) else { return nil }
        return whole.secondsSince1970 * 1_000_000_000 + (digits.count..<9).reduce(fraction) { value, _ in value * 10 }
    }
}
