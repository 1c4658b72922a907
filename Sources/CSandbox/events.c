#define _GNU_SOURCE
#include "CSandbox.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

_Static_assert(HPK_READABLE == (int)EPOLLIN && HPK_WRITABLE == (int)EPOLLOUT, "event bits");
_Static_assert(HPK_FAILED == (int)EPOLLERR && HPK_HUNG_UP == (int)EPOLLHUP, "event bits");

int hpk_epoll_create(void) {
    return epoll_create1(EPOLL_CLOEXEC);
}

int hpk_epoll_watch(int epoll, int descriptor, uint32_t events, int replace) {
    struct epoll_event event = {.events = events, .data.fd = descriptor};
    return epoll_ctl(epoll, replace ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event);
}

int hpk_epoll_forget(int epoll, int descriptor) {
    return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL);
}

int hpk_epoll_wait(int epoll, int *descriptors, uint32_t *events, int maximum, int timeout_milliseconds) {
    struct epoll_event list[64];
    if (maximum > 64) maximum = 64;
    int count = epoll_wait(epoll, list, maximum, timeout_milliseconds);
    if (count < 0) return errno == EINTR ? 0 : -1;
    for (int i = 0; i < count; i++) {
        descriptors[i] = list[i].data.fd;
        events[i] = list[i].events;
    }
    return count;
}

int hpk_signal_descriptor(const int *signals, size_t count) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++) sigaddset(&set, signals[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL)) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int hpk_next_signal(int descriptor) {
    struct signalfd_siginfo information;
    return read(descriptor, &information, sizeof information) == sizeof information ? (int)information.ssi_signo : 0;
}
