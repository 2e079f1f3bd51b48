// SPDX-License-Identifier: Apache-2.0
/* ResourceQuota: a namespace uses no more than its quotas say.
 *
 * What a write uses is added to the quota's status before the object is written, expecting the
 * quota as it was when it was looked at (proposals on their way included): of two writes that
 * would both fit alone, one is refused. A write that fails afterwards gives back what it took.
 * Limits are those of status.hard, which a controller copies from the spec together with the use it
 * counted: a quota that has none yet limits nothing. */
#include "apiserver/admission/quota.h"

#include "api/object.h"
#include "api/quota_usage.h"
#include "apiserver/admission/admission.h"
#include "apiserver/chore.h"
#include "apiserver/verbs/track.h"
#include "schema/quantity.h"

#define CHARGE_ATTEMPTS_MAX 100

/* One quota that is concerned. */
struct charge {
    str key, name;
    str_map amounts; /* to be added, of names in status.hard */
    bool charged;
    unsigned attempts;
    struct object *object;
    struct store_write sw;
    struct write *w;
};

/* Of one attempt, in the request's arena. */
struct charges {
    struct charge *v;
    uint32_t n;
    bool over;
};

static bool concerns(const struct write *w) {
    const struct api_resource *st = w->st;
    if (w->op == WRITE_DELETE || w->direct || w->deletes || !w->obj || !w->ns.n)
        return false;
    if (w->current)
        return quota_concerned_again(st, w->sub ? w->sub->name : NULL, w->obj, w->old);
    return !w->sub && st != RESOURCE_OF(core_v1_events);
}

/* "a=1,b=2" of those named */
static str printed(struct arena *a, const str_map *m, const str_list *names) {
    str_list l = {0};
    for (uint32_t i = 0; i < names->n; i++) {
        const Quantity *q = amounts_get(m, names->v[i]);
        if (q)
            *list_push(a, &l) =
                str_printf(a, STR_FMT "=" STR_FMT, STR_ARG(names->v[i]), STR_ARG(*q));
    }
    return str_join(a, l.v, l.n, STR(","));
}

static str_map masked(struct arena *a, const struct api_resource *st, const str_map *m,
                      const str_map *hard) {
    str_map out = {0};
    for (uint32_t i = 0; i < m->n; i++)
        if (amounts_get(hard, m->v[i].key) && quota_counts(st, m->v[i].key))
            *list_push(a, &out) = m->v[i];
    return out;
}

/* What grows: amounts above zero. */
static str_map growth(struct arena *a, const str_map *now, const str_map *was) {
    str_map all = was ? amounts_sub(a, now, was) : *now, out = {0};
    for (uint32_t i = 0; i < all.n; i++) {
        struct quantity q = quantity_of(all.v[i].value);
        if (quantity_sign(&q) > 0)
            *list_push(a, &out) = all.v[i];
    }
    return out;
}

static str_map restricted(struct arena *a, const struct api_resource *st, const str_map *hard) {
    return masked(a, st, hard, hard);
}

static bool matches(struct write *w, const ResourceQuota *q, const void *obj) {
    str_map names = restricted(w->r->arena, w->st, &q->status.hard);
    return names.n && quota_in_scope(w->st, &q->spec, obj);
}

static enum step_result check_matching(struct write *w, const ResourceQuota *q) {
    struct arena *a = w->r->arena;
    str_map names = restricted(a, w->st, &q->status.hard);
    str missing = w->st == RESOURCE_OF(core_v1_pods) ? quota_missing(a, w->obj, &names) : STR_NONE;
    if (missing.n)
        return admission_forbid(w, str_printf(a, "failed quota: " STR_FMT ": " STR_FMT,
                                              STR_ARG(q->metadata.name), STR_ARG(missing)));
    str_list all = {0};
    bool known = true;
    for (uint32_t i = 0; i < names.n; i++) {
        *list_push(a, &all) = names.v[i].key;
        known &= amounts_get(&q->status.used, names.v[i].key) != NULL;
    }
    if (known)
        return STEP_NEXT;
    return admission_forbid(
        w, str_printf(a, "status unknown for quota: " STR_FMT ", resources: " STR_FMT,
                      STR_ARG(q->metadata.name), STR_ARG(str_join(a, all.v, all.n, STR(",")))));
}

/* used + amounts, or why that is too much. */
static enum step_result check_limits(struct write *w, const ResourceQuota *q,
                                     const str_map *amounts, str_map *ret_used) {
    struct arena *a = w->r->arena;
    str_map used = q->status.used;
    str_list exceeded = {0};
    amounts_add(a, &used, amounts);
    for (uint32_t i = 0; i < amounts->n; i++) {
        str name = amounts->v[i].key;
        const Quantity *hard = amounts_get(&q->status.hard, name), *sum = amounts_get(&used, name);
        if (hard && sum && amount_cmp(*sum, *hard) > 0)
            *list_push(a, &exceeded) = name;
    }
    *ret_used = used;
    if (!exceeded.n)
        return STEP_NEXT;
    return admission_forbid(w, str_printf(a,
                                          "exceeded quota: " STR_FMT ", requested: " STR_FMT
                                          ", used: " STR_FMT ", limited: " STR_FMT,
                                          STR_ARG(q->metadata.name),
                                          STR_ARG(printed(a, amounts, &exceeded)),
                                          STR_ARG(printed(a, &q->status.used, &exceeded)),
                                          STR_ARG(printed(a, &q->status.hard, &exceeded))));
}

