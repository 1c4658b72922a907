import NIOPosix

/// File work of the image store, on a pool of threads of its own: a shared file system may keep a call for seconds.
enum BlockingWork {
    static func run<Value: Sendable>(_ body: @escaping @Sendable () throws(ImageFault) -> Value) async throws(ImageFault) -> Value {
        do {
            return try await NIOThreadPool.singleton.runIfActive { try body() }
        } catch let fault as ImageFault {
            throw fault
        } catch {
            throw ImageFault("the file work was not done: \(error)")
        }
    }
}
