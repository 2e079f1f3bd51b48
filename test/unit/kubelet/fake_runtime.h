// SPDX-License-Identifier: Apache-2.0
/* A runtime that is nothing but lists, with the rule that matters: a sandbox or container of a name
 * and attempt that is there already is refused. Operations end when the test says; each may fail,
 * hang, or carry on behind the back of a kubelet that died. It counts what must never happen. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "kubelet/pod_sync.h"
#include "tap.h"

#define FAKE_MAX 256

struct fake_sandbox {
    char id[16];
    uint32_t attempt;
    bool ready, removed;
};
struct fake_container {
    char id[16], name[32], sandbox[16];
    uint32_t attempt;
    enum rt_state state;
    int exit_code;
    char hash[16];
    bool removed;
    unsigned starts;
};
struct fake_flight {
    bool live; /* the kubelet still waits for it */
    bool applied;
    bool refused; /* its name is taken */
    struct pod_op op;
    char container[32], target[16];
    int64_t due; /* takes effect then; INT64_MAX: hangs */
    int fails;   /* negative errno instead of an effect */
};

struct fake {
    struct arena arena;
    struct pod_state state;
    Pod *pod; /* NULL once it is gone from the API */
    struct fake_sandbox sandboxes[FAKE_MAX];
    unsigned n_sandboxes;
    struct fake_container containers[FAKE_MAX];
    unsigned n_containers;
    struct fake_flight flights[FAKE_MAX];
    unsigned n_flights;
    int64_t now;
    bool volumes, forgotten, status_final, quiet_faults;
    unsigned n_events, twice, started_while_other;
    char last_event[256];
    unsigned n_ids;
    uint64_t rng;
    unsigned fail_percent, hang_percent, max_latency_ms;
    bool image_missing, volumes_fail;
    unsigned volume_tries;
    unsigned stale_percent; /* how often the kubelet decides from an older view */
    struct arena *view_arena;
    struct rt_pod *view;
    uint64_t view_seq;
};

static inline uint32_t fake_random(struct fake *f, uint32_t below) {
    f->rng = f->rng * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(f->rng >> 33) % below;
}

static inline Pod *fake_pod(struct arena *a, const char *policy, unsigned n_init, unsigned n_main) {
    Pod *p = arena_make(a, Pod);
    p->metadata.name = STR("web");
    p->metadata.namespace_ = STR("default");
    p->metadata.uid = STR("uid-1");
    p->spec.restart_policy = str_of(policy);
    for (unsigned i = 0; i < n_init; i++) {
        Container *c = list_push(a, &p->spec.init_containers);
        c->name = str_printf(a, "init%u", i);
        c->image = STR("img:1");
    }
    for (unsigned i = 0; i < n_main; i++) {
        Container *c = list_push(a, &p->spec.containers);
        c->name = str_printf(a, "c%u", i);
        c->image = STR("img:1");
    }
    return p;
}

static inline void fake_init(struct fake *f, uint64_t seed) {
    memset(f, 0, sizeof(*f));
    arena_init(&f->arena, 0);
    pod_state_init(&f->state);
    f->now = 1000 * NSEC_PER_SEC;
    f->rng = seed * 2654435761u + 1;
}

static inline void fake_done(struct fake *f) {
    arena_free(f->view_arena);
    pod_state_done(&f->state);
    arena_done(&f->arena);
}

static inline struct fake_container *fake_find(struct fake *f, const char *id) {
    for (unsigned i = 0; i < f->n_containers; i++)
        if (!f->containers[i].removed && strcmp(f->containers[i].id, id) == 0)
            return &f->containers[i];
    return NULL;
}

static inline struct fake_sandbox *fake_sandbox_find(struct fake *f, const char *id) {
    for (unsigned i = 0; i < f->n_sandboxes; i++)
        if (!f->sandboxes[i].removed && strcmp(f->sandboxes[i].id, id) == 0)
            return &f->sandboxes[i];
    return NULL;
}

static inline unsigned fake_running(const struct fake *f) {
    unsigned n = 0;
    for (unsigned i = 0; i < f->n_containers; i++)
        n += !f->containers[i].removed && f->containers[i].state == RT_RUNNING;
    return n;
}

