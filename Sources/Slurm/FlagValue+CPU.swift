extension FlagValue {
    static let cpuFrequencyForm = "kHz, low, medium, highm1 or high, a range of two of them perhaps with :governor, or a governor"

    private static let frequencies: [String: UInt32] = [
        "low": 0x8000_0001, "medium": 0x8000_0002, "high": 0x8000_0003, "highm1": 0x8000_0004,
    ]

    private static let governors: [String: UInt32] = [
        "schedutil": 0x8040_0000, "userspace": 0x8080_0000, "powersave": 0x8100_0000, "performance": 0x8200_0000, "ondemand": 0x8400_0000,
        "conservative": 0x8800_0000,
    ]

    /// `2000000`, `low-high`, `1000000-2000000:OnDemand`, `Performance`. Whether the cluster lets users have the governor, slurmd judges.
    @Sendable static func cpuFrequency(_ text: String) -> JobSubmission.CPUFrequency? {
        let text = text.lowercased()
        if let governor = governors[text] { return .init(governor: governor) }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let range = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        let numbers = range.compactMap(frequency)
        guard parts.count <= 2, (1...2).contains(range.count), numbers.count == range.count else { return nil }
        // A governor wants a range.
        guard range.count == 2 else { return parts.count == 1 ? .init(maximum: numbers[0]) : nil }
        // By Slurm's numbers, as sbatch does it: a number of kHz is less than any word, and highm1 more than high.
        guard numbers[0] <= numbers[1] else { return nil }
        guard parts.count == 2 else { return .init(minimum: numbers[0], maximum: numbers[1]) }
        guard let governor = governors[String(parts[1])] else { return nil }
        return .init(minimum: numbers[0], maximum: numbers[1], governor: governor)
    }

    private static func frequency(_ text: Substring) -> UInt32? {
        if let word = frequencies[String(text)] { return word }
        guard let number = digits(text), (1..<0x8000_0000).contains(number) else { return nil }
        return UInt32(number)
    }

    static let distributionForm =
        "block, cyclic or plane=N, then :block, :cyclic or :fcyclic for sockets and for cores, then ,Pack or ,NoPack"

    /// `block:cyclic:fcyclic,Pack`, `plane=4`, `*:block`. `arbitrary` lays tasks out by a list that only srun has: it is not read.
    @Sendable static func distribution(_ text: String) -> JobSubmission.Distribution? {
        let pack: [String: UInt32] = ["pack": 0x80_0000, "nopack": 0x40_0000]
        let text = text.lowercased()
        // Bits of no method at all: Slurm chooses.
        if let bits = pack[text] { return .init(rawValue: bits | 0x2000) }
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        guard words.count <= 2, let method = words.first else { return nil }
        var flags: UInt32 = 0
        if words.count == 2 {
            guard let bits = pack[String(words[1])] else { return nil }
            flags = bits
        }
        if method.hasPrefix("plane=") {
            guard let size = digits(method.dropFirst(6)), (1...0xfffd).contains(size) else { return nil }
            return .init(rawValue: 4 | flags, planeSize: UInt16(size))
        }
        let levels = method.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard levels.count <= 3, let node = ["*": 2, "block": 2, "cyclic": 1][levels[0]] else { return nil }
        var bits = UInt32(node)
        var above: UInt32 = 1
        for (level, word) in levels.dropFirst().enumerated() {
            // * is what the level above has; for sockets it is cyclic.
            guard let number = ["*": above, "cyclic": 1, "block": 2, "fcyclic": 3][word] else { return nil }
            bits |= number << UInt32(4 + 4 * level)
            above = number
        }
        return .init(rawValue: bits | flags)
    }

    static let memoryBindingForm =
        "none, rank, local, map_mem:N,N or mask_mem:M,M, with verbose\(hasSortedMemory ? ", sort" : "") or prefer before it"

    /// `sort` and `nosort` of `--mem-bind`: sbatch of 26.05 knows them no more.
    static let hasSortedMemory = !SbatchFlag.isBuiltFor(atLeast: 26, 5)

    /// `local`, `verbose,map_mem:0,1`, `mask_mem:0x1,0x3`.
    @Sendable static func memoryBinding(_ text: String) -> JobSubmission.MemoryBinding? {
        var rest = text.lowercased()[...]
        var bits: UInt16 = 0
        var modifiers: [String: UInt16] = ["verbose": 1, "v": 1, "quiet": 0, "q": 0, "prefer": 0x80, "p": 0x80]
        if hasSortedMemory { modifiers.merge(["sort": 0x40, "nosort": 0]) { $1 } }
        let methods: [String: UInt16] = ["none": 2, "no": 2, "rank": 4, "local": 0x20]
        while !rest.isEmpty {
            if rest.hasPrefix("map_mem:") || rest.hasPrefix("mask_mem:") {
                let isMask = rest.hasPrefix("mask")
                guard let map = numaList(rest.drop { $0 != ":" }.dropFirst(), isMask: isMask) else { return nil }
                return .init(rawValue: bits & ~0x3e | (isMask ? 0x10 : 8), map: map)
            }
            let word = rest.prefix { $0 != "," }
            rest = rest.dropFirst(word.count)
            if !rest.isEmpty {
                rest.removeFirst()
                if rest.isEmpty { return nil }
            }
            if let bit = modifiers[String(word)] {
                bits |= bit
            } else if let method = methods[String(word)] {
                // The last method counts.
                bits = bits & ~0x3e | method
            } else {
                return nil
            }
        }
        return text.isEmpty ? nil : .init(rawValue: bits)
    }

    /// NUMA ids in decimal, or masks in hexadecimal, each perhaps repeated: `0,1*2`. Masks lose their 0x, as Slurm wants it.
    private static func numaList(_ text: Substring, isMask: Bool) -> String? {
        guard text.utf8.count <= limit else { return nil }
        var list: [Substring] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = item.split(separator: "*", omittingEmptySubsequences: false)
            guard parts.count <= 2, let first = parts.first, let times = parts.count == 2 ? digits(parts[1]) : 1, (1...1024).contains(times)
            else { return nil }
            let number = isMask && first.hasPrefix("0x") ? first.dropFirst(2) : first
            guard isMask ? !number.isEmpty && number.allSatisfy({ $0.isASCII && $0.isHexDigit }) : digits(number) != nil else { return nil }
            list += Array(repeating: number, count: Int(times))
            guard list.count <= 1024 else { return nil }
        }
        return list.isEmpty ? nil : list.joined(separator: ",")
    }

    /// `sockets[:cores[:threads]]`, each a number, the least of a range (`2-4`), or `*` or nothing for any.
    @Sendable static func nodeInfo(_ text: String) -> [UInt16?]? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...3).contains(parts.count), !text.isEmpty else { return nil }
        var counts: [UInt16?] = []
        for part in parts {
            if part.isEmpty || part == "*" {
                counts.append(nil)
                continue
            }
            let range = part.split(separator: "-", omittingEmptySubsequences: false)
            let numbers = range.compactMap { digits($0) }
            guard (1...2).contains(range.count), numbers.count == range.count, let least = numbers.first, let most = numbers.last,
                (1...0xfffd).contains(least), least <= most
            else { return nil }
            counts.append(UInt16(least))
        }
        return counts + Array(repeating: nil, count: 3 - counts.count)
    }

    /// Words of `--hint`, parted by commas.
    @Sendable static func hints(_ text: String) -> JobSubmission.Hints? {
        let words: [String: JobSubmission.Hints] = [
            "compute_bound": .computeBound, "memory_bound": .memoryBound, "multithread": .multithread, "nomultithread": .noMultithread,
        ]
        return options(text, words)
    }

    /// Words that stand for bits, parted by commas, in any case of letters.
    static func options<Options: OptionSet>(_ text: String, _ words: [String: Options]) -> Options? {
        var result: Options = []
        for word in text.lowercased().split(separator: ",", omittingEmptySubsequences: false) {
            guard let option = words[String(word)] else { return nil }
            result.formUnion(option)
        }
        return result
    }
}
