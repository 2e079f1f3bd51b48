// SPDX-License-Identifier: Apache-2.0
/* A subPath is the pod's to choose and its content the pod's to change: the kernel resolves it
 * inside the volume (no way out through symbolic links), and what was found is bound to a place of
 * the kubelet's by its descriptor, so that nothing can be swapped in between. */
#include "kubelet/host/host.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_beneath(int root, const char *path) {
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
    return fd < 0 ? -errno : fd;
}

/* Makes what is missing of a relative path, folder by folder. */
static int make_beneath(int root, const char *path) {
    char at[4096];
    size_t n = strlen(path);
    if (n >= sizeof(at))
        return -ENAMETOOLONG;
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(at, path, i);
        at[i] = '\0';
        int fd = open_beneath(root, at);
        if (fd == -ENOENT) {
            char *slash = strrchr(at, '/');
            if (slash)
                *slash = '\0';
            int parent = slash ? open_beneath(root, at) : dup(root);
            if (parent < 0)
                return parent;
            int r =
                mkdirat(parent, slash ? slash + 1 : at, 0750) < 0 && errno != EEXIST ? -errno : 0;
            close(parent);
            if (r < 0)
                return r;
        } else if (fd < 0) {
            return fd;
        } else {
            close(fd);
        }
    }
    return 0;
}

int host_bind_subpath(const char *volume, const char *subpath, const char *target, struct err *e) {
    int root = open(volume, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return err_set(e, -errno, "open %s: %s", volume, strerror(errno));
    int fd = open_beneath(root, subpath);
    if (fd == -ENOENT) {
        int r = make_beneath(root, subpath);
        fd = r < 0 ? r : open_beneath(root, subpath);
    }
    close(root);
    if (fd < 0)
        return err_set(e, fd, "subPath \"%s\": %s", subpath, strerror(-fd));
    struct stat st;
    char source[64];
    snprintf(source, sizeof(source), "/proc/self/fd/%d", fd);
    int r = fstat(fd, &st) < 0 ? -errno : 0;
    if (r == 0 && !host_is_mountpoint(target)) {
        char parent[4096];
        snprintf(parent, sizeof(parent), "%s", target);
        *strrchr(parent, '/') = '\0';
        r = S_ISDIR(st.st_mode) ? host_mkdirs(target, 0750) : host_mkdirs(parent, 0750);
        if (r == 0 && !S_ISDIR(st.st_mode))
            r = host_touch(target, 0640);
        if (r == 0 && mount(source, target, NULL, MS_BIND, NULL) < 0)
            r = -errno;
    }
    close(fd);
    return r < 0 ? err_set(e, r, "subPath \"%s\": %s", subpath, strerror(-r)) : 0;
}
