// SPDX-License-Identifier: Apache-2.0
/* The layout containers rely on (upstream's atomic writer):
 *
 *     dir/..2026_01_02_03_04_05.123456789/a/b     the files of one version
 *     dir/..data -> ..2026_01_02_03_04_05.123456789
 *     dir/a      -> ..data/a                      one link per first path element
 *
 * A new version is written beside, "..data" is renamed over, and only then links that nothing
 * stands behind any more and the old version go. A crash between any two steps leaves either
 * version whole; the next write clears what was left. */
#include "kubelet/host/host.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_TEXT_MAX PATH_MAX

static bool path_ok(str p) {
    if (str_empty(p) || p.n > 1024 || p.p[0] == '/' || str_starts(p, STR("..")))
        return false;
    for (str rest = p; rest.p;) {
        str part = str_cut(&rest, '/');
        if (str_empty(part) || str_eq(part, STR("..")) || str_eq(part, STR(".")))
            return false;
    }
    return memchr(p.p, '\0', p.n) == NULL;
}

static str first_element(str path) {
    return str_cut(&path, '/');
}

static bool same_content(const char *path, const struct host_file *f, int64_t gid) {
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || (size_t)st.st_size != f->data.n ||
        (st.st_mode & 07777) != f->mode || (f->uid >= 0 && st.st_uid != (uid_t)f->uid) ||
        (gid >= 0 && st.st_gid != (gid_t)gid))
        return false;
    char *have = xmalloc(f->data.n + 1);
    bool same = host_read_at(path, 0, have, f->data.n + 1) == (ssize_t)f->data.n &&
                memcmp(have, f->data.p ? f->data.p : "", f->data.n) == 0;
    free(have);
    return same;
}

/* Regular files below a version folder. */
static size_t count_files(const char *dir, int depth) {
    struct buf names;
    buf_init(&names, 1 << 20);
    size_t n = 0;
    if (depth < 16 && host_list(dir, &names) == 0)
        for (str rest = buf_str(&names); rest.p && rest.n;) {
            char path[PATH_TEXT_MAX];
            str name = str_cut(&rest, '\n');
            if (snprintf(path, sizeof(path), "%s/" STR_FMT, dir, STR_ARG(name)) >=
                (int)sizeof(path))
                continue;
            n += host_file_kind(path) == 'd' ? count_files(path, depth + 1) : 1;
        }
    buf_done(&names);
    return n;
}

static bool unchanged(const char *dir, const struct host_file *files, size_t n, int64_t gid) {
    char path[PATH_TEXT_MAX];
    snprintf(path, sizeof(path), "%s/..data", dir);
    if (host_file_kind(path) != 'd' || count_files(path, 0) != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "%s/..data/" STR_FMT, dir, STR_ARG(files[i].path));
        if (!same_content(path, &files[i], gid))
            return false;
        snprintf(path, sizeof(path), "%s/" STR_FMT, dir, STR_ARG(files[i].path));
        if (host_file_kind(path) != 'f') /* the link to it is missing */
            return false;
    }
    return true;
}

static int write_file(const char *version, const struct host_file *f, int64_t gid) {
    char path[PATH_TEXT_MAX];
    if (snprintf(path, sizeof(path), "%s/" STR_FMT, version, STR_ARG(f->path)) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    char *slash = strrchr(path, '/');
    *slash = '\0';
    int r = host_mkdirs(path, 0755);
    *slash = '/';
    if (r < 0)
        return r;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    for (size_t at = 0; at < f->data.n && r == 0;) {
        ssize_t w = write(fd, f->data.p + at, f->data.n - at);
        if (w < 0 && errno != EINTR)
            r = -errno;
        else if (w > 0)
            at += (size_t)w;
    }
    if (r == 0 && (f->uid >= 0 || gid >= 0) && fchown(fd, (uid_t)f->uid, (gid_t)gid) < 0)
        r = -errno;
    if (r == 0 && fchmod(fd, f->mode) < 0)
        r = -errno;
    close(fd);
    return r;
}

static int link_first(const char *dir, str first) {
    char at[PATH_TEXT_MAX], want[PATH_TEXT_MAX], have[PATH_TEXT_MAX];
    snprintf(at, sizeof(at), "%s/" STR_FMT, dir, STR_ARG(first));
    snprintf(want, sizeof(want), "..data/" STR_FMT, STR_ARG(first));
    ssize_t n = readlink(at, have, sizeof(have) - 1);
    if (n > 0 && str_eqc(str_n(have, (size_t)n), want))
        return 0;
    return host_symlink(want, at);
}

static bool is_wanted(str name, const struct host_file *files, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (str_eq(first_element(files[i].path), name))
            return true;
    return false;
}

/* Removes links of files that are gone and every version but `stamp`. */
static void clear_old(const char *dir, const struct host_file *files, size_t n, str stamp) {
    struct buf names;
    buf_init(&names, 1 << 20);
    if (host_list(dir, &names) == 0)
        for (str rest = buf_str(&names); rest.p && rest.n;) {
            char path[PATH_TEXT_MAX], target[16];
            str name = str_cut(&rest, '\n');
            snprintf(path, sizeof(path), "%s/" STR_FMT, dir, STR_ARG(name));
            bool internal = str_starts(name, STR(".."));
            if (internal && !str_eq(name, STR("..data")) && !str_eq(name, stamp))
                host_remove_tree(path);
            else if (!internal && !is_wanted(name, files, n) &&
                     readlink(path, target, sizeof(target)) >= 7 &&
                     memcmp(target, "..data/", 7) == 0)
                unlink(path);
        }
    buf_done(&names);
}

static int write_version(const char *dir, const char *version, const struct host_file *files,
                         size_t n, int64_t gid, str stamp) {
    char data[PATH_TEXT_MAX];
    int r = host_mkdirs(version, 0755);
    for (size_t i = 0; i < n && r == 0; i++)
        r = write_file(version, &files[i], gid);
    if (r < 0)
        return r;
    snprintf(data, sizeof(data), "%s/..data", dir);
    return host_symlink(strrchr(version, '/') + 1, data);
}

int host_write_atomically(const char *dir, const struct host_file *files, size_t n, int64_t gid,
                          str stamp, bool *ret_changed, struct err *e) {
    char version[PATH_TEXT_MAX];
    for (size_t i = 0; i < n; i++)
        if (!path_ok(files[i].path))
            return err_set(e, -EINVAL, "invalid path " STR_FMT, STR_ARG(files[i].path));
    *ret_changed = false;
    if (unchanged(dir, files, n, gid))
        return 0;
    if (snprintf(version, sizeof(version), "%s/.." STR_FMT, dir, STR_ARG(stamp)) >=
        (int)sizeof(version) - 1100)
        return err_set(e, -ENAMETOOLONG, "%s: too long", dir);
    int r = write_version(dir, version, files, n, gid, stamp);
    for (size_t i = 0; i < n && r == 0; i++)
        r = link_first(dir, first_element(files[i].path));
    if (r < 0)
        return err_set(e, r, "write %s: %s", dir, strerror(-r));
    clear_old(dir, files, n, str_of(strrchr(version, '/') + 1));
    *ret_changed = true;
    return 0;
}
