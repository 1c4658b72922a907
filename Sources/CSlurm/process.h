// What concerns the process that uses libslurm: its heap, its threads, and a child in which libslurm is tried.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <slurm/slurm.h>

// MARK: Memory.

/// Lets all threads of the process share two arenas of the heap. glibc gives threads arenas of their own, up to eight for each processor, and
/// each keeps what its busiest moment needed: lists of many thousand jobs and pods would stay in memory several times.
static inline void hpk_slurm_share_arenas(void) { mallopt(M_ARENA_MAX, 2); }

/// Bytes of the heap that are free and still held.
static inline size_t hpk_slurm_free_heap(void) { return mallinfo2().fordblks; }

/// Gives whole free pages of the heap back to the system, those amid used ones too, which free(3) never does.
static inline void hpk_slurm_trim_heap(void) { malloc_trim(0); }

// MARK: Threads.

/// Names the calling thread for debuggers and top; the kernel keeps 15 bytes. prctl is variadic, which Swift does not import.
static inline void hpk_slurm_name_thread(const char *name) { prctl(PR_SET_NAME, (unsigned long)(uintptr_t)name, 0UL, 0UL, 0UL); }

// MARK: Probe.

static inline void hpk_slurm_leave(void) { _exit(1); }

/// Runs slurm_init in a child process, since it ends the process that calls it when it cannot read its configuration.
///
/// Nothing but this function runs in the child, no Swift code does. The child's standard output is cut off first, so
/// that what the parent had buffered is not written a second time when libslurm calls exit. A child that hangs (fork in a
/// process with threads can leave a loader lock taken) is killed when the time is up.
///
/// Returns 0 when the library came up, 1 when it refused (its words are in `said`), 2 when nothing was learned.
static inline int hpk_slurm_probe(const char *conf, int milliseconds, char *said, size_t size) {
    int channel[2];
    size_t used = 0;
    int ready = 0;
    if (size == 0 || pipe2(channel, O_CLOEXEC) != 0)
        return 2;
    pid_t child = fork();
    if (child < 0) {
        close(channel[0]);
        close(channel[1]);
        return 2;
    }
    if (child == 0) {
        int null = open("/dev/null", O_RDWR);
        if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(channel[1], 2) < 0)
            _exit(2);
        // A crash within libslurm must end the child at once and leave its last words: no report of the Swift runtime's handlers.
        const int crashes[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGTRAP};
        for (size_t index = 0; index < sizeof crashes / sizeof crashes[0]; index++)
            signal(crashes[index], SIG_DFL);
        // libslurm ends by exit(), whose handlers belong to the parent: they may wait for its threads or speak for it. Ours runs first.
        atexit(hpk_slurm_leave);
        slurm_init(conf);
        // Byte 1 cannot be in a log line: it says that slurm_init came back.
        (void)!write(channel[1], "\001", 1);
        _exit(0);
    }
    close(channel[1]);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t deadline = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + milliseconds;
    int expired = 0;
    for (;;) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t left = deadline - ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
        if (left <= 0) {
            expired = 1;
            break;
        }
        struct pollfd watched = {.fd = channel[0], .events = POLLIN, .revents = 0};
        int polled = poll(&watched, 1, (int)left);
        if (polled < 0 && errno == EINTR)
            continue;
        if (polled == 0)
            continue;
        char chunk[512];
        ssize_t count = read(channel[0], chunk, sizeof chunk);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        for (ssize_t index = 0; index < count; index++) {
            if (chunk[index] == '\001')
                ready = 1;
            else if (used + 1 < size)
                said[used++] = chunk[index];
        }
    }
    said[used] = '\0';
    close(channel[0]);
    if (expired)
        kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    if (ready)
        return 0;
    return expired ? 2 : 1;
}
