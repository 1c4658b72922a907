import Glibc

/// Turns what libslurm hands out into Swift values. Nothing here can trap, whatever the bytes and numbers are.
enum CStrings {
    /// Longest text that is taken over, in bytes: far above anything Slurm sends, far below what could hurt.
    static let limit = 1 << 20

    /// A C string; NULL is nil, "" is nil (Slurm uses both for "not set"), bytes that are not UTF-8 become U+FFFD.
    static func optional(_ pointer: UnsafePointer<CChar>?) -> String? {
        guard let pointer, pointer.pointee != 0 else { return nil }
        let length = strnlen(pointer, limit)
        return pointer.withMemoryRebound(to: UInt8.self, capacity: length) { bytes in
            String(decoding: UnsafeBufferPointer(start: bytes, count: length), as: UTF8.self)
        }
    }

    /// As `optional`, with "" in place of nil.
    static func text(_ pointer: UnsafePointer<CChar>?) -> String { optional(pointer) ?? "" }
}

/// The numbers by which Slurm says "not set" and "without limit", by width.
enum Sentinel {
    static let infinite: UInt32 = 0xffff_ffff
    static let notSet: UInt32 = 0xffff_fffe
    static let infinite16: UInt16 = 0xffff
    static let notSet16: UInt16 = 0xfffe
    static let infinite64: UInt64 = 0xffff_ffff_ffff_ffff
    static let notSet64: UInt64 = 0xffff_ffff_ffff_fffe

    /// A number, or nil when it is one of the two sentinels.
    static func number(_ value: UInt32) -> UInt32? { value >= notSet ? nil : value }
    /// A number, or nil when it is one of the two sentinels.
    static func number(_ value: UInt16) -> UInt16? { value >= notSet16 ? nil : value }
    /// A number, or nil when it is one of the two sentinels.
    static func number(_ value: UInt64) -> UInt64? { value >= notSet64 ? nil : value }
}
