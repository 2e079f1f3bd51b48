// SPDX-License-Identifier: Apache-2.0
/* Rights are given up in a child of the test, which tells by its exit status what is left. */
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/component.h"
#include "tap.h"

#define UID 65534
#define GID 65533

static int in_child(int (*run)(void)) {
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(run());
    REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* The number of the first thing that does not hold. */
static int dropped(void) {
    static const gid_t groups[] = {0, 4};
    struct err e = {0};
    uid_t r, f, s;
    int death = 0;
    if (setgroups(2, groups) < 0)
        return 99;
    if (privileges_drop(UID, GID, &e) != 0)
        return 1;
    if (getresuid(&r, &f, &s) < 0 || r != UID || f != UID || s != UID)
        return 2;
    if (getresgid(&r, &f, &s) < 0 || r != GID || f != GID || s != GID)
        return 3;
    if (getgroups(0, NULL) != 0)
        return 4;
    if (setuid(0) == 0 || setgid(0) == 0 || seteuid(0) == 0)
        return 5;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 6;
    if (prctl(PR_GET_PDEATHSIG, &death) < 0 || death != SIGKILL)
        return 7;
    return 0;
}

TEST(privileges_are_gone_for_good) {
    REQUIRE(geteuid() == 0); /* only root has privileges to give up */
    CHECK_INT(in_child(dropped), 0);
}

static int kept(void) {
    struct err e = {0};
    uid_t before = geteuid();
    if (privileges_drop(0, 0, &e) != 0)
        return 1;
    if (geteuid() != before)
        return 2;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 3;
}

TEST(privileges_without_a_user_only_stop_growing) {
    CHECK_INT(in_child(kept), 0);
}

static int not_root(void) {
    struct err e = {0};
    if (setresuid(UID, UID, UID) < 0)
        return 1;
    if (privileges_drop(UID - 1, GID, &e) != 0) /* nothing to give up */
        return 2;
    return getuid() == UID ? 0 : 3;
}

TEST(privileges_of_others_than_root_stay) {
    if (geteuid() == 0)
        CHECK_INT(in_child(not_root), 0);
}
