import Kubernetes
import Testing

@testable import HPKKubelet

@Suite("Effective requests and QoS", .tags(.translation))
struct ResourceTotalsTests {
    static func container(_ name: String, cpu: Int64? = nil, limit: Int64? = nil, sidecar: Bool = false) -> Container {
        Container(
            name: name,
            resources: ResourceRequirements(
                limits: limit.map { ["cpu": Quantity(milli: $0)] } ?? [:], requests: cpu.map { ["cpu": Quantity(milli: $0)] } ?? [:]),
            restartPolicy: sidecar ? .always : nil)
    }

    /// Containers and the CPU (in thousandths) that the scheduler counts.
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var containers: [Container]
        var initContainers: [Container] = []
        var overhead: Int64?
        var whole: Int64?
        var expected: Int64?
    }

    @Test(
        "CPU requests",
        arguments: [
            Row(testDescription: "nothing", containers: [container("a")], expected: nil),
            Row(
                testDescription: "the sum of the containers", containers: [container("a", cpu: 100), container("b", cpu: 200)],
                expected: 300),
            Row(testDescription: "a limit is a request too", containers: [container("a", limit: 500)], expected: 500),
            Row(testDescription: "a request wins over its limit", containers: [container("a", cpu: 100, limit: 500)], expected: 100),
            Row(
                testDescription: "a greater init container", containers: [container("a", cpu: 100)],
                initContainers: [container("i", cpu: 700), container("j", cpu: 300)], expected: 700),
            Row(
                testDescription: "a smaller init container", containers: [container("a", cpu: 100)],
                initContainers: [container("i", cpu: 50)], expected: 100),
            Row(
                testDescription: "a sidecar counts beside the containers", containers: [container("a", cpu: 100)],
                initContainers: [container("s", cpu: 50, sidecar: true)], expected: 150),
            Row(
                testDescription: "a sidecar counts beside the init containers after it", containers: [container("a", cpu: 100)],
                initContainers: [container("i", cpu: 500), container("s", cpu: 50, sidecar: true), container("j", cpu: 480)], expected: 530),
            Row(testDescription: "overhead is added", containers: [container("a", cpu: 100)], overhead: 10, expected: 110),
            Row(testDescription: "the pod's own total", containers: [container("a", cpu: 100)], overhead: 10, whole: 1000, expected: 1010),
        ])
    func requests(_ row: Row) {
        let pod = Fixture.pod {
            $0.spec.containers = row.containers
            $0.spec.initContainers = row.initContainers
            $0.spec.overhead = row.overhead.map { ["cpu": Quantity(milli: $0)] } ?? [:]
            $0.spec.resources = row.whole.map { ResourceRequirements(requests: ["cpu": Quantity(milli: $0)]) }
        }
        #expect(ResourceTotals(of: pod).requests["cpu"]?.milliValue == row.expected)
    }

    @Test("Limits are added, and absent ones stay absent")
    func limits() {
        let pod = Fixture.pod {
            $0.spec.containers = [Self.container("a", limit: 500), Self.container("b", limit: 500)]
            $0.spec.overhead = ["cpu": Quantity(milli: 1), "memory": Quantity(1)]
        }
        let limits = ResourceTotals(of: pod).limits
        #expect(limits["cpu"]?.milliValue == 1001)
        #expect(limits["memory"] == nil)
    }

    static let both = ["cpu": Quantity(1), "memory": Quantity(1 << 20)]

    @Test(
        "QoS class",
        arguments: [
            ([ResourceRequirements()], QOSClass.bestEffort), ([ResourceRequirements(requests: ["cpu": Quantity(0)])], .bestEffort),
            ([ResourceRequirements(limits: ["nvidia.com/gpu": Quantity(1)])], .bestEffort),
            ([ResourceRequirements(limits: both)], .guaranteed), ([ResourceRequirements(limits: both, requests: both)], .guaranteed),
            ([ResourceRequirements(limits: both), ResourceRequirements(limits: both)], .guaranteed),
            ([ResourceRequirements(limits: both), ResourceRequirements()], .burstable),
            ([ResourceRequirements(limits: ["cpu": Quantity(1)])], .burstable), ([ResourceRequirements(requests: both)], .burstable),
            ([ResourceRequirements(limits: both, requests: ["cpu": Quantity(milli: 500)])], .burstable),
        ] as [([ResourceRequirements], QOSClass)])
    func qos(resources: [ResourceRequirements], expected: QOSClass) {
        let pod = Fixture.pod {
            $0.spec.containers = resources.enumerated().map { Container(name: "c\($0.offset)", resources: $0.element) }
        }
        #expect(QOSClass(of: pod) == expected)
    }

    @Test("Init containers count for the QoS class, and the pod's own resources decide alone")
    func qosOfTheRest() {
        let withInit = Fixture.pod { $0.spec.initContainers = [Container(name: "i", resources: ResourceRequirements(limits: Self.both))] }
        #expect(QOSClass(of: withInit) == .burstable)
        let whole = Fixture.pod { $0.spec.resources = ResourceRequirements(limits: Self.both) }
        #expect(QOSClass(of: whole) == .guaranteed)
    }
}
