// SPDX-License-Identifier: Apache-2.0
#include "server/component.h"

#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

/* For good: all ids, no groups, and nothing that is executed gets more. */
int privileges_drop(uint32_t uid, uint32_t gid, struct err *e) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_set(e, -errno, "no_new_privs: %s", strerror(errno));
    if (uid == 0 || geteuid() != 0)
        return 0;
    if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
        return err_set(e, -errno, "becoming user %u: %s", uid, strerror(errno));
    if (setuid(0) == 0)
        return err_set(e, -EPERM, "user %u can become root again", uid);
    /* The id change cleared it, and children must still end with the supervisor. */
    if (prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0) < 0)
        return err_set(e, -errno, "death signal: %s", strerror(errno));
    return 0;
}
