#define _GNU_SOURCE
#include "CMesh.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

// Newer than Debian 12's headers: segmentation of UDP on TUN devices (Linux 6.2).
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

_Static_assert(sizeof(struct hpk_mesh_virtio) == sizeof(struct virtio_net_hdr), "the header before each packet");

int hpk_mesh_enter(int network_namespace) { return setns(network_namespace, CLONE_NEWNET) == 0 ? 0 : -errno; }

static void set_name(struct ifreq *request, const char *name) {
    memset(request, 0, sizeof *request);
    strncpy(request->ifr_name, name, IFNAMSIZ - 1);
}

int hpk_mesh_tun_open(const char *name) {
    int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (tun < 0)
        return -errno;
    struct ifreq request;
    set_name(&request, name);
    request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
    const unsigned tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    if (ioctl(tun, TUNSETIFF, &request) != 0 ||
        // An older kernel knows no segmentation of UDP.
        (ioctl(tun, TUNSETOFFLOAD, (unsigned long)(tcp | TUN_F_USO4 | TUN_F_USO6)) != 0 && ioctl(tun, TUNSETOFFLOAD, (unsigned long)tcp) != 0)) {
        int error = errno;
        close(tun);
        return -error;
    }
    return tun;
}

static int is_ipv4(const uint8_t address[16]) {
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(address, mapped, sizeof mapped) == 0;
}

int hpk_mesh_tun_address(const char *name, const uint8_t address[16], int prefix_length) {
    struct ifreq request;
    set_name(&request, name);
    int family = is_ipv4(address) ? AF_INET : AF_INET6;
    int control = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (control < 0)
        return -errno;
    int result = 0;
    if (family == AF_INET) {
        struct sockaddr_in *own = (struct sockaddr_in *)&request.ifr_addr;
        own->sin_family = AF_INET;
        memcpy(&own->sin_addr, address + 12, 4);
        if (ioctl(control, SIOCSIFADDR, &request) != 0) {
            result = -errno;
        } else {
            own->sin_addr.s_addr = htonl(prefix_length == 0 ? 0 : ~0u << (32 - prefix_length));
            if (ioctl(control, SIOCSIFNETMASK, &request) != 0)
                result = -errno;
        }
    } else {
        struct in6_ifreq own = {.ifr6_prefixlen = (uint32_t)prefix_length};
        memcpy(&own.ifr6_addr, address, 16);
        if (ioctl(control, SIOCGIFINDEX, &request) != 0) {
            result = -errno;
        } else {
            own.ifr6_ifindex = request.ifr_ifindex;
            if (ioctl(control, SIOCSIFADDR, &own) != 0)
                result = -errno;
        }
    }
    close(control);
    return result;
}

static void set_ipv6(const char *name, const char *setting, const char *value) {
    char path[128];
    snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/%s", name, setting);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return;
    (void)!write(file, value, strlen(value));
    close(file);
}

void hpk_mesh_tun_quiet(const char *name, int uses_ipv6) {
    if (!uses_ipv6) {
        set_ipv6(name, "disable_ipv6", "1");
        return;
    }
    set_ipv6(name, "addr_gen_mode", "1");
    set_ipv6(name, "router_solicitations", "0");
    set_ipv6(name, "accept_ra", "0");
    // Nobody else can have the address.
    set_ipv6(name, "accept_dad", "0");
}

int hpk_mesh_tun_up(const char *name, int mtu) {
    struct ifreq request;
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (control < 0)
        return -errno;
    int result = 0;
    set_name(&request, name);
    request.ifr_mtu = mtu;
    if (ioctl(control, SIOCSIFMTU, &request) != 0)
        result = -errno;
    set_name(&request, name);
    if (result == 0 && ioctl(control, SIOCGIFFLAGS, &request) != 0)
        result = -errno;
    request.ifr_flags |= IFF_UP;
    if (result == 0 && ioctl(control, SIOCSIFFLAGS, &request) != 0)
        result = -errno;
    close(control);
    return result;
}

static int family_of(int socket) {
    int family = AF_INET;
    socklen_t length = sizeof family;
    getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &length);
    return family;
}

