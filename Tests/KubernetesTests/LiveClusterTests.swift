import Foundation
import Testing

@testable import Kubernetes

@Suite("the real API server", .tags(.cluster), .enabled(if: LiveCluster.isThere), .serialized, .timeLimit(.minutes(3)))
struct LiveClusterTests {
    @Test("tells its version")
    func version() async throws {
        let version = try await LiveCluster.client().version()
        #expect(version.number.major == 1)
        #expect(version.number.minor >= 20)
    }

    @Test("an object is created once, patched, read and deleted only with its own UID")
    func lifeOfAnObject() async throws {
        try await LiveCluster.withNamespace { client, namespace in
            let map = ConfigMap(
                metadata: ObjectMeta(name: "a", namespace: namespace), data: ["text": "one"], binaryData: ["bytes": Data([0, 255])])
            let created = try await client.create(map)
            #expect(created.data == ["text": "one"])
            #expect(created.binaryData == ["bytes": Data([0, 255])])
            let again = await #expect(throws: KubernetesError.self) { try await client.create(map) }
            #expect(again?.isAlreadyExists == true)

            let patched = try await client.patch(ConfigMap.self, "a", namespace: namespace, .annotations(["k": "v"]))
            #expect(patched.metadata.annotations["k"] == "v")
            #expect(patched.data == ["text": "one"])
            let operation = Patch.Operation.replace(path: Patch.Operation.pointer("data", "text"), value: "two")
            #expect(try await client.patch(ConfigMap.self, "a", namespace: namespace, .json([operation])).data["text"] == "two")
            let applied = Patch.apply(
                ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "b"], "data": ["x": "y"]], fieldManager: "test")
            #expect(try await client.patch(ConfigMap.self, "b", namespace: namespace, applied).data == ["x": "y"])

