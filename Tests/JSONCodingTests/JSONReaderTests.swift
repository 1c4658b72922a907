import Foundation
import JSONCoding
import Kubernetes
import Testing

@Suite("Reading JSON")
struct JSONReaderTests {
    private struct Everything: Codable, Equatable {
        var text: String?
        var flag: Bool?
        var whole: Int?
        var small: UInt8?
        var wide: Int64?
        var fraction: Double?
        var data: Data?
        var list: [Int?]?
        var words: [String: String]?
        var inner: [Everything]?
    }

    private func foundation<T: Decodable>(_ type: T.Type, _ bytes: some Collection<UInt8>) -> T? {
        try? JSONDecoder().decode(type, from: Data(bytes))
    }

    @Test("Texts made by chance mean what they mean to Foundation", arguments: 0..<40)
    func randomTexts(seed: UInt64) throws {
        var fuzz = JSONFuzz(seed: seed + 1)
        for _ in 0..<100 {
            let text = fuzz.value()
            let expected = try #require(foundation(JSONValue.self, text.utf8), "\(text)")
            #expect(try JSONReader.decode(JSONValue.self, from: text.utf8) == expected, "\(text)")
        }
    }

    @Test("Broken texts that are read all the same mean what they mean to Foundation", arguments: 0..<40)
    func brokenTexts(seed: UInt64) {
        var fuzz = JSONFuzz(seed: seed + 1000)
        for _ in 0..<200 {
            let bytes = fuzz.broken(fuzz.value())
            // Zeros make Foundation guess another encoding than UTF-8.
            if bytes.contains(0) { continue }
            let ours = try? JSONReader.decode(JSONValue.self, from: bytes)
            // Foundation takes a comma before a list's end; and of two equal keys only the one that counts need be sound.
            guard let ours, let theirs = foundation(JSONValue.self, bytes) else { continue }
            #expect(ours == theirs, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
        }
    }

    @Test(
        "Each kind of member is read as Foundation reads it",
        arguments: [
            #"{}"#, #"{"text":"a","text":"b"}"#, #"{"text":null,"whole":3}"#, #"{"whole":1.0}"#, #"{"whole":1.5}"#, #"{"whole":1e2}"#,
            #"{"whole":99999999999999999999}"#, #"{"small":255}"#, #"{"small":256}"#, #"{"small":-1}"#, #"{"whole":"3"}"#,
            #"{"wide":-9223372036854775808}"#, #"{"fraction":1e400}"#, #"{"fraction":3}"#, #"{"flag":1}"#, #"{"flag":true}"#,
            #"{"data":"aGVsbG8="}"#, #"{"data":"***"}"#, #"{"list":[1,null,3]}"#, #"{"list":[1,"x"]}"#, #"{"list":{}}"#,
            #"{"words":{"a":"1","b":"2","a":"3"}}"#, #"{"words":[]}"#, #"{"inner":[{"text":"x"},{}]}"#, #"{"text":"\ud800"}"#,
            #"{"text":"\ud800\u0041"}"#, #"{"text":"\x"}"#, #"{"text":"\u12"}"#, #"[]"#, #"null"#, #"7"#, "", " ", #"{"text":"a"} x"#, "01",
            "-",
            "1.", ".5", "1e", "nul", "+1", #"{"text":"\u0000"}"#, "{\"text\":\"a\u{1}\"}", "{\"text\":\"\u{7f}\"}",
        ])
    func members(text: String) {
        #expect((try? JSONReader.decode(Everything.self, from: text.utf8)) == foundation(Everything.self, text.utf8))
    }

    @Test(
        "A comma before the end and a broken key are errors",
        arguments: ["[1,]", "{\"a\":1,}", #"{"\u12":1}"#, #"{"\ud800":1}"#, "[,]", "{,}"])
    func strict(text: String) {
        #expect(throws: DecodingError.self) { try JSONReader.decode(JSONValue.self, from: text.utf8) }
    }

    @Test("Bytes that are not UTF-8 are an error where they are read, and none where nobody looks")
    func wrongUTF8() throws {
        let bytes = Array("{\"text\":\"".utf8) + [0xff, 0xc0] + Array("\",\"whole\":1}".utf8)
        #expect(throws: DecodingError.self) { try JSONReader.decode(Everything.self, from: bytes) }
        struct Part: Decodable { var whole: Int }
        #expect(try JSONReader.decode(Part.self, from: bytes).whole == 1)
    }

    @Test("An error names the place and shows nothing of the text")
    func errors() throws {
        let text = #"{"inner":[{},{"words":{"key":["s3cret"]}}]}"#
        do {
            _ = try JSONReader.decode(Everything.self, from: text.utf8)
            Issue.record("decoded")
        } catch DecodingError.typeMismatch(_, let context) {
            #expect(context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue } == ["inner", "1", "words", "key"])
            #expect(!"\(context)".contains("s3cret"))
        }
    }

    @Test("Depth and numbers of members cannot exhaust stack or time")
    func hostile() throws {
        let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(throws: DecodingError.self) { try JSONReader.decode(JSONValue.self, from: deep.utf8) }
        #expect(throws: DecodingError.self) {
            try JSONReader.decode(JSONValue.self, from: String(repeating: "{\"a\":", count: 90_000).utf8)
        }
        let wide = "{" + (0..<50_000).map { "\"key\($0)\":\"\($0)\"" }.joined(separator: ",") + "}"
        let words = try JSONReader.decode([String: String].self, from: wide.utf8)
        #expect(words.count == 50_000 && words["key49999"] == "49999")
    }

    @Test("Parts of an index are the parts of the text")
    func index() throws {
        let text = #" {"type":"ADDED","object":{"a":[1,2]},"none":null} "#
        let index = try Array(text.utf8).withUnsafeBytes { try JSONIndex($0) }
        #expect(index["type"]?.string == "ADDED")
        #expect(index["type"].map { String(decoding: $0.bytes, as: UTF8.self) } == #""ADDED""#)
        #expect(index["object"].map { String(decoding: $0.bytes, as: UTF8.self) } == #"{"a":[1,2]}"#)
        #expect(try index["object"]?["a"]?.decode([Int].self) == [1, 2])
        #expect(index["missing"] == nil && index["type"]?["x"] == nil)
    }
}
