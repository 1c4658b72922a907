import Foundation
import JSONCoding
import Kubernetes
import Testing

@Suite("Writing JSON")
struct JSONWriterTests {
    @Test("Values made by chance are written so that Foundation reads the same", arguments: 0..<40)
    func randomValues(seed: UInt64) throws {
        var fuzz = JSONFuzz(seed: seed + 5000)
        for _ in 0..<100 {
            let value = try JSONReader.decode(JSONValue.self, from: fuzz.value().utf8)
            for sortsKeys in [false, true] {
                let bytes = try JSONWriter.encode(value, sortsKeys: sortsKeys)
                #expect(try JSONDecoder().decode(JSONValue.self, from: Data(bytes)) == value)
            }
        }
    }

    private struct Sample: Codable, Equatable {
        var text = "a\"\\/\u{1}\u{1f}\u{8}\u{c}\n\r\té🙂"
        var flag = true
        var numbers = [0, -1, Int.max, Int.min]
        var fractions = [0.5, 1e300, -2]
        var data = Data([0, 255, 7])
        var absent: String?
        var empty: [String: Int] = [:]
        var nested = ["b": ["x": 1], "a": [:]]
    }

    @Test("What is written is read back")
    func roundTrip() throws {
        let sample = Sample()
        let bytes = try JSONWriter.encode(sample)
        #expect(try JSONReader.decode(Sample.self, from: bytes) == sample)
        #expect(try JSONDecoder().decode(Sample.self, from: Data(bytes)) == sample)
    }

    @Test("Sorted, equal values have equal bytes, in the order of the keys")
    func sorted() throws {
        let value = ["b": ["z": 1, "y": 2], "a": [:], "a b": [:], "a!": [:], "ä": [:], "a\"": [:], "": [:]]
        let text = String(decoding: try JSONWriter.encode(value, sortsKeys: true), as: UTF8.self)
        #expect(text == #"{"":{},"a":{},"a b":{},"a!":{},"a\"":{},"b":{"y":2,"z":1},"ä":{}}"#)
    }

    /// Uses every kind of container by hand.
    private struct ByHand: Encodable {
        enum Key: String, CodingKey { case a, b, c, d, e }

        func encode(to encoder: any Encoder) throws {
            var members = encoder.container(keyedBy: Key.self)
            var list = members.nestedUnkeyedContainer(forKey: .a)
            try list.encode(1)
            var inner = list.nestedContainer(keyedBy: Key.self)
            try inner.encodeNil(forKey: .b)
            try members.encode("x", forKey: .b)
            _ = members.nestedContainer(keyedBy: Key.self, forKey: .c)
            _ = members.superEncoder(forKey: .d)
            var again = encoder.container(keyedBy: Key.self)
            try again.encode(2, forKey: .e)
        }
    }

    @Test("Nested containers are closed when the outer one goes on, and an encoder asked twice goes on")
    func containers() throws {
        let text = String(decoding: try JSONWriter.encode(ByHand()), as: UTF8.self)
        #expect(text == #"{"a":[1,{"b":null}],"b":"x","c":{},"d":{},"e":2}"#)
    }

    private struct GoesBack: Encodable {
        func encode(to encoder: any Encoder) throws {
            var members = encoder.container(keyedBy: ByHand.Key.self)
            var inner = members.nestedContainer(keyedBy: ByHand.Key.self, forKey: .a)
            try members.encode(1, forKey: .b)
            try inner.encode(2, forKey: .c)
        }
    }

    private struct Nothing: Encodable {
        func encode(to encoder: any Encoder) throws {}
    }

    @Test("What cannot be written is an error, and what writes nothing is an empty object")
    func impossible() throws {
        #expect(throws: EncodingError.self) { try JSONWriter.encode(GoesBack()) }
        #expect(throws: EncodingError.self) { try JSONWriter.encode([Double.infinity]) }
        #expect(throws: EncodingError.self) { try JSONWriter.encode(Double.nan) }
        #expect(String(decoding: try JSONWriter.encode([Nothing()]), as: UTF8.self) == "[{}]")
        #expect(String(decoding: try JSONWriter.encode(Nothing()), as: UTF8.self) == "{}")
    }
}
