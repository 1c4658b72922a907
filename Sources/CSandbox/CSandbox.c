#define _GNU_SOURCE
#include "CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Raw system calls: the C library's own record of the thread is still the parent's.
static void enter_sandbox(int lifeline, int number) {
    char byte;
    ssize_t got;
    do got = syscall(SYS_read, lifeline, &byte, 1);
    while (got < 0 && errno == EINTR);
    if (got != 1) _exit(125);
    if (syscall(SYS_setresgid, 0, 0, 0) || syscall(SYS_setresuid, 0, 0, 0)) _exit(124);
    // Changed credentials reset the death signal, so it is asked for after them; the lifeline's end covers the moment before. They also
    // take the process's own entries in /proc away from it, which an exec would give back.
    if (syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0)) _exit(123);
    if (lifeline == number) return;
    if (syscall(SYS_dup3, lifeline, number, O_CLOEXEC) < 0) _exit(123);
    syscall(SYS_close, lifeline);
}

// The child goes on as a copy, which costs a fifth of an exec of this program. A process of one thread may do so after a raw clone: no lock
// is held by anybody else, and all that the C library keeps of the thread is its id, which getpid, fork, raise and stdio do not use.
pid_t hpk_sandbox_start(int lifeline_number, int *lifeline) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) return -1;
    int flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD;
    long pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
    if (pid == 0) {
        syscall(SYS_close, pair[0]);
        enter_sandbox(pair[1], lifeline_number);
        return 0;
    }
    int error = errno;
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        errno = error;
        return -1;
    }
    *lifeline = pair[0];
    return (pid_t)pid;
}

// Only async-signal-safe calls from here to exec, and nothing that would show in the memory of a parent that shares it. Returns the errno
// of what failed.
static int become(const struct hpk_spawn_request *request) {
    struct sigaction plain = {.sa_handler = SIG_DFL};
    for (int i = 1; i < NSIG; i++) sigaction(i, &plain, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    // Two passes through high numbers, so that no target overwrites a source that is still needed.
    int high[16];
    for (size_t i = 0; i < request->count; i++)
        if ((high[i] = fcntl(request->source[i], F_DUPFD_CLOEXEC, 300)) < 0) return errno;
    if (request->network >= 0 && setns(request->network, CLONE_NEWNET)) return errno;
    for (size_t i = 0; i < request->count; i++)
        if (dup2(high[i], request->target[i]) < 0) return errno;
    if (chdir("/")) return errno;
    umask(022);
    execve(request->path, request->argv, request->envp);
    return errno;
}

// Ends as the child did, so that whoever waits for this process learns the same.
__attribute__((noreturn)) static void end_as(pid_t child) {
    if (syscall(SYS_close_range, 0, ~0U, 0))
        for (long i = 0, limit = sysconf(_SC_OPEN_MAX); i < limit; i++) close((int)i);
    int status = 0;
    pid_t got;
    do got = waitpid(child, &status, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0) _exit(125);
    if (!WIFSIGNALED(status)) _exit(WEXITSTATUS(status));
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(WTERMSIG(status), SIG_DFL);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    raise(WTERMSIG(status));
    _exit(128 + WTERMSIG(status));
}

// A process namespace is entered by children only, hence the second fork.
static void enter(const struct hpk_spawn_request *request, int report) {
    for (size_t i = 0; i < request->namespace_count; i++)
        if (setns(request->namespaces[i], 0)) goto failed;
    if (setresgid(0, 0, 0) || setresuid(0, 0, 0)) goto failed;
    // Changed credentials reset the death signal, so it is asked for after them, and again in the child.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pid_t pid = fork();
    if (pid > 0) end_as(pid);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        return;
    }
failed:;
    int error = errno;
    (void)!write(report, &error, sizeof error);
    _exit(127);
}

// Into other namespaces: the child forks again, so it needs memory of its own, and tells of failures by a pipe.
static pid_t spawn_in_namespaces(const struct hpk_spawn_request *request) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return -errno;
    pid_t pid = fork();
    if (pid == 0) {
        int report = fcntl(ends[1], F_DUPFD_CLOEXEC, 290);
        if (report < 0) report = ends[1];
        enter(request, report);
        int error = become(request);
        (void)!write(report, &error, sizeof error);
        _exit(127);
    }
    int error = errno;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return -error;
    }
    ssize_t got;
    do got = read(ends[0], &error, sizeof error);
    while (got < 0 && errno == EINTR);
    close(ends[0]);
    if (got != sizeof error) return pid;
    hpk_wait(pid);
    return -error;
}

pid_t hpk_spawn(const struct hpk_spawn_request *request) {
    if (request->count > 16) return -EINVAL;
    if (request->namespace_count > 0) return spawn_in_namespaces(request);
    // No handler may run in the child while the memory is shared.
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    volatile int error = 0;
    // No page table is copied, unlike by fork; this process waits for the exec.
    pid_t pid = vfork();
    if (pid == 0) {
        error = become(request);
        _exit(127);
    }
    if (pid < 0) error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (error == 0) return pid;
    if (pid > 0) hpk_wait(pid);
    return -error;
}

static void explain(int status, int *exit_code, int *signal) {
    *signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    *exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int hpk_reap(pid_t *pid, int *exit_code, int *signal) {
    int status;
    do *pid = waitpid(-1, &status, WNOHANG);
    while (*pid < 0 && errno == EINTR);
    if (*pid <= 0) return *pid < 0 ? -1 : 0;
    explain(status, exit_code, signal);
    return 1;
}

int hpk_wait(pid_t pid) {
    int status, exit_code, signal;
    pid_t got;
    do got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0) return -1;
    explain(status, &exit_code, &signal);
    return exit_code;
}

pid_t hpk_fork(void) {
    return fork();
}

int hpk_pidfd_open(pid_t pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

int hpk_pidfd_send_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int hpk_control_pair(int pair[2]) {
    int on = 1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) return -1;
    if (setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0 && fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0) return 0;
    close(pair[0]);
    close(pair[1]);
    return -1;
}

int hpk_receive_report(int control, pid_t *pid, int *report) {
    char byte;
    struct iovec data = {&byte, 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(4 * sizeof(int))];
    } ancillary;
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof ancillary};
    ssize_t got = recvmsg(control, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    *pid = 0;
    *report = -1;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET) continue;
        if (header->cmsg_type == SCM_CREDENTIALS) {
            struct ucred credentials;
            memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
            *pid = credentials.pid;
        } else if (header->cmsg_type == SCM_RIGHTS) {
            size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (size_t i = 0; i < count; i++) {
                int descriptor;
                memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
                if (*report < 0) *report = descriptor;
                else close(descriptor);
            }
        }
    }
    if (got == 1 && *pid > 0 && *report >= 0) return 1;
    if (*report >= 0) close(*report);
    return -1;
}
