import Testing

@testable import Slurm

@Suite("Words of an option text")
struct ShellWordsTests {
    @Test(
        "are split as a POSIX shell splits them",
        arguments: [
            ("", []),
            ("  \t\n ", []),
            ("-p main", ["-p", "main"]),
            ("--comment='a b'", ["--comment=a b"]),
            ("--comment=\"a b\" x", ["--comment=a b", "x"]),
            (#"a\ b c"#, ["a b", "c"]),
            (#""a\"b" "c\\d" "e\$f" "g\h""#, ["a\"b", "c\\d", "e$f", #"g\h"#]),
            ("''", [""]),
            ("a'b'\"c\"d", ["abcd"]),
            ("a\\\nb", ["ab"]),
            ("$(touch /tmp/x) `id` $HOME *;|&", ["$(touch", "/tmp/x)", "`id`", "$HOME", "*;|&"]),
            ("ü 日本 '👩‍👩‍👧 x'", ["ü", "日本", "👩‍👩‍👧 x"]),
        ] as [(String, [String])])
    func split(text: String, words: [String]) throws {
        #expect(try ShellWords.split(text) == words)
    }

    @Test("without an end of their quotation are refused", arguments: ["'abc", "\"abc", "abc\\", "\"a\\\""])
    func unterminated(text: String) {
        #expect(throws: FlagError.self) { try ShellWords.split(text) }
    }
}
