// SPDX-License-Identifier: Apache-2.0
/* Files and folders of pods. Walks never follow a symbolic link and never cross into another file
 * system: a pod may have put anything into its own volumes. */
#include "kubelet/host/host.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TREE_DEPTH_MAX 512

int host_mkdirs(const char *path, mode_t mode) {
    char p[4096];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof(p))
        return -ENAMETOOLONG;
    memcpy(p, path, n + 1);
    for (char *c = p + 1; *c; c++)
        if (*c == '/') {
            *c = '\0';
            if (mkdir(p, 0755) == 0 ? chmod(p, 0755) < 0 : errno != EEXIST)
                return -errno; /* others go through it, whatever the umask */
            *c = '/';
        }
    if (mkdir(p, mode) == 0)
        return chmod(p, mode) < 0 ? -errno : 0; /* whatever the umask */
    if (errno != EEXIST)
        return -errno;
    return host_file_kind(p) == 'd' ? 0 : -ENOTDIR;
}

int host_chmod(const char *path, mode_t mode) {
    return chmod(path, mode) < 0 ? -errno : 0;
}

int host_chown(const char *path, int64_t uid, int64_t gid) {
    return lchown(path, (uid_t)uid, (gid_t)gid) < 0 ? -errno : 0;
}

int host_symlink(const char *target, const char *path) {
    char tmp[4096];
    if (snprintf(tmp, sizeof(tmp), "%s.tmp", path) >= (int)sizeof(tmp))
        return -ENAMETOOLONG;
    unlink(tmp);
    if (symlink(target, tmp) < 0)
        return -errno;
    if (rename(tmp, path) < 0) {
        int r = -errno;
        unlink(tmp);
        return r;
    }
    return 0;
}

static int remove_at(int dirfd, const char *name, dev_t dev, int depth);

/* Empties the folder behind fd (which it closes). */
static int empty_dir(int fd, dev_t dev, int depth) {
    DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        return -ENOMEM;
    }
    int r = 0;
    struct dirent *de;
    while (r == 0 && (de = readdir(d)))
        if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
            r = remove_at(fd, de->d_name, dev, depth + 1);
    closedir(d);
    return r;
}

static int remove_at(int dirfd, const char *name, dev_t dev, int depth) {
    if (depth > TREE_DEPTH_MAX)
        return -ELOOP;
    if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -errno;
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    struct stat st;
    if (fstat(fd, &st) < 0 || (dev && st.st_dev != dev)) {
        close(fd);
        return -EBUSY;
    }
    int r = empty_dir(fd, st.st_dev, depth);
    if (r == 0 && unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        r = -errno;
    return r;
}

int host_remove_tree(const char *path) {
    return remove_at(AT_FDCWD, path, 0, 0);
}

char host_file_kind(const char *path) {
    struct stat st;
    if (stat(path, &st) < 0)
        return 0;
    switch (st.st_mode & S_IFMT) {
    case S_IFDIR:
        return 'd';
    case S_IFREG:
        return 'f';
    case S_IFSOCK:
        return 's';
    case S_IFCHR:
        return 'c';
    case S_IFBLK:
        return 'b';
    case S_IFIFO:
        return 'p';
    }
    return '?';
}

int host_touch(const char *path, mode_t mode) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode);
    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

int host_stat(const char *path, int64_t *ret_size, int64_t *ret_mtime_ns) {
    struct stat st;
    if (stat(path, &st) < 0)
        return -errno;
    *ret_size = st.st_size;
    *ret_mtime_ns = st.st_mtim.tv_sec * NSEC_PER_SEC + st.st_mtim.tv_nsec;
    return 0;
}

ssize_t host_read_at(const char *path, int64_t offset, void *p, size_t max) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    ssize_t n = pread(fd, p, max, offset);
    int r = errno;
    close(fd);
    return n < 0 ? -r : n;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int host_list(const char *path, struct buf *ret) {
    DIR *d = opendir(path);
    if (!d)
        return -errno;
    char **v = NULL;
    size_t n = 0, cap = 0;
    struct dirent *de;
    while ((de = readdir(d))) {
        if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
            continue;
        if (n == cap)
            v = xrealloc(v, (cap = cap ? 2 * cap : 16) * sizeof(*v));
        v[n++] = xstrndup(de->d_name, strlen(de->d_name));
    }
    closedir(d);
    if (n)
        qsort(v, n, sizeof(*v), by_name);
    for (size_t i = 0; i < n; i++) {
        if (ret->n)
            buf_addc(ret, '\n');
        buf_add(ret, str_of(v[i]));
        free(v[i]);
    }
    free(v);
    return ret->over ? -E2BIG : 0;
}
