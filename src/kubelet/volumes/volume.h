// SPDX-License-Identifier: Apache-2.0
/* Volume types: one file each, one table entry on top of it. What a type needs from the API is
 * named by refs() and has been fetched when setup() runs; setup() makes the volume at `path` show
 * what it should, and is called again to refresh it. */
#pragma once

#include "kubelet/host/host.h"
#include "kubelet/pod_env.h"

struct volume_token {
    str audience;
    int64_t expiration_seconds;
};
enum volume_ref_kind { REF_CONFIG_MAP, REF_SECRET, REF_TOKEN, REF_KIND_MAX };
struct volume_refs {
    void *ctx;
    void (*object)(void *ctx, enum volume_ref_kind kind, str name, bool optional);
    void (*token)(void *ctx, const struct volume_token *t);
};

struct volume_ctx {
    struct arena *arena;
    const Pod *pod;
    const struct pod_sources *sources;
    const struct pod_surroundings *at;
    /* The token asked for, STR_NONE when there is none. */
    str (*token)(void *ctx, const struct volume_token *t);
    void *token_ctx;
    str stamp;    /* for host_write_atomically */
    int64_t gid;  /* fsGroup or -1 */
    bool changed; /* out */
};

struct volume_type {
    const char *dir; /* "kubernetes.io~empty-dir"; NULL: the path is elsewhere */
    bool (*is)(const VolumeSource *s);
    void (*refs)(const VolumeSource *s, const struct volume_refs *out); /* NULL: none */
    int (*setup)(struct volume_ctx *c, const struct Volume *v, const char *path, struct err *e);
    bool refreshes; /* from the API: may change while the pod runs, which cannot write it */
    /* Where it is when dir is NULL. */
    str (*path)(const VolumeSource *s);
};

extern const struct volume_type volume_empty_dir, volume_host_path, volume_config_map,
    volume_secret, volume_downward_api, volume_projected;
/* NULL: a type this kubelet has not. */
const struct volume_type *volume_type_of(const VolumeSource *s);
/* The folder of a volume below the pod's folder, or the host path. */
str volume_path(struct arena *a, const char *pod_dir, const struct Volume *v);

/* payload.c: files out of keys. */
struct volume_files {
    struct host_file *v;
    uint32_t n;
};
struct payload_item {
    str key, path;
    struct opt_i32 mode;
};
/* All keys, or those of items; -ENOENT when an item names a key that is not there (unless
 * optional). */
int payload_of_map(struct arena *a, const str_map *data, const str_map *more,
                   const struct payload_item *items, uint32_t n_items, int32_t mode, bool optional,
                   const char *what, struct volume_files *ret, struct err *e);
int payload_downward(struct volume_ctx *c, const struct DownwardAPIVolumeFile *items, uint32_t n,
                     int32_t mode, struct volume_files *ret, struct err *e);
int payload_write(struct volume_ctx *c, const char *path, struct volume_files *files,
                  struct err *e);
/* Makes path a folder on tmpfs unless it is one. */
int volume_on_tmpfs(const char *path, int64_t size, mode_t mode, struct err *e);
