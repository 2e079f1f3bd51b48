// SPDX-License-Identifier: Apache-2.0
/* The namespace is pinned by a bind mount of /proc/PID/ns/mnt, which the kernel takes only onto a
 * mount with private propagation: pin_dir is bound onto itself and made private for that. The
 * process that makes the namespace is a child, because a namespace can be pinned only from one that
 * is older. */
#include "kubelet/host/host.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define CGROUP2_HYBRID   "/sys/fs/cgroup/unified"
#define NSFS_MAGIC       0x6e736673
#define MOUNTINFO_MAX    (8 * 1024 * 1024)
#define MOUNTS_BELOW_MAX 4096

static int join(const char *pin) {
    int fd = open(pin, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    struct statfs fs;
    int r = fstatfs(fd, &fs) < 0 ? -errno : fs.f_type == NSFS_MAGIC ? 0 : -ENOENT;
    if (r == 0 && setns(fd, CLONE_NEWNS) < 0)
        r = -errno;
    close(fd);
    return r == 0 && chdir("/") < 0 ? -errno : r;
}

/* In the child: the new namespace, then waits until it has been pinned. */
static int make_namespace(int ready, int hold) {
    char c = 0;
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0 ||
        (umount2(CGROUP2_HYBRID, MNT_DETACH) < 0 && errno != EINVAL))
        return errno;
    if (write(ready, &c, 1) != 1)
        return EPIPE;
    return read(hold, &c, 1) < 0 ? errno : 0;
}

static int pin_child(const char *pin, pid_t pid, int ready) {
    char c, ns[64];
    if (read(ready, &c, 1) != 1)
        return -EPIPE;
    snprintf(ns, sizeof(ns), "/proc/%d/ns/mnt", (int)pid);
    return mount(ns, pin, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

static int make_and_pin(const char *pin, struct err *e) {
    int ready[2], hold[2], status = 0;
    if (pipe2(ready, O_CLOEXEC) < 0)
        return -errno;
    if (pipe2(hold, O_CLOEXEC) < 0) {
        close(ready[0]);
        close(ready[1]);
        return -errno;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(hold[1]);
        _exit(make_namespace(ready[1], hold[0]));
    }
    close(ready[1]);
    close(hold[0]);
    int r = pid < 0 ? -errno : pin_child(pin, pid, ready[0]);
    close(ready[0]);
    close(hold[1]);
    if (pid > 0 && waitpid(pid, &status, 0) == pid && r == -EPIPE && WIFEXITED(status))
        r = -WEXITSTATUS(status);
    return r < 0 ? err_set(e, r, "a mount namespace without " CGROUP2_HYBRID ": %s", strerror(-r))
                 : 0;
}

int host_mounts_enter(const char *pin_dir, struct err *e) {
    char pin[512];
    if (host_cgroup_mode() != CGROUP_HYBRID)
        return 0;
    if (snprintf(pin, sizeof(pin), "%s/mnt", pin_dir) >= (int)sizeof(pin))
        return -ENAMETOOLONG;
    int r = join(pin);
    if (r == 0)
        return 0;
    if ((r = host_mkdirs(pin_dir, 0700)) < 0 || (r = host_touch(pin, 0600)) < 0)
        return err_set(e, r, "%s: %s", pin, strerror(-r));
    if (!host_is_mountpoint(pin_dir) && mount(pin_dir, pin_dir, NULL, MS_BIND, NULL) < 0)
        return err_set(e, -errno, "bind %s: %s", pin_dir, strerror(errno));
    if (mount(NULL, pin_dir, NULL, MS_PRIVATE, NULL) < 0)
        return err_set(e, -errno, "%s private: %s", pin_dir, strerror(errno));
    if ((r = host_touch(pin, 0600)) < 0 || (r = make_and_pin(pin, e)) < 0)
        return r;
    r = join(pin);
    return r < 0 ? err_set(e, r, "join %s: %s", pin, strerror(-r)) : 0;
}

int host_mounts_unpin(const char *pin_dir) {
    char pin[512];
    snprintf(pin, sizeof(pin), "%s/mnt", pin_dir);
    int r = umount2(pin, MNT_DETACH) < 0 && errno != EINVAL && errno != ENOENT ? -errno : 0;
    if (umount2(pin_dir, MNT_DETACH) < 0 && errno != EINVAL && errno != ENOENT && r == 0)
        r = -errno;
    return r;
}

int host_mount_tmpfs(const char *path, int64_t size_bytes, mode_t mode, struct err *e) {
    char data[96];
    if (size_bytes > 0)
        snprintf(data, sizeof(data), "mode=%o,size=%lld", (unsigned)mode, (long long)size_bytes);
    else
        snprintf(data, sizeof(data), "mode=%o", (unsigned)mode);
    if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, data) < 0)
        return err_set(e, -errno, "mount tmpfs on %s: %s", path, strerror(errno));
    return 0;
}

/* mountinfo writes blanks, tabs, newlines and backslashes of paths as octal escapes. */
static void unescape(char *s) {
    char *w = s;
    for (; *s; s++) {
        if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
            *w++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
            s += 3;
        } else {
            *w++ = *s;
        }
    }
    *w = '\0';
}

/* Calls fn for each mount point at or below path, in mount order. */
static int each_mount(const char *path, void (*fn)(void *ctx, const char *at), void *ctx) {
    FILE *f = fopen("/proc/self/mountinfo", "re");
    if (!f)
        return -errno;
    char *line = NULL;
    size_t cap = 0, total = 0, n = strlen(path);
    ssize_t got;
    while ((got = getline(&line, &cap, f)) > 0 && (total += (size_t)got) < MOUNTINFO_MAX) {
        char at[4096];
        if (sscanf(line, "%*s %*s %*s %*s %4095s", at) != 1)
            continue;
        unescape(at);
        if (strncmp(at, path, n) == 0 && (at[n] == '\0' || at[n] == '/'))
            fn(ctx, at);
    }
    free(line);
    fclose(f);
    return 0;
}

struct found {
    char **v;
    size_t n;
};

static void add_found(void *ctx, const char *at) {
    struct found *f = ctx;
    if (f->n < MOUNTS_BELOW_MAX)
        f->v[f->n++] = xstrndup(at, strlen(at));
}

int host_unmount_below(const char *path, struct err *e) {
    struct found f = {.v = xcalloc(MOUNTS_BELOW_MAX, sizeof(char *))};
    int r = each_mount(path, add_found, &f);
    while (f.n > 0) {
        char *at = f.v[--f.n]; /* the latest mount first */
        if (umount2(at, UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT && r == 0)
            r = err_set(e, -errno, "unmount %s: %s", at, strerror(errno));
        free(at);
    }
    free(f.v);
    return r;
}

static void note_exact(void *ctx, const char *at) {
    const char **want = ctx;
    if (*want && strcmp(*want, at) == 0)
        *want = NULL;
}

bool host_is_mountpoint(const char *path) {
    const char *want = path;
    return each_mount(path, note_exact, &want) == 0 && want == NULL;
}
