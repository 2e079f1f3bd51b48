// SPDX-License-Identifier: Apache-2.0
#include "controllers/common.h"

#include "schema/json.h"

int time_cmp(Time a, Time b) {
    int64_t x = time_ns(a), y = time_ns(b);
    return x < y ? -1 : x > y;
}

/* ---- names and maps ---- */

void key_split(str key, str *ret_ns, str *ret_name) {
    ssize_t slash = str_chr(key, '/');
    *ret_ns = slash < 0 ? STR_NONE : str_slice(key, 0, (size_t)slash);
    *ret_name = slash < 0 ? key : str_slice(key, (size_t)slash + 1, key.n);
}

bool map_set(struct arena *a, str_map *m, str key, str value) {
    uint32_t at = 0;
    while (at < m->n && str_cmp(m->v[at].key, key) < 0)
        at++;
    bool there = at < m->n && str_eq(m->v[at].key, key);
    if (there && str_eq(m->v[at].value, value))
        return false;
    struct str_pair *v = arena_array(a, m->n + 1, sizeof(*v));
    for (uint32_t i = 0; i < at; i++)
        v[i] = m->v[i];
    v[at] = (struct str_pair){key, value};
    for (uint32_t i = at + there; i < m->n; i++)
        v[i + !there] = m->v[i];
    m->v = v;
    m->n += !there;
    return true;
}

void map_unset(struct arena *a, str_map *m, str key) {
    struct str_pair *v = arena_array(a, m->n + 1, sizeof(*v));
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n; i++)
        if (!str_eq(m->v[i].key, key))
            v[n++] = m->v[i];
    m->v = n ? v : NULL;
    m->n = n;
}

bool has_finalizer(const ObjectMeta *m, const char *name) {
    for (uint32_t i = 0; i < m->finalizers.n; i++)
        if (str_eqc(m->finalizers.v[i], name))
            return true;
    return false;
}

/* ---- ownership ---- */

static str api_version(struct arena *a, const struct api_resource *r) {
    return r->group[0] ? str_printf(a, "%s/%s", r->group, r->version) : str_of(r->version);
}

OwnerReference controller_ref(struct arena *a, const struct api_resource *r, const ObjectMeta *m) {
    return (OwnerReference){
        .api_version = api_version(a, r),
        .kind = str_of(r->kind),
        .name = m->name,
        .uid = m->uid,
        .controller = {true, true},
        .block_owner_deletion = {true, true},
    };
}

bool owner_is(const OwnerReference *o, const struct api_resource *r) {
    str rest = o->api_version;
    str group = str_chr(rest, '/') < 0 ? STR("") : str_cut(&rest, '/');
    return str_eqc(o->kind, r->kind) && str_eqc(group, r->group);
}

void queue_controller(struct controller_run *run, const struct api_resource *r,
                      const ObjectMeta *m) {
    const OwnerReference *o = meta_controller(m);
    if (!o || !owner_is(o, r))
        return;
    struct arena a;
    arena_init(&a, 0);
    queue_key(run, meta_key(&a, &(ObjectMeta){.namespace_ = m->namespace_, .name = o->name}));
    arena_done(&a);
}

enum claim claim_of(const ObjectMeta *owner, const struct selector *s, const ObjectMeta *object) {
    const OwnerReference *o = meta_controller(object);
    bool matches = selector_matches(s, &object->labels);
    if (o && !str_eq(o->uid, owner->uid))
        return CLAIM_NONE;
    if (o && matches)
        return CLAIM_OURS;
    if (o)
        return owner->deletion_timestamp.set ? CLAIM_NONE : CLAIM_RELEASE;
    if (owner->deletion_timestamp.set || object->deletion_timestamp.set || !matches)
        return CLAIM_NONE;
    return CLAIM_ADOPT;
}

int owner_lives(struct plan *p, const struct api_resource *r, const ObjectMeta *owner) {
    const struct rest_result *res = plan_need(p, "owner",
                                              &(struct rest_request){
                                                  .verb = REST_GET,
                                                  .resource = r,
                                                  .ns = owner->namespace_,
                                                  .name = owner->name,
                                                  .metadata_only = true,
                                              });
    if (!res)
        return -EAGAIN;
    const ObjectMeta *live = res->object;
    return live && str_eq(live->uid, owner->uid) && !live->deletion_timestamp.set;
}

