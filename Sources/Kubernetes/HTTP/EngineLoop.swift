import CCurl
import Foundation
import Synchronization

/// libcurl's multi handle, freed with the last reference.
///
/// Sendable is safe: curl_multi_wakeup(3) may be called from any thread; everything else is called by the loop's thread alone, and
/// `deinit` runs when that thread has let go of it.
private final class MultiHandle: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer

    init() throws {
        _ = Self.libraryIsReady
        guard let pointer = curl_multi_init() else {
            throw HTTPError(.stopped, request: "start", detail: "libcurl gave no multi handle: out of memory or descriptors")
        }
        self.pointer = pointer
        _ = hpk_curl_multi_set_long(pointer, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
    }

    deinit { curl_multi_cleanup(pointer) }

    func wakeUp() { curl_multi_wakeup(pointer) }

    /// curl_global_init(3) once per process; CURL_GLOBAL_ALL is a macro that Swift does not import.
    private static let libraryIsReady: Bool = curl_global_init(Int(CURL_GLOBAL_SSL | CURL_GLOBAL_WIN32)) == CURLE_OK
}

/// The thread that owns all transfers.
final class EngineLoop: Sendable {
    enum Command: Sendable {
        case add(UInt64, HTTPRequest, TransferChannel)
        case cancel(UInt64)
        case resume(UInt64)
        case stop
    }

    private struct Inbox {
        var commands: [Command] = []
        var isClosed = false
    }

    private let inbox = Mutex(Inbox())
    private let lastID = Atomic<UInt64>(0)
    private let multi: MultiHandle

    init() throws { multi = try MultiHandle() }

    func start() {
        let thread = Thread { self.run() }
        thread.name = "http"
        thread.stackSize = 1 << 20
        thread.start()
    }

    func makeID() -> UInt64 { lastID.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Hands a command to the thread; false when it takes none any more.
    @discardableResult
    func post(_ command: Command) -> Bool {
        let (isTaken, isFirst) = inbox.withLock { inbox in
            guard !inbox.isClosed else { return (false, false) }
            if case .stop = command { inbox.isClosed = true }
            inbox.commands.append(command)
            return (true, inbox.commands.count == 1)
        }
        // Whoever finds commands waiting knows that the thread was already woken for them.
        if isFirst { multi.wakeUp() }
        return isTaken
    }

    private func run() {
        var transfers = ActiveTransfers(multi: multi.pointer)
        while true {
            let commands = inbox.withLock { inbox in
                defer { inbox.commands = [] }
                return inbox.commands
            }
            for command in commands {
                switch command {
                case .add(let id, let request, let channel): transfers.add(id, request, channel)
                case .cancel(let id): transfers.cancel(id)
                case .resume(let id): transfers.resume(id)
                case .stop: return transfers.stopAll()
                }
            }
            transfers.perform()
            // Returns early for sockets, libcurl's own timers and wakeUp.
            curl_multi_poll(multi.pointer, nil, 0, 60_000, nil)
        }
    }
}

/// The transfers in the multi handle, by our number and by libcurl's handle.
private struct ActiveTransfers {
    let multi: UnsafeMutableRawPointer
    private var byID: [UInt64: Transfer] = [:]
    private var idByHandle: [UnsafeMutableRawPointer: UInt64] = [:]

    init(multi: UnsafeMutableRawPointer) { self.multi = multi }

    mutating func add(_ id: UInt64, _ request: HTTPRequest, _ channel: TransferChannel) {
        do {
            let transfer = try Transfer(request, channel: channel)
            let code = curl_multi_add_handle(multi, transfer.easy)
            guard code == CURLM_OK else {
                throw HTTPError(.invalidRequest, request: request.label, detail: String(cString: curl_multi_strerror(code)))
            }
            byID[id] = transfer
            idByHandle[transfer.easy] = id
        } catch {
            channel.finish(.failure(error))
        }
    }

    mutating func cancel(_ id: UInt64) {
        guard let transfer = take(id) else { return }
        transfer.channel.finish(.failure(CancellationError()))
    }

    func resume(_ id: UInt64) {
        guard let transfer = byID[id] else { return }
        // May call the write callback at once, with what libcurl held back.
        curl_easy_pause(transfer.easy, hpk_curl_pause_none)
    }

    mutating func perform() {
        var running: Int32 = 0
        curl_multi_perform(multi, &running)
        var remaining: Int32 = 0
        while let message = curl_multi_info_read(multi, &remaining) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle, let id = idByHandle[handle] else {
                continue
            }
            // The message is libcurl's memory and gone with the handle: read it first.
            let code = message.pointee.data.result
            take(id)?.complete(code)
        }
    }

    mutating func stopAll() {
        for id in Array(byID.keys) {
            take(id)?.channel.finish(.failure(HTTPError(.stopped, request: "request", detail: "under way when the engine was stopped")))
        }
    }

    /// Takes a transfer out of the multi handle; libcurl demands that before the easy handle is freed.
    @discardableResult
    private mutating func take(_ id: UInt64) -> Transfer? {
        guard let transfer = byID.removeValue(forKey: id) else { return nil }
        idByHandle[transfer.easy] = nil
        curl_multi_remove_handle(multi, transfer.easy)
        return transfer
    }
}
