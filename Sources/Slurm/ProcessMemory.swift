import CSlurm

/// The heap of the whole process, as a program that lives long and asks for long lists wants it.
public enum ProcessMemory {
    /// Bounds the heap's arenas to two, whatever the number of threads (mallopt(3), `M_ARENA_MAX`). To be called before threads are started:
    /// those that have an arena keep it.
    public static func shareArenas() { hpk_slurm_share_arenas() }
}
