import Foundation
import Testing

@testable import Kubernetes

@Suite("JSON slices")
struct JSONSlicerTests {
    @Test("members lie where they are, whatever their strings hold")
    func members() throws {
        let json = Data(#" { "a" : {"x":["]}\"",{}]} , "b\u0041":-1.5e3,"c":null,"d":"}", "e":[] } "#.utf8)
        let members = try JSONSlicer.members(of: json).map { ($0.key, String(decoding: json[$0.value], as: UTF8.self)) }
        #expect(members.map(\.0) == ["a", "bA", "c", "d", "e"])
        #expect(members.map(\.1) == [#"{"x":["]}\"",{}]}"#, "-1.5e3", "null", #""}""#, "[]"])
        #expect(try JSONSlicer.members(of: Data("{}".utf8)).isEmpty)
    }

    @Test(
        "items of a list", arguments: [("[1, {\"a\":[2]} ,\"x\"]", ["1", "{\"a\":[2]}", "\"x\""]), ("[]", []), ("null", []), ("[ ]", [])])
    func items(json: String, expected: [String]) throws {
        let data = Data(("__" + json).utf8)
        let items = try JSONSlicer.items(of: data, in: 2..<data.count).map { String(decoding: data[$0], as: UTF8.self) }
        #expect(items == expected)
    }

    @Test(
        "broken structure is an error with its place",
        arguments: [
            "", "[", "x", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1}}", "{\"a\":1} x", "{a:1}", "{\"a:1}", "{\"a\\",
            "{\"a\":}",
            "{\"a\":,}", "{\"a\":]}", "{\"a\":[1}", "{\"a\" 1}", "{\"a\":\u{0}}", "\u{0}", "{\"\\u00\":1}",
        ])
    func broken(json: String) {
        #expect(throws: (any Error).self) { try JSONSlicer.members(of: Data(json.utf8)) }
    }

    @Test("depth does not exhaust the stack")
    func depth() throws {
        let deep = Data(("{\"a\":" + String(repeating: "[", count: 1_000_000) + String(repeating: "]", count: 1_000_000) + "}").utf8)
        #expect(try JSONSlicer.members(of: deep).count == 1)
    }
}
