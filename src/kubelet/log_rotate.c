// SPDX-License-Identifier: Apache-2.0
#include "kubelet/log_rotate.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "base/vec.h"

#define REOPEN_TIMEOUT (60 * NSEC_PER_SEC)

void log_rotated_excess(struct arena *a, str names, str log, struct log_names *ret) {
    str prefix = str_concat(a, log, STR("."));
    while (names.p && names.n) {
        str name = str_cut(&names, '\n');
        if (str_starts(name, prefix)) /* the time behind it sorts */
            *list_push(a, ret) = str_dup(a, name);
    }
    ret->n = ret->n > LOG_FILES_MAX - 1 ? ret->n - (LOG_FILES_MAX - 1) : 0;
}

static void drop_oldest(struct env *env, const char *path) {
    struct arena a;
    struct buf names;
    struct log_names excess = {0};
    const char *slash = strrchr(path, '/');
    arena_init(&a, 0);
    buf_init(&names, 1024 * 1024);
    const char *folder = str_cdup(&a, str_n(path, (size_t)(slash - path)));
    if (host_list(folder, &names) == 0)
        log_rotated_excess(&a, buf_str(&names), str_of(slash + 1), &excess);
    for (uint32_t i = 0; i < excess.n; i++)
        env->ops->disk.unlink(env, str_printf(&a, "%s/" STR_FMT, folder, STR_ARG(excess.v[i])).p);
    buf_done(&names);
    arena_done(&a);
}

/* The call outlives nothing: what it needs is its own. */
struct reopen {
    struct env *env;
    char path[1024], aside[1100];
};

static void on_reopened(void *ctx, int r, const struct err *e, const void *response) {
    struct reopen *o = ctx;
    if (r < 0) { /* it still writes to the old one: give that its name back */
        log_warn(o->env, "rotate %s: %s", o->path, e->text);
        o->env->ops->disk.rename(o->env, o->aside, o->path);
    } else {
        drop_oldest(o->env, o->path);
    }
    free(o);
}

static void rotate(struct kubelet *k, const struct rt_container *c, const char *path) {
    struct reopen *o = xcalloc(1, sizeof(*o));
    struct civil t = time_to_civil(loop_wall(k->loop) / NSEC_PER_SEC);
    o->env = k->env;
    snprintf(o->path, sizeof(o->path), "%s", path);
    snprintf(o->aside, sizeof(o->aside), "%s.%04d%02d%02d-%02d%02d%02d", path, t.year, t.month,
             t.day, t.hour, t.minute, t.second);
    int r = k->env->ops->disk.rename(k->env, o->path, o->aside);
    if (r < 0) {
        log_warn(k->env, "rotate %s: %s", path, strerror(-r));
        free(o);
        return;
    }
    cri_ReopenContainerLogRequest q = {.container_id = c->id};
    cri_send(k->cri, CRI_REOPEN_CONTAINER_LOG, &q, REOPEN_TIMEOUT, on_reopened, o);
}

void log_rotate_all(struct kubelet *k) {
    MAP_FOREACH (it, &k->workers) {
        const struct worker *w = it->value;
        for (uint32_t i = 0; w->view && i < w->view->containers.n; i++) {
            const struct rt_container *c = &w->view->containers.v[i];
            char path[1024];
            int64_t size, mtime;
            if (c->state != RT_RUNNING || str_empty(c->log_path) || c->log_path.n >= sizeof(path))
                continue;
            snprintf(path, sizeof(path), STR_FMT, STR_ARG(c->log_path));
            if (host_stat(path, &size, &mtime) == 0 && size > LOG_FILE_MAX)
                rotate(k, c, path);
        }
    }
}
