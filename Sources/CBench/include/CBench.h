// What the benchmarks need of C: the counting of allocations, and system calls that Swift's Glibc module leaves out.
#pragma once
#include <stdint.h>
#include <sys/types.h>

/// Calls of malloc, calloc and realloc in this process so far, from all threads, libraries written in C included.
///
/// No LD_PRELOAD is needed: a program that links this has malloc, calloc and realloc of its own, which the dynamic linker prefers to
/// glibc's. They count and hand over to glibc.
uint64_t hpk_allocation_count(void);

/// Sets the real and effective user and group; the saved ones stay root's, so that `hpk_become_root` can come back. An exec gives the
/// program nothing of that. Returns 0, or -1 and errno.
int hpk_become_user(uid_t user, gid_t group);

/// Undoes `hpk_become_user`. Returns -1 for a process that never was root.
int hpk_become_root(void);

/// Runs a command, found by PATH, with this process's environment and standard error, and waits for it: no more than a shell would do.
/// `arguments` ends with NULL. Returns its exit code, 128 and the signal that ended it, or -1 and errno.
int hpk_run_command(char *const arguments[]);
