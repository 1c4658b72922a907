/// Lets switches be written as the original's Go program took them: `--disable-taint=true`.
enum FlagSpelling {
    /// Each switch and the word that says the opposite.
    private static let opposites = [
        "disable-taint": "enable-taint",
        "enable-cgroupv2": "disable-cgroupv2",
        "no-scheduler": "scheduler",
    ]

    /// The arguments with `--switch=true` and `--switch=false` turned into the switch or its opposite; everything else as it is.
    static func normalised(_ arguments: [String]) -> [String] {
        arguments.map { argument in
            guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") else { return argument }
            let name = String(argument[argument.index(argument.startIndex, offsetBy: 2)..<equals])
            guard let opposite = opposites[name] else { return argument }
            switch argument[argument.index(after: equals)...] {
            case "true", "1", "t", "T", "TRUE", "True": return "--" + name
            case "false", "0", "f", "F", "FALSE", "False": return "--" + opposite
            default: return argument
            }
        }
    }
}