struct owners {
    struct plan *p;
    struct buf b;
    bool any;
};

static void owners_begin(struct owners *w, struct plan *p) {
    w->p = p;
    w->any = false;
    buf_init(&w->b, 0);
    buf_adds(&w->b, "{\"metadata\":{\"ownerReferences\":");
}

static void owners_add(struct owners *w, const OwnerReference *o) {
    buf_addc(&w->b, w->any ? ',' : '[');
    json_write(&w->b, &OwnerReference_type, o, 0, NULL);
    w->any = true;
}

static void owners_send(struct owners *w, const struct api_resource *r, const ObjectMeta *object) {
    buf_add(&w->b, w->any ? STR("]}}") : STR("null}}"));
    plan_patch(w->p, r, NULL, object, buf_str(&w->b), false);
    buf_done(&w->b);
}

void claim_adopt(struct plan *p, const struct api_resource *owner_r, const ObjectMeta *owner,
                 const struct api_resource *r, const ObjectMeta *object) {
    OwnerReference ours = controller_ref(p->arena, owner_r, owner);
    struct owners w;
    owners_begin(&w, p);
    for (uint32_t i = 0; i < object->owner_references.n; i++)
        if (!str_eq(object->owner_references.v[i].uid, owner->uid))
            owners_add(&w, &object->owner_references.v[i]);
    owners_add(&w, &ours);
    owners_send(&w, r, object);
}

void owners_filter(struct plan *p, const struct api_resource *r, const ObjectMeta *object,
                   bool (*keep)(void *ctx, const OwnerReference *), void *ctx) {
    struct owners w;
    owners_begin(&w, p);
    for (uint32_t i = 0; i < object->owner_references.n; i++)
        if (keep(ctx, &object->owner_references.v[i]))
            owners_add(&w, &object->owner_references.v[i]);
    owners_send(&w, r, object);
}

static bool is_other(void *ctx, const OwnerReference *o) {
    return !str_eq(o->uid, *(str *)ctx);
}

void owner_release(struct plan *p, const struct api_resource *r, const ObjectMeta *object,
                   str uid) {
    owners_filter(p, r, object, is_other, &uid);
}

/* Without `gone` and with `more`, which may be NULL. */
static void finalizers_patch(struct plan *p, const struct api_resource *r, const ObjectMeta *object,
                             const char *gone, const char *more) {
    struct buf b;
    bool any = false;
    buf_init(&b, 0);
    buf_adds(&b, "{\"metadata\":{\"finalizers\":");
    for (uint32_t i = 0; i < object->finalizers.n + (more != NULL); i++) {
        str name = i < object->finalizers.n ? object->finalizers.v[i] : str_of(more);
        if (gone && str_eqc(name, gone))
            continue;
        buf_addc(&b, any ? ',' : '[');
        json_quote(&b, name);
        any = true;
    }
    buf_add(&b, any ? STR("]}}") : STR("null}}"));
    plan_patch(p, r, NULL, object, buf_str(&b), false);
    buf_done(&b);
}

void finalizer_add(struct plan *p, const struct api_resource *r, const ObjectMeta *object,
                   const char *name) {
    finalizers_patch(p, r, object, NULL, name);
}

void finalizer_remove(struct plan *p, const struct api_resource *r, const ObjectMeta *object,
                      const char *name) {
    finalizers_patch(p, r, object, name, NULL);
}

unsigned index_orphans(const void *typed, str keys[INDEX_KEYS_MAX]) {
    const ObjectMeta *m = typed;
    if (meta_controller(m))
        return 0;
    keys[0] = m->namespace_;
    return 1;
}