static inline unsigned fake_left(const struct fake *f) {
    unsigned n = 0;
    for (unsigned i = 0; i < f->n_containers; i++)
        n += !f->containers[i].removed;
    for (unsigned i = 0; i < f->n_sandboxes; i++)
        n += !f->sandboxes[i].removed;
    return n;
}

static inline int fake_create(struct fake *f, const struct fake_flight *o) {
    struct fake_sandbox *b = fake_sandbox_find(f, o->target);
    if (!b || !b->ready)
        return -ENOENT;
    for (unsigned i = 0; i < f->n_containers; i++)
        if (!f->containers[i].removed && strcmp(f->containers[i].name, o->container) == 0 &&
            f->containers[i].attempt == o->op.attempt)
            return -EEXIST;
    struct fake_container *c = &f->containers[f->n_containers++];
    *c = (struct fake_container){.attempt = o->op.attempt, .state = RT_CREATED};
    snprintf(c->id, sizeof(c->id), "c-%u", ++f->n_ids);
    memcpy(c->name, o->container, sizeof(c->name));
    memcpy(c->sandbox, o->target, sizeof(c->sandbox));
    return 0;
}

static inline int fake_start(struct fake *f, const struct fake_flight *o) {
    struct fake_container *c = fake_find(f, o->target);
    if (!c)
        return -ENOENT;
    if (c->state != RT_CREATED)
        return -EINVAL;
    for (unsigned i = 0; i < f->n_containers; i++)
        if (!f->containers[i].removed && f->containers[i].state == RT_RUNNING &&
            strcmp(f->containers[i].name, c->name) == 0)
            f->twice++;
    c->state = RT_RUNNING;
    c->starts++;
    return 0;
}

static inline int fake_sandbox_run(struct fake *f, const struct fake_flight *o) {
    for (unsigned i = 0; i < f->n_sandboxes; i++)
        if (!f->sandboxes[i].removed) {
            if (f->sandboxes[i].attempt == o->op.attempt)
                return -EEXIST;
            if (f->sandboxes[i].ready)
                f->twice++;
        }
    struct fake_sandbox *b = &f->sandboxes[f->n_sandboxes++];
    *b = (struct fake_sandbox){.attempt = o->op.attempt, .ready = true};
    snprintf(b->id, sizeof(b->id), "s-%u", ++f->n_ids);
    return 0;
}

static inline int fake_sandbox_stop(struct fake *f, const char *id) {
    struct fake_sandbox *b = fake_sandbox_find(f, id);
    if (!b)
        return 0;
    b->ready = false;
    for (unsigned i = 0; i < f->n_containers; i++)
        if (strcmp(f->containers[i].sandbox, id) == 0 && f->containers[i].state != RT_EXITED) {
            f->containers[i].state = RT_EXITED;
            f->containers[i].exit_code = 137;
        }
    return 0;
}

static inline int fake_apply(struct fake *f, struct fake_flight *o) {
    struct fake_container *c = fake_find(f, o->target);
    struct fake_sandbox *b = fake_sandbox_find(f, o->target);
    switch (o->op.kind) {
    case OP_VOLUMES:
        f->volume_tries++;
        f->volumes |= !f->volumes_fail;
        return f->volumes_fail ? -ENOENT : 0;
    case OP_SANDBOX_RUN:
        return f->volumes ? fake_sandbox_run(f, o) : -EINVAL;
    case OP_SANDBOX_STOP:
        return fake_sandbox_stop(f, o->target);
    case OP_SANDBOX_REMOVE:
        if (b && b->ready)
            return -EBUSY;
        if (b)
            b->removed = true;
        return 0;
    case OP_IMAGE:
        return f->image_missing ? -ENOENT : 0;
    case OP_CREATE:
        return fake_create(f, o);
    case OP_START:
        return fake_start(f, o);
    case OP_STOP:
        if (c && c->state != RT_EXITED) {
            c->state = RT_EXITED;
            c->exit_code = 143;
        }
        return 0;
    case OP_REMOVE:
        if (c && c->state == RT_RUNNING)
            return -EBUSY;
        if (c)
            c->removed = true;
        return 0;
    case OP_TEARDOWN:
        CHECK_INT(fake_running(f), 0);
        f->volumes = false;
        return 0;
    case OP_API_DELETE:
        CHECK_INT(fake_running(f), 0);
        f->pod = NULL;
        return 0;
    case OP_FORGET:
        f->forgotten = true;
        return 0;
    case OP_KIND_MAX:
        break;
    }
    return -EINVAL;
}

