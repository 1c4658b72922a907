#pragma once
// The system calls of the supervisor that Swift cannot make: what runs between clone and exec, and Linux interfaces that the Swift
// overlay of the C library does not import. Every function returns -1 (or a negated errno where stated) on failure, as libc does.
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <sys/types.h>

/// Makes a copy of this process, which must have one thread, in new user, mount, PID, IPC and UTS namespaces: as fork does, it returns 0 in
/// the child and the child's process id in the parent, whose end of the lifeline `*lifeline` is. The child returns when a byte has come over
/// the lifeline; it is uid 0 and gid 0 by then, is killed when its parent ends, and its end of the lifeline is descriptor `lifeline_number`.
pid_t hpk_sandbox_start(int lifeline_number, int *lifeline);

struct hpk_spawn_request {
    const char *path;
    char *const *argv;
    char *const *envp;
    /// Network namespace to enter, or -1.
    int network;
    /// A user namespace and others of it to enter first, in this order; the program then runs as uid 0 in them, below a process that ends as it
    /// does. Only for a caller with one thread.
    const int *namespaces;
    size_t namespace_count;
    /// `source[i]` becomes `target[i]` in the child; every other descriptor closes on exec.
    const int *source;
    const int *target;
    size_t count;
};

/// Starts a program in a session of its own, with default signals. Returns the process id, or the negated errno of what failed.
pid_t hpk_spawn(const struct hpk_spawn_request *request);

/// One child that has ended: 1 and its data, 0 if there is none now, -1 if there are no children.
int hpk_reap(pid_t *pid, int *exit_code, int *signal);
/// Waits for one child; returns its exit code, or 128 + signal.
int hpk_wait(pid_t pid);

/// `fork`, for work that may take long in a process that has one thread: the child may run Swift code and must end by `_exit`.
pid_t hpk_fork(void);

int hpk_pidfd_open(pid_t pid);
int hpk_pidfd_send_signal(int pidfd, int signal);

/// A pair of SOCK_SEQPACKET sockets; the first one receives credentials.
int hpk_control_pair(int pair[2]);
/// What hpk-init sends: its process id as seen from here, and the read end of its report. 1 if it came, 0 if not yet, -1 if it cannot come.
int hpk_receive_report(int control, pid_t *pid, int *report);

/// A pipe whose ends close on exec.
int hpk_pipe(int ends[2]);
/// The name in a folder's entry; lives as long as the entry.
const char *hpk_entry_name(const struct dirent *entry);
int hpk_memory_file(const char *name);
int hpk_statfs_magic(const char *path, int64_t *magic);

int hpk_mount_private(void);
int hpk_mount_proc(void);
int hpk_mount_bind(const char *source, const char *target);
int hpk_mount_tmpfs(const char *target, const char *options);
int hpk_unmount(const char *target);

/// A descriptor of a new network namespace with the loopback device up, ports from 0 on usable and ping allowed; or a negated errno.
int hpk_network_namespace(void);
/// The node's own address as text: that of the route to `peer`, a numeric address; where there is none or `peer` is NULL, the one
/// towards the world. Returns its length, 0 if there is none.
int hpk_host_address(const char *peer, char *text, size_t size);

/// Sends bytes and descriptors in one message; -1 on failure.
ssize_t hpk_send(int socket, const void *bytes, size_t size, const int *descriptors, size_t count);
/// Receives one message: the number of bytes, 0 at the end, -1 on failure. `*count` is the room for descriptors, then their number.
ssize_t hpk_receive(int socket, void *bytes, size_t size, int *descriptors, size_t *count);

/// A SOCK_SEQPACKET socket that listens under a name of the network namespace, without a file; or a negated errno.
int hpk_name_listen(const char *name);
/// The next connection that comes from a process of the own user; -1 if there is none.
int hpk_name_accept(int listener);
/// Connects to such a name, if it is the own user's; or a negated errno.
int hpk_name_connect(const char *name);

/// Removes what stands under `name`, whatever its depth, without following links or leaving the file system tree. 0 or negated errno.
int hpk_remove_tree(int directory, const char *name);

/// Starts a child that resolves a name and writes socket addresses to the pipe that is returned, each as 4 bytes of length and the bytes.
int hpk_resolve(const char *host, const char *port, pid_t *pid);
/// Starts to connect; returns a non-blocking socket.
int hpk_connect(const void *address, uint32_t length);
/// The pending error of a socket, 0 for none.
int hpk_socket_error(int descriptor);

enum { HPK_READABLE = 1, HPK_WRITABLE = 4, HPK_FAILED = 8, HPK_HUNG_UP = 16 };
int hpk_epoll_create(void);
/// Watches a descriptor for these events; `replace` where it is watched already.
int hpk_epoll_watch(int epoll, int descriptor, uint32_t events, int replace);
int hpk_epoll_forget(int epoll, int descriptor);
int hpk_epoll_wait(int epoll, int *descriptors, uint32_t *events, int maximum, int timeout_milliseconds);
/// Blocks the signals and returns a descriptor that reports them.
int hpk_signal_descriptor(const int *signals, size_t count);
/// The next signal that a signal descriptor reports, 0 if there is none.
int hpk_next_signal(int descriptor);
/// `O_PATH`, which needs `_GNU_SOURCE`.
extern const int hpk_path_only;
int hpk_open_at(int directory, const char *name, int flags, mode_t mode);
