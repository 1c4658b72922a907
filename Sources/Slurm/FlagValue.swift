/// Readers of option values. Each takes the text as it was written and gives nil when it does not fit.
enum FlagValue {
    /// Longest value, in bytes.
    static let limit = 1024

    /// Printable ASCII without blanks: names, lists and expressions that slurmctld judges itself.
    @Sendable static func isPlainText(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= limit && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }

    /// Any text without control characters.
    @Sendable static func isLine(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= limit && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }

    /// Host names with ranges in brackets. A slash is refused: sbatch would read such a value as the name of a file.
    @Sendable static func isHostList(_ text: String) -> Bool {
        guard isPlainText(text) else { return false }
        var depth = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: ","), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                break
            default: return false
            }
            if depth < 0 || depth > 1 { return false }
        }
        return depth == 0
    }

    /// Decimal digits only.
    static func digits(_ text: some StringProtocol) -> UInt64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return UInt64(text)
    }

    /// A reader of whole numbers within `range`.
    static func count(_ range: ClosedRange<UInt32>) -> @Sendable (String) -> UInt32? {
        { text in
            guard let number = digits(text), let count = UInt32(exactly: number), range.contains(count) else { return nil }
            return count
        }
    }

    /// `4`, `2-4`; `1k` is 1024, `1m` 1024².
    @Sendable static func nodeRange(_ text: String) -> (least: UInt32, most: UInt32)? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = parts.first, let least = nodes(first), let last = parts.last, let most = nodes(last) else {
            return nil
        }
        guard least >= 1, most >= least else { return nil }
        return (least, most)
    }

    private static func nodes(_ text: Substring) -> UInt32? {
        let factors: [Character: UInt64] = ["k": 1 << 10, "m": 1 << 20]
        let factor = text.last.flatMap { factors[Character($0.lowercased())] }
        guard let number = digits(factor == nil ? text : text.dropLast()) else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor ?? 1)
        guard !overflow, product < 0x3fff_ffff else { return nil }
        return UInt32(product)
    }

    /// MiB: `512`, `512M`, `4G`, `1T`, `2048K` (rounded up), each also with a B behind.
    @Sendable static func megabytes(_ text: String) -> UInt64? {
        var body = text[...]
        if let last = body.last, "bB".contains(last), body.dropLast().last.map({ "kKmMgGtT".contains($0) }) == true { body.removeLast() }
        guard let last = body.last else { return nil }
        let factors: [Character: UInt64] = ["M": 1, "G": 1 << 10, "T": 1 << 20]
        let unit = Character(last.uppercased())
        let hasUnit = unit == "K" || factors[unit] != nil
        guard let number = digits(hasUnit ? body.dropLast() : body) else { return nil }
        if unit == "K" { return number / 1024 + (number % 1024 == 0 ? 0 : 1) }
        let (product, overflow) = number.multipliedReportingOverflow(by: factors[unit] ?? 1)
        // The highest bit says "for each CPU"; far below it is more memory than there is.
        guard !overflow, product < 1 << 52 else { return nil }
        return product
    }

    /// `megabytes`, as far as 32 bits carry.
    @Sendable static func megabytes32(_ text: String) -> UInt32? {
        guard let number = megabytes(text), number < 0xffff_fffd else { return nil }
        return UInt32(number)
    }

    /// `gpu:2`, `gpu:a100:2`, `gpu`, parted by commas; `none` asks for none at all.
    @Sendable static func gres(_ text: String) -> String? {
        guard isPlainText(text) else { return nil }
        let items = text.split(separator: ",", omittingEmptySubsequences: false)
        guard items.allSatisfy(isGresItem) else { return nil }
        return text
    }

    private static func isGresItem(_ item: Substring) -> Bool {
        let parts = item.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...3).contains(parts.count), let name = parts.first, isName(name), parts.allSatisfy({ !$0.isEmpty }) else { return false }
        if parts.count == 1 { return true }
        guard parts.count == 2 || isName(parts[1]) else { return false }
        return isCount(parts[parts.count - 1]) || (parts.count == 2 && isName(parts[1]))
    }

    /// `2`, `a100:2`, `a100:1,h100:2`.
    @Sendable static func gpus(_ text: String) -> String? {
        guard isPlainText(text) else { return nil }
        return text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy(isGPUItem) ? text : nil
    }

    private static func isGPUItem(_ text: Substring) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let last = parts.last, parts.count <= 2 else { return false }
        return isCount(last) && (parts.count == 1 || isName(parts[0]))
    }

    private static func isCount(_ text: Substring) -> Bool {
        let body = text.last.map { "kKmMgGtT".contains($0) } == true ? text.dropLast() : text
        return digits(body).map { $0 < 1 << 32 } ?? false
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.first, first.isASCII, first.isLetter else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-./+".contains($0)) }
    }

    /// `1000`, `TOP`.
    @Sendable static func priority(_ text: String) -> JobSubmission.Priority? {
        if text.lowercased() == "top" { return .top }
        guard let number = digits(text), number < 0xffff_fffd else { return nil }
        return .value(UInt32(number))
    }

    /// A signed number within Slurm's reach.
    static func nice(_ text: String) -> Int32? {
        let isNegative = text.hasPrefix("-")
        guard let number = digits(isNegative ? text.dropFirst() : text[...]), number <= 2_147_483_645 else { return nil }
        return isNegative ? -Int32(number) : Int32(number)
    }
}