static inline struct rt_pod *fake_view(struct fake *f, struct arena *a) {
    struct rt_pod *v = arena_make(a, struct rt_pod);
    v->uid = STR("uid-1");
    for (unsigned i = 0; i < f->n_sandboxes; i++) {
        struct fake_sandbox *b = &f->sandboxes[i];
        if (b->removed)
            continue;
        struct rt_sandbox *o = list_push(a, &v->sandboxes);
        *o = (struct rt_sandbox){.id = str_of(b->id), .ready = b->ready, .attempt = b->attempt};
    }
    for (unsigned i = 0; i < f->n_containers; i++) {
        struct fake_container *c = &f->containers[i];
        if (c->removed)
            continue;
        struct rt_container *o = list_push(a, &v->containers);
        *o = (struct rt_container){.id = str_of(c->id),
                                   .name = str_of(c->name),
                                   .sandbox_id = str_of(c->sandbox),
                                   .state = c->state,
                                   .attempt = c->attempt,
                                   .exit_code = c->exit_code,
                                   .grace = 30};
    }
    rt_pod_sort(v);
    return v;
}

static inline void fake_finish(struct fake *f, struct fake_flight *o, int r) {
    struct pod_result res = {.r = r, .message = r ? STR("it failed") : STR_NONE};
    if (o->op.kind == OP_IMAGE && r == 0)
        res.value = STR("sha256:1");
    if (o->live)
        pod_op_done(&f->state, o->op.id, &res, f->now);
    o->live = false;
}

/* A name that is there when a request arrives. */
static inline bool fake_name_taken(const struct fake *f, const struct pod_op *op) {
    for (unsigned i = 0; op->kind == OP_SANDBOX_RUN && i < f->n_sandboxes; i++)
        if (!f->sandboxes[i].removed && f->sandboxes[i].attempt == op->attempt)
            return true;
    for (unsigned i = 0; op->kind == OP_CREATE && i < f->n_containers; i++)
        if (!f->containers[i].removed && f->containers[i].attempt == op->attempt &&
            str_eqc(op->container, f->containers[i].name))
            return true;
    return false;
}

static inline void fake_take(struct fake *f, const struct pod_op *op) {
    struct fake_flight *o = NULL;
    for (unsigned i = 0; i < f->n_flights && !o; i++)
        if (!f->flights[i].live && f->flights[i].applied)
            o = &f->flights[i];
    if (!o) {
        REQUIRE(f->n_flights < FAKE_MAX);
        o = &f->flights[f->n_flights++];
    }
    *o = (struct fake_flight){.live = true, .op = *op, .due = f->now};
    snprintf(o->container, sizeof(o->container), STR_FMT, STR_ARG(op->container));
    snprintf(o->target, sizeof(o->target), STR_FMT, STR_ARG(op->target));
    if (f->max_latency_ms)
        o->due += (int64_t)fake_random(f, f->max_latency_ms) * NSEC_PER_MSEC;
    /* The runtime reserves names when a request arrives, and holds them while it hangs. */
    for (unsigned i = 0; i < f->n_flights; i++) {
        struct fake_flight *other = &f->flights[i];
        if (other != o && !other->applied && other->op.kind == op->kind &&
            (op->kind == OP_SANDBOX_RUN || op->kind == OP_CREATE) &&
            other->op.attempt == op->attempt && strcmp(other->container, o->container) == 0)
            o->refused = true;
    }
    o->refused |= fake_name_taken(f, op);
    if (o->refused)
        return;
    if (fake_random(f, 100) < f->fail_percent)
        o->fails = -EIO;
    else if (fake_random(f, 100) < f->hang_percent)
        o->due += fake_random(f, 2) ? 300 * NSEC_PER_SEC : 3600 * NSEC_PER_SEC;
}

