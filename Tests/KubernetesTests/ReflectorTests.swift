import Foundation
import Testing

@testable import Kubernetes

@Suite("Reflector", .timeLimit(.minutes(1)))
struct ReflectorTests {
    private static let path = "GET /api/v1/configmaps"
    private static let watch = "\(path)?watch=1&allowWatchBookmarks=true&resourceVersion="

    private static func map(_ name: String, _ version: Int, uid: String? = nil) -> String {
        #"{"metadata":{"name":"\#(name)","namespace":"n","uid":"\#(uid ?? name)","resourceVersion":"\#(version)"}}"#
    }

    private static func list(_ version: Int, _ items: [String], next: String = "") -> ScriptedTransport.Answer {
        .response(200, #"{"metadata":{"resourceVersion":"\#(version)","continue":"\#(next)"},"items":[\#(items.joined(separator: ","))]}"#)
    }

    private static func event(_ type: String, _ object: String) -> String { "{\"type\":\"\(type)\",\"object\":\(object)}\n" }

    private static let expired = event("ERROR", #"{"kind":"Status","code":410,"reason":"Expired"}"#)
    private static let gone = ScriptedTransport.Answer.response(410, #"{"kind":"Status","code":410,"reason":"Expired"}"#)

    /// Runs a reflector against the answers until it has told `count` events and then made its last request.
    private func run(
        _ answers: [ScriptedTransport.Answer], events count: Int, time: TestTime = TestTime()
    ) async -> (events: [String], requests: [String], names: [String]) {
        let transport = ScriptedTransport(answers)
        let reflector = Reflector<ConfigMap>(client: transport.client(time: time, retry: .none))
        let task = Task { await reflector.run() }
        var events: [String] = []
        for await event in reflector.events {
            events.append(event.text)
            if events.count == count { break }
        }
        // One request more than there are answers: the one that hangs.
        while transport.requests.count <= answers.count { await Task.yield() }
        task.cancel()
        return (events, transport.targets, reflector.store.all.map(\.value.metadata.name).sorted())
    }

    @Test("lists all pages, then watches from the list's version")
    func listAndWatch() async {
        let result = await run(
            [
                Self.list(5, [Self.map("a", 1)], next: "t/k="), Self.list(5, [Self.map("b", 2)]),
                .stream([
                    Self.event("ADDED", Self.map("c", 6)), Self.event("MODIFIED", Self.map("a", 7)),
                    Self.event("DELETED", Self.map("b", 8)),
                ]),
            ], events: 6)
        #expect(result.events == ["added a", "added b", "synced", "added c", "modified a", "deleted b"])
        #expect(result.requests.prefix(3) == ["\(Self.path)?limit=500", "\(Self.path)?limit=500&continue=t%2Fk%3D", "\(Self.watch)5"])
        #expect(result.names == ["a", "c"])
    }

    @Test("after a clean end the watch goes on from the last version, a bookmark's too")
    func cleanEnd() async {
        let time = TestTime()
        let result = await run(
            [
                Self.list(5, []), .stream([Self.event("BOOKMARK", #"{"metadata":{"resourceVersion":"9"}}"#)]),
                .stream([Self.event("ADDED", Self.map("a", 11))]), .failure(.connectionLost),
            ], events: 3, time: time)
        #expect(result.events == ["synced", "added a", "failed -"])
        #expect(result.requests == ["\(Self.path)?limit=500", "\(Self.watch)5", "\(Self.watch)9", "\(Self.watch)11", "\(Self.watch)11"])
    }

    @Test("410 in either form leads to a new list, which finds what came and went meanwhile", arguments: ["response", "event"])
    func expired(form: String) async {
        let answer = form == "event" ? ScriptedTransport.Answer.stream([Self.expired]) : Self.gone
        let result = await run(
            [
                Self.list(5, [Self.map("same", 1), Self.map("gone", 2), Self.map("changed", 3), Self.map("again", 4)]), answer,
                Self.list(20, [Self.map("same", 1), Self.map("changed", 12), Self.map("again", 13, uid: "other"), Self.map("new", 14)]),
            ], events: 11)
        #expect(
            result.events == [
                "added same", "added gone", "added changed", "added again", "synced", "deleted gone", "modified changed", "deleted again",
                "added again", "added new", "synced",
            ])
        #expect(result.requests.last == "\(Self.watch)20")
        #expect(result.names == ["again", "changed", "new", "same"])
    }

    @Test("410 in the middle of a paged list begins the list anew, without telling half of it")
    func expiredPage() async {
        let result = await run(
            [Self.list(5, [Self.map("a", 1)], next: "x"), Self.gone, Self.list(9, [Self.map("b", 2)])], events: 2)
        #expect(result.events == ["added b", "synced"])
    }

    @Test("a broken stream is a failure that leads to another watch, unreadable bytes to another list")
    func failures() async {
        let time = TestTime()
        let result = await run(
            [
                Self.list(5, []), .stream([Self.event("ADDED", Self.map("a", 6)), "{\"type\":"], end: .connectionLost),
                .stream(["rubbish\n"]), Self.list(7, [Self.map("a", 6)]),
            ], events: 5, time: time)
        #expect(result.events == ["synced", "added a", "failed -", "failed -", "synced"])
        #expect(
            result.requests == ["\(Self.path)?limit=500", "\(Self.watch)5", "\(Self.watch)6", "\(Self.path)?limit=500", "\(Self.watch)7"])
        #expect(time.slept == [.milliseconds(375), .milliseconds(750)])
    }

    @Test("failing lists are repeated ever more slowly, and Retry-After is obeyed")
    func slowingDown() async {
        let time = TestTime()
        let result = await run(
            [
                .failure(.unreachable), .response(500, "{}"), .response(429, "{}", ["Retry-After": "7"]),
                .response(403, #"{"reason":"Forbidden"}"#),
                Self.list(1, []),
            ], events: 5, time: time)
        #expect(result.events == ["failed -", "failed 500", "failed 429", "failed 403", "synced"])
        #expect(time.slept == [.milliseconds(375), .milliseconds(750), .seconds(7), .seconds(3)])
    }

    @Test("an error event that is not 410 is told and waited out")
    func errorEvent() async {
        let time = TestTime()
        let status = #"{"kind":"Status","code":500,"reason":"InternalError","details":{"retryAfterSeconds":2}}"#
        let result = await run([Self.list(5, []), .stream([Self.event("ERROR", status)])], events: 2, time: time)
        #expect(result.events == ["synced", "failed 500"])
        #expect(time.slept == [.seconds(2)])
        #expect(result.requests.last == "\(Self.watch)5")
    }

    @Test("an object that cannot be decoded is told, takes nothing with it, and is not gone")
    func undecodable() async {
        let broken = #"{"metadata":{"name":"a","namespace":"n","resourceVersion":"9"},"data":5}"#
        let result = await run(
            [
                Self.list(5, [Self.map("a", 1), #"{"metadata":{"name":"z"},"data":5}"#, Self.map("b", 2)]),
                .stream([Self.event("MODIFIED", broken), Self.expired]), Self.list(10, [broken, Self.map("b", 2)]),
                .stream([Self.event("DELETED", broken)]),
            ], events: 9)
        #expect(
            result.events == [
                "added a", "added b", "undecodable z", "synced", "undecodable a", "undecodable a", "synced", "deleted a", "undecodable a",
            ])
        #expect(result.requests.last == "\(Self.watch)9")
    }

    @Test("cancellation ends the events")
    func cancellation() async {
        let reflector = Reflector<ConfigMap>(client: ScriptedTransport([]).client())
        let task = Task { await reflector.run() }
        task.cancel()
        for await event in reflector.events { Issue.record("told \(event.text)") }
        await task.value
    }
}

@Suite("Reflector's decisions")
struct ReflectorMachineTests {
    @Test("no version means list, a version means watch")
    func steps() {
        var machine = ReflectorMachine()
        #expect(machine.next == .list)
        machine.listed(resourceVersion: "5")
        #expect(machine.next == .watch(from: "5"))
        machine.advanced(to: "6", isBookmark: false)
        #expect(machine.next == .watch(from: "6"))
        machine.advanced(to: "", isBookmark: false)
        #expect(machine.next == .watch(from: "6"))
        #expect(machine.watchEnded(.expired, lasted: .zero, random: 0.5) == .zero)
        #expect(machine.next == .list)
        machine.listed(resourceVersion: "")
        #expect(machine.next == .list)
    }

    @Test("a server that ends each watch at once, or forgets each version at once, is asked ever more slowly, up to 30 s")
    func loops() {
        for end in [ReflectorMachine.WatchEnd.clean, .expired, .failed(retryAfter: nil)] {
            var machine = ReflectorMachine()
            var delays: [Duration] = []
            for _ in 0..<20 {
                machine.listed(resourceVersion: "1")
                delays.append(machine.watchEnded(end, lasted: .zero, random: 1))
            }
            #expect(delays.last == .seconds(30), "\(end)")
            #expect(delays == delays.sorted(), "\(end)")
        }
    }

    @Test("good news ends the slowing down")
    func recovery() {
        var machine = ReflectorMachine()
        machine.listed(resourceVersion: "1")
        for _ in 0..<9 { _ = machine.watchEnded(.failed(retryAfter: nil), lasted: .zero, random: 1) }
        machine.advanced(to: "2", isBookmark: false)
        #expect(machine.watchEnded(.failed(retryAfter: nil), lasted: .zero, random: 1) == .milliseconds(500))
        _ = machine.watchEnded(.failed(retryAfter: nil), lasted: .zero, random: 1)
        #expect(machine.watchEnded(.clean, lasted: .seconds(1), random: 1) == .zero)
        #expect(machine.watchEnded(.failed(retryAfter: .seconds(9)), lasted: .zero, random: 1) == .seconds(9))
        #expect(machine.watchEnded(.failed(retryAfter: .seconds(9999)), lasted: .zero, random: 1) == .seconds(30))
    }

    @Test("bookmarks are remembered")
    func bookmarks() {
        var machine = ReflectorMachine()
        #expect(!machine.hasBookmarks)
        machine.advanced(to: "2", isBookmark: true)
        #expect(machine.hasBookmarks)
    }
}

@Suite("Object table")
struct ObjectTableTests {
    private func snapshot(_ name: String, _ version: String, uid: String = "u") -> Snapshot<ConfigMap> {
        Snapshot(value: ConfigMap(metadata: ObjectMeta(name: name, uid: uid, resourceVersion: version)))
    }

    private func texts(_ changes: [ObjectChange<ConfigMap>]) -> [String] {
        changes.map { change in
            switch change {
            case .added(let snapshot): "added \(snapshot.value.metadata.uid)"
            case .modified(let snapshot): "modified \(snapshot.value.metadata.uid)"
            case .deleted(let snapshot): "deleted \(snapshot.value.metadata.uid)"
            }
        }
    }

    @Test("every way in and out")
    func changes() {
        var table = ObjectTable<ConfigMap>()
        #expect(texts(table.put(snapshot("a", "1"))) == ["added u"])
        #expect(texts(table.put(snapshot("a", "1"))) == [])
        #expect(texts(table.put(snapshot("a", "2"))) == ["modified u"])
        #expect(texts(table.put(snapshot("a", "3", uid: "v"))) == ["deleted u", "added v"])
        #expect(texts(table.remove(snapshot("a", "4", uid: "w"))) == ["deleted v", "deleted w"])
        #expect(texts(table.remove(snapshot("a", "4", uid: "w"))) == ["deleted w"])
        #expect(texts(table.remove(ObjectKey(namespace: "", name: "a"))) == [])
        _ = table.put(snapshot("b", "1"))
        #expect(texts(table.replace(with: [], undecodable: [ObjectKey(namespace: "", name: "b")])) == [])
        #expect(texts(table.replace(with: [])) == ["deleted u"])
        _ = table.put(snapshot("b", "1"))
        #expect(texts(table.remove(ObjectKey(namespace: "", name: "b"))) == ["deleted u"])
    }
}
