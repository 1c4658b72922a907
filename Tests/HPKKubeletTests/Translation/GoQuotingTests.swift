import Testing

@testable import HPKKubelet

@Suite("Go's quoting", .tags(.translation))
struct GoQuotingTests {
    @Test(
        "Each kind of character is written as strconv.Quote writes it",
        arguments: [
            ("", "\"\""), ("a b", "\"a b\""), ("\"\\", "\"\\\"\\\\\""), ("\u{07}\u{08}\u{0C}\n\r\t\u{0B}", "\"\\a\\b\\f\\n\\r\\t\\v\""),
            ("\u{00}\u{1F}\u{7F}", "\"\\x00\\x1f\\x7f\""), ("é漢😀", "\"é漢😀\""), ("\u{A0}\u{200B}", "\"\\u00a0\\u200b\""),
            ("\u{E0001}", "\"\\U000e0001\""), ("e\u{301}", "\"e\u{301}\""),
        ])
    func quote(text: String, expected: String) {
        #expect(GoQuoting.quote(text).unicodeScalars.elementsEqual(expected.unicodeScalars))
    }
}
