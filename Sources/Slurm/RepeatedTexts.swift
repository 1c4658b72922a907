import Glibc

/// Texts of a field in a row of records. Most jobs of a user have the same partition, account, folder and resources as the job before:
/// then the text of the record before is used again, instead of made anew.
///
/// It compares with memory of the records before: all records that one value sees must be of one message, which outlives it.
struct RepeatedTexts {
    /// Fields with texts; tasks of an array share nearly all of them.
    enum Field: Int, CaseIterable {
        case name, comment, adminComment, systemComment, stateDescription, nodeList, batchHost, scheduledNodes, partition, account, qos
        case reservation, constraint, dependency, licenses, tresRequested, tresAllocated, tresPerNode, workingDirectory, standardOutput
        case standardError, allocNode
    }

    private var last: [(pointer: UnsafePointer<CChar>?, text: String?)] = Array(repeating: (nil, nil), count: Field.allCases.count)

    /// As `CStrings.optional`.
    mutating func optional(_ pointer: UnsafePointer<CChar>?, _ field: Field) -> String? {
        guard let pointer, pointer.pointee != 0 else { return nil }
        if let before = last[field.rawValue].pointer, strcmp(before, pointer) == 0 { return last[field.rawValue].text }
        let text = CStrings.optional(pointer)
        last[field.rawValue] = (pointer, text)
        return text
    }
}
