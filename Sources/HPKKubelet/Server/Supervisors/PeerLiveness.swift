import NIOCore
import PodProtocol

/// Finds out that an admitted peer is gone: asks with pings, and closes the connection when nothing comes or nothing can be sent for too long.
///
/// While we do not read, because the node agent is busy with earlier events, silence says nothing about the peer and is not counted.
final class PeerLiveness: ChannelDuplexHandler {
    typealias InboundIn = Frame
    typealias InboundOut = Frame
    typealias OutboundIn = Frame
    typealias OutboundOut = Frame

    private let interval: TimeAmount
    private let deadAfter: TimeAmount
    private var lastHeard = NIODeadline.distantPast
    private var readIsDue = false
    private var stalledSince: NIODeadline?
    private var ticks: RepeatedTask?

    init(interval: TimeAmount, deadAfter: TimeAmount) {
        self.interval = interval
        self.deadAfter = deadAfter
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // A stranger gets no answer of any kind; its ping goes on and is refused as what it is, no hello.
        guard ticks != nil else { return context.fireChannelRead(data) }
        switch unwrapInboundIn(data).type {
        case .ping:
            // A peer that sends pings and reads no answers must not make us store them.
            if context.channel.isWritable { context.writeAndFlush(wrapOutboundOut(Frame(.pong)), promise: nil) }
        case .pong:
            break
        default:
            context.fireChannelRead(data)
        }
    }

    func read(context: ChannelHandlerContext) {
        if !readIsDue {
            readIsDue = true
            lastHeard = context.eventLoop.now
        }
        context.read()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        readIsDue = false
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stalledSince = context.channel.isWritable ? nil : context.eventLoop.now
        context.fireChannelWritabilityChanged()
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        if event is SupervisorAdmitted, ticks == nil {
            lastHeard = context.eventLoop.now
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            ticks = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
                let (handler, context) = bound.value
                handler.tick(context)
            }
        }
        context.triggerUserOutboundEvent(event, promise: promise)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        ticks?.cancel()
        ticks = nil
    }

    private func tick(_ context: ChannelHandlerContext) {
        let now = context.eventLoop.now
        let silent = readIsDue && now - lastHeard > deadAfter
        let stalled = stalledSince.map { now - $0 > deadAfter } ?? false
        if silent || stalled {
            context.close(promise: nil)
        } else if context.channel.isWritable {
            context.writeAndFlush(wrapOutboundOut(Frame(.ping)), promise: nil)
        }
    }
}
