import CSlurm

/// The heap of the whole process, as a program that lives long and asks for long lists wants it.
public enum ProcessMemory {
    /// Bounds the heap's arenas to two, whatever the number of threads (mallopt(3), `M_ARENA_MAX`). To be called before threads are started:
    /// those that have an arena keep it.
    public static func shareArenas() { hpk_slurm_share_arenas() }

    /// Bytes of the heap that are free, but not given back to the system (mallinfo(3), `fordblks`).
    public static var freeBytes: Int { hpk_slurm_free_heap() }

    /// Gives free pages of the heap back to the system (malloc_trim(3)). Takes a few milliseconds for each 100 MB, in which other threads that
    /// want memory wait.
    public static func giveBack() { hpk_slurm_trim_heap() }
}
