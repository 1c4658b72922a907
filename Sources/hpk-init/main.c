// hpk-init: the first program of a container. Apptainer starts it with no argument that the pod controls; what to run comes from a
// memory file that the supervisor made (see InitSpecification.swift for its layout). It takes the identity, capabilities and working
// directory that the pod asks for, says precisely what failed, and becomes the pod's program.
//
// Usage: init CONTROL SPEC STDIN STDOUT STDERR   (descriptor numbers)
//
// Over CONTROL (a SOCK_SEQPACKET socket) it sends the read end of a pipe; the kernel adds its process id. The pipe's write end closes
// when execve succeeds; before that, one line of text in it says what failed.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FLAG_NO_NEW_PRIVILEGES = 1, FLAG_SET_IDENTITY = 2, FLAG_SET_GROUPS = 4, FLAG_KEEP_PMI = 8 };

// Where the supervisor puts the descriptor of PMI's server (PMI_FD).
enum { PMI_DESCRIPTOR = 205 };

static const char default_path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
static int report = -1;

__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *format, ...) {
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof text) length = sizeof text - 1;
    if (length > 0) (void)!write(report >= 0 ? report : STDERR_FILENO, text, (size_t)length);
    _exit(128);
}

struct reader {
    const char *at, *end;
};

static uint32_t number(struct reader *reader) {
    uint32_t value;
    if ((size_t)(reader->end - reader->at) < sizeof value) fail("the start specification is cut short");
    memcpy(&value, reader->at, sizeof value);
    reader->at += sizeof value;
    return value;
}

static char *text(struct reader *reader) {
    const char *zero = memchr(reader->at, 0, (size_t)(reader->end - reader->at));
    if (!zero) fail("the start specification is cut short");
    char *start = (char *)(uintptr_t)reader->at;
    reader->at = zero + 1;
    return start;
}

// `spare` extra places are left before the closing null pointer.
static char **texts(struct reader *reader, uint32_t *count, size_t spare) {
    *count = number(reader);
    if (*count > (size_t)(reader->end - reader->at)) fail("the start specification is cut short");
    char **list = calloc(*count + spare + 1, sizeof *list);
    if (!list) fail("out of memory");
    for (uint32_t i = 0; i < *count; i++) list[i] = text(reader);
    return list;
}

// Every later step may need the descriptor, so it is handed over before anything that can fail.
static void hand_over_report(int control) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) fail("pipe: %s", strerror(errno));
    char byte = 'R';
    struct iovec data = {&byte, 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } ancillary;
    memset(&ancillary, 0, sizeof ancillary);
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof ancillary};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &ends[0], sizeof(int));
    if (sendmsg(control, &message, MSG_NOSIGNAL) != 1) fail("sendmsg: %s", strerror(errno));
    close(ends[0]);
    report = ends[1];
}

static void close_range_of(unsigned first, unsigned last) {
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0) return;
    long limit = sysconf(_SC_OPEN_MAX);
    for (long i = first; i <= (long)last && i < limit; i++) close((int)i);
}

static void set_standard_streams(const int stream[3], int keeps_pmi) {
    // The report is moved up so that it cannot be one of 0, 1, 2.
    int moved = fcntl(report, F_DUPFD_CLOEXEC, 16);
    if (moved < 0) fail("fcntl: %s", strerror(errno));
    report = moved;
    for (int i = 0; i < 3; i++)
        if (dup2(stream[i], i) < 0) fail("dup2: %s", strerror(errno));
    unsigned kept = (unsigned)report;
    close_range_of(3, kept - 1);
    if (!keeps_pmi) {
        close_range_of(kept + 1, ~0U);
        return;
    }
    close_range_of(kept + 1, PMI_DESCRIPTOR - 1);
    close_range_of(PMI_DESCRIPTOR + 1, ~0U);
}

