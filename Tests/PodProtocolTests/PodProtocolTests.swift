import Testing

@testable import PodProtocol

/// A small generator with a fixed seed: a failing run can be repeated.
private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}

@Suite("Frames") struct FrameTests {
    @Test("frames come back from any way of cutting the stream")
    func cutting() throws {
        var random = Seeded(state: 42)
        for _ in 0..<200 {
            let frames = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                Frame(
                    FrameType.allCases.randomElement(using: &random) ?? .ping, stream: .random(in: 0 ... .max, using: &random),
                    payload: (0..<Int.random(in: 0...300, using: &random)).map { _ in .random(in: 0...255, using: &random) })
            }
            var bytes = frames.flatMap(\.encoded)[...]
            var decoder = FrameDecoder()
            var result: [Frame] = []
            while !bytes.isEmpty {
                let piece = bytes.prefix(Int.random(in: 1...64, using: &random))
                bytes = bytes.dropFirst(piece.count)
                decoder.append(piece)
                while let frame = try decoder.next() { result.append(frame) }
            }
            #expect(result == frames)
        }
    }

    @Test("random bytes give frames or an error, never a crash")
    func garbage() {
        var random = Seeded(state: 7)
        var errors = 0
        for _ in 0..<2000 {
            var decoder = FrameDecoder()
            decoder.append((0..<Int.random(in: 0...64, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
            do {
                while try decoder.next() != nil {}
            } catch {
                errors += 1
            }
        }
        #expect(errors > 1000)
    }

    @Test("a frame that is too long or of an unknown type is refused from its header")
    func refused() {
        var long = FrameDecoder()
        long.append([1, 0, 0, 1, 4, 0, 0, 0, 0])
        #expect(throws: FrameError.tooLong(0x0100_0001)) { try long.next() }
        var unknown = FrameDecoder()
        unknown.append([0, 0, 0, 0, 99, 0, 0, 0, 0])
        #expect(throws: FrameError.unknownType(99)) { try unknown.next() }
    }

    @Test("mutated messages are read or refused, never a crash")
    func mutated() throws {
        var random = Seeded(state: 3)
        let plan = LaunchPlan(
            uid: "u", namespace: "n", name: "p", nodeName: "x", hostname: "h",
            volumes: [VolumePlan(name: "v", source: .emptyDirectory(inMemory: true, sizeLimit: 5))],
            containers: [ContainerPlan(name: "c", imagePath: "/i", image: "i", imageID: "d", command: [Template("a")])],
            initProgram: "/init")
        let good = try MessageCoding.encode(plan)
        #expect(try MessageCoding.decode(LaunchPlan.self, from: good, subject: "plan") == plan)
        var refused = 0
        for _ in 0..<500 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            do {
                _ = try MessageCoding.decode(LaunchPlan.self, from: bytes, subject: "plan")
            } catch {
                #expect(error.subject == "plan")
                refused += 1
            }
        }
        #expect(refused > 250)
    }
}

@Suite("Environment expansion") struct EnvironmentExpansionTests {
    @Test(
        "texts are expanded as Kubernetes does",
        arguments: [
            ("$(VAR_A)", "A"), ("___$(VAR_B)___", "___B___"), ("___$(VAR_C)", "___C"), ("$(VAR_A)-$(VAR_A)", "A-A"), ("$(VAR_A)-1", "A-1"),
            ("$(VAR_A)_$(VAR_B)_$(VAR_C)", "A_B_C"), ("$$(VAR_B)_$(VAR_A)", "$(VAR_B)_A"), ("$$(VAR_A)_$$(VAR_B)", "$(VAR_A)_$(VAR_B)"),
            ("f000-$$VAR_A", "f000-$VAR_A"), ("foo\\$(VAR_C)bar", "foo\\Cbar"), ("foo$$(VAR_C)bar", "foo$(VAR_C)bar"),
            ("$(VAR_DNE)", "$(VAR_DNE)"), ("$(VAR_A", "$(VAR_A"), ("$(VAR_", "$(" + "VAR_"), ("$VAR_A)", "$VAR_A)"),
            ("${VAR_A}", "${VAR_A}"),
            ("$(VAR_EMPTY)", ""), ("$(VAR_A)$", "A$"), ("$", "$"), ("$$$$$$$(VAR_A)", "$$$A"), ("$$$$$$(BIG_MONEY)", "$$$(BIG_MONEY)"),
            ("$?_boo_$!", "$?_boo_$!"), ("$()", "$()"), ("ü$(VAR_A)ü", "üAü"), ("", ""), ("$(VAR_REF)", "$(VAR_A)"),
        ])
    func table(text: String, expected: String) {
        let values = ["VAR_A": "A", "VAR_B": "B", "VAR_C": "C", "VAR_REF": "$(VAR_A)", "VAR_EMPTY": ""]
        #expect(EnvironmentExpansion.expand(text, with: values) == expected)
    }

    @Test("later entries refer to earlier ones, and replace those of the same name")
    func resolve() {
        let entries: [EnvironmentEntry] = [
            EnvironmentEntry("A", .literal("$(X)")), EnvironmentEntry("B", .template("<$(A)>")), EnvironmentEntry("C", .template("$(D)")),
            EnvironmentEntry("D", .secret(key: "k")), EnvironmentEntry("E", .secret(key: "missing")), EnvironmentEntry("F", .podAddress),
            EnvironmentEntry("G", .podAddresses), EnvironmentEntry("H", .hostAddress), EnvironmentEntry("A", .template("$(A)!")),
        ]
        let context = EnvironmentExpansion.Context(podAddresses: ["1", "2"], hostAddress: "9", secrets: ["k": "s"])
        let result = EnvironmentExpansion.resolve(entries, in: context).map { "\($0.name)=\($0.value)" }
        #expect(result == ["A=$(X)!", "B=<$(X)>", "C=$(D)", "D=s", "F=1", "G=1,2", "H=9"])
    }

    @Test("image texts are not expanded")
    func image() {
        #expect(Template("$(A)", expands: false).resolved(with: ["A": "x"]) == "$(A)")
        #expect(Template("$(A)").resolved(with: ["A": "x"]) == "x")
    }
}
