import CMesh
import Foundation
import Glibc
import Synchronization

@testable import Mesh

/// A network namespace that lives as long as this object, held by a process of its own.
final class NetworkNamespace: Sendable {
    let process: Int32

    init(parent: NetworkNamespace? = nil) throws {
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        holder.arguments = ["--net", "/bin/sh", "-c", "echo; exec sleep infinity"]
        let said = Pipe()
        holder.standardOutput = said
        try holder.run()
        process = holder.processIdentifier
        // The line comes from within.
        _ = said.fileHandleForReading.availableData
        try ip("link", "set", "lo", "up")
    }

    deinit { kill(process, SIGKILL) }

    var path: String { "/proc/\(process)/ns/net" }

    func ip(_ arguments: String...) throws { _ = try run(["/usr/sbin/ip"] + arguments) }

    /// Starts a program in the namespace.
    func start(_ command: [String]) throws -> (process: Process, output: Pipe) {
        let program = Process()
        program.executableURL = URL(fileURLWithPath: "/usr/bin/nsenter")
        program.arguments = ["--net=\(path)"] + command
        let output = Pipe()
        program.standardOutput = output
        program.standardError = output
        try program.run()
        return (program, output)
    }

    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs a program in the namespace to its end, and gives what it says.
    func run(_ command: [String]) throws -> String {
        let (program, output) = try start(command)
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        program.waitUntilExit()
        guard program.terminationStatus == 0 else { throw Failed(description: "\(command.joined(separator: " ")): \(text)") }
        return text
    }

    /// Does something on a thread that is in the namespace.
    func within<T: Sendable>(_ body: @escaping @Sendable () throws -> T) throws -> T {
        let result = Mutex<Result<T, any Error>?>(nil)
        let isDone = DispatchSemaphore(value: 0)
        let path = path
        Thread.detachNewThread {
            let outcome = Result {
                let number = open(path, O_RDONLY | O_CLOEXEC)
                defer { close(number) }
                guard number >= 0, hpk_mesh_enter(number) == 0 else { throw Failed(description: "cannot enter \(path)") }
                return try body()
            }
            result.withLock { $0 = outcome }
            isDone.signal()
        }
        isDone.wait()
        return try result.withLock { try $0?.get() } ?? { throw Failed(description: "nothing was done") }()
    }
}

/// Hosts on one Ethernet, legs on them with a pod behind each, and a directory that answers what they ask.
final class MeshWorld: @unchecked Sendable {
    // Safe: what changes is behind the mutex.
    struct Pod {
        let namespace: NetworkNamespace
        let leg: MeshLeg
        let address: MeshAddress
        let peer: MeshPeer
    }

    static let prefix = MeshPrefix("10.244.0.0/16")
    let hosts: [NetworkNamespace]
    private let ethernet: NetworkNamespace
    private struct State {
        var pods: [Pod] = []
        var keys: ([MeshKey], UInt32) = ([], 0)
        var isOver = false
        var questions = 0
    }
    private let state = Mutex(State())
    private let key: MeshKey

    init(hosts count: Int, mtu: Int = 1500) throws {
        ethernet = try NetworkNamespace()
        try ethernet.ip("link", "add", "bridge", "type", "bridge")
        try ethernet.ip("link", "set", "bridge", "mtu", "\(mtu)", "up")
        var hosts: [NetworkNamespace] = []
        for number in 1...count {
            let host = try NetworkNamespace()
            try ethernet.ip("link", "add", "host\(number)", "mtu", "\(mtu)", "type", "veth", "peer", "name", "eth0", "mtu", "\(mtu)", "netns", "\(host.process)")
            try ethernet.ip("link", "set", "host\(number)", "master", "bridge", "up")
            try host.ip("address", "add", "192.168.77.\(number)/24", "dev", "eth0")
            try host.ip("link", "set", "eth0", "up")
            hosts.append(host)
        }
        self.hosts = hosts
        key = try CryptographyTests.key()
        state.withLock { $0.keys = ([key], 1) }
        Thread.detachNewThread { [weak self] in
            while let self, self.answer() {}
        }
    }

    deinit {
        state.withLock { state in
            for pod in state.pods { pod.leg.stop() }
        }
    }

    func end() { state.withLock { $0.isOver = true } }

    var questions: Int { state.withLock { $0.questions } }