/* One look by the kubelet. Returns when it wants to be called again. */
static inline int64_t fake_sync(struct fake *f) {
    struct arena *a = arena_new(0);
    if (!f->view || fake_random(f, 100) >= f->stale_percent) {
        arena_free(f->view_arena);
        f->view_arena = arena_new(0);
        f->view = fake_view(f, f->view_arena);
        f->view_seq = f->state.next_op;
    }
    struct pod_output out = {.arena = a};
    struct pod_input in = {.pod = f->pod,
                           .rt = f->view,
                           .view_seq = f->view_seq,
                           .now = f->now,
                           .wall = f->now,
                           .status_final = true,
                           .network_ready = true};
    pod_sync(&f->state, &in, &out);
    const char *wrong = pod_state_wrong(&f->state);
    if (wrong)
        tap_fail(__FILE__, __LINE__, "%s", wrong);
    VEC_FOREACH (op, &out.start)
        fake_take(f, op);
    for (uint32_t i = 0; i < out.cancel.n; i++)
        for (unsigned j = 0; j < f->n_flights; j++)
            if (f->flights[j].live && f->flights[j].op.id == out.cancel.v[i])
                fake_finish(f, &f->flights[j], -ECANCELED);
    f->n_events += out.events.n;
    if (out.events.n)
        snprintf(f->last_event, sizeof(f->last_event), "%s: " STR_FMT,
                 out.events.v[out.events.n - 1].reason,
                 STR_ARG(out.events.v[out.events.n - 1].message));
    int64_t wake = out.cancel.n ? f->now : out.wake;
    if (f->state.needs_view > f->view_seq) /* it looks again */
        wake = MIN(wake, f->now + NSEC_PER_MSEC);
    if (out.forget)
        wake = INT64_MAX;
    arena_free(a);
    return wake;
}

/* Moves to the next thing that happens; false when nothing ever will. */
static inline bool fake_step(struct fake *f) {
    int64_t next = fake_sync(f);
    for (unsigned i = 0; i < f->n_flights; i++)
        if (!f->flights[i].applied)
            next = MIN(next, f->flights[i].due);
    if (next == INT64_MAX)
        return false;
    f->now = MAX(f->now, next);
    for (unsigned i = 0; i < f->n_flights; i++) {
        struct fake_flight *o = &f->flights[i];
        if (o->applied || o->due > f->now)
            continue;
        o->applied = true;
        /* What goes wrong may have taken effect all the same. */
        bool effect = !o->refused && (!o->fails || fake_random(f, 2));
        bool own = o->op.kind == OP_API_DELETE || o->op.kind == OP_FORGET ||
                   o->op.kind == OP_TEARDOWN || o->op.kind == OP_VOLUMES;
        int r = effect && (o->live || !own) ? fake_apply(f, o) : 0;
        fake_finish(f, o, o->refused ? -EEXIST : o->fails ? o->fails : r);
    }
    return true;
}

/* Runs until done(f) or `seconds` have passed. */
static inline bool fake_until(struct fake *f, bool (*done)(struct fake *), int seconds) {
    int64_t end = f->now + seconds * NSEC_PER_SEC;
    for (unsigned i = 0; i < 20000 && f->now <= end; i++) {
        if (done(f))
            return true;
        if (!fake_step(f)) {
            if (done(f))
                return true;
            f->now += NSEC_PER_SEC;
        }
    }
    return done(f);
}

/* The kubelet dies and comes back: what it remembered is gone, what it had asked for goes on. */
static inline void fake_kill_kubelet(struct fake *f) {
    for (unsigned i = 0; i < f->n_flights; i++)
        f->flights[i].live = false;
    pod_state_done(&f->state);
    pod_state_init(&f->state);
    f->view_arena = arena_free(f->view_arena);
    f->view = NULL;
}