int hpk_mesh_udp_open(uint16_t port) {
    int family = AF_INET6;
    int number = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int off = 0, on = 1, buffer = 7 << 20, never = IP_PMTUDISC_DO;
    if (number >= 0 && setsockopt(number, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) {
        close(number);
        number = -1;
    }
    if (number < 0) {
        family = AF_INET;
        number = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (number < 0)
            return -errno;
    }
    struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_ANY_INIT};
    struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    int failed = family == AF_INET6 ? bind(number, (struct sockaddr *)&any6, sizeof any6) : bind(number, (struct sockaddr *)&any4, sizeof any4);
    // Both, since a socket for both sends IPv4 by the rules of the first.
    failed = failed || setsockopt(number, IPPROTO_IP, IP_MTU_DISCOVER, &never, sizeof never) != 0;
    if (family == AF_INET6)
        failed = failed || setsockopt(number, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &never, sizeof never) != 0;
    if (failed) {
        int error = errno;
        close(number);
        return -error;
    }
    // What the system allows; none of these is needed.
    setsockopt(number, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    setsockopt(number, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    setsockopt(number, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
    return number;
}

int hpk_mesh_udp_port(int socket) {
    struct sockaddr_in6 name;
    socklen_t length = sizeof name;
    if (getsockname(socket, (struct sockaddr *)&name, &length) != 0)
        return -errno;
    // The port is at the same place in both families.
    return ntohs(name.sin6_port);
}

static socklen_t fill_name(int family, const struct hpk_mesh_endpoint *to, struct sockaddr_in6 *name) {
    if (family == AF_INET6) {
        *name = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(to->port)};
        memcpy(&name->sin6_addr, to->address, 16);
        return sizeof *name;
    }
    struct sockaddr_in *own = (struct sockaddr_in *)name;
    *own = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(to->port)};
    memcpy(&own->sin_addr, to->address + 12, 4);
    return sizeof *own;
}

ssize_t hpk_mesh_send(int socket, const struct hpk_mesh_endpoint *to, const void *bytes, size_t size, uint16_t segment) {
    struct sockaddr_in6 name;
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = size};
    union {
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
        struct cmsghdr align;
    } control;
    struct msghdr message = {.msg_name = &name, .msg_iov = &part, .msg_iovlen = 1};
    message.msg_namelen = fill_name(family_of(socket), to, &name);
    if (segment > 0 && size > segment) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *entry = CMSG_FIRSTHDR(&message);
        entry->cmsg_level = IPPROTO_UDP;
        entry->cmsg_type = UDP_SEGMENT;
        entry->cmsg_len = CMSG_LEN(sizeof segment);
        memcpy(CMSG_DATA(entry), &segment, sizeof segment);
    }
    ssize_t count = sendmsg(socket, &message, MSG_NOSIGNAL);
    return count < 0 ? -errno : count;
}

ssize_t hpk_mesh_receive(int socket, struct hpk_mesh_endpoint *from, void *bytes, size_t size, uint16_t *segment) {
    struct sockaddr_in6 name;
    struct iovec part = {.iov_base = bytes, .iov_len = size};
    union {
        char bytes[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr message = {.msg_name = &name,
                             .msg_namelen = sizeof name,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t count = recvmsg(socket, &message, 0);
    if (count < 0)
        return -errno;
    *segment = 0;
    for (struct cmsghdr *entry = CMSG_FIRSTHDR(&message); entry; entry = CMSG_NXTHDR(&message, entry)) {
        if (entry->cmsg_level == IPPROTO_UDP && entry->cmsg_type == UDP_GRO) {
            int each;
            memcpy(&each, CMSG_DATA(entry), sizeof each);
            *segment = (uint16_t)each;
        }
    }
    if (name.sin6_family == AF_INET6) {
        memcpy(from->address, &name.sin6_addr, 16);
    } else {
        memset(from->address, 0, 10);
        memset(from->address + 10, 0xff, 2);
        memcpy(from->address + 12, &((struct sockaddr_in *)&name)->sin_addr, 4);
    }
    from->port = ntohs(name.sin6_port);
    return count;
}

int hpk_mesh_path_mtu(int socket, const struct hpk_mesh_endpoint *to) {
    struct sockaddr_in6 name;
    socklen_t length = fill_name(family_of(socket), to, &name);
    int mtu = 0;
    socklen_t size = sizeof mtu;
    int four = is_ipv4(to->address);
    if (connect(socket, (struct sockaddr *)&name, length) != 0 ||
        getsockopt(socket, four ? IPPROTO_IP : IPPROTO_IPV6, four ? IP_MTU : IPV6_MTU, &mtu, &size) != 0)
        return -errno;
    return mtu;
}

int hpk_mesh_wait_to_send(int socket, int milliseconds) {
    struct pollfd watched = {.fd = socket, .events = POLLOUT};
    return poll(&watched, 1, milliseconds);
}

ssize_t hpk_mesh_tun_read(int tun, struct hpk_mesh_virtio *header, void *bytes, size_t size) {
    struct iovec parts[2] = {{.iov_base = header, .iov_len = sizeof *header}, {.iov_base = bytes, .iov_len = size}};
    ssize_t count = readv(tun, parts, 2);
    if (count < 0)
        return -errno;
    return count < (ssize_t)sizeof *header ? 0 : count - (ssize_t)sizeof *header;
}

ssize_t hpk_mesh_tun_write(int tun, const struct hpk_mesh_virtio *header, const void *bytes, size_t size) {
    struct iovec parts[2] = {{.iov_base = (void *)header, .iov_len = sizeof *header}, {.iov_base = (void *)bytes, .iov_len = size}};
    ssize_t count = writev(tun, parts, 2);
    return count < 0 ? -errno : count;
}

int hpk_mesh_wait_create(int first, int second, int third) {
    int set = epoll_create1(EPOLL_CLOEXEC);
    if (set < 0)
        return -errno;
    const int members[3] = {first, second, third};
    for (int index = 0; index < 3; index++) {
        struct epoll_event interest = {.events = EPOLLIN, .data.u32 = 1u << index};
        if (epoll_ctl(set, EPOLL_CTL_ADD, members[index], &interest) != 0) {
            int error = errno;
            close(set);
            return -error;
        }
    }
    return set;
}

int hpk_mesh_wait(int epoll) {
    struct epoll_event events[3];
    int count = epoll_wait(epoll, events, 3, -1);
    if (count < 0)
        return errno == EINTR ? 0 : -errno;
    int ready = 0;
    for (int index = 0; index < count; index++)
        ready |= (int)events[index].data.u32;
    return ready;
}

int hpk_mesh_eventfd(void) {
    int number = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return number < 0 ? -errno : number;
}

void hpk_mesh_name_thread(const char *name) { prctl(PR_SET_NAME, (unsigned long)(uintptr_t)name, 0UL, 0UL, 0UL); }
