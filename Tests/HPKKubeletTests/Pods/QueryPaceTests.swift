import Testing

@testable import HPKKubelet

@Suite("How often Slurm is asked")
struct QueryPaceTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var situation: QueryPace.Situation
        var pause: Double?
        var testDescription: String { name }
    }

    static let rows = [
        Row(name: "no job", situation: .init(), pause: nil),
        Row(name: "no job, though asked", situation: .init(isAsked: true), pause: nil),
        Row(name: "asked", situation: .init(followed: 5, isAsked: true), pause: 0.25),
        Row(name: "a job is being ended", situation: .init(followed: 5, waiting: 2, expected: 1), pause: 1),
        Row(name: "a job was just submitted", situation: .init(followed: 5, waiting: 2, unsettled: 1), pause: 1),
        Row(name: "jobs wait", situation: .init(followed: 5, waiting: 2), pause: 5),
        Row(name: "at rest", situation: .init(followed: 5), pause: 30),
        Row(name: "a slow answer bounds the share of time", situation: .init(followed: 5, isAsked: true, lastDuration: 0.5), pause: 10),
        Row(name: "first failure", situation: .init(followed: 5, isAsked: true, failures: 1), pause: 0.5),
        Row(name: "many failures", situation: .init(followed: 5, failures: 60), pause: 30),
        Row(name: "a failure without jobs is followed up", situation: .init(failures: 2), pause: 1),
    ]

    @Test("The pause follows from the situation", arguments: rows)
    func pause(row: Row) {
        #expect(QueryPace().pause(row.situation) == row.pause)
    }
}
