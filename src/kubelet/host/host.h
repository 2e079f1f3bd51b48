// SPDX-License-Identifier: Apache-2.0
/* The kubelet's hands: the system calls that struct env has no words for (mounts, ownership,
 * symbolic links, process descriptors, facts about the machine). Files of kubelet/host/ are the
 * only ones of the kubelet that touch the machine other than through env, loop and net. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "kubelet/runtime_conf.h"
#include "loop/loop.h"

/* ---- mounts.c: the node's mount namespace ---- */

/* On a hybrid-cgroup machine: moves the calling process (which must have one thread) into the mount
 * namespace pinned at pin_dir/mnt, making it first if needed: a private copy of the machine's
 * mounts with the cgroup2 mount taken away, shared below so that containers' mounts propagate.
 * Elsewhere it does nothing. The supervisor calls it once before it starts containerd and kubelet;
 * both inherit it, and a restarted supervisor joins the same one. */
int host_mounts_enter(const char *pin_dir, struct err *e);
/* Unpins it: the namespace goes with its last process. */
int host_mounts_unpin(const char *pin_dir);

int host_mount_tmpfs(const char *path, int64_t size_bytes, mode_t mode, struct err *e);
/* Unmounts whatever is mounted at or below path, deepest first. */
int host_unmount_below(const char *path, struct err *e);
bool host_is_mountpoint(const char *path);

/* ---- facts.c ---- */
void host_runtime_facts(struct runtime_facts *ret);
enum cgroup_mode host_cgroup_mode(void);
/* The first of the folders (list ends in NULL) that has the file, or NULL. */
const char *host_find_dir_with(const char *const *dirs, const char *file);

struct host_facts {
    char hostname[256];
    char kernel[128], os_image[192], machine_id[72], boot_id[72], system_uuid[72];
    char architecture[72]; /* Go's name: amd64, arm64 */
    char ip[64];           /* of the interface with the default route, or the first one up */
    int64_t cpus;          /* usable ones */
    int64_t memory_bytes, swap_bytes;
    int64_t pid_max;
    int64_t disk_bytes; /* size of the file system of the root folder given */
};
void host_facts_read(const char *root_dir, struct host_facts *ret);
int64_t host_memory_available(void);

/* ---- files.c ---- */
/* Whatever the umask; parents that are made are 0755. Existing folders are left as they are. */
int host_mkdirs(const char *path, mode_t mode);
int host_chmod(const char *path, mode_t mode);
int host_chown(const char *path, int64_t uid, int64_t gid); /* -1 keeps */
int host_symlink(const char *target, const char *path);     /* replaces whole */
/* Recursively, never across a mount point, never through a symbolic link. -EBUSY when something is
 * mounted below. Missing is success. */
int host_remove_tree(const char *path);
/* Kind of what stands there: 'd', 'f', 's'ocket, 'c', 'b', 'p', 0 when absent. */
char host_file_kind(const char *path);
int host_touch(const char *path, mode_t mode);
/* Size and modification time; -ENOENT when absent. */
int host_stat(const char *path, int64_t *ret_size, int64_t *ret_mtime_ns);
/* Reads up to max bytes at offset; short at the end of the file. */
ssize_t host_read_at(const char *path, int64_t offset, void *p, size_t max);
/* Names in a folder in byte order, joined by '\n'; -ENOENT when there is none. */
int host_list(const char *path, struct buf *ret);

/* ---- subpath.c ---- */
/* Binds volume/subpath (made when missing) to target; nothing below volume can lead out of it. */
int host_bind_subpath(const char *volume, const char *subpath, const char *target, struct err *e);

/* ---- atomic_writer.c ---- */
struct host_file {
    str path; /* relative, without ".." */
    str data;
    mode_t mode;
    int64_t uid; /* -1: keep */
};
/* Makes dir show exactly these files, all at once for whoever reads through dir/..data, as upstream
 * lays them out: files in a time-stamped folder, "..data" a symlink to it renamed into place, each
 * first path element a symlink through "..data". Nothing happens when the content is the same
 * already; *ret_changed says. stamp names the new folder and must differ from the last one. */
int host_write_atomically(const char *dir, const struct host_file *files, size_t n, int64_t gid,
                          str stamp, bool *ret_changed, struct err *e);

/* ---- follow.c ---- */
struct host_follower; /* one for all files that are followed */
int host_follower_new(struct loop *l, struct host_follower **ret);
struct host_follower *
host_follower_free(struct host_follower *f); /* nothing is followed any more */
/* The caller's, with on_grown set; the rest is follow.c's until host_unfollow(). */
struct host_followed {
    void (*on_grown)(struct host_followed *t); /* there may be more to read; may unfollow */
    struct list node;
    struct host_follower *follower;
    int fd, folder;
    int64_t offset;
    bool grown;
    char path[1024];
};
int host_follow(struct host_follower *f, struct host_followed *t, const char *path, int64_t offset);
void host_unfollow(struct host_followed *t);
/* Goes on where the last read ended, in the file that has taken this one's name when it has been
 * put aside. 0: nothing more for now. Negative errno. */
ssize_t host_followed_read(struct host_followed *t, void *p, size_t max);

/* ---- pidwatch.c ---- */
struct pid_watch;
/* exited() once when the process ends (also when it has already). -ESRCH when it is gone. */
int pid_watch_start(struct loop *l, int pid, void (*exited)(void *ctx), void *ctx,
                    struct pid_watch **ret);
struct pid_watch *pid_watch_free(struct pid_watch *w);

/* ---- cgroup.c ---- */
/* Makes (or removes) a cgroup in every hierarchy; path like "/kubepods/burstable/podUID". */
int host_cgroup_ensure(const char *path, int64_t cpu_shares, int64_t cpu_quota_us,
                       int64_t memory_limit, int64_t pids_limit, struct err *e);
int host_cgroup_remove(const char *path);
