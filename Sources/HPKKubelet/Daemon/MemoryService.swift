import ServiceLifecycle
import Slurm

/// Gives back what a burst of pods has left free in the heap.
///
/// The heap keeps what it once needed: after ten thousand pods were gone, nine tenths of the agent's memory were free and still the agent's.
struct MemoryService: ServiceLifecycle.Service {
    /// Free bytes below which nothing is done, and by how many there must be more than after the last time: what then stayed is in pieces
    /// smaller than a page.
    static let worthwhile = 16 << 20

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var left = 0
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(15))
                let free = ProcessMemory.freeBytes
                // What was given back still counts as free, until it is used again.
                left = min(left, free)
                guard !Task.isCancelled, free - left > Self.worthwhile else { continue }
                ProcessMemory.giveBack()
                left = ProcessMemory.freeBytes
            }
        }
    }
}
