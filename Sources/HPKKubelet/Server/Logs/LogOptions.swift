/// What a client asks of a container's log: the fields of the API's `PodLogOptions` that reach a kubelet.
public struct LogOptions: Sendable, Equatable {
    public var follow = false
    public var previous = false
    public var timestamps = false
    /// Entries from the end; nil for all.
    public var tailLines: Int64?
    /// Bytes of the answer; nil for no limit.
    public var limitBytes: Int64?
    /// Entries before this are left out.
    public var since: LogTime?

    public init() {}

    /// Reads a request's query; names that are no log option are passed over, as the kubelet does.
    ///
    /// - Parameter now: seconds since the Unix epoch; `sinceSeconds` counts back from it.
    /// - Throws: ``HTTPFault`` 400 for a value that cannot be read, 422 for one out of range (the kubelet's code for it).
    public init(query: [QueryItem], now: LogTime) throws(HTTPFault) {
        var seen: Set<String> = []
        var sinceSeconds: Int64?
        var sinceTime: LogTime?
        for item in query {
            guard Self.names.contains(item.name) else { continue }
            guard seen.insert(item.name).inserted else { throw HTTPFault(400, "query parameter \(item.name) is given twice") }
            switch item.name {
            case "follow": follow = try Self.flag(item)
            case "previous": previous = try Self.flag(item)
            case "timestamps": timestamps = try Self.flag(item)
            case "tailLines": tailLines = try Self.number(item, atLeast: 0)
            case "tail": if item.value != "all" { tailLines = try Self.number(item, atLeast: 0) }
            case "limitBytes": limitBytes = try Self.number(item, atLeast: 1)
            case "sinceSeconds": sinceSeconds = try Self.number(item, atLeast: 1)
            default:
                guard let time = LogTime(Array(item.value.utf8)) else {
                    throw HTTPFault(400, "query parameter sinceTime is not an RFC 3339 time")
                }
                sinceTime = time
            }
        }
        if sinceSeconds != nil && sinceTime != nil { throw HTTPFault(422, "at most one of sinceTime or sinceSeconds may be specified") }
        if let sinceSeconds {
            let (start, overflow) = now.seconds.subtractingReportingOverflow(sinceSeconds)
            since = LogTime(seconds: overflow ? .min : start, nanoseconds: now.nanoseconds)
        } else {
            since = sinceTime
        }
    }

    private static let names: Set = [
        "follow", "previous", "timestamps", "tailLines", "tail", "limitBytes", "sinceSeconds", "sinceTime",
    ]

    private static func flag(_ item: QueryItem) throws(HTTPFault) -> Bool {
        switch item.value.lowercased() {
        case "", "true", "1", "t": true
        case "false", "0", "f": false
        default: throw HTTPFault(400, "query parameter \(item.name) is neither true nor false")
        }
    }

    private static func number(_ item: QueryItem, atLeast minimum: Int64) throws(HTTPFault) -> Int64 {
        guard let value = Int64(item.value) else { throw HTTPFault(400, "query parameter \(item.name) is not a whole number") }
        guard value >= minimum else { throw HTTPFault(422, "query parameter \(item.name) must be at least \(minimum)") }
        return value
    }
}
