// SPDX-License-Identifier: Apache-2.0
/* Runs the steps of a write and talks to the store. */
#include "apiserver/verbs/write.h"

#include "apiserver/admission/admission.h"
#include "apiserver/admission/quota.h"
#include "apiserver/alloc/alloc.h"
#include "apiserver/verbs/track.h"
#include "apiserver/verbs/view.h"

struct write *write_new(struct request *r, enum write_op op, str name) {
    struct write *w = arena_make(r->arena, struct write);
    w->r = r;
    w->op = op;
    w->res = r->res;
    w->st = r->res->storage;
    w->sub = r->sub;
    w->view = view_of(r->res, r->sub);
    w->ns = resource_is(w->st, RESOURCE_NAMESPACED) ? r->info.ns : STR_NONE;
    w->name = name;
    w->dry_run = r->dry_run;
    w->done = write_answer;
    return w;
}

static void drop(struct write *w) {
    alloc_revert(w);
    quota_revert(w);
    w->current = object_unref(w->current);
    w->proposed = object_unref(w->proposed);
    w->old = w->obj = NULL;
    w->deletes = w->mutated = w->tracked = w->forgets = false;
}

void write_free(struct write *w) {
    drop(w);
    w->result = object_unref(w->result);
}

enum step_result write_fail(struct write *w, Status *s) {
    w->status = s;
    return STEP_STOP;
}

enum step_result write_invalid(struct write *w, const struct field_errors *fe) {
    const ObjectMeta *m = w->obj;
    /* The kind that is judged is the stored one, whatever version was written. */
    const char *group = w->st->group, *kind = w->st->kind;
    if (w->view && w->view->kind) {
        group = w->view->group;
        kind = w->view->kind;
    }
    str name = m && m->name.n ? m->name : w->name;
    return write_fail(w, status_invalid(w->r->arena, str_of(group), str_of(kind), name, fe));
}

static enum step_result step_current(struct write *w) {
    struct request *r = w->r;
    drop(w);
    if (w->op == WRITE_CREATE)
        return STEP_NEXT;
    w->key = object_key(r->arena, w->st, w->ns, w->name);
    struct object *o = store_get(r->server->store, w->st, w->key);
    if (!o && w->create_on_update)
        return STEP_NEXT;
    if (!o)
        return write_fail(w, status_not_found(r->arena, w->res, w->name));
    w->current = object_ref(o);
    w->old = object_decode(r->arena, o);
    return STEP_NEXT;
}

static enum step_result step_build(struct write *w) {
    enum step_result s = w->build(w);
    if (s == STEP_NEXT && w->op != WRITE_DELETE && !w->old)
        write_wipe_meta(w->obj);
    return s;
}

static enum step_result step_mutate(struct write *w) {
    enum step_result s = admission_mutate(w);
    if (s == STEP_NEXT && w->mutated && w->obj) {
        const struct hooks *h = hooks_of(w->st);
        struct hook_ctx c = hook_ctx_of(w->r->server->env, w->r->arena);
        api_defaults(w->r->arena, w->st->type, w->obj);
        if (h->defaults)
            h->defaults(&c, w->obj);
    }
    return s;
}

/* An update that makes the object (PUT of a few kinds, apply) asks for the right to create it. */
static enum step_result may_create(struct write *w) {
    struct request *r = w->r;
    struct attributes at = request_attributes(r);
    const struct apiserver *server = r->server;
    str reason = STR_NONE;
    at.verb = STR("create");
    if (server->authz->authorize(server->authz_ctx, r->arena, &at, &reason) == DECISION_ALLOW)
        return STEP_NEXT;
    return write_fail(w, status_forbidden_of(r->arena, at.group, at.resource, w->name, reason));
}

static enum step_result step_admit(struct write *w) {
    enum step_result s = STEP_NEXT;
    if (w->op == WRITE_UPDATE && !w->current)
        s = may_create(w);
    return s == STEP_NEXT ? admission_validate(w) : s;
}

/* What the store would not accept or need. */
static enum step_result settle(struct write *w) {
    struct request *r = w->r;
    if (arena_over(r->arena))
        return write_fail(w, status_new(r->arena, 413, "RequestEntityTooLarge",
                                        "the object is too large to be processed"));
    if (w->dry_run) {
        if (w->op == WRITE_CREATE && store_get(r->server->store, w->st, w->key))
            return write_fail(w, status_already_exists(r->arena, w->res, w->name));
        w->result_obj = w->deletes ? (w->obj ? w->obj : w->old) : w->obj;
        w->created = !w->current;
        return STEP_STOP;
    }
    if (!w->deletes && w->current && str_eq(w->proposed->json, w->current->json)) {
        w->result = object_ref(w->current);
        w->unchanged = true;
        return STEP_STOP;
    }
    return STEP_NEXT;
}

static void on_published(struct store_write *sw, int e, uint64_t revision, struct object *current);

/* Entries may take more room than what they tell of: rather than refuse the object, the server does
 * without them, unless it was applied by them. */
static enum step_result encode(struct write *w) {
    ObjectMeta *m = w->obj;
    track_keep_times(w);
    w->proposed = object_new(w->st, w->obj);
    if (w->proposed->json.n <= STORE_VALUE_MAX)
        return STEP_NEXT;
    if (w->r->patch == PATCH_APPLY || !m->managed_fields.n)
        return write_fail(w, status_new(w->r->arena, 413, "RequestEntityTooLarge",
                                        "etcdserver: request is too large"));
    memset(&m->managed_fields, 0, sizeof(m->managed_fields));
    object_unref(TAKE(w->proposed));
    return encode(w);
}