static enum step_result consider(struct write *w, struct charges *all, const ResourceQuota *q) {
    struct arena *a = w->r->arena;
    if (!matches(w, q, w->obj))
        return STEP_NEXT;
    enum step_result s = check_matching(w, q);
    if (s != STEP_NEXT)
        return s;
    int64_t now = loop_wall(w->r->server->loop) / NSEC_PER_SEC;
    str_map usage = quota_usage(a, w->st, w->obj, now), was = {0};
    bool had = w->current && matches(w, q, w->old);
    if (had)
        was = quota_usage(a, w->st, w->old, now);
    str_map more = growth(a, &usage, had ? &was : NULL), used;
    str_map amounts = masked(a, w->st, &more, &q->status.hard);
    if (!amounts.n)
        return STEP_NEXT;
    s = check_limits(w, q, &amounts, &used);
    if (s != STEP_NEXT)
        return s;
    const struct api_resource *res = RESOURCE_OF(core_v1_resourcequotas);
    *list_push(a, all) = (struct charge){.key = object_key(a, res, w->ns, q->metadata.name),
                                         .name = q->metadata.name,
                                         .amounts = amounts,
                                         .w = w};
    return STEP_NEXT;
}

static ResourceQuota *newest(struct write *w, str key) {
    struct object *o = store_get_tip(w->r->server->store, RESOURCE_OF(core_v1_resourcequotas), key);
    return o ? object_decode(w->r->arena, o) : NULL;
}

/* Every quota is asked before the first is charged. */
static enum step_result begin(struct write *w) {
    const struct api_resource *res = RESOURCE_OF(core_v1_resourcequotas);
    struct arena *a = w->r->arena;
    struct charges *all = arena_make(a, struct charges);
    struct admission_list l = admission_list(w, res, w->ns);
    enum step_result s = STEP_NEXT;
    for (uint32_t i = 0; i < l.n && s == STEP_NEXT; i++) {
        const ObjectMeta *m = l.v[i];
        const ResourceQuota *q = newest(w, object_key(a, res, w->ns, m->name));
        s = q ? consider(w, all, q) : STEP_NEXT;
    }
    w->quota = all;
    return s;
}

static void charged(struct store_write *sw, int e, uint64_t revision, struct object *current) {
    struct charge *c = container_of(sw, struct charge, sw);
    c->object = object_unref(c->object);
    c->charged = e == 0;
    bool again = e == -ESTALE || e == -ENOENT;
    write_resume(c->w, again && c->attempts < CHARGE_ATTEMPTS_MAX ? 0 : e);
}

/* The server is a writer of status like any other. */
static void set_used(struct write *w, ResourceQuota *q, str_map used) {
    ResourceQuota before = *q;
    q->status.used = used;
    track_own(w->r->server->env, w->r->arena, RESOURCE_OF(core_v1_resourcequotas), "status",
              &before, q);
}

static enum step_result charge(struct write *w, struct charge *c) {
    ResourceQuota *q = newest(w, c->key);
    if (!q) { /* it has gone */
        c->charged = true;
        c->amounts = (str_map){0};
        return STEP_NEXT;
    }
    const struct api_resource *res = RESOURCE_OF(core_v1_resourcequotas);
    uint64_t expected = store_get_tip(w->r->server->store, res, c->key)->revision;
    str_map used;
    enum step_result s = check_limits(w, q, &c->amounts, &used);
    if (s != STEP_NEXT)
        return s;
    set_used(w, q, used);
    c->attempts++;
    c->object = object_new(res, q);
    c->sw = (struct store_write){
        .resource = res, .key = c->key, .expected = expected, .object = c->object, .done = charged};
    request_state(w->r, REQUEST_STORE);
    store_propose(w->r->server->store, &c->sw);
    return STEP_WAIT;
}

static enum step_result validate(struct write *w) {
    if (!concerns(w))
        return STEP_NEXT;
    /* What is there already will be refused without anybody's paying for it. */
    if (!w->current && store_get_tip(w->r->server->store, w->st, w->key))
        return STEP_NEXT;
    enum step_result s = w->quota ? STEP_NEXT : begin(w);
    struct charges *all = w->quota;
    for (uint32_t i = 0; i < all->n && s == STEP_NEXT && !w->dry_run; i++)
        if (!all->v[i].charged)
            s = charge(w, &all->v[i]);
    return s;
}

void quota_commit(struct write *w) {
    if (w->quota)
        ((struct charges *)w->quota)->over = true;
}

static void give_back(struct write *w, const struct charge *c) {
    const struct api_resource *res = RESOURCE_OF(core_v1_resourcequotas);
    struct apiserver *s = w->r->server;
    struct object *tip = store_get_tip(s->store, res, c->key);
    if (!tip)
        return;
    ResourceQuota *q = object_decode(w->r->arena, tip);
    str_map used = amounts_sub(w->r->arena, &q->status.used, &c->amounts);
    for (uint32_t i = 0; i < used.n; i++) {
        struct quantity left = quantity_of(used.v[i].value);
        if (quantity_sign(&left) < 0)
            used.v[i].value = STR("0");
    }
    set_used(w, q, used);
    struct object *o = object_new(res, q);
    chore_start(s, res, c->key, o, tip->revision);
    object_unref(o);
}

void quota_revert(struct write *w) {
    struct charges *all = w->quota;
    w->quota = NULL;
    for (uint32_t i = 0; all && !all->over && !w->r->server->freed && i < all->n; i++)
        if (all->v[i].charged && all->v[i].amounts.n)
            give_back(w, &all->v[i]);
}

const struct admission_plugin admission_quota = {"ResourceQuota", NULL, validate};
