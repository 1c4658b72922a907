import DequeModule

/// Messages for somebody who works on them one after the other, and for whom nothing waits while there are none.
///
/// A worker that slept in a task of its own would keep that task's memory: the stack of a Swift task keeps the deepest frames that it ever
/// had, some 15 KB for a pod. So whoever puts the first message in has to start the work, and the work ends with the last message.
struct Mailbox<Message: Sendable>: Sendable {
    private var messages: Deque<Message> = []
    private var isWorkedOn = false
    private var isClosed = false

    /// Adds a message.
    ///
    /// - Returns: true where nobody works on the messages: the caller has to start that.
    mutating func put(_ message: Message) -> Bool {
        guard !isClosed else { return false }
        messages.append(message)
        defer { isWorkedOn = true }
        return !isWorkedOn
    }

    /// The oldest message; nil ends the work.
    mutating func next() -> Message? {
        if let message = messages.popFirst() { return message }
        isWorkedOn = false
        // Room for messages is kept by none of ten thousand that rest.
        messages = []
        return nil
    }

    /// Drops what is there and what will come.
    mutating func close() {
        isClosed = true
        messages = []
    }
}
