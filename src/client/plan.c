// SPDX-License-Identifier: Apache-2.0
/* Building a plan: every call encodes what it is given into the plan's arena and does nothing
 * else. */
#include "client/plan_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/map.h"
#include "schema/json.h"

void plan_init(struct plan *p, struct arena *a, int64_t now, int64_t mono, uint64_t seed) {
    *p = (struct plan){.arena = a, .now = now, .mono = mono};
    p->internal = arena_make(a, struct plan_internal);
    p->internal->requeue_after = -1;
    p->internal->seed = seed;
}

struct plan *plan_new_test(struct arena *a, int64_t now) {
    struct plan *p = arena_make(a, struct plan);
    plan_init(p, a, now, now, 1);
    return p;
}

bool plan_full(const struct plan *p) {
    return p->internal->writes.n >= PLAN_WRITES_MAX;
}

static struct plan_write *add(struct plan *p) {
    if (plan_full(p))
        return NULL;
    struct plan_write *w = list_push(p->arena, &p->internal->writes);
    w->group = p->internal->group;
    return w;
}

static str encode(struct arena *a, const struct api_type *t, const void *obj) {
    struct buf b;
    buf_init(&b, 0);
    json_write(&b, t, obj, 0, NULL);
    str out = str_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}

static struct plan_write *add_request(struct plan *p, const struct rest_request *rq) {
    struct plan_write *w = add(p);
    if (!w)
        return NULL;
    w->rq = *rq;
    w->rq.ns = str_dup(p->arena, rq->ns);
    w->rq.name = str_dup(p->arena, rq->name);
    w->rq.query = rq->query ? str_cdup(p->arena, str_of(rq->query)) : NULL;
    w->rq.raw =
        rq->body_type ? encode(p->arena, rq->body_type, rq->body) : str_dup(p->arena, rq->raw);
    if (rq->body_type && !rq->result_type && rq->subresource &&
        strcmp(rq->subresource, "status") != 0)
        w->rq.result_type = rq->body_type;
    w->rq.body_type = NULL;
    w->rq.body = NULL;
    return w;
}

void plan_request(struct plan *p, const struct rest_request *rq) {
    add_request(p, rq);
}

void plan_create(struct plan *p, const struct api_resource *r, str ns, const void *typed) {
    plan_request(
        p, &(struct rest_request){
               .verb = REST_CREATE, .resource = r, .ns = ns, .body_type = r->type, .body = typed});
}

void plan_update(struct plan *p, const struct api_resource *r, const char *subresource,
                 const void *typed) {
    const ObjectMeta *m = typed;
    plan_request(p, &(struct rest_request){.verb = REST_UPDATE,
                                           .resource = r,
                                           .ns = m->namespace_,
                                           .name = m->name,
                                           .subresource = subresource,
                                           .body_type = r->type,
                                           .body = typed,
                                           .result_type = r->type});
}

void plan_patch(struct plan *p, const struct api_resource *r, const char *subresource,
                const ObjectMeta *m, str merge_patch, bool any_version) {
    struct value v;
    struct err e = {0};
    int parsed = value_parse(p->arena, str_dup(p->arena, merge_patch), &v, NULL, &e);
    ASSERT(parsed == 0 && v.tag == VALUE_OBJECT);
    struct value *meta = value_getc(&v, "metadata");
    if (!meta) {
        meta = value_set(p->arena, &v, STR("metadata"));
        *meta = (struct value){.tag = VALUE_OBJECT};
    }
    *value_set(p->arena, meta, STR("uid")) = (struct value){.tag = VALUE_STR, .s = m->uid};
    if (!any_version)
        *value_set(p->arena, meta, STR("resourceVersion")) =
            (struct value){.tag = VALUE_STR, .s = m->resource_version};
    struct buf b;
    buf_init(&b, 0);
    value_write(&b, &v);
    plan_request(p, &(struct rest_request){.verb = REST_PATCH,
                                           .resource = r,
                                           .ns = m->namespace_,
                                           .name = m->name,
                                           .subresource = subresource,
                                           .patch = REST_PATCH_MERGE,
                                           .raw = buf_str(&b),
                                           .result_type = r->type});
    buf_done(&b);
}

void plan_delete(struct plan *p, const struct api_resource *r, const ObjectMeta *m,
                 int64_t grace_seconds, const char *propagation) {
    Preconditions pre = {.uid = m->uid};
    DeleteOptions o = {.preconditions = &pre};
    if (grace_seconds >= 0)
        o.grace_period_seconds = (struct opt_i64){true, grace_seconds};
    if (propagation)
        o.propagation_policy = str_of(propagation);
    struct plan_write *w = add_request(p, &(struct rest_request){.verb = REST_DELETE,
                                                                 .resource = r,
                                                                 .ns = m->namespace_,
                                                                 .name = m->name,
                                                                 .body_type = &DeleteOptions_type,
                                                                 .body = &o,
                                                                 .result_type = r->type});
    if (w)
        w->uid = str_dup(p->arena, m->uid);
}

void plan_next_group(struct plan *p) {
    struct plan_internal *in = p->internal;
    if (in->writes.n && in->writes.v[in->writes.n - 1].group == in->group)
        in->group++;
}

#define EVENT_TEXT_MAX 1024 /* as upstream, which cuts there */

