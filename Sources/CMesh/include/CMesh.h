#pragma once
// The Linux interfaces of a leg of the mesh that Swift does not import: TUN devices, UDP with segmentation offload, thread-wise namespaces.
// Functions answer -errno on failure, unless stated otherwise.
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// What goes before each packet on a TUN device with IFF_VNET_HDR (linux/virtio_net.h), in the machine's byte order.
struct hpk_mesh_virtio {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t hdr_len;
    uint16_t gso_size;
    uint16_t csum_start;
    uint16_t csum_offset;
} __attribute__((packed));

/// An IPv6 address, or an IPv4 one mapped into it, and a port in the machine's byte order.
struct hpk_mesh_endpoint {
    uint8_t address[16];
    uint16_t port;
};

/// Enters a network namespace with the calling thread only.
int hpk_mesh_enter(int network_namespace);

/// A new TUN device in the calling thread's network namespace: non-blocking, with virtio headers and segmentation offloads.
int hpk_mesh_tun_open(const char *name);
/// Gives the device an address and a prefix, by which the prefix is routed to it. `address` is as in `hpk_mesh_endpoint`.
int hpk_mesh_tun_address(const char *name, const uint8_t address[16], int prefix_length);
/// Keeps the kernel from sending packets of its own accord by the device: no link-local address and no search for routers, or no IPv6 at all.
/// What a kernel does not let be set stays as it is.
void hpk_mesh_tun_quiet(const char *name, int uses_ipv6);
/// Sets the largest packet and switches the device on.
int hpk_mesh_tun_up(const char *name, int mtu);

/// A UDP socket for IPv6 and IPv4, or for IPv4 alone where there is no IPv6; a port of the kernel's choice where `port` is 0. It never
/// lets the kernel fragment.
int hpk_mesh_udp_open(uint16_t port);
/// The socket's own port, in the machine's byte order.
int hpk_mesh_udp_port(int socket);
/// Sends one datagram, or several of `segment` bytes each (the last may be shorter) where `segment` is not 0.
ssize_t hpk_mesh_send(int socket, const struct hpk_mesh_endpoint *to, const void *bytes, size_t size, uint16_t segment);
/// Receives one datagram, or several of one sender that the kernel has put together: `*segment` is then the size of each but the last.
ssize_t hpk_mesh_receive(int socket, struct hpk_mesh_endpoint *from, void *bytes, size_t size, uint16_t *segment);
/// The largest IP packet that the way to this endpoint takes, as far as the kernel knows now. It connects the socket, which is to be one that
/// sends nothing, of the host's network namespace.
int hpk_mesh_path_mtu(int socket, const struct hpk_mesh_endpoint *to);
/// Waits until the socket takes more, or the time is over.
int hpk_mesh_wait_to_send(int socket, int milliseconds);

/// Reads one packet with its virtio header. 0 where the device is gone.
ssize_t hpk_mesh_tun_read(int tun, struct hpk_mesh_virtio *header, void *bytes, size_t size);
/// Writes one packet, in up to `count` pieces, with its virtio header.
ssize_t hpk_mesh_tun_write(int tun, const struct hpk_mesh_virtio *header, const void *bytes, size_t size);

/// Waits for one of three descriptors; the set of those that are ready, as bits 1, 2 and 4.
int hpk_mesh_wait_create(int first, int second, int third);
int hpk_mesh_wait(int epoll);

int hpk_mesh_eventfd(void);

/// Names the calling thread for debuggers and top; the kernel keeps 15 bytes.
void hpk_mesh_name_thread(const char *name);
