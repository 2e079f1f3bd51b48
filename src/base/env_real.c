// SPDX-License-Identifier: Apache-2.0
/* The environment of a process that runs in earnest. With the loop's real files this is all of
 * the program that asks the kernel for time, randomness and files. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "base/vec.h"

#define PATH_LEN_MAX   4096
#define LIST_NAMES_MAX (1u << 20)

static int64_t clock_ns(clockid_t id) {
    struct timespec ts;
    clock_gettime(id, &ts);
    return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static int64_t real_wall(struct env *e) {
    return clock_ns(CLOCK_REALTIME);
}
static int64_t real_mono(struct env *e) {
    return clock_ns(CLOCK_MONOTONIC);
}

static void real_random(struct env *e, void *p, size_t n) {
    char *at = p;
    while (n) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0) {
            ASSERT(errno == EINTR); /* a control plane without randomness must not go on */
            continue;
        }
        at += got;
        n -= (size_t)got;
    }
}

/* One writev, so that lines of several processes on one pipe do not mix. */
static void real_log(struct env *e, enum log_level level, str line) {
    char newline = '\n';
    struct iovec iov[2] = {{(char *)(uintptr_t)line.p, line.n}, {&newline, 1}};
    ssize_t ignored = writev(STDERR_FILENO, iov, 2);
    (void)ignored;
}

static int read_all(int fd, size_t max, struct buf *ret) {
    for (;;) {
        char *at = buf_reserve(ret, 4096);
        if (!at)
            return -EFBIG;
        ssize_t n = read(fd, at, ret->cap - ret->n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        ret->n += (size_t)n;
        if (ret->n > max)
            return -EFBIG;
        if (n == 0)
            return 0;
    }
}

static int real_read(struct env *e, const char *path, size_t max, struct buf *ret) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    struct buf got;
    buf_init(&got, 0);
    int r = read_all(fd, max, &got);
    close(fd);
    if (r == 0) {
        buf_add(ret, buf_str(&got));
        r = ret->over ? -EFBIG : 0;
    }
    buf_done(&got);
    return r;
}

static int write_all(int fd, str data) {
    while (data.n) {
        ssize_t n = write(fd, data.p, data.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data = str_slice(data, (size_t)n, data.n);
    }
    return fsync(fd) < 0 ? -errno : 0;
}

/* Where the last name of the path begins. */
static size_t folder_len(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

static int sync_folder(const char *path) {
    char folder[PATH_LEN_MAX];
    size_t n = folder_len(path);
    snprintf(folder, sizeof(folder), "%.*s", n ? (int)n : 1, n ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return r;
}

static int real_write(struct env *e, const char *path, str data, mode_t mode) {
    char tmp[PATH_LEN_MAX];
    uint64_t tag = env_random_u64(e);
    size_t dir = folder_len(path);
    if (strlen(path) + 32 > sizeof(tmp))
        return -ENAMETOOLONG;
    snprintf(tmp, sizeof(tmp), "%.*s.%s.%016llx", (int)dir, path, path + dir,
             (unsigned long long)tag);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return -errno;
    int r = fchmod(fd, mode) < 0 ? -errno : write_all(fd, data);
    close(fd);
    if (r == 0 && rename(tmp, path) < 0)
        r = -errno;
    if (r < 0) {
        unlink(tmp);
        return r;
    }
    return sync_folder(path);
}

static int make_one(const char *path, mode_t mode) {
    struct stat st;
    if (mkdir(path, mode) == 0)
        return 0;
    int r = -errno;
    if (stat(path, &st) == 0)
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
    return r;
}

static int real_mkdir(struct env *e, const char *path, mode_t mode) {
    char part[PATH_LEN_MAX];
    size_t n = strlen(path);
    if (n == 0)
        return -ENOENT;
    if (n >= sizeof(part))
        return -ENAMETOOLONG;
    memcpy(part, path, n + 1);
    for (size_t i = 1; i < n; i++) {
        if (part[i] != '/' || part[i - 1] == '/')
            continue;
        part[i] = 0;
        int r = make_one(part, mode);
        part[i] = '/';
        if (r < 0)
            return r;
    }
    return make_one(part, mode);
}

static int real_unlink(struct env *e, const char *path) {
    return unlink(path) < 0 ? -errno : 0;
}

static int real_rename(struct env *e, const char *from, const char *to) {
    return rename(from, to) < 0 ? -errno : 0;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int real_list(struct env *e, const char *path, struct buf *ret) {
    DIR *d = opendir(path);
    if (!d)
        return -errno;
    VEC(char *) names = {0};
    int r = 0;
    for (struct dirent *de; errno = 0, (de = readdir(d));) {
        if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
            continue;
        if (names.n >= LIST_NAMES_MAX) {
            errno = E2BIG;
            break;
        }
        *vec_push(&names) = xstrndup(de->d_name, strlen(de->d_name));
    }
    r = -errno;
    closedir(d);
    if (r == 0 && names.n)
        qsort(names.v, names.n, sizeof(*names.v), by_name);
    for (uint32_t i = 0; i < names.n; i++) {
        if (r == 0) {
            if (i)
                buf_addc(ret, '\n');
            buf_add(ret, str_of(names.v[i]));
        }
        free(names.v[i]);
    }
    vec_done(&names);
    return r < 0 ? r : ret->over ? -E2BIG : 0;
}

static int real_exists(struct env *e, const char *path) {
    struct stat st;
    if (stat(path, &st) == 0)
        return 1;
    return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
}

static const struct env_ops real_ops = {
    .wall = real_wall,
    .mono = real_mono,
    .random = real_random,
    .log = real_log,
    .disk =
        {
            .read = real_read,
            .write = real_write,
            .mkdir = real_mkdir,
            .unlink = real_unlink,
            .rename = real_rename,
            .list = real_list,
            .exists = real_exists,
        },
};

void env_real_init(struct env *env, const char *component) {
    *env = (struct env){.ops = &real_ops, .log_level = LOG_INFO, .component = component};
}
