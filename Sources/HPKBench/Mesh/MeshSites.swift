import Foundation
import Mesh

/// Where the mesh's benchmark takes place: two hosts with meshed pods, and pods with other ways out.
final class MeshSites {
    typealias Way = (from: NetworkNamespace, to: NetworkNamespace, address: String)

    private let rig: MeshRig
    private let near: MeshRig
    private let plainRig: MeshRig
    let meshed: Way
    let bare: Way
    private let plain: Way
    private let loopback: Way
    /// Where the namespace of pasta's pod is bound to.
    private let mount: String
    private let outside: [(MeshBenchmark.Contender, NetworkNamespace, Process)]

    init() throws {
        rig = try MeshRig(hosts: 2)
        plainRig = try MeshRig(hosts: 2)
        near = try MeshRig(hosts: 1)
        func pair(_ rig: MeshRig, _ second: Int, isPlain: Bool = false) throws -> Way {
            let one = try rig.pod(on: 0, "10.244.0.1", isPlain: isPlain)
            let two = try rig.pod(on: second, "10.244.0.2", isPlain: isPlain)
            return (one.namespace, two.namespace, "\(two.address)")
        }
        meshed = try pair(rig, 1)
        plain = try pair(plainRig, 1, isPlain: true)
        loopback = try pair(near, 0)
        bare = (rig.hosts[0], rig.hosts[1], "192.168.77.2")
        // A pod's way out leads to the other host's own address.
        let slirpPod = try NetworkNamespace()
        let (slirp, slirpSaid) = try rig.hosts[0].start([
            "/usr/bin/slirp4netns", "--configure", "--netns-type=path", slirpPod.path, "tap0",
        ])
        let pastaPod = try NetworkNamespace()
        // It gives up the rights to look into other processes, so it needs a path of its own.
        let path = FileManager.default.temporaryDirectory.appending(path: "hpk-bench-\(pastaPod.process)").path
        try Data().write(to: URL(filePath: path))
        _ = try pastaPod.run(["/usr/bin/mount", "--bind", pastaPod.path, path])
        let (pasta, pastaSaid) = try rig.hosts[0].start([
            // It takes an ignored SIGPIPE, which this program has, for a failure.
            "/usr/bin/env", "--default-signal=PIPE", "/usr/bin/pasta", "-f", "-q", "--config-net", "-t", "none", "-u", "none", "-T", "none",
            "-U", "none", "--runas", "0", "--netns-only", "--netns", path,
        ])
        mount = path
        outside = [(.slirp, slirpPod, slirp), (.pasta, pastaPod, pasta)]
        do {
            try Self.awaitAddress(slirpPod, slirp, slirpSaid)
            try Self.awaitAddress(pastaPod, pasta, pastaSaid)
        } catch {
            end()
            throw error
        }
    }

    /// Every contender for a TCP stream, with its two ends.
    var streams: [(MeshBenchmark.Contender, NetworkNamespace, NetworkNamespace, String)] {
        [
            (.mesh, meshed.from, meshed.to, meshed.address), (.plain, plain.from, plain.to, plain.address),
            (.link, bare.from, bare.to, bare.address), (.loopback, loopback.from, loopback.to, loopback.address),
        ] + outside.map { ($0.0, $0.1, rig.hosts[1], "192.168.77.2") }
    }

    /// Wake-ups of a leg in a second of rest.
    func rest() throws -> Double {
        func switches() -> Int {
            let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
            return tasks.reduce(0) { sum, task in
                guard let name = try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8), name.hasPrefix("hpk-mesh"),
                    let text = try? String(contentsOfFile: "/proc/self/task/\(task)/status", encoding: .utf8)
                else { return sum }
                let lines = text.split(separator: "\n").filter { $0.contains("ctxt_switches") }
                return sum + lines.reduce(0) { $0 + (Int($1.split(whereSeparator: \.isWhitespace).last ?? "") ?? 0) }
            }
        }
        // What the last measurement left behind is over by then.
        usleep(3_000_000)
        let before = switches()
        usleep(5_000_000)
        return Double(switches() - before) / 5 / 6
    }

    private static func awaitAddress(_ pod: NetworkNamespace, _ program: Process, _ said: Pipe) throws {
        for _ in 0..<100 where program.isRunning {
            let addresses = try pod.run(["/usr/sbin/ip", "-oneline", "-4", "address"]).split(separator: "\n")
            if addresses.contains(where: { !$0.contains(" lo ") }) { return }
            usleep(100_000)
        }
        NetworkNamespace.end(program)
        let words = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        throw NetworkNamespace.Failed(
            description: "\(program.arguments?.joined(separator: " ") ?? "a program") gave its pod no address: \(words)")
    }

    func end() {
        for (_, _, process) in outside { NetworkNamespace.end(process) }
        _ = try? rig.hosts[0].run(["/usr/bin/umount", "--lazy", mount])
        try? FileManager.default.removeItem(atPath: mount)
        for rig in [rig, plainRig, near] { rig.end() }
    }
}
