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
