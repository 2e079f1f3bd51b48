// SPDX-License-Identifier: Apache-2.0
/* What holds for every kind around its hooks: system fields, revisions, generation, the part that
 * the request may not touch, and the checks of metadata. */
#include "apiserver/hook_env.h"
#include "apiserver/verbs/options.h"
#include "apiserver/verbs/view.h"

enum step_result write_check_meta(struct write *w, ObjectMeta *m) {
    struct arena *a = w->r->arena;
    if (w->op != WRITE_CREATE && !m->name.n)
        return write_fail(w, status_bad_request(a,
                                                "the name of the object (" STR_FMT
                                                " based on URL) was undeterminable: name must be "
                                                "provided",
                                                STR_ARG(w->name)));
    if (w->name.n && m->name.n && !str_eq(m->name, w->name))
        return write_fail(w,
                          status_bad_request(a,
                                             "the name of the object (" STR_FMT
                                             ") does not match the name on the URL (" STR_FMT ")",
                                             STR_ARG(m->name), STR_ARG(w->name)));
    if (!resource_is(w->st, RESOURCE_NAMESPACED))
        m->namespace_ = STR_NONE;
    else if (m->namespace_.n && !str_eq(m->namespace_, w->ns))
        return write_fail(w, status_bad_request(a, "the namespace of the provided object does not "
                                                   "match the namespace sent on the request"));
    else
        m->namespace_ = w->ns;
    return STEP_NEXT;
}

void write_wipe_meta(ObjectMeta *m) {
    m->uid = m->self_link = STR_NONE;
    m->creation_timestamp = m->deletion_timestamp = (Time){0};
    m->deletion_grace_period_seconds = (struct opt_i64){0};
}

static void clear_status(struct write *w, const struct hooks *h) {
    size_t n;
    void *status = object_member(w->st->type, w->obj, "status", &n);
    if (status && !h->no_status)
        memset(status, 0, n);
}

#define GENERATED_BASE_MAX 58 /* 63 less the suffix */

static void prepare_create(struct write *w, const struct hooks *h, struct hook_ctx *c) {
    struct request *r = w->r;
    ObjectMeta *m = w->obj;
    m->uid = new_uid(r->server->env, r->arena);
    m->creation_timestamp = time_of_ns(c->now);
    if (!m->name.n && m->generate_name.n) {
        str base = str_slice(m->generate_name, 0, GENERATED_BASE_MAX);
        m->name = str_concat(r->arena, base, name_suffix(r->server->env, r->arena));
        w->generated++;
    }
    if (h->counts_generation)
        m->generation = 1;
    clear_status(w, h);
    hooks_drop_disabled(r->arena, w->st, w->obj, NULL);
    if (h->prepare_create)
        h->prepare_create(c, w->obj);
    w->name = m->name;
    w->key = object_key(r->arena, w->st, w->ns, w->name);
}

/* The revision that the client expects, against the stored one. */
static enum step_result check_revision(struct write *w, const ObjectMeta *m,
                                       const ObjectMeta *old) {
    struct request *r = w->r;
    uint64_t expected = 0;
    str error;
    if (m->resource_version.n &&
        go_parse_uint(r->arena, m->resource_version, &expected, &error) < 0)
        return write_fail(w, status_new(r->arena, 500, NULL, STR_FMT, STR_ARG(error)));
    if (!expected && !resource_is(w->st, RESOURCE_UNCONDITIONAL)) {
        struct field_errors fe = {.arena = r->arena};
        field_invalid_printed(&fe, PATH(PATH(NULL, "metadata"), "resourceVersion"), STR("0"),
                              "must be specified for an update");
        return write_fail(w, status_invalid(r->arena, str_of(w->res->group), str_of(w->res->plural),
                                            w->name, &fe));
    }
    if (expected && !str_eq(m->resource_version, old->resource_version))
        return write_fail(w, status_conflict(r->arena, w->res, w->name,
                                             "the object has been modified; please apply your "
                                             "changes to the latest version and try again"));
    return STEP_NEXT;
}

/* Anything but metadata and status differs. */
static bool spec_changed(struct write *w) {
    struct arena a;
    arena_init(&a, 0);
    const struct api_type *t = w->st->type;
    void *copies[2] = {arena_dup(&a, w->obj, t->size), arena_dup(&a, w->old, t->size)};
    for (int i = 0; i < 2; i++) {
        size_t n;
        memset(copies[i], 0, sizeof(ObjectMeta));
        void *status = object_member(t, copies[i], "status", &n);
        if (status)
            memset(status, 0, n);
    }
    bool changed = !api_equal(t, copies[0], copies[1]);
    arena_done(&a);
    return changed;
}

static void keep_system_fields(ObjectMeta *m, const ObjectMeta *old) {
    if (!m->uid.n)
        m->uid = old->uid;
    if (!m->creation_timestamp.set)
        m->creation_timestamp = old->creation_timestamp;
    if (old->deletion_timestamp.set && !m->deletion_timestamp.set)
        m->deletion_timestamp = old->deletion_timestamp;
    if (old->deletion_grace_period_seconds.set && !m->deletion_grace_period_seconds.set)
        m->deletion_grace_period_seconds = old->deletion_grace_period_seconds;
    m->generation = old->generation;
    m->self_link = STR_NONE;
    if (!m->generate_name.n)
        m->generate_name = old->generate_name;
}