static void reset_signals(void) {
    struct sigaction plain = {.sa_handler = SIG_DFL};
    for (int i = 1; i < NSIG; i++) sigaction(i, &plain, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void make_directories(char *path) {
    for (char *slash = path + 1; *slash; slash++) {
        if (*slash != '/') continue;
        *slash = 0;
        mkdir(path, 0755);
        *slash = '/';
    }
    mkdir(path, 0755);
}

// Apptainer makes no mount point in /dev, so such mounts are left at a place of ours and put where they belong here.
static void put_mount(const char *source, char *destination) {
    char *slash = strrchr(destination, '/');
    if (slash && slash != destination) {
        *slash = 0;
        make_directories(destination);
        *slash = '/';
    }
    struct stat status;
    if (stat(source, &status)) fail("mount %s: %s", destination, strerror(errno));
    if (S_ISDIR(status.st_mode)) {
        mkdir(destination, 0755);
    } else {
        int file = open(destination, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644);
        if (file >= 0) close(file);
    }
    if (mount(source, destination, NULL, MS_BIND | MS_REC, NULL) == 0) return;
    int error = errno;
    // Without a user namespace of the pod's own there is no right to mount; a link does nearly the same.
    if (error == EPERM && (remove(destination) == 0 || errno == ENOENT) && symlink(source, destination) == 0) return;
    fail("mount %s: %s", destination, strerror(error));
}

static const char *id_error(void) {
    return errno == EINVAL || errno == EPERM ? "the node gives this user no such id (see /etc/subuid and /etc/subgid)" : strerror(errno);
}

static void take_identity(uint32_t flags, uint32_t user, uint32_t group, uint32_t count, const gid_t *groups, uint64_t capabilities) {
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
        if (!(capabilities >> i & 1) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0)) fail("cannot drop capability %d: %s", i, strerror(errno));
    if ((flags & FLAG_SET_GROUPS) && setgroups(count, groups)) fail("cannot set the supplementary groups: %s", id_error());
    if (setresgid(group, group, group)) fail("cannot run as group %u: %s", group, id_error());
    if (setresuid(user, user, user)) fail("cannot run as user %u: %s", user, id_error());
    // A user other than 0 has no capabilities of its own; the bounding set still limits what set-uid programs gain.
    uint64_t own = user == 0 ? capabilities : 0;
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {
        {(uint32_t)own, (uint32_t)own, 0},
        {(uint32_t)(own >> 32), (uint32_t)(own >> 32), 0},
    };
    if (syscall(SYS_capset, &header, data)) fail("cannot set capabilities: %s", strerror(errno));
}

static const char *value_of(char **environment, const char *name) {
    size_t length = strlen(name);
    for (; *environment; environment++)
        if (!strncmp(*environment, name, length) && (*environment)[length] == '=') return *environment + length + 1;
    return NULL;
}

// The home folder of a user by the image's own /etc/passwd; "/" where it has none.
static const char *home_of(uint32_t user) {
    static char result[4096] = "HOME=/";
    FILE *file = fopen("/etc/passwd", "re");
    char *line = NULL;
    size_t size = 0;
    while (file && getline(&line, &size, file) > 0) {
        char *field[7] = {line};
        int count = 1;
        for (char *c = line; *c && count < 7; c++)
            if (*c == ':') *c = 0, field[count++] = c + 1;
        char *end;
        if (count < 7 || strtoul(field[2], &end, 10) != user || end == field[2] || *end) continue;
        if (field[5][0] == '/') snprintf(result, sizeof result, "HOME=%s", field[5]);
        break;
    }
    free(line);
    if (file) fclose(file);
    return result;
}

// Tries one file; returns the error of a file that is no program, so that the search through PATH can go on.
static int attempt(const char *path, char **arguments, char **environment) {
    struct stat status;
    if (stat(path, &status)) return errno;
    if (S_ISDIR(status.st_mode)) return EISDIR;
    execve(path, arguments, environment);
    return errno;
}

__attribute__((noreturn)) static void start(char **arguments, char **environment) {
    const char *name = arguments[0];
    if (!*name) fail("exec: no command");
    if (strchr(name, '/')) {
        int error = attempt(name, arguments, environment);
        fail("exec: \"%s\": %s", name, error == ENOENT ? "no such file or directory" : strerror(error));
    }
    const char *path = value_of(environment, "PATH");
    int worst = ENOENT;
    char candidate[8192];
    while (path) {
        const char *colon = strchrnul(path, ':');
        int length = snprintf(candidate, sizeof candidate, "%.*s/%s", (int)(colon - path), colon == path ? "." : path, name);
        if (length > 0 && length < (int)sizeof candidate) {
            int error = attempt(candidate, arguments, environment);
            if (error != ENOENT && error != ENOTDIR) worst = error;
            if (error == E2BIG || error == ENOMEM || error == ENOEXEC) break;
        }
        path = *colon ? colon + 1 : NULL;
    }
    if (worst == ENOENT) fail("exec: \"%s\": executable file not found in $PATH", name);
    fail("exec: \"%s\": %s", name, strerror(worst));
}

int main(int count, char **argument) {
    int descriptor[5];
    if (count != 6) fail("usage: init CONTROL SPEC STDIN STDOUT STDERR");
    for (int i = 0; i < 5; i++) descriptor[i] = atoi(argument[i + 1]);
    hand_over_report(descriptor[0]);

    struct stat status;
    if (fstat(descriptor[1], &status) || status.st_size < 8) fail("no start specification");
    char *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor[1], 0);
    if (bytes == MAP_FAILED) fail("mmap: %s", strerror(errno));
    struct reader reader = {bytes, bytes + status.st_size};
    if (number(&reader) != 0x314b5048) fail("the start specification is of another version");
    uint32_t flags = number(&reader), user = number(&reader), group = number(&reader);
    uint64_t capabilities = number(&reader);
    capabilities |= (uint64_t)number(&reader) << 32;
    uint32_t groups_count = number(&reader);
    if (groups_count > 65536 || groups_count * sizeof(gid_t) > (size_t)(reader.end - reader.at)) fail("the start specification is cut short");
    gid_t *groups = calloc(groups_count + 1, sizeof *groups);
    if (!groups) fail("out of memory");
    for (uint32_t i = 0; i < groups_count; i++) groups[i] = number(&reader);
    char *directory = text(&reader);
    uint32_t mounts_count, arguments_count, environment_count;
    char **mounts = texts(&reader, &mounts_count, 0);
    char **arguments = texts(&reader, &arguments_count, 0);
    char **environment = texts(&reader, &environment_count, 2);
    if (arguments_count == 0) fail("exec: no command");

    set_standard_streams(descriptor + 2, flags & FLAG_KEEP_PMI);
    reset_signals();
    setsid();
    umask(022);
    for (uint32_t i = 0; i + 1 < mounts_count; i += 2) put_mount(mounts[i], mounts[i + 1]);
    if (*directory == '/') make_directories(directory);
    if (!value_of(environment, "PATH")) environment[environment_count++] = (char *)(uintptr_t)default_path;
    if (!value_of(environment, "HOME")) environment[environment_count++] = (char *)(uintptr_t)home_of(user);
    if (flags & FLAG_SET_IDENTITY) take_identity(flags, user, group, groups_count, groups, capabilities);
    if (chdir(*directory ? directory : "/")) fail("chdir to cwd (\"%s\") set in the pod failed: %s", directory, strerror(errno));
    if ((flags & FLAG_NO_NEW_PRIVILEGES) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) fail("no_new_privs: %s", strerror(errno));
    start(arguments, environment);
}
