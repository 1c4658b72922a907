/// Names of the files of pods that were submitted together as one job array: `<id>.batch` and `<id>.out` in a folder beside the pods'.
public struct BatchDirectory: Sendable, Equatable {
    /// Absolute path of the folder, mode 0700.
    public let path: String

    public init(path: String) {
        self.path = path
    }

    /// The ``BatchTable``, and behind it the node agent's record of the submission; mode 0600, written before the array is submitted.
    public func batch(_ id: String) -> String { "\(path)/\(id).batch" }
    /// What the array's tasks print before they know their pods, and what Slurm itself has to say about them: all of them append to it.
    public func output(_ id: String) -> String { "\(path)/\(id).out" }
}

/// Which task of a job array runs which pod: the UID of task n is in slot n. Each slot is a line of the same length, so that a task finds its
/// pod with one short read, however many tasks there are.
public enum BatchTable {
    /// Bytes of a slot, its line end included.
    public static let slotSize = 64

    /// Whether the UID can stand in a slot, and name a folder: 1 to 63 letters, digits and `-`.
    public static func isFit(_ uid: some StringProtocol) -> Bool {
        (1..<slotSize).contains(uid.utf8.count)
            && uid.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
            }
    }

    /// The slots of these pods; nil where a UID is not fit.
    public static func encode(_ uids: [String]) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(uids.count * slotSize)
        for uid in uids {
            guard isFit(uid) else { return nil }
            bytes += uid.utf8
            bytes += repeatElement(UInt8(ascii: " "), count: slotSize - 1 - uid.utf8.count)
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    /// The UID in a slot; nil where the bytes are none.
    public static func decode(_ slot: some Collection<UInt8>) -> String? {
        guard slot.count == slotSize, Array(slot.suffix(1)) == [UInt8(ascii: "\n")] else { return nil }
        let word = slot.prefix { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") }
        guard slot.dropFirst(word.count).dropLast().allSatisfy({ $0 == UInt8(ascii: " ") }) else { return nil }
        let uid = String(decoding: word, as: UTF8.self)
        return isFit(uid) ? uid : nil
    }
}
