// SPDX-License-Identifier: Apache-2.0
/* The runtime may be slow to come up: an archive that fails is tried again for a while before it is
 * given up. */
#include "kubelet/images.h"

#include <stdlib.h>

#include "kubelet/host/host.h"
#include "loop/child.h"

#define IMPORT_TIMEOUT (300 * NSEC_PER_SEC)
#define IMPORT_RETRY   (300 * NSEC_PER_MSEC)
#define IMPORT_TRIES   40
#define NOTES_MAX      (256 * 1024)

struct image_import {
    struct loop *loop;
    struct arena arena;
    const char *folder, *ctr, *socket;
    struct buf names, notes; /* notes: lines "name size mtime" of what is imported */
    str rest, note;
    struct command *command;
    struct timer timer;
    unsigned tries;
    bool changed;
    void (*done)(void *ctx);
    void *ctx;
};

static void next(struct image_import *i);
static void import(struct image_import *i);

struct image_import *image_import_free(struct image_import *i) {
    if (i) {
        if (i->command)
            command_cancel(i->command);
        timer_stop(i->loop, &i->timer);
        buf_done(&i->names);
        buf_done(&i->notes);
        arena_done(&i->arena);
        free(i);
    }
    return NULL;
}

static const char *notes_path(struct image_import *i) {
    return str_printf(&i->arena, "%s/.imported", i->folder).p;
}

static void finish(struct image_import *i) {
    struct env *env = loop_env(i->loop);
    if (i->changed)
        env->ops->disk.write(env, notes_path(i), buf_str(&i->notes), 0600);
    i->done(i->ctx);
}

static void on_imported(void *ctx, int status, str out, str errout) {
    struct image_import *i = ctx;
    i->command = NULL;
    if (status == 0) {
        log_info(loop_env(i->loop), "imported " STR_FMT, STR_ARG(i->note));
        buf_add(&i->notes, i->note);
        buf_addc(&i->notes, '\n');
        i->changed = true;
        i->tries = 0;
        next(i);
    } else if (++i->tries < IMPORT_TRIES) {
        timer_start(i->loop, &i->timer, IMPORT_RETRY);
    } else {
        log_warn(loop_env(i->loop), "import of " STR_FMT ": " STR_FMT, STR_ARG(i->note),
                 STR_ARG(str_trim(errout)));
        i->tries = 0;
        next(i);
    }
}

static void on_retry(struct timer *t) {
    import(container_of(t, struct image_import, timer));
}

static void import(struct image_import *i) {
    str rest = i->note, name = str_cut(&rest, ' ');
    const char *file = str_printf(&i->arena, "%s/" STR_FMT, i->folder, STR_ARG(name)).p;
    const char *argv[] = {i->ctr,   "--address", i->socket, "-n", "k8s.io",
                          "images", "import",    file,      NULL};
    int r = command_run(i->loop, argv, NULL, STR_NONE, 64 * 1024, IMPORT_TIMEOUT, on_imported, i,
                        &i->command);
    if (r < 0) {
        log_warn(loop_env(i->loop), "%s: %s", i->ctr, strerror(-r));
        finish(i);
    }
}

static bool noted(const struct image_import *i, str note) {
    for (str rest = buf_str(&i->notes); rest.p && rest.n;)
        if (str_eq(str_cut(&rest, '\n'), note))
            return true;
    return false;
}

static void next(struct image_import *i) {
    while (i->rest.p && i->rest.n) {
        int64_t size, mtime;
        str name = str_cut(&i->rest, '\n');
        if (!str_ends(name, STR(".tar")))
            continue;
        const char *file = str_printf(&i->arena, "%s/" STR_FMT, i->folder, STR_ARG(name)).p;
        if (host_stat(file, &size, &mtime) < 0)
            continue;
        i->note = str_printf(&i->arena, STR_FMT " %lld %lld", STR_ARG(name), (long long)size,
                             (long long)mtime);
        if (noted(i, i->note))
            continue;
        import(i);
        return;
    }
    finish(i);
}

static void on_start(struct timer *t) {
    struct image_import *i = container_of(t, struct image_import, timer);
    i->timer.fire = on_retry;
    next(i);
}

struct image_import *image_import_start(struct loop *l, const char *folder, const char *ctr,
                                        const char *socket, void (*done)(void *ctx), void *ctx) {
    struct image_import *i = xcalloc(1, sizeof(*i));
    struct env *env = loop_env(l);
    *i = (struct image_import){.loop = l,
                               .folder = folder,
                               .ctr = ctr,
                               .socket = socket,
                               .timer = {.fire = on_start},
                               .done = done,
                               .ctx = ctx};
    arena_init(&i->arena, 0);
    buf_init(&i->names, NOTES_MAX);
    buf_init(&i->notes, NOTES_MAX);
    env->ops->disk.read(env, notes_path(i), NOTES_MAX, &i->notes);
    if (env->ops->disk.list(env, folder, &i->names) == 0)
        i->rest = buf_str(&i->names);
    timer_start(l, &i->timer, 0);
    return i;
}
