import Foundation
import Testing

@testable import HPKBench

@Suite struct UsageTests {
    @Test("allocations of Swift and of C are counted")
    func allocations() {
        let before = ProcessUsage.now()
        let kept = (0..<1000).map { _ in strdup("text") }
        let used = ProcessUsage.now().since(before)
        for pointer in kept { free(pointer) }
        #expect(used.allocations >= 1000)
    }

    @Test("processor time of this process and of another is the same, seen from within and from outside")
    func processorTime() throws {
        let own = ObservedProcess(getpid())
        let (inside, outside) = (ProcessUsage.now().cpuSeconds, try #require(own.cpuSeconds))
        #expect(abs(inside - outside) < 0.5 && outside > 0)
        #expect(try #require(own.residentBytes) > 1 << 20)
        // The kernel counts inexactly, and other tests of this process allocate meanwhile.
        #expect(try #require(own.peakResidentBytes) + (64 << 20) >= (try #require(own.residentBytes)))
        #expect(try #require(own.threads) >= 1)
    }

    @Test("a child and its time are found")
    func children() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sleep")
        process.arguments = ["30"]
        try process.run()
        defer {
            // Not TERM: a child of one of the library's threads starts with that blocked.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        let own = ObservedProcess(getpid())
        #expect(own.children.contains(ObservedProcess(process.processIdentifier)))
        #expect(try #require(own.treeCPUSeconds) >= (try #require(own.cpuSeconds)) - 1)
    }

    @Test("a process that is not there has nothing", arguments: [.max, 1 << 22, 0, -1] as [Int32])
    func absent(id: Int32) {
        let nobody = ObservedProcess(id)
        #expect(nobody.cpuSeconds == nil && nobody.residentBytes == nil && nobody.children.isEmpty && nobody.treeCPUSeconds == nil)
    }

    @Test("facts are read by name", arguments: [("model name", ":", "AMD"), ("PRETTY_NAME", "=", "Debian 12")])
    func facts(name: String, separator: String, expected: String) throws {
        let text = "x\nmodel name\t: AMD\nPRETTY_NAME=\"Debian 12\"\n"
        #expect(MachineFacts.value(of: name, in: text, separator: try #require(separator.first)) == expected)
    }
}
