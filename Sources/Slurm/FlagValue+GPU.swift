import CSlurm

extension FlagValue {
    static let gpuBindingForm = "closest, none, single:N, per_task:N, map_gpu:N,N or mask_gpu:M,M, with verbose, before it"

    /// `closest`, `verbose,single:2`, `map_gpu:0,1*2`, `mask_gpu:0x1,0x2`.
    @Sendable static func gpuBinding(_ text: String) -> String? {
        guard isPlainText(text) else { return nil }
        var body = text.lowercased()[...]
        for mark in ["verbose,"] where body.hasPrefix(mark) { body = body.dropFirst(mark.count) }
        if ["closest", "none"].contains(body) { return text }
        guard let colon = body.firstIndex(of: ":") else { return nil }
        let value = body[body.index(after: colon)...]
        switch body[..<colon] {
        case "single": return digits(value) != nil ? text : nil
        case "per_task": return digits(value) != nil ? text : nil
        case "map_gpu": return isBindingList(value) { digits($0) != nil } ? text : nil
        case "mask_gpu":
            return isBindingList(value) { mask in
                let digits = mask.hasPrefix("0x") ? mask.dropFirst(2) : mask
                return !digits.isEmpty && digits.allSatisfy { $0.isASCII && $0.isHexDigit }
            } ? text : nil
        default: return nil
        }
    }

    private static func isBindingList(_ text: Substring, _ isItem: (Substring) -> Bool) -> Bool {
        text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { item in
            let parts = item.split(separator: "*", omittingEmptySubsequences: false)
            return parts.count <= 2 && isItem(parts[0]) && (parts.count == 1 || digits(parts[1]) != nil)
        }
    }

    static let gpuFrequencyForm = "MHz, low, medium, high or highm1, then ,memory= and one of them, then ,verbose"

    /// `medium`, `450,memory=low`, `high,verbose`.
    @Sendable static func gpuFrequency(_ text: String) -> String? {
        guard isPlainText(text) else { return nil }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let fits = parts.allSatisfy { part in
            part == "verbose" || isFrequency(part.hasPrefix("memory=") ? part.dropFirst(7) : part)
        }
        return fits ? text : nil
    }

    private static func isFrequency(_ text: Substring) -> Bool {
        ["low", "medium", "high", "highm1"].contains(text) || digits(text).map { $0 < 1 << 32 } == true
    }

    /// `enforce-binding`, `disable-binding`, and from 23.11 on what says whether tasks share.
    @Sendable static func gresFlag(_ text: String) -> SbatchFlag.Change? {
        switch text.lowercased() {
        case "enforce-binding": return { $0.gpuUse.bindsCPUs = true }
        case "disable-binding": return { $0.gpuUse.bindsCPUs = false }
        case "one-task-per-sharing" where hasTaskSharing: return { $0.gpuUse.sharing = .oneTask }
        case "multiple-tasks-per-sharing" where hasTaskSharing: return { $0.gpuUse.sharing = .multipleTasks }
        default: return nil
        }
    }

    private static var hasTaskSharing: Bool { hpk_slurm_flag_gres_one_task() != 0 && hpk_slurm_flag_gres_multiple_tasks() != 0 }

    /// `cpu:2,gres/gpu:1`, also with `=`: what each task gets.
    @Sendable static func resourcesPerTask(_ text: String) -> String? {
        guard isPlainText(text) else { return nil }
        let fits = text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { item in
            let bare = item.replacing("=", with: ":")
            if bare.hasPrefix("cpu:") || bare.hasPrefix("mem:") || bare.hasPrefix("license/") {
                return bare.split(separator: ":").count == 2
            }
            return bare.hasPrefix("gres/") && gres(String(bare.dropFirst(5))) != nil
        }
        return fits ? text : nil
    }
}
