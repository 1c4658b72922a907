import Foundation
import Logging
import Synchronization
import Testing

@testable import HPKKubelet

@Suite("Log lines")
struct StreamLogHandlerTests {
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    private func lines(_ format: LogFormat, level: Logger.Level = .trace, _ body: (Logger) -> Void) -> [String] {
        let lines = Lines()
        let output = StreamLogHandler.Output(now: { Date(timeIntervalSince1970: 1_700_000_000.25) }) { line in
            lines.all.withLock { $0.append(line) }
        }
        body(Logger(label: "test") { _ in StreamLogHandler(format: format, level: level, output: output) })
        return lines.all.withLock { $0 }
    }

    @Test("Text: time, level, message, then sorted pairs, quoted where needed")
    func text() {
        let written = lines(.text) {
            $0.info("pod bound", metadata: ["pod": "default/a", "count": "3", "why": "two words", "empty": ""])
        }
        #expect(written == ["2023-11-14T22:13:20.250Z INFO     pod bound count=3 empty=\"\" pod=default/a why=\"two words\"\n"])
    }

    @Test("JSON: one object a line")
    func json() {
        let written = lines(.json) { $0.warning("pod bound", metadata: ["pod": "default/a"]) }
        #expect(
            written == [#"{"level":"warning","message":"pod bound","pod":"default/a","time":"2023-11-14T22:13:20.250Z"}"# + "\n"])
    }

    @Test("No value can forge a line or a pair", arguments: LogFormat.allCases)
    func forgery(format: LogFormat) {
        let written = lines(format) { $0.error("failed", metadata: ["name": "x\n2023 ERROR y=z \"q\" \u{1b}[0m"]) }
        #expect(written.count == 1)
        #expect(written.first?.dropLast().contains("\n") == false)
        #expect(written.first?.contains("\u{1b}") == false)
    }

    @Test(
        "Secrets are withheld, whatever the case of their key",
        arguments: ["token", "Password", "registryPassword", "AUTHORIZATION", "privateKey"])
    func secrets(key: String) {
        let written = lines(.text) { $0.error("failed", metadata: [key: "hunter2"]) }
        #expect(written.first?.contains("hunter2") == false)
        #expect(written.first?.contains("[withheld]") == true)
    }

    @Test("Less severe messages than the level are not written")
    func level() {
        #expect(lines(.text, level: .notice) { $0.info("quiet") }.isEmpty)
    }
}