int claims_settle(struct plan *p, const struct ownership *c) {
    struct cached *o;
    int settled = 1;
    for (struct index_cursor at = index_find(c->owned, c->owner->uid); (o = index_next(&at));) {
        if (claim_of(c->owner, c->selector, cached_meta(o)) == CLAIM_RELEASE) {
            owner_release(p, c->resource, cached_meta(o), c->owner->uid);
            settled = 0;
        } else {
            c->mine(c->ctx, o->typed);
        }
    }
    for (struct index_cursor at = index_find(c->orphans, c->owner->namespace_);
         (o = index_next(&at));) {
        if (claim_of(c->owner, c->selector, cached_meta(o)) != CLAIM_ADOPT ||
            (c->adoptable && !c->adoptable(o->typed)))
            continue;
        int lives = owner_lives(p, c->owner_resource, c->owner);
        if (lives < 0)
            return lives;
        if (!lives)
            break;
        claim_adopt(p, c->owner_resource, c->owner, c->resource, cached_meta(o));
        settled = 0;
    }
    return settled;
}

bool same_labels(const str_map *a, const str_map *b) {
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!str_eq(a->v[i].key, b->v[i].key) || !str_eq(a->v[i].value, b->v[i].value))
            return false;
    return true;
}

/* ---- pods ---- */

bool pod_terminal(const Pod *pod) {
    return str_eqc(pod->status.phase, "Succeeded") || str_eqc(pod->status.phase, "Failed");
}

bool pod_active(const Pod *pod) {
    return !pod_terminal(pod) && !pod->metadata.deletion_timestamp.set;
}

const PodCondition *pod_condition(const Pod *pod, const char *type) {
    for (uint32_t i = 0; i < pod->status.conditions.n; i++)
        if (str_eqc(pod->status.conditions.v[i].type, type))
            return &pod->status.conditions.v[i];
    return NULL;
}

bool pod_ready(const Pod *pod) {
    const PodCondition *c = pod_condition(pod, "Ready");
    return c && str_eqc(c->status, "True");
}

bool pod_available(const Pod *pod, int32_t min_ready, int64_t now, int64_t *ret_wait) {
    const PodCondition *c = pod_condition(pod, "Ready");
    int64_t wait = -1;
    bool ready = c && str_eqc(c->status, "True"), available = ready;
    if (ready && min_ready > 0) {
        int64_t at = time_ns(c->last_transition_time) + min_ready * NSEC_PER_SEC;
        available = c->last_transition_time.set && at <= now;
        if (!available && c->last_transition_time.set)
            wait = at - now;
    }
    if (ret_wait)
        *ret_wait = available ? 0 : wait;
    return available;
}

str pod_condition_patch(struct arena *a, const Pod *pod, const PodCondition *c, const char *phase) {
    struct buf b;
    buf_init(&b, 0);
    buf_adds(&b, "{\"status\":{\"conditions\":[");
    for (uint32_t i = 0; i < pod->status.conditions.n; i++) {
        if (str_eq(pod->status.conditions.v[i].type, c->type))
            continue;
        json_write(&b, &PodCondition_type, &pod->status.conditions.v[i], 0, NULL);
        buf_addc(&b, ',');
    }
    json_write(&b, &PodCondition_type, c, 0, NULL);
    buf_addc(&b, ']');
    if (phase)
        buf_printf(&b, ",\"phase\":\"%s\"", phase);
    buf_adds(&b, "}}");
    str out = str_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}

void pod_disrupt(struct plan *p, const Pod *pod, const char *reason, const char *message,
                 const char *phase) {
    const PodCondition *old = pod_condition(pod, "DisruptionTarget");
    bool told = old && str_eqc(old->status, "True") && str_eqc(old->reason, reason);
    bool phase_told = !phase || pod_terminal(pod);
    if (told && phase_told)
        return;
    PodCondition c = {
        .type = STR("DisruptionTarget"),
        .observed_generation = pod->metadata.generation,
        .status = STR("True"),
        .last_transition_time =
            old && str_eqc(old->status, "True") ? old->last_transition_time : plan_time(p),
        .reason = str_of(reason),
        .message = str_of(message),
    };
    str patch = pod_condition_patch(p->arena, pod, &c, phase_told ? NULL : phase);
    plan_patch(p, RESOURCE_OF(core_v1_pods), "status", &pod->metadata, patch, false);
}
