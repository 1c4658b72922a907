/// Reads an image's `StopSignal`: a number or a name, with or without `SIG`, also `SIGRTMIN+3`.
enum StopSignal {
    /// TERM, where the image names no signal or none that Linux has.
    static let standard: Int32 = 15

    static func number(_ text: String?) -> Int32 {
        guard let text, !text.isEmpty else { return standard }
        if let number = Int32(text) { return (1...64).contains(number) ? number : standard }
        var name = text.uppercased()
        if name.hasPrefix("SIG") { name.removeFirst(3) }
        if let number = names[name] { return number }
        if name == "RTMIN" { return firstRealTime }
        if name == "RTMAX" { return lastRealTime }
        if name.hasPrefix("RTMIN+"), let offset = Int32(name.dropFirst(6)), (0...30).contains(offset) { return firstRealTime + offset }
        if name.hasPrefix("RTMAX-"), let offset = Int32(name.dropFirst(6)), (0...30).contains(offset) { return lastRealTime - offset }
        return standard
    }

    /// As glibc counts them: the two below are its own.
    private static let firstRealTime: Int32 = 34
    private static let lastRealTime: Int32 = 64

    /// signal(7), x86 and ARM.
    private static let names: [String: Int32] = [
        "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "IOT": 6, "BUS": 7, "FPE": 8, "KILL": 9, "USR1": 10, "SEGV": 11,
        "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15, "STKFLT": 16, "CHLD": 17, "CONT": 18, "STOP": 19, "TSTP": 20, "TTIN": 21,
        "TTOU": 22, "URG": 23, "XCPU": 24, "XFSZ": 25, "VTALRM": 26, "PROF": 27, "WINCH": 28, "IO": 29, "POLL": 29, "PWR": 30, "SYS": 31,
    ]
}
