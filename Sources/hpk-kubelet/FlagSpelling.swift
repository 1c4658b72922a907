/// Lets switches be written as the original's Go program took them: `--disable-taint=true`.
enum FlagSpelling {
    /// Each switch and the word that says the opposite.
    private static let opposites = [
        "disable-taint": "enable-taint",
        "enable-cgroupv2": "disable-cgroupv2",
        "disable-gathering": "enable-gathering",
        "no-scheduler": "scheduler",
        "container-steps": "no-container-steps",
    ]

    /// The arguments with `--switch=true` and `--switch=false` turned into the switch or its opposite, and `--name=` into the name and an
    /// empty value, which the parser does not take otherwise; everything else as it is.
    static func normalised(_ arguments: [String]) -> [String] {
        arguments.flatMap { argument in
            guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") else { return [argument] }
            let name = String(argument[argument.index(argument.startIndex, offsetBy: 2)..<equals])
            let value = argument[argument.index(after: equals)...]
            guard let opposite = opposites[name] else { return value.isEmpty ? ["--" + name, ""] : [argument] }
            switch value {
            case "true", "1", "t", "T", "TRUE", "True": return ["--" + name]
            case "false", "0", "f", "F", "FALSE", "False": return ["--" + opposite]
            default: return [argument]
            }
        }
    }
}
