import Foundation
import Testing

@testable import Kubernetes

@Suite("Watch decoder")
struct WatchDecoderTests {
    private func texts(_ events: [WatchEvent<ConfigMap>]) -> [String] {
        events.map { event in
            switch event {
            case .added(let snapshot): "added \(snapshot.value.metadata.name)"
            case .modified(let snapshot): "modified \(snapshot.value.metadata.name)"
            case .deleted(let snapshot): "deleted \(snapshot.value.metadata.name)"
            case .bookmark(let version): "bookmark \(version)"
            case .error(let status): "error \(status.code ?? 0) \(status.reason ?? "")"
            case .undecodable(let object, let isDeleted): "undecodable \(object.key?.description ?? "-") \(isDeleted)"
            }
        }
    }

    private static let stream = """
        {"type":"ADDED","object":{"metadata":{"name":"é","resourceVersion":"1"},"data":{"x":"a\\nb\\u0000}"},"unknown":[1,{"y":2}]}}
        {"object":{"metadata":{"name":"b"}},"type":"MODIFIED"}\r

        {"type":"DELETED","object":{"metadata":{"name":"c"}}}
        {"type":"BOOKMARK","object":{"kind":"ConfigMap","metadata":{"resourceVersion":"12746","creationTimestamp":null}}}
        {"type":"ADDED","object":{"metadata":{"name":"d","namespace":"n","labels":7,"resourceVersion":"9"}}}
        {"type":"DELETED","object":{"metadata":{"name":"d","namespace":"n","labels":7}}}
        {"type":"ADDED","object":[]}
        {"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version: 887 (899)"}}

        """

    private static let expected = [
        "added é", "modified b", "deleted c", "bookmark 12746", "undecodable n/d false", "undecodable n/d true", "undecodable - false",
        "error 410 Expired",
    ]

    @Test("every kind of event, with lines cut at any byte", arguments: [1, 2, 3, 7, 64, 100_000])
    func cuts(size: Int) throws {
        var decoder = WatchDecoder<ConfigMap>()
        let bytes = Data(Self.stream.utf8)
        var events: [WatchEvent<ConfigMap>] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            events += try decoder.feed(bytes[start..<min(start + size, bytes.count)])
        }
        #expect(texts(events) == Self.expected)
        #expect(decoder.pendingCount == 0)
    }

    @Test("a line without an end is kept and told")
    func partial() throws {
        var decoder = WatchDecoder<ConfigMap>()
        #expect(try decoder.feed(Data(#"{"type":"ADDED""#.utf8)).isEmpty)
        #expect(decoder.pendingCount == 15)
    }

    @Test(
        "a line that is no event is a clear error",
        arguments: [
            "x", "{}", "[]", "null", #"{"type":"ADDED"}"#, #"{"object":{}}"#, #"{"type":"NEW","object":{}}"#, #"{"type":7,"object":{}}"#,
            #"{"type":"ADDED","object":{}"#, #"{"type":"BOOKMARK","object":{}}"#, #"{"type":"BOOKMARK","object":{"metadata":{}}}"#,
            #"{"type":"ERROR","object":[]}"#, "\u{0}", #"{"type":"ADDED","object":{}}}"#, "HTTP/1.1 400 Bad Request",
        ])
    func malformed(line: String) {
        var decoder = WatchDecoder<ConfigMap>()
        #expect(throws: WatchFormatError.self) { try decoder.feed(Data((line + "\n").utf8)) }
    }

    @Test("a NUL in an object is the object's fault, not the stream's")
    func nul() throws {
        var decoder = WatchDecoder<ConfigMap>()
        let events = try decoder.feed(Data("{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\u{0}\"}}}\n".utf8))
        #expect(texts(events) == ["undecodable - false"])
    }

    @Test("a line longer than the limit is refused before it fills the memory")
    func oversized() throws {
        var decoder = WatchDecoder<ConfigMap>(lineLimit: 100)
        _ = try decoder.feed(Data(repeating: 0x20, count: 100))
        #expect(throws: WatchFormatError.lineTooLong(limit: 100)) { try decoder.feed(Data(repeating: 0x20, count: 1)) }
        var complete = WatchDecoder<ConfigMap>(lineLimit: 100)
        #expect(throws: WatchFormatError.lineTooLong(limit: 100)) { try complete.feed(Data(repeating: 0x20, count: 200) + Data("\n".utf8)) }
    }

    @Test("the detail of an undecodable object names the field and shows no contents")
    func undecodable() throws {
        var decoder = WatchDecoder<Secret>()
        let line = #"{"type":"ADDED","object":{"metadata":{"name":"s"},"data":{"password":"s3cret!"}}}"# + "\n"
        guard case .undecodable(let object, _) = try decoder.feed(Data(line.utf8)).first else {
            Issue.record("decoded")
            return
        }
        #expect(object.detail.contains(".data.password"))
        #expect(!"\(object)".contains("s3cret"))
    }

    @Test("A pod's spec is taken from before when its bytes are the same, and decoded when they are not")
    func knownSpec() throws {
        func line(_ image: String, _ version: Int) -> String {
            #"{"type":"MODIFIED","object":{"metadata":{"name":"p","namespace":"n","resourceVersion":"\#(version)"},"#
                + #""spec":{"containers":[{"name":"c","image":"\#(image)"}]},"status":{"phase":"Running"}}}"# + "\n"
        }
        func decode(_ text: String, known: Snapshot<Pod>?) throws -> Snapshot<Pod> {
            var decoder = WatchDecoder<Pod> { $0 == ObjectKey(namespace: "n", name: "p") ? known : nil }
            guard case .modified(let snapshot) = try decoder.feed(Data(text.utf8)).first else { throw CancellationError() }
            return snapshot
        }
        let first = try decode(line("a", 1), known: nil)
        // A mark that only the pod from before can have.
        var marked = first.value
        marked.spec.nodeName = "mark"
        let known = Snapshot(value: marked, fingerprint: first.fingerprint)
        let same = try decode(line("a", 2), known: known)
        #expect(same.value.spec == marked.spec && same.value.metadata.resourceVersion == "2" && same.value.status.phase == .running)
        let changed = try decode(line("b", 3), known: known)
        #expect(changed.value.spec.containers.map(\.image) == ["b"] && changed.value.spec.nodeName.isEmpty)
    }
}
