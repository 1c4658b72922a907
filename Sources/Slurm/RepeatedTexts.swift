import Glibc

/// Texts of a field in a row of records. Most jobs of a user have the same partition, account, folder and resources as the job before:
/// then the text of the record before is used again, instead of made anew.
///
/// It compares with memory of the records before: all records that one value sees must be of one message, which outlives it.
struct RepeatedTexts: ~Copyable {
    /// Fields with texts; tasks of an array share nearly all of them.
    enum Field: Int, CaseIterable {
        case name, comment, adminComment, systemComment, stateDescription, nodeList, batchHost, scheduledNodes, partition, account, qos
        case reservation, constraint, dependency, licenses, tresRequested, tresAllocated, tresPerNode, workingDirectory, standardOutput
        case standardError, allocNode
    }

    private struct Entry {
        var pointer: UnsafePointer<CChar>?
        var text: String?
    }

    /// One entry for each field, without the bookkeeping of an array: this runs twenty times for each job.
    private let last: UnsafeMutablePointer<Entry>

    init() {
        last = .allocate(capacity: Field.allCases.count)
        last.initialize(repeating: Entry(), count: Field.allCases.count)
    }

    deinit {
        last.deinitialize(count: Field.allCases.count)
        last.deallocate()
    }

    /// As `CStrings.optional`.
    mutating func optional(_ pointer: UnsafePointer<CChar>?, _ field: Field) -> String? {
        guard let pointer, pointer.pointee != 0 else { return nil }
        let entry = last + field.rawValue
        if let before = entry.pointee.pointer, strcmp(before, pointer) == 0 { return entry.pointee.text }
        let text = CStrings.optional(pointer)
        entry.pointee = Entry(pointer: pointer, text: text)
        return text
    }
}
