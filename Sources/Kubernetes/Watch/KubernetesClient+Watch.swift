import Foundation

/// The events of one watch request, until the server ends it. For one reader.
public struct WatchStream<T: KubernetesResource>: AsyncSequence, Sendable {
    let body: HTTPBody
    let operation: String
    let known: @Sendable (ObjectKey) -> Snapshot<T>?

    /// Reads events.
    public struct AsyncIterator: AsyncIteratorProtocol {
        var body: HTTPBody.AsyncIterator
        let operation: String
        var decoder: WatchDecoder<T>
        var ready: ArraySlice<WatchEvent<T>> = []

        /// The next event; nil when the server ended the watch in good order.
        ///
        /// - Throws: `KubernetesError`, `CancellationError`.
        public mutating func next() async throws -> WatchEvent<T>? {
            while true {
                if let event = ready.popFirst() { return event }
                do {
                    guard let bytes = try await body.next() else { return nil }
                    ready = try decoder.feed(bytes)[...]
                } catch let error as HTTPError {
                    throw KubernetesError(.transport(error), operation: operation)
                } catch let error as WatchFormatError {
                    throw KubernetesError(.unexpectedResponse("\(error)"), operation: operation)
                }
            }
        }
    }

    /// Begins to read.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(body: body.makeAsyncIterator(), operation: operation, decoder: WatchDecoder(known: known))
    }
}

extension KubernetesClient {
    /// Watches a selection from a version on.
    ///
    /// - Parameters:
    ///   - timeout: How long the server keeps the watch open before it ends it in good order.
    ///   - known: Objects as they were: what has not changed since is not decoded again.
    ///   - idleTimeout: Silence after which the connection counts as dead; by default a little longer than `timeout`.
    public func watch<T: KubernetesResource>(
        _ type: T.Type, _ selection: Selection = Selection(), from resourceVersion: String, timeout: Duration = .seconds(300),
        idleTimeout: Duration? = nil, known: @escaping @Sendable (ObjectKey) -> Snapshot<T>? = { _ in nil }
    ) async throws -> WatchStream<T> {
        let seconds = max(1, timeout.components.seconds)
        var request = APIRequest("GET", T.descriptor.path(namespace: selection.namespace), query: selection.query)
        request.query += [
            ("watch", "1"), ("allowWatchBookmarks", "true"), ("resourceVersion", resourceVersion), ("timeoutSeconds", String(seconds)),
        ]
        // The reflector decides about another try: it may have to list first.
        request.retry = RetryPolicy.none
        request.timeout = .seconds(seconds + 30)
        let stream = try await stream(request, idleTimeout: idleTimeout ?? .seconds(seconds + 15))
        return WatchStream(body: stream.chunks, operation: request.label, known: known)
    }
}
