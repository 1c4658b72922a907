import Foundation
import Logging
import Synchronization

/// Writes log events to a file descriptor, one line each, as text or JSON.
///
/// A message is constant text; what varies is metadata. Values under keys that name a secret are never written, whoever logged them.
public struct StreamLogHandler: LogHandler {
    /// Where lines go.
    public struct Output: Sendable {
        let write: @Sendable (String) -> Void
        let now: @Sendable () -> Date

        /// Lines go to `write`, each with its line end, one call at a time; times come from `now`.
        public init(now: @escaping @Sendable () -> Date = { Date() }, write: @escaping @Sendable (String) -> Void) {
            let turn = Turn()
            self.write = { line in turn.mutex.withLock { _ in write(line) } }
            self.now = now
        }

        /// Keeps lines of several threads apart.
        private final class Turn: Sendable {
            let mutex = Mutex(())
        }

        /// The process's standard error.
        public static let standardError = Output { FileHandle.standardError.write(Data($0.utf8)) }
    }

    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level
    private let format: LogFormat
    private let output: Output

    /// Names form, least severe level and destination.
    public init(format: LogFormat, level: Logger.Level, output: Output) {
        self.format = format
        logLevel = level
        self.output = output
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one event.
    public func log(event: LogEvent) {
        var merged = metadata
        if let metadataProvider { merged.merge(metadataProvider.get()) { $1 } }
        if let own = event.metadata { merged.merge(own) { $1 } }
        if let error = event.error { merged["error"] = "\(error)" }
        let pairs = merged.sorted { $0.key < $1.key }.map { key, value in
            (key, Self.isSecret(key) ? "[withheld]" : value.description)
        }
        let time = Self.timestamp(output.now())
        switch format {
        case .text: output.write(Self.text(time, event.level, event.message.description, pairs))
        case .json: output.write(Self.json(time, event.level, event.message.description, pairs))
        }
    }

    private static func isSecret(_ key: String) -> Bool {
        let key = key.lowercased()
        return ["token", "password", "secret", "authorization", "privatekey"].contains { key == $0 || key.hasSuffix($0) }
    }

    private static func timestamp(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    private static func text(_ time: String, _ level: Logger.Level, _ message: String, _ pairs: [(String, String)]) -> String {
        let level = level.rawValue.uppercased().padding(toLength: 8, withPad: " ", startingAt: 0)
        return pairs.reduce("\(time) \(level) \(escaped(message))") { $0 + " \($1.0)=\(quoted($1.1))" } + "\n"
    }

    /// Plain words stay as they are; anything else is quoted, so that no value can look like another pair or another line.
    private static func quoted(_ text: String) -> String {
        let isPlain =
            !text.isEmpty && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7f && $0 != "\"" && $0 != "=" && $0 != "\\" }
        return isPlain ? text : text.debugDescription
    }

    private static func escaped(_ text: String) -> String {
        SettingValue.isPrintable(text) ? text : text.debugDescription
    }

    private static func json(_ time: String, _ level: Logger.Level, _ message: String, _ pairs: [(String, String)]) -> String {
        var object = Dictionary(pairs) { $1 }
        object["time"] = time
        object["level"] = level.rawValue
        object["message"] = message
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A dictionary of strings always has a JSON form.
        let data = (try? encoder.encode(object)) ?? Data("{}".utf8)
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}