    /// Answers what legs ask, as the agent does; false when the world has come to its end.
    private func answer() -> Bool {
        usleep(1000)
        return state.withLock { state in
            for pod in state.pods {
                for question in pod.leg.takeNews() {
                    state.questions += 1
                    switch question {
                    case .missing(let address):
                        guard let other = state.pods.last(where: { $0.address == address }) else {
                            pod.leg.apply([.unreachable(address)])
                            continue
                        }
                        other.leg.apply([.peer(pod.peer)])
                        pod.leg.apply([.peer(other.peer)])
                    case .unknown(let session):
                        if let other = state.pods.first(where: { $0.peer.session == session }) { pod.leg.apply([.peer(other.peer)]) }
                    }
                }
            }
            return !state.isOver
        }
    }

    /// Makes a pod on a host.
    ///
    /// - Parameter endpoint: where the others believe it to be; nil for the truth.
    @discardableResult
    func pod(on host: Int, _ address: String, mtu: Int = 1412, at endpoint: ((MeshEndpoint) throws -> MeshEndpoint)? = nil) throws -> Pod {
        let namespace = try NetworkNamespace()
        let address = MeshAddress(address) ?? SamplePacket.one
        var generator = SystemRandomNumberGenerator()
        let session = MeshSession.random(using: &generator)
        let path = namespace.path
        let prefix = Self.prefix.map { LegSettings.Address(address: address, prefix: $0) }
        let leg = try hosts[host].within {
            let number = open(path, O_RDONLY | O_CLOEXEC)
            defer { close(number) }
            return try MeshLeg(LegSettings(addresses: prefix.map { [$0] } ?? [], session: session, networkNamespace: number, mtu: mtu))
        }
        let own = MeshEndpoint(host: MeshAddress(ipv4: 0xc0a8_4d01 + UInt32(host)), port: leg.port)
        let peer = MeshPeer(addresses: [address], endpoint: try endpoint?(own) ?? own, session: session)
        let pod = Pod(namespace: namespace, leg: leg, address: address, peer: peer)
        state.withLock { state in
            state.pods.append(pod)
            leg.apply([.keys(state.keys.0, sending: state.keys.1)])
        }
        return pod
    }

    /// Ends a pod and tells the others.
    func remove(_ pod: Pod) {
        state.withLock { state in
            state.pods.removeAll { $0.peer.session == pod.peer.session }
            for other in state.pods { other.leg.apply([.gone(pod.peer.session)]) }
        }
        pod.leg.stop()
    }

    func setKeys(_ keys: [MeshKey], sending: UInt32) {
        state.withLock { state in
            state.keys = (keys, sending)
            for pod in state.pods { pod.leg.apply([.keys(keys, sending: sending)]) }
        }
    }
}

/// Small programs that pods run.
enum Script {
    /// Takes one TCP connection, and says the number and the sum of the bytes that came.
    static let sink = """
        import socket,hashlib,sys
        s=socket.socket(); s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1); s.bind(('',7000)); s.listen(1); print('up',flush=True)
        c,_=s.accept(); h=hashlib.sha256(); n=0
        while True:
            b=c.recv(1<<16)
            if not b: break
            h.update(b); n+=len(b)
        c.sendall(('%d %s'%(n,h.hexdigest())).encode()); c.close()
        """
    /// Sends so many bytes to an address, and says whether what arrived is what was sent.
    static let source = """
        import socket,hashlib,sys,random
        a,n=sys.argv[1],int(sys.argv[2]); r=random.Random(1); b=r.randbytes(1<<16); h=hashlib.sha256(); left=n
        c=socket.create_connection((a,7000),timeout=20)
        while left>0:
            p=b[:min(left,len(b))]; c.sendall(p); h.update(p); left-=len(p)
        c.shutdown(socket.SHUT_WR); got=c.recv(200).decode()
        print('same' if got=='%d %s'%(n,h.hexdigest()) else 'different: '+got)
        """
    /// Sends back each UDP message.
    static let echo = """
        import socket
        s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('',7001)); print('up',flush=True)
        while True:
            b,a=s.recvfrom(65536); s.sendto(b,a)
        """
    /// Sends messages of the sizes given, and says which came back as they were; up to five tries each.
    static let caller = """
        import socket,sys,os
        s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.settimeout(0.5); good=[]
        for n in map(int,sys.argv[2:]):
            m=os.urandom(n)
            for t in range(5):
                try:
                    s.sendto(m,(sys.argv[1],7001))
                    if s.recv(65536)==m: good.append(n); break
                except OSError: pass
        print(*good)
        """
}