static enum step_result step_propose(struct write *w) {
    struct request *r = w->r;
    enum step_result s = w->deletes ? STEP_NEXT : encode(w);
    if (s == STEP_NEXT)
        s = settle(w);
    if (s != STEP_NEXT)
        return s;
    w->sw = (struct store_write){
        .resource = w->st,
        .key = w->key,
        .expected = w->current ? w->current->revision : STORE_ABSENT,
        .object = w->deletes ? NULL : w->proposed,
        .is_volatile = write_is_heartbeat(w),
        .done = on_published,
    };
    request_state(r, REQUEST_STORE);
    store_propose(r->server->store, &w->sw);
    return STEP_WAIT;
}

static const struct {
    const char *name;
    enum step_result (*run)(struct write *);
} steps[] = {
    {"current", step_current},    {"build", step_build},      {"track", write_track},
    {"mutate", step_mutate},      {"allocate", alloc_settle}, {"prepare", write_prepare},
    {"validate", write_validate}, {"admit", step_admit},      {"reserve", alloc_reserve},
    {"propose", step_propose},
};

static void run(struct write *w) {
    enum step_result s = STEP_NEXT;
    while (s == STEP_NEXT) {
        s = steps[w->step].run(w);
        if (s == STEP_NEXT)
            w->step++;
    }
    if (s == STEP_STOP)
        w->done(w);
}

void write_start(struct write *w) {
    w->step = 0;
    run(w);
}

void write_again(struct write *w) {
    run(w);
}

/* Behind every resumption: nothing is left to do once it is answered. */
static void settle_request(struct request *r) {
    if (!r->x && !r->running && r->state == REQUEST_RUNNING)
        request_end(r);
}

static void slept(struct timer *t) {
    struct request *r = container_of(t, struct request, timer);
    request_state(r, REQUEST_RUNNING);
    write_again(r->sleeper);
    settle_request(r);
}

enum step_result write_sleep(struct write *w, int64_t ns) {
    struct request *r = w->r;
    request_state(r, REQUEST_TIMER);
    r->sleeper = w;
    r->timer.fire = slept;
    timer_start(r->server->loop, &r->timer, ns);
    return STEP_WAIT;
}

static Status *store_refusal(struct write *w, int e) {
    struct arena *a = w->r->arena;
    if (e == -EBUSY)
        return status_new(a, 429, "TooManyRequests", "too many writes are pending, try again");
    if (e == -E2BIG)
        return status_new(a, 413, "RequestEntityTooLarge", "etcdserver: request is too large");
    if (e == -ECANCELED)
        return status_new(a, 503, "ServiceUnavailable", "the server is shutting down");
    return status_conflict(a, w->res, w->name,
                           "the object has been modified; please apply your changes to the latest "
                           "version and try again");
}

/* Another object is there than was expected. */
static bool runs_again(struct write *w, int e) {
    if (e == -EEXIST && w->op == WRITE_CREATE)
        return w->generated && w->generated < GENERATE_ATTEMPTS_MAX;
    return (e == -ESTALE || e == -ENOENT || e == -EEXIST) && w->attempts < WRITE_ATTEMPTS_MAX;
}

static void published(struct write *w, int e, uint64_t revision) {
    if (runs_again(w, e)) {
        w->attempts++;
        write_start(w);
        return;
    }
    if (e == -EEXIST && w->op == WRITE_CREATE)
        w->status = status_already_exists(w->r->arena, w->res, w->name);
    else if (e < 0)
        w->status = store_refusal(w, e);
    w->revision = revision;
    if (e == 0 && w->deletes)
        w->result_obj = w->obj ? w->obj : w->old;
    else if (e == 0)
        w->result = object_ref(w->proposed);
    w->created = !w->current;
    w->done(w);
}

static void on_published(struct store_write *sw, int e, uint64_t revision, struct object *current) {
    struct write *w = container_of(sw, struct write, sw);
    struct request *r = w->r;
    request_state(r, REQUEST_RUNNING);
    if (e == 0) {
        alloc_commit(w);
        quota_commit(w);
    }
    if (!r->x) {
        request_end(r);
        return;
    }
    published(w, e, revision);
    settle_request(r);
}

void write_resume(struct write *w, int e) {
    struct request *r = w->r;
    request_state(r, REQUEST_RUNNING);
    if (!r->x) {
        request_end(r);
        return;
    }
    if (e < 0) {
        w->status = store_refusal(w, e);
        w->done(w);
    } else {
        write_again(w);
    }
    settle_request(r);
}

static void cleanup(struct request *r) {
    write_free(r->data);
}

enum phase_result write_phase(struct write *w) {
    struct request *r = w->r;
    r->data = w;
    r->cleanup = cleanup;
    write_start(w);
    return r->x ? PHASE_WAIT : PHASE_DONE;
}

static void *in_version(struct write *w, void *obj) {
    if (!w->res->convert)
        return obj;
    void *out = arena_zalloc(w->r->arena, w->res->type->size);
    struct err e = {0};
    w->res->convert->from_storage(w->r->arena, obj, out, &e);
    return out;
}

void write_answer(struct write *w) {
    struct request *r = w->r;
    int code = w->created || (w->op == WRITE_CREATE) ? 201 : 200;
    if (w->status) {
        respond_status(r, w->status);
    } else if (w->view && w->view->get) {
        void *obj = w->result ? object_decode(r->arena, w->result) : w->result_obj;
        respond_typed(r, code, w->view->type, w->view->get(w, obj));
    } else if (w->result) {
        respond_object(r, code, w->result);
    } else {
        respond_typed(r, code, w->res->type, in_version(w, w->result_obj));
    }
}