            let wrong = DeleteOptions(preconditions: Preconditions(uid: "another"))
            let refused = await #expect(throws: KubernetesError.self) {
                try await client.delete(ConfigMap.self, "a", namespace: namespace, options: wrong)
            }
            #expect(refused?.isConflict == true)
            let right = DeleteOptions(preconditions: Preconditions(uid: created.metadata.uid))
            try await client.delete(ConfigMap.self, "a", namespace: namespace, options: right)
            let gone = await #expect(throws: KubernetesError.self) { try await client.get(ConfigMap.self, "a", namespace: namespace) }
            #expect(gone?.isNotFound == true)
            #expect(gone?.reason == "NotFound")
        }
    }

    @Test("a lease is renewed by a merge patch with six fraction digits")
    func lease() async throws {
        try await LiveCluster.withNamespace { client, namespace in
            let lease = Lease(
                metadata: ObjectMeta(name: "n", namespace: namespace),
                spec: LeaseSpec(holderIdentity: "n", leaseDurationSeconds: 40, renewTime: MicroTime(Date())))
            try await client.create(lease)
            let time = MicroTime(microsecondsSince1970: 1_700_000_000_000_000)
            let patch = Patch.merge(["spec": ["renewTime": .string(time.description)]])
            #expect(try await client.patch(Lease.self, "n", namespace: namespace, patch).spec.renewTime == time)
        }
    }

    @Test("a pod is bound once, its status patched, and it goes at once with grace 0")
    func pod() async throws {
        try await LiveCluster.withNamespace { client, namespace in
            try await Self.waitForServiceAccount(client, namespace)
            let pod = Pod(
                metadata: ObjectMeta(name: "p", namespace: namespace),
                spec: PodSpec(containers: [Container(name: "c", image: "i")], restartPolicy: .never, schedulerName: "nobody"))
            let created = try await client.create(pod)
            try await client.create(Node(metadata: ObjectMeta(name: "node-of-\(namespace)")))
            try await client.bind(pod: "p", namespace: namespace, uid: created.metadata.uid, node: "node-of-\(namespace)")
            let twice = await #expect(throws: KubernetesError.self) {
                try await client.bind(pod: "p", namespace: namespace, node: "node-of-\(namespace)")
            }
            #expect(twice?.isConflict == true)
            let status = PodStatus(
                phase: .running, conditions: [PodCondition(type: "Ready", status: .true)], startTime: Timestamp(Date()),
                containerStatuses: [
                    ContainerStatus(
                        name: "c", state: ContainerState(running: ContainerStateRunning(startedAt: Timestamp(Date()))), ready: true,
                        image: "i", started: true)
                ])
            let patched = try await client.patch(
                Pod.self, "p", namespace: namespace, subresource: "status", .status(status, uid: created.metadata.uid))
            #expect(patched.status.phase == .running)
            #expect(patched.status.conditions.map(\.type).sorted() == ["PodScheduled", "Ready"])
            #expect(patched.status.containerStatuses == status.containerStatuses)
            let token = try await client.token(
                serviceAccount: "default", namespace: namespace,
                TokenRequestSpec(
                    expirationSeconds: 600,
                    boundObjectRef: BoundObjectReference(kind: "Pod", apiVersion: "v1", name: "p", uid: created.metadata.uid)))
            #expect(token.token.split(separator: ".").count == 3)
            let options = DeleteOptions(gracePeriodSeconds: 0, preconditions: Preconditions(uid: created.metadata.uid))
            try await client.delete(Pod.self, "p", namespace: namespace, options: options)
            try await client.delete(Node.self, "node-of-\(namespace)")
        }
    }

    /// Until the account and its token are there, the admission of 1.20 refuses pods.
    static func waitForServiceAccount(_ client: KubernetesClient, _ namespace: String) async throws {
        let reflector = Reflector<ServiceAccount>(client: client, Selection(namespace: namespace))
        let task = Task { await reflector.run() }
        for await event in reflector.events {
            if let account = event.snapshot?.value, account.metadata.name == "default", !account.secrets.isEmpty { break }
        }
        task.cancel()
    }

    @Test("a reflector sees objects come, change and go, and those that were there before")
    func reflector() async throws {
        try await LiveCluster.withNamespace { client, namespace in
            try await client.create(ConfigMap(metadata: ObjectMeta(name: "early", namespace: namespace)))
            let reflector = Reflector<ConfigMap>(client: client, Selection(namespace: namespace, fields: "metadata.name!=kube-root-ca.crt"))
            let task = Task { await reflector.run() }
            var events = reflector.events.makeAsyncIterator()
            #expect(await events.next()?.text == "added early")
            #expect(await events.next()?.text == "synced")
            try await client.create(ConfigMap(metadata: ObjectMeta(name: "late", namespace: namespace)))
            #expect(await events.next()?.text == "added late")
            try await client.patch(ConfigMap.self, "late", namespace: namespace, .labels(["a": "b"]))
            #expect(await events.next()?.text == "modified late")
            #expect(reflector.store[ObjectKey(namespace: namespace, name: "late")]?.value.metadata.labels == ["a": "b"])
            try await client.delete(ConfigMap.self, "early", namespace: namespace)
            #expect(await events.next()?.text == "deleted early")
            task.cancel()
            #expect(await events.next() == nil)
        }
    }

    @Test("requests at once share one connection over HTTP/2, and a paused stream does not hold them up")
    func multiplexing() async throws {
        let client = try LiveCluster.client()
        try await client.version().checked()
        let port = UInt16(try #require(URL(string: client.connection.server)?.port))
        let before = Self.connections(to: port)
        try #require(before > 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { try await client.version().checked() } }
            try await group.waitForAll()
        }
        // Those of earlier tests may still be closing.
        #expect(Self.connections(to: port) <= before)
        // The OpenAPI document is some megabytes long: its stream stops at our high-water mark.
        let stream = try await client.stream(APIRequest("GET", "/openapi/v2"), idleTimeout: nil)
        var chunks = stream.chunks.makeAsyncIterator()
        var received = try await chunks.next()?.count ?? 0
        for _ in 0..<20 { try await client.version().checked() }
        while let chunk = try await chunks.next() { received += chunk.count }
        #expect(received > 1 << 20)
    }

    /// TCP connections of this process to the API server.
    private static func connections(to port: UInt16) -> Int {
        (Int32(3)..<4096).count { descriptor in
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            return withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) == 0 }
            } && address.sin_family == sa_family_t(AF_INET) && UInt16(bigEndian: address.sin_port) == port
        }
    }

    @Test("a server with another authority or name is refused, and a client without a certificate too")
    func verification() async throws {
        let client = try LiveCluster.client()
        func error(_ change: (inout ClusterConnection) -> Void) async -> KubernetesError? {
            var connection = client.connection
            change(&connection)
            let other = KubernetesClient(connection: connection, transport: client.transport, retry: .none)
            return await #expect(throws: KubernetesError.self) { try await other.list(Node.self) }
        }
        func isTLS(_ error: KubernetesError?) -> Bool {
            if case .transport(let error) = error?.cause { return error.kind == .tls }
            return false
        }
        #expect(isTLS(await error { $0.tls.certificateAuthority = nil }))
        #expect(isTLS(await error { $0.tls.certificateAuthority = $0.tls.clientCertificate }))
        #expect(isTLS(await error { $0.tls.serverName = "another.example" }))
        #expect(isTLS(await error { $0.tls.clientKey = Data("-----BEGIN RSA PRIVATE KEY-----\n".utf8) }))
        let anonymous = await error {
            $0.tls.clientCertificate = nil
            $0.tls.clientKey = nil
        }
        #expect(anonymous?.isForbidden == true || anonymous?.isUnauthorized == true)
        var named = client.connection
        named.tls.serverName = "kubernetes.default.svc"
        try await KubernetesClient(connection: named, transport: client.transport).version().checked()
    }

    @Test("a list in pages is whole, and a page's token that was compacted away is no obstacle")
    func pages() async throws {
        try await LiveCluster.withNamespace { client, namespace in
            for number in 0..<7 { try await client.create(ConfigMap(metadata: ObjectMeta(name: "m\(number)", namespace: namespace))) }
            let selection = Selection(namespace: namespace, fields: "metadata.name!=kube-root-ca.crt")
            let list = try await client.list(ConfigMap.self, selection, pageSize: 3)
            #expect(list.objects.map(\.value.metadata.name).sorted() == (0..<7).map { "m\($0)" })
            #expect(list.undecodable.isEmpty && !list.resourceVersion.isEmpty)
        }
    }

    @Test("ten thousand objects are made, listed and kept without a stall")
    func tenThousand() async throws {
        try await LiveCluster.withNamespace { client, namespace in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<50 {
                    group.addTask {
                        for number in 0..<200 {
                            try await client.create(ConfigMap(metadata: ObjectMeta(name: "m\(worker)-\(number)", namespace: namespace)))
                        }
                    }
                }
                try await group.waitForAll()
            }
            let reflector = Reflector<ConfigMap>(client: client, Selection(namespace: namespace, fields: "metadata.name!=kube-root-ca.crt"))
            let task = Task { await reflector.run() }
            let listing = Task {
                var count = 0
                for await event in reflector.events {
                    if case .synced = event { return count }
                    count += 1
                }
                return -1
            }
            // Meanwhile, small requests are answered quickly.
            var slowest = Duration.zero
            while !reflector.store.isSynced {
                slowest = max(slowest, try await ContinuousClock().measure { try await client.version().checked() })
            }
            #expect(await listing.value == 10_000)
            #expect(slowest < .seconds(2))
            task.cancel()
        }
    }

    @Test("events are written and counted")
    func events() async throws {
        try await LiveCluster.withNamespace { client, namespace in
            let map = try await client.create(ConfigMap(metadata: ObjectMeta(name: "a", namespace: namespace)))
            let recorder = EventRecorder(client: client, component: "test", host: "here")
            let task = Task { await recorder.run() }
            let reflector = Reflector<Event>(client: client, Selection(namespace: namespace))
            let watching = Task { await reflector.run() }
            for _ in 0..<3 { recorder.record(map, .warning, reason: "Tried", "it did not work") }
            for await event in reflector.events {
                guard let snapshot = event.snapshot, snapshot.value.reason == "Tried", snapshot.value.count == 3 else { continue }
                #expect(snapshot.value.involvedObject.uid == map.metadata.uid)
                #expect(snapshot.value.source == EventSource(component: "test", host: "here"))
                break
            }
            task.cancel()
            watching.cancel()
        }
    }
}

extension ReflectorEvent {
    var snapshot: Snapshot<T>? {
        switch self {
        case .added(let snapshot), .modified(let snapshot), .deleted(let snapshot): snapshot
        case .synced, .undecodable, .failed: nil
        }
    }

    var text: String {
        switch self {
        case .synced: "synced"
        case .added(let snapshot): "added \(snapshot.value.metadata.name)"
        case .modified(let snapshot): "modified \(snapshot.value.metadata.name)"
        case .deleted(let snapshot): "deleted \(snapshot.value.metadata.name)"
        case .undecodable(let object): "undecodable \(object.key?.name ?? "-")"
        case .failed(let error): "failed \(error.code.map { "\($0)" } ?? "-")"
        }
    }
}

extension ServerVersion {
    /// Fails when the answer was not a version.
    func checked() throws { try #require(gitVersion.hasPrefix("v")) }
}
