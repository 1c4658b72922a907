import NIOCore
import PodProtocol

/// Fired down the pipeline when the peer has been admitted.
struct SupervisorAdmitted: Sendable {}

/// A frame longer than what this peer may send.
struct FrameTooLong: Error {}

/// Turns bytes into frames and back, with little memory for a peer that is not known yet.
///
/// After the first frame nothing more is read or decoded until ``SupervisorAdmitted``.
final class FrameHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = Frame
    typealias OutboundIn = Frame
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case hello
        case held
        case open
        case failed
    }

    private let longestFrame: Int
    private var limit: Int
    private var phase = Phase.hello
    private var decoder = FrameDecoder()
    /// Bytes in the decoder that are no whole frame yet.
    private var pending = 0
    private var readIsDue = false

    /// - Parameters:
    ///   - longestHello: payload bytes of the first frame.
    ///   - longestFrame: payload bytes of any later one.
    init(longestHello: Int, longestFrame: Int) {
        limit = longestHello
        self.longestFrame = longestFrame
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .failed else { return }
        let bytes = unwrapInboundIn(data)
        pending += bytes.readableBytes
        decoder.append(bytes.readableBytesView)
        decode(context)
    }

    func read(context: ChannelHandlerContext) {
        if phase == .held {
            readIsDue = true
        } else {
            context.read()
        }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is SupervisorAdmitted else { return context.triggerUserOutboundEvent(event, promise: promise) }
        if phase == .held {
            phase = .open
            limit = longestFrame
            decode(context)
            if readIsDue { context.read() }
        }
        promise?.succeed()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let bytes = unwrapOutboundIn(data).encoded
        var buffer = context.channel.allocator.buffer(capacity: bytes.count)
        buffer.writeBytes(bytes)
        context.write(wrapOutboundOut(buffer), promise: promise)
    }

    private func decode(_ context: ChannelHandlerContext) {
        do {
            while phase == .hello || phase == .open, let frame = try decoder.next() {
                pending -= Frame.headerLength + frame.payload.count
                guard frame.payload.count <= limit else { throw FrameTooLong() }
                if phase == .hello { phase = .held }
                context.fireChannelRead(wrapInboundOut(frame))
            }
            // A frame that is still incomplete with this much in hand is too long, whatever its header says.
            guard phase == .held || pending <= limit + Frame.headerLength else { throw FrameTooLong() }
        } catch {
            phase = .failed
            context.fireErrorCaught(error)
            context.close(promise: nil)
        }
    }
}