static struct plan_event *event_add(struct plan *p, const struct api_resource *r,
                                    const ObjectMeta *about, const char *type, const char *reason,
                                    const char *fmt, va_list ap) {
    char text[EVENT_TEXT_MAX];
    vsnprintf(text, sizeof(text), fmt, ap);
    struct arena *a = p->arena;
    struct plan_event *ev = list_push(a, &p->internal->events);
    ev->group = p->internal->group;
    ev->write = -1;
    ev->type = type;
    ev->reason = reason;
    ev->message = str_dup(a, str_of(text));
    ev->about = (ObjectReference){
        .kind = str_of(r->kind),
        .namespace_ = str_dup(a, about->namespace_),
        .name = str_dup(a, about->name),
        .uid = str_dup(a, about->uid),
        .api_version =
            r->group[0] ? str_printf(a, "%s/%s", r->group, r->version) : str_of(r->version),
        .resource_version = str_dup(a, about->resource_version),
    };
    return ev;
}

void plan_event(struct plan *p, const struct api_resource *r, const ObjectMeta *about,
                const char *type, const char *reason, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    event_add(p, r, about, type, reason, fmt, ap);
    va_end(ap);
}

void plan_write_event(struct plan *p, bool on_failure, const struct api_resource *r,
                      const ObjectMeta *about, const char *type, const char *reason,
                      const char *fmt, ...) {
    ASSERT(p->internal->writes.n > 0);
    va_list ap;
    va_start(ap, fmt);
    struct plan_event *ev = event_add(p, r, about, type, reason, fmt, ap);
    va_end(ap);
    ev->write = p->internal->writes.n - 1;
    ev->on_failure = on_failure;
}

void plan_requeue_after(struct plan *p, int64_t ns) {
    int64_t *at = &p->internal->requeue_after;
    *at = *at < 0 ? MAX(ns, 0) : MIN(*at, MAX(ns, 0));
}

static const struct plan_answer *answer_of(const struct plan *p, const char *name) {
    for (const struct plan_answer *an = p->internal->answers; an; an = an->next)
        if (str_eqc(an->name, name))
            return an;
    return NULL;
}

bool plan_answered(const struct plan *p, const char *name) {
    return answer_of(p, name) != NULL;
}

const struct rest_result *plan_need(struct plan *p, const char *name,
                                    const struct rest_request *rq) {
    const struct plan_answer *an = answer_of(p, name);
    if (an)
        return &an->result;
    struct plan_question *q = list_push(p->arena, &p->internal->questions);
    q->name = str_dup(p->arena, str_of(name));
    q->rq = *rq;
    q->rq.ns = str_dup(p->arena, rq->ns);
    q->rq.name = str_dup(p->arena, rq->name);
    q->rq.raw =
        rq->body_type ? encode(p->arena, rq->body_type, rq->body) : str_dup(p->arena, rq->raw);
    if (rq->body_type && !rq->result_type)
        q->rq.result_type = rq->body_type;
    q->rq.body_type = NULL;
    q->rq.body = NULL;
    return NULL;
}

void plan_hook(struct plan *p, void (*commit)(void *ctx), void (*abort_fn)(void *ctx), void *ctx) {
    *list_push(p->arena, &p->internal->hooks) = (struct plan_hook_entry){commit, abort_fn, ctx};
}

int plan_reject(struct plan *p, int errnum, const char *fmt, ...) {
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    p->internal->rejected = true;
    p->internal->reject_text = str_dup(p->arena, str_of(text));
    return errnum;
}

/* Kubernetes' alphabet for generated names: no vowels, nothing that is easily misread. */
str plan_random_suffix(struct plan *p, unsigned n) {
    static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
    struct plan_internal *in = p->internal;
    char *out = arena_alloc(p->arena, n + 1);
    for (unsigned i = 0; i < n; i++) {
        uint64_t at[2] = {in->seed, in->drawn++};
        out[i] = alphabet[siphash(at, "suffix", 6) % (sizeof(alphabet) - 1)];
    }
    out[n] = '\0';
    return str_n(out, n);
}

/* ---- description, for tests ---- */

static const char *const verb_words[REST_VERB_MAX] = {"get",    "list",  "create",
                                                      "update", "patch", "delete"};

str plan_describe(struct arena *a, const struct plan *p) {
    const struct plan_internal *in = p->internal;
    struct buf b;
    buf_init(&b, 0);
    for (uint32_t i = 0; i < in->writes.n; i++) {
        const struct plan_write *w = &in->writes.v[i];
        if (i && w->group != w[-1].group)
            buf_adds(&b, "-- next group\n");
        buf_printf(&b, "%s %s", verb_words[w->rq.verb], w->rq.resource->plural);
        if (w->rq.subresource)
            buf_printf(&b, "/%s", w->rq.subresource);
        buf_printf(&b, " " STR_FMT, STR_ARG(w->rq.ns));
        if (w->rq.name.n)
            buf_printf(&b, "%s" STR_FMT, w->rq.ns.n ? "/" : "", STR_ARG(w->rq.name));
        buf_printf(&b, " " STR_FMT "\n", STR_ARG(w->rq.raw));
    }
    for (uint32_t i = 0; i < in->questions.n; i++)
        buf_printf(&b, "need " STR_FMT "\n", STR_ARG(in->questions.v[i].name));
    for (uint32_t i = 0; i < in->events.n; i++) {
        const struct plan_event *ev = &in->events.v[i];
        if (ev->on_failure)
            continue;
        buf_printf(&b, "event %s %s " STR_FMT "/" STR_FMT ": " STR_FMT "\n", ev->type, ev->reason,
                   STR_ARG(ev->about.kind), STR_ARG(ev->about.name), STR_ARG(ev->message));
    }
    if (in->requeue_after >= 0)
        buf_printf(&b, "requeue after %lld ms\n", (long long)(in->requeue_after / NSEC_PER_MSEC));
    if (in->rejected)
        buf_printf(&b, "rejected: " STR_FMT "\n", STR_ARG(in->reject_text));
    str out = str_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}
