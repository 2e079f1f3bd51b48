// SPDX-License-Identifier: Apache-2.0
/* Pod and QoS cgroups with the cgroupfs driver. In v1 a group is made in each hierarchy and a limit
 * is a file of one of them; in v2 there is one tree, controllers are enabled on the way down and
 * shares become a weight. */
#include "kubelet/host/host.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

static const char *const v1_hierarchies[] = {"cpu",     "cpuacct", "cpuset", "memory", "devices",
                                             "freezer", "blkio",   "pids",   "systemd"};

static int put(const char *dir, const char *file, const char *text) {
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s", dir, file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = write(fd, text, strlen(text));
    int r = n < 0 ? -errno : 0;
    close(fd);
    return r;
}

static int put_i64(const char *dir, const char *file, int64_t v) {
    char text[32];
    snprintf(text, sizeof(text), "%lld", (long long)v);
    return put(dir, file, text);
}

/* A new cpuset group is unusable until it has its parent's processors and memory. */
static void inherit_cpuset(const char *dir) {
    static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[1024], text[512];
        snprintf(path, sizeof(path), "%s/../%s", dir, files[i]);
        ssize_t n = host_read_at(path, 0, text, sizeof(text) - 1);
        if (n <= 0)
            continue;
        text[n] = '\0';
        put(dir, files[i], text);
    }
}

static int make_below(const char *root, const char *path, void (*made)(const char *dir)) {
    char dir[1024];
    size_t base = strlen(root);
    if (snprintf(dir, sizeof(dir), "%s%s", root, path) >= (int)sizeof(dir))
        return -ENAMETOOLONG;
    for (char *c = dir + base + 1;; c++) {
        if (*c && *c != '/')
            continue;
        char was = *c;
        *c = '\0';
        if (mkdir(dir, 0755) == 0) {
            if (made)
                made(dir);
        } else if (errno != EEXIST) {
            return -errno;
        }
        *c = was;
        if (!was)
            return 0;
    }
}

/* Lets the children of the new group's parent have the controllers. */
static void enable_controllers(const char *dir) {
    static const char *const names[] = {"+cpu", "+cpuset", "+memory", "+pids", "+io"};
    char parent[1024];
    snprintf(parent, sizeof(parent), "%s/..", dir);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        put(parent, "cgroup.subtree_control", names[i]);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        put(dir, "cgroup.subtree_control", names[i]);
}

static bool have_hierarchy(const char *root) {
    struct stat a, b;
    return stat(root, &a) == 0 && stat(CGROUP_ROOT, &b) == 0 && a.st_dev != b.st_dev;
}

static void limit_v1(const char *hierarchy, const char *dir, int64_t shares, int64_t quota_us,
                     int64_t memory, int64_t pids) {
    if (strcmp(hierarchy, "cpu") == 0) {
        if (shares > 0)
            put_i64(dir, "cpu.shares", shares);
        put_i64(dir, "cpu.cfs_quota_us", quota_us > 0 ? quota_us : -1);
    } else if (strcmp(hierarchy, "memory") == 0 && memory > 0) {
        put_i64(dir, "memory.limit_in_bytes", memory);
    } else if (strcmp(hierarchy, "pids") == 0 && pids > 0) {
        put_i64(dir, "pids.max", pids);
    }
}

static int ensure_v1(const char *path, int64_t shares, int64_t quota_us, int64_t memory,
                     int64_t pids) {
    for (size_t i = 0; i < ARRAY_LEN(v1_hierarchies); i++) {
        char root[128], dir[1024];
        const char *h = v1_hierarchies[i];
        snprintf(root, sizeof(root), CGROUP_ROOT "/%s", h);
        if (!have_hierarchy(root))
            continue;
        int r = make_below(root, path, strcmp(h, "cpuset") == 0 ? inherit_cpuset : NULL);
        if (r < 0)
            return r;
        snprintf(dir, sizeof(dir), "%s%s", root, path);
        limit_v1(h, dir, shares, quota_us, memory, pids);
    }
    return 0;
}

static int ensure_v2(const char *path, int64_t shares, int64_t quota_us, int64_t memory,
                     int64_t pids) {
    char dir[1024], text[64];
    int r = make_below(CGROUP_ROOT, path, enable_controllers);
    if (r < 0)
        return r;
    snprintf(dir, sizeof(dir), CGROUP_ROOT "%s", path);
    if (shares > 0)
        put_i64(dir, "cpu.weight", 1 + ((MAX(shares, 2) - 2) * 9999) / 262142);
    if (quota_us > 0) {
        snprintf(text, sizeof(text), "%lld 100000", (long long)quota_us);
        put(dir, "cpu.max", text);
    }
    if (memory > 0)
        put_i64(dir, "memory.max", memory);
    if (pids > 0)
        put_i64(dir, "pids.max", pids);
    return 0;
}

int host_cgroup_ensure(const char *path, int64_t cpu_shares, int64_t cpu_quota_us,
                       int64_t memory_limit, int64_t pids_limit, struct err *e) {
    int r = host_cgroup_mode() == CGROUP_V2
                ? ensure_v2(path, cpu_shares, cpu_quota_us, memory_limit, pids_limit)
                : ensure_v1(path, cpu_shares, cpu_quota_us, memory_limit, pids_limit);
    return r < 0 ? err_set(e, r, "cgroup %s: %s", path, strerror(-r)) : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    if (type == FTW_DP && rmdir(path) < 0 && errno != ENOENT)
        return -errno;
    return 0; /* the files of a group go with it */
}

/* With the groups below it. */
static int remove_group(const char *root, const char *path) {
    char dir[1024];
    snprintf(dir, sizeof(dir), "%s%s", root, path);
    if (rmdir(dir) == 0 || errno == ENOENT)
        return 0;
    int r = nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    return r == -1 ? -errno : r;
}

int host_cgroup_remove(const char *path) {
    if (host_cgroup_mode() == CGROUP_V2)
        return remove_group(CGROUP_ROOT, path);
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(v1_hierarchies); i++) {
        char root[128];
        snprintf(root, sizeof(root), CGROUP_ROOT "/%s", v1_hierarchies[i]);
        int one = have_hierarchy(root) ? remove_group(root, path) : 0;
        r = r < 0 ? r : one;
    }
    return r;
}
