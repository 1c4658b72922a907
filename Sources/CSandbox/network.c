#define _GNU_SOURCE
#include "CSandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int write_setting(const char *path, const char *text) {
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return -1;
    ssize_t written = write(descriptor, text, strlen(text));
    close(descriptor);
    return written < 0 ? -1 : 0;
}

// The kernel takes only groups that the namespace has: all, those of a usual subordinate range, or root's alone.
static void allow_ping(void) {
    static const char *const ranges[] = {"0 2147483647", "0 65536", "0 65535", "0 0"};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (write_setting("/proc/sys/net/ipv4/ping_group_range", ranges[i]) == 0) return;
}

static int loopback_up(void) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return errno;
    struct ifreq request = {.ifr_flags = IFF_UP | IFF_RUNNING};
    strcpy(request.ifr_name, "lo");
    int error = ioctl(descriptor, SIOCSIFFLAGS, &request) ? errno : 0;
    close(descriptor);
    return error;
}

// A child makes the namespace: a process that leaves the host's network namespace could not return to it.
int hpk_network_namespace(void) {
    int ready[2], done[2];
    if (pipe2(ready, O_CLOEXEC)) return -errno;
    if (pipe2(done, O_CLOEXEC)) {
        int error = errno;
        close(ready[0]);
        close(ready[1]);
        return -error;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(done[1]);
        int error = unshare(CLONE_NEWNET) ? errno : loopback_up();
        write_setting("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
        allow_ping();
        (void)!write(ready[1], &error, sizeof error);
        char byte;
        (void)!read(done[0], &byte, 1);
        _exit(0);
    }
    int result = -errno;
    close(ready[1]);
    close(done[0]);
    if (pid > 0) {
        int error = EIO;
        ssize_t got;
        do got = read(ready[0], &error, sizeof error);
        while (got < 0 && errno == EINTR);
        if (got != sizeof error) error = EIO;
        result = -error;
        if (error == 0) {
            char path[64];
            snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
            result = open(path, O_RDONLY | O_CLOEXEC);
            if (result < 0) result = -errno;
        }
    }
    close(ready[0]);
    close(done[1]);
    if (pid > 0) hpk_wait(pid);
    return result;
}

static int is_usable(const struct sockaddr *address) {
    if (!address || address->sa_family != AF_INET) return 0;
    uint32_t value = ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr);
    return value >> 24 != 127 && value != 0;
}

// Where datagrams to the address would leave from: the kernel's choice is asked for, nothing is sent.
static int source_address(const struct sockaddr *peer, socklen_t length, struct sockaddr_storage *source) {
    int descriptor = socket(peer->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return 0;
    socklen_t size = sizeof *source;
    int found = connect(descriptor, peer, length) == 0 && getsockname(descriptor, (struct sockaddr *)source, &size) == 0;
    close(descriptor);
    return found;
}

static int source_toward(const char *peer, struct sockaddr_storage *source) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(9)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
    if (inet_pton(AF_INET, peer, &v4.sin_addr) == 1) return source_address((struct sockaddr *)&v4, sizeof v4, source);
    if (inet_pton(AF_INET6, peer, &v6.sin6_addr) == 1) return source_address((struct sockaddr *)&v6, sizeof v6, source);
    return 0;
}

int hpk_host_address(const char *peer, char *text, size_t size) {
    struct sockaddr_storage address = {0};
    int found = peer && source_toward(peer, &address);
    // An address of the documentation range stands for the world.
    if (!found) found = source_toward("192.0.2.1", &address) && is_usable((struct sockaddr *)&address);
    struct ifaddrs *list = NULL;
    if (!found && getifaddrs(&list) == 0) {
        for (struct ifaddrs *item = list; item && !found; item = item->ifa_next)
            if (is_usable(item->ifa_addr) && item->ifa_flags & IFF_UP) {
                memcpy(&address, item->ifa_addr, sizeof(struct sockaddr_in));
                found = 1;
            }
        freeifaddrs(list);
    }
    const void *bytes = address.ss_family == AF_INET6 ? (const void *)&((struct sockaddr_in6 *)&address)->sin6_addr
                                                      : (const void *)&((struct sockaddr_in *)&address)->sin_addr;
    if (!found || !inet_ntop(address.ss_family, bytes, text, (socklen_t)size)) return 0;
    return (int)strlen(text);
}

int hpk_resolve(const char *host, const char *port, pid_t *pid) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return -1;
    *pid = fork();
    if (*pid == 0) {
        struct addrinfo wanted = {.ai_socktype = SOCK_STREAM}, *list = NULL;
        if (getaddrinfo(host, port, &wanted, &list)) _exit(1);
        for (; list; list = list->ai_next) {
            uint32_t length = list->ai_addrlen;
            if (write(ends[1], &length, sizeof length) != sizeof length || write(ends[1], list->ai_addr, length) != (ssize_t)length) _exit(1);
        }
        _exit(0);
    }
    int error = errno;
    close(ends[1]);
    if (*pid > 0) return ends[0];
    close(ends[0]);
    errno = error;
    return -1;
}

int hpk_connect(const void *address, uint32_t length) {
    const struct sockaddr *target = address;
    if (length < sizeof target->sa_family) return errno = EINVAL, -1;
    int descriptor = socket(target->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -1;
    int on = 1, patience = 20000;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // Unanswered data ends the connection after 20 s; a silent peer is found by pings.
    setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience);
    if (connect(descriptor, target, length) == 0 || errno == EINPROGRESS) return descriptor;
    int error = errno;
    close(descriptor);
    errno = error;
    return -1;
}

int hpk_socket_error(int descriptor) {
    int error = 0;
    socklen_t length = sizeof error;
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) ? errno : error;
}
