// SPDX-License-Identifier: Apache-2.0
/* Logs are read while the runtime writes them, puts them aside and begins anew, and while the pod
 * and its folder go. Each is held open: what was written is read to its end, whatever its name is
 * by then. One inotify instance watches the folders, for a user may have few instances. */
#include "kubelet/host/host.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENTS (IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)

struct host_follower {
    struct io io;
    struct list files; /* struct host_followed */
};

static void tell(struct host_follower *f, int folder) {
    LIST_FOREACH (n, &f->files) {
        struct host_followed *t = container_of(n, struct host_followed, node);
        t->grown |= folder < 0 || t->folder == folder;
    }
    /* A callback may stop following, itself or others. */
    for (bool again = true; again;) {
        again = false;
        LIST_FOREACH (n, &f->files) {
            struct host_followed *t = container_of(n, struct host_followed, node);
            if (!t->grown)
                continue;
            t->grown = false;
            t->on_grown(t);
            again = true;
            break;
        }
    }
}

static void on_ready(struct io *io, unsigned events) {
    struct host_follower *f = container_of(io, struct host_follower, io);
    _Alignas(struct inotify_event) char buffer[4096];
    ssize_t n = read(io->fd, buffer, sizeof(buffer));
    for (const char *p = buffer; n > 0 && p < buffer + n;) {
        const struct inotify_event *e = (const struct inotify_event *)p;
        p += sizeof(*e) + e->len;
        tell(f, e->mask & IN_Q_OVERFLOW ? -1 : e->wd);
    }
}

int host_follower_new(struct loop *l, struct host_follower **ret) {
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0)
        return -errno;
    struct host_follower *f = xcalloc(1, sizeof(*f));
    f->io = (struct io){.fd = fd, .want = IO_READ, .ready = on_ready};
    list_init(&f->files);
    int r = io_add(l, &f->io);
    if (r < 0) {
        close(fd);
        free(f);
        return r;
    }
    *ret = f;
    return 0;
}

struct host_follower *host_follower_free(struct host_follower *f) {
    if (f) {
        io_remove(&f->io);
        close(f->io.fd);
        free(f);
    }
    return NULL;
}

int host_follow(struct host_follower *f, struct host_followed *t, const char *path,
                int64_t offset) {
    char folder[sizeof(t->path)];
    size_t n = strlen(path);
    if (n >= sizeof(t->path))
        return -ENAMETOOLONG;
    memcpy(t->path, path, n + 1);
    memcpy(folder, path, n + 1);
    *strrchr(folder, '/') = '\0';
    t->follower = f;
    t->offset = offset;
    t->grown = false;
    if ((t->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
        return -errno;
    if ((t->folder = inotify_add_watch(f->io.fd, folder, EVENTS)) < 0) {
        int r = -errno;
        close(t->fd);
        return r;
    }
    list_append(&f->files, &t->node);
    return 0;
}

void host_unfollow(struct host_followed *t) {
    struct host_follower *f = t->follower;
    bool shared = false;
    list_remove(&t->node);
    LIST_FOREACH (n, &f->files)
        shared |= container_of(n, struct host_followed, node)->folder == t->folder;
    if (!shared)
        inotify_rm_watch(f->io.fd, t->folder); /* fails where the folder has gone */
    close(t->fd);
}

/* At the end of the open file: has another taken its name, or has it been emptied? */
static bool begins_anew(struct host_followed *t) {
    struct stat mine, named;
    if (fstat(t->fd, &mine) < 0)
        return false;
    if (mine.st_size < t->offset) {
        t->offset = 0;
        return true;
    }
    if (stat(t->path, &named) < 0 || (named.st_ino == mine.st_ino && named.st_dev == mine.st_dev))
        return false;
    int fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    close(t->fd);
    t->fd = fd;
    t->offset = 0;
    return true;
}

ssize_t host_followed_read(struct host_followed *t, void *p, size_t max) {
    ssize_t n;
    do
        n = pread(t->fd, p, max, t->offset);
    while (n == 0 && begins_anew(t));
    if (n < 0)
        return -errno;
    t->offset += n;
    return n;
}
