import Testing

@testable import HPKKubelet

@Suite("A mailbox")
struct MailboxTests {
    @Test("Only the first message asks for somebody to work, and one after the work ended does so again")
    func calls() {
        var box = Mailbox<Int>()
        let first = [box.put(1), box.put(2)]
        #expect(first == [true, false])
        var taken = [box.next()]
        let third = box.put(3)
        #expect(!third)
        taken += [box.next(), box.next(), box.next()]
        #expect(taken == [1, 2, 3, nil])
        let again = box.put(4)
        #expect(again)
    }

    @Test("A closed one takes nothing, and holds nothing")
    func closed() {
        var box = Mailbox<Int>()
        _ = box.put(1)
        box.close()
        let taken = [box.next()]
        let isCall = box.put(2)
        #expect(taken == [nil] && !isCall)
    }
}
