import Foundation
import Testing

@testable import Kubernetes

@Suite("YAML")
struct YAMLTests {
    private func parse(_ text: String) throws -> YAMLValue { try YAMLParser.parse(Data(text.utf8)) }

    @Test("scalars keep their text and whether they were quoted")
    func scalars() throws {
        #expect(try parse("007") == .scalar("007", isPlain: true))
        #expect(try parse("'007'") == .scalar("007", isPlain: false))
        for empty in ["", "~", "null", "# only a comment", "---\n...\n"] { #expect(try parse(empty) == .null) }
        #expect(try parse("''") == .scalar("", isPlain: false))
        #expect(try parse("'null'") == .scalar("null", isPlain: false))
        #expect(try parse("|\n  a\n  b\n") == .scalar("a\nb\n", isPlain: false))
    }

    @Test("aliases are replaced by their values")
    func aliases() throws {
        #expect(
            try parse("- &a [1, 2]\n- *a")
                == .sequence(
                    [YAMLValue](repeating: .sequence([.scalar("1", isPlain: true), .scalar("2", isPlain: true)]), count: 2)))
    }

    @Test("JSON is YAML")
    func json() throws {
        #expect(try parse(#"{"a": ["b"]}"#) == .mapping([.init(key: "a", value: .sequence([.scalar("b", isPlain: false)]), line: 1)]))
    }

    @Test(
        "bad input is an error with its line",
        arguments: [
            ("a: [1", 2), ("a: b: c", 1), ("a: 1\na: 2", 2), ("? [x]\n: 1", 1), ("*nowhere", 1), ("a: &x\n  b: *x", 2), ("x\u{0}y", 1),
            ("a: \"\\0\"", 1), ("<<: {a: 1}", 1), ("a: 1\n---\nb: 2", 2), ("\u{1}", 1), ("\t- a", 1), ("a: 'b", 2),
        ])
    func broken(text: String, line: Int) {
        let error = #expect(throws: YAMLError.self) { try parse(text) }
        #expect(error.map { abs($0.line - line) <= 1 } == true, "\(String(describing: error))")
        #expect(error?.detail.isEmpty == false)
    }

    @Test("aliases that multiply, deep nesting and huge files are refused quickly")
    func bombs() {
        var bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1...9 {
            bomb += "a\(level): &a\(level) [\([String](repeating: "*a\(level - 1)", count: 10).joined(separator: ","))]\n"
        }
        #expect(throws: YAMLError.self) { try parse(bomb) }
        #expect(throws: YAMLError.self) { try parse(String(repeating: "[", count: 5000)) }
        #expect(throws: YAMLError.self) { try YAMLParser.parse(Data(repeating: 0x61, count: 5 << 20)) }
    }

    @Test("bytes that are not UTF-8 are refused")
    func encoding() {
        #expect(throws: YAMLError.self) { try YAMLParser.parse(Data([0x61, 0xff, 0xfe])) }
    }
}
