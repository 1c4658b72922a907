import Testing

@testable import Kubernetes

@Suite("Lines of a response's header")
struct HTTPHeaderLineTests {
    @Test(
        "Each line is what it is",
        arguments: [
            ("HTTP/1.1 200 OK\r\n", HTTPHeaderLine.status(200)), ("HTTP/2 404 \r\n", .status(404)), ("HTTP/1.1  204\r\n", .status(204)),
            ("HTTP/1.1\r\n", .status(0)), ("HTTP/1.1 x\r\n", .status(0)), ("\r\n", .end), ("", .end), (" \t\r\n", .end),
            ("Date: now\r\n", .field(name: "Date", value: "now")), ("a:b:c\n", .field(name: "a", value: "b:c")),
            ("empty:\r\n", .field(name: "empty", value: "")), ("x: é \t \r\n", .field(name: "x", value: "é")), ("nonsense\r\n", .other),
        ])
    func lines(text: String, expected: HTTPHeaderLine) {
        #expect(Array(text.utf8).withUnsafeBytes { HTTPHeaderLine($0) } == expected)
    }
}