static enum step_result prepare_update(struct write *w, const struct hooks *h, struct hook_ctx *c) {
    ObjectMeta *m = w->obj;
    const ObjectMeta *old = w->old;
    enum step_result s = check_revision(w, m, old);
    if (s != STEP_NEXT)
        return s;
    keep_system_fields(m, old);
    bool status = w->view && w->view->is_status;
    if (!w->view && !h->no_status) {
        size_t n;
        void *to = object_member(w->st->type, w->obj, "status", &n);
        if (to)
            memcpy(to, object_member(w->st->type, w->old, "status", &n), n);
    }
    if (status && h->prepare_status)
        h->prepare_status(c, w->obj, w->old);
    if (!status)
        hooks_drop_disabled(w->r->arena, w->st, w->obj, w->old);
    if (!w->view && h->prepare_update)
        h->prepare_update(c, w->obj, w->old);
    if (!status && h->counts_generation && spec_changed(w))
        m->generation = old->generation + 1;
    return STEP_NEXT;
}

static void tell(struct request *r, const struct warnings *w) {
    for (uint32_t i = 0; i < w->list.n; i++)
        request_warn(r, w->list.v[i]);
}

enum step_result write_prepare(struct write *w) {
    if (w->op == WRITE_DELETE || w->direct)
        return STEP_NEXT;
    const struct hooks *h = hooks_of(w->st);
    const struct user *u = &w->r->user;
    const struct hook_user user = {u->name, u->uid, u->groups, u->extra};
    struct hook_ctx c = hook_ctx_of(w->r->server->env, w->r->arena);
    c.sub = w->view ? str_of(w->view->subresource) : STR_NONE;
    c.user = &user;
    struct warnings said = {.arena = w->r->arena};
    c.warnings = &said;
    enum step_result s = STEP_NEXT;
    if (w->current)
        s = prepare_update(w, h, &c);
    else
        prepare_create(w, h, &c);
    tell(w->r, &said);
    return s;
}

/* A kind's hook applies the rules of its rows itself, in the order of its errors. */
static void validate_object(struct write *w, struct field_errors *fe) {
    hooks_validate(fe, w->st, w->res, w->obj, w->current ? w->old : NULL);
}

static void validate_update(struct write *w, struct field_errors *fe, const struct hooks *h) {
    const struct field_path *meta = PATH(NULL, "metadata");
    /* Twice, as upstream: once for every kind, once by the kind. Clients see two causes. */
    validate_object_meta_update(fe, w->obj, w->old, meta);
    validate_object_meta_update(fe, w->obj, w->old, meta);
    str sub = w->view ? str_of(w->view->subresource) : STR_NONE;
    bool status = w->view && w->view->is_status;
    if (!status)
        validate_object(w, fe);
    if (h->validate_update && !w->view)
        h->validate_update(fe, w->obj, w->old);
    else if (h->validate_sub && w->view && !str_eqc(sub, "status"))
        h->validate_sub(fe, sub, w->obj, w->old);
    else if (h->validate_status && status)
        h->validate_status(fe, w->obj, w->old);
}

/* The last finalizer of a deleted object is gone: so is the object. */
static bool ends_deletion(struct write *w) {
    const ObjectMeta *m = w->obj, *old = w->old;
    if (m->finalizers.n || !old->deletion_timestamp.set)
        return false;
    if (w->st == RESOURCE_OF(core_v1_namespaces))
        return ((const Namespace *)w->obj)->spec.finalizers.n == 0;
    return opt_or(old->deletion_grace_period_seconds, 0) == 0;
}

/* Of the views only scale is judged as the object itself is: upstream writes it by the same way. */
static void warn(struct write *w, const struct hooks *h) {
    struct warnings said = {.arena = w->r->arena};
    bool main = !w->view || str_eqc(str_of(w->view->subresource), "scale");
    const void *old = w->current ? w->old : NULL;
    if (main && h->warn)
        h->warn(&said, w->obj, old);
    else if (w->view && w->view->is_status && h->warn_status)
        h->warn_status(&said, w->obj, old);
    tell(w->r, &said);
}

enum step_result write_validate(struct write *w) {
    if (w->op == WRITE_DELETE || w->direct)
        return STEP_NEXT;
    struct request *r = w->r;
    const struct hooks *h = hooks_of(w->st);
    struct field_errors fe = {.arena = r->arena};
    const ObjectMeta *m = w->obj;
    check_admin_access(w, &fe);
    validate_object_meta(&fe, m, resource_is(w->st, RESOURCE_NAMESPACED), h,
                         PATH(NULL, "metadata"));
    if (w->current)
        validate_update(w, &fe, h);
    else
        validate_object(w, &fe);
    if (fe.list.n)
        return write_invalid(w, &fe);
    if (!w->current && m->resource_version.n)
        return write_fail(w, status_new(r->arena, 500, NULL,
                                        "resourceVersion should not be set on objects to be "
                                        "created"));
    warn(w, h);
    w->deletes = w->current && ends_deletion(w);
    return STEP_NEXT;
}
