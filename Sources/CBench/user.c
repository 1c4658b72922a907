#define _GNU_SOURCE
#include "CBench.h"

#include <unistd.h>

int hpk_become_user(uid_t user, gid_t group) {
    if (setresgid(group, group, 0) != 0)
        return -1;
    return setresuid(user, user, 0);
}

int hpk_become_root(void) {
    uid_t real, effective, saved;
    if (getresuid(&real, &effective, &saved) != 0 || saved != 0)
        return -1;
    if (setresuid(0, 0, 0) != 0)
        return -1;
    return setresgid(0, 0, 0);
}
