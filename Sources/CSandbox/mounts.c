#define _GNU_SOURCE
#include "CSandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

int hpk_memory_file(const char *name) {
    return memfd_create(name, MFD_CLOEXEC);
}

int hpk_statfs_magic(const char *path, int64_t *magic) {
    struct statfs status;
    if (statfs(path, &status)) return -1;
    *magic = status.f_type;
    return 0;
}

int hpk_mount_private(void) {
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

int hpk_mount_proc(void) {
    return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

int hpk_mount_bind(const char *source, const char *target) {
    return mount(source, target, NULL, MS_BIND | MS_REC, NULL);
}

int hpk_mount_tmpfs(const char *target, const char *options) {
    return mount("hpk-pod", target, "tmpfs", MS_NOSUID | MS_NODEV, options);
}

int hpk_unmount(const char *target) {
    return umount2(target, MNT_DETACH);
}

const int hpk_path_only = O_PATH;

int hpk_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC);
}

const char *hpk_entry_name(const struct dirent *entry) {
    return entry->d_name;
}

int hpk_open_at(int directory, const char *name, int flags, mode_t mode) {
    return openat(directory, name, flags | O_CLOEXEC, mode);
}

// Folders deeper than this are moved up beside the first one: neither stack nor descriptors grow with the depth of the tree.
enum { DEEPEST = 64 };

struct removal {
    int top;
    unsigned moved;
    int error;
};

static void empty(struct removal *removal, int descriptor, int depth) {
    DIR *directory = fdopendir(descriptor);
    if (!directory) {
        removal->error = errno;
        close(descriptor);
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        const char *name = entry->d_name;
        if (!strcmp(name, ".") || !strcmp(name, "..")) continue;
        if (unlinkat(dirfd(directory), name, 0) == 0) continue;
        if (errno != EISDIR && errno != EPERM && errno != EBUSY) {
            removal->error = errno;
            continue;
        }
        if (depth >= DEEPEST) {
            char place[32];
            snprintf(place, sizeof place, ".deep-%u", removal->moved++);
            if (renameat(dirfd(directory), name, removal->top, place)) removal->error = errno;
            continue;
        }
        int child = openat(dirfd(directory), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child < 0 && errno == EACCES && fchmodat(dirfd(directory), name, 0700, 0) == 0)
            child = openat(dirfd(directory), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child < 0) {
            removal->error = errno;
            continue;
        }
        empty(removal, child, depth + 1);
        if (unlinkat(dirfd(directory), name, AT_REMOVEDIR)) removal->error = errno;
    }
    closedir(directory);
}

int hpk_remove_tree(int directory, const char *name) {
    struct removal removal = {.top = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (removal.top < 0) return errno == ENOENT ? 0 : errno == ENOTDIR || errno == ELOOP ? (unlinkat(directory, name, 0) ? -errno : 0) : -errno;
    // Entries moved up while the folder was read may be missed by that reading; each pass that moved some is followed by another.
    unsigned before;
    do {
        before = removal.moved;
        removal.error = 0;
        int copy = openat(removal.top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (copy < 0) {
            removal.error = errno;
            break;
        }
        empty(&removal, copy, 0);
    } while (removal.moved != before);
    close(removal.top);
    if (unlinkat(directory, name, AT_REMOVEDIR)) return -errno;
    return 0;
}
