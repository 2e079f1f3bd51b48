// SPDX-License-Identifier: Apache-2.0
#include "apiserver/verbs/track.h"

#include "api/reset_fields.h"
#include "apiserver/verbs/options.h"
#include "apiserver/verbs/view.h"
#include "schema/apply.h"
#include "schema/json.h"
#include "schema/yaml.h"

/* ---- who writes ---- */

/* Bytes at p that Go does not print: controls, and of what else there is in Latin-1 the space that
 * does not break and the soft hyphen. */
static size_t unprintable(const unsigned char *p, size_t n) {
    if (*p < ' ' || *p == 0x7f)
        return 1;
    return n > 1 && *p == 0xc2 && (p[1] <= 0xa0 || p[1] == 0xad) ? 2 : 0;
}

/* "kubectl" of "kubectl/v1.36.0 (linux/amd64) kubernetes/1234567", without what is not printable.
 */
static str agent_prefix(struct request *r) {
    str agent = http_header_get(&r->x->headers, "User-Agent"), name = str_cut(&agent, '/');
    char *p = arena_alloc(r->arena, name.n + 1);
    bool valid = utf8_valid(name);
    size_t n = 0;
    for (size_t i = 0; valid && i < name.n && n < FIELD_MANAGER_MAX; i++) {
        size_t skip = unprintable((const unsigned char *)name.p + i, name.n - i);
        if (skip)
            i += skip - 1;
        else
            p[n++] = name.p[i];
    }
    while (!utf8_valid(str_n(p, n)))
        n--;
    return str_n(p, n);
}

static str manager_of(struct write *w) {
    if (w->manager.n)
        return w->manager;
    str named = query_get(&w->r->query, "fieldManager");
    return named.n ? named : agent_prefix(w->r);
}

/* ---- versions ---- */

static struct apply_version version_of(struct arena *a, const struct api_resource *res,
                                       const struct api_subresource *sub) {
    str name = str_of(sub ? sub->name : NULL), names = reset_fields(res, name);
    struct fieldset *reset = NULL;
    if (names.n) {
        reset = arena_make(a, struct fieldset);
        *reset = fieldset_of_names(a, names);
    }
    return (struct apply_version){schema_root(res->type), reset, owned_fields(res, name)};
}

/* The kind in another of its versions; NULL: there is none that is served. */
static const struct api_resource *in_version(const struct write *w, str api_version) {
    str version = api_version, group = STR_NONE;
    if (str_chr(version, '/') >= 0)
        group = str_cut(&version, '/');
    const struct api_resource *res = resource_of_kind(group, version, str_of(w->res->kind));
    return res && res->type && res->storage == w->st ? res : NULL;
}

static int from_stored(struct arena *a, const struct api_resource *res, void *obj, void **ret,
                       struct err *e) {
    *ret = obj;
    if (!res->convert)
        return 0;
    *ret = arena_zalloc(a, res->type->size);
    return res->convert->from_storage(a, obj, *ret, e);
}

static int to_stored(struct arena *a, const struct api_resource *res, void *obj, void **ret,
                     struct err *e) {
    *ret = obj;
    if (!res->convert)
        return 0;
    *ret = arena_zalloc(a, res->storage->type->size);
    return res->convert->to_storage(a, obj, *ret, e);
}

static int convert(void *ctx, struct arena *a, const struct value *object, str api_version,
                   struct value *ret, struct apply_version *ret_version, struct err *e) {
    const struct write *w = ctx;
    const struct api_resource *from = in_version(w, value_str(value_getc(object, "apiVersion"))),
                              *to = in_version(w, api_version);
    if (!from || !to)
        return -ENOENT;
    *ret_version = version_of(a, to, w->sub);
    *ret = *object;
    if (from == to)
        return 0;
    void *obj = arena_zalloc(a, from->type->size);
    int r = json_read_value(a, from->type, object, obj, NULL, e);
    if (r == 0)
        r = to_stored(a, from, obj, &obj, e);
    if (r == 0)
        r = from_stored(a, to, obj, &obj, e);
    return r < 0 ? r : json_write_value(a, to->type, obj, ret);
}

static struct apply_request request_of(struct write *w) {
    struct request *r = w->r;
    return (struct apply_request){
        .a = r->arena,
        .api_version = api_version_of(r->arena, w->res->group, w->res->version),
        .kind = str_of(w->res->kind),
        .version = version_of(r->arena, w->res, w->sub),
        .manager = manager_of(w),
        .subresource = str_of(w->sub ? w->sub->name : NULL),
        .force = query_bool(&r->query, "force"),
        .now = loop_wall(r->server->loop) / NSEC_PER_SEC,
        .convert = convert,
        .ctx = w,
    };
}

/* What is stored, or nothing, as the request's version has it. */
static int live_of(struct write *w, void **ret, struct err *e) {
    if (w->old)
        return from_stored(w->r->arena, w->res, w->old, ret, e);
    *ret = arena_zalloc(w->r->arena, w->res->type->size);
    return 0;
}

/* ---- scale: the owners of replicas, seen as owners of a Scale ---- */

struct scale {
    struct apply_request q;
    struct managed_scale of;
    struct managed parent, entries;
};

static bool replicas(void *ctx, str api_version, struct replicas_path *ret) {
    const struct managed_scale *of = ctx;
    *ret = (struct replicas_path){{FIELD_ELEMENT(STR("spec")), FIELD_ELEMENT(STR("replicas"))}, 2};
    return str_eq(api_version, of->api_version);
}

static int scale_begin(struct write *w, struct scale *s, struct err *e) {
    struct arena *a = w->r->arena;
    const ObjectMeta *m = w->old;
    ObjectMeta entries = {.managed_fields = m->managed_fields};
    struct value tree;
    *s = (struct scale){.q = request_of(w)};
    s->of = (struct managed_scale){s->q.api_version, replicas, &s->of};
    s->q.api_version = STR("autoscaling/v1");
    s->q.kind = STR("Scale");
    s->q.version = (struct apply_version){.schema = schema_root(&Scale_type)};
    s->q.convert = NULL;
    int r = json_write_value(a, &ObjectMeta_type, &entries, &tree);
    if (r == 0)
        r = managed_read(a, value_getc(&tree, "managedFields"), &s->parent, e);
    s->entries = managed_to_scale(a, &s->of, &s->parent);
    return r;
}

static int scale_end(const struct scale *s, ObjectMeta *ret, struct err *e) {
    struct value list, tree = {.tag = VALUE_OBJECT};
    ObjectMeta m = {.name = STR_NONE};
    struct managed all = managed_from_scale(s->q.a, &s->of, &s->parent, &s->entries);
    managed_write(s->q.a, &all, &list);
    *value_set(s->q.a, &tree, STR("managedFields")) = list;
    int r = json_read_value(s->q.a, &ObjectMeta_type, &tree, &m, NULL, e);
    if (r == 0)
        ret->managed_fields = m.managed_fields;
    return r;
}

static int track_scale(struct write *w, ObjectMeta *ret, struct err *e) {
    struct scale s;
    struct value live, now;
    int r = scale_begin(w, &s, e);
    if (r == 0)
        r = json_write_value(s.q.a, &Scale_type, w->view->get(w, w->old), &live);
    if (r == 0)
        r = json_write_value(s.q.a, &Scale_type, w->view->get(w, w->obj), &now);
    if (r == 0)
        r = managed_update(&s.q, &live, &now, &s.entries, e);
    return r < 0 ? r : scale_end(&s, ret, e);
}

static int apply_scale(struct write *w, const struct value *config, void *ret,
                       ObjectMeta *ret_entries, struct apply_conflicts *conflicts, struct err *e) {
    struct scale s;
    struct value live, merged;
    bool changed;
    int r = scale_begin(w, &s, e);
    if (r == 0)
        r = json_write_value(s.q.a, &Scale_type, w->view->get(w, w->old), &live);
    if (r == 0)
        r = managed_apply(&s.q, &live, config, &s.entries, &merged, &changed, conflicts, e);
    if (r == 0)
        r = json_read_value(s.q.a, &Scale_type, &merged, ret, NULL, e);
    return r < 0 ? r : scale_end(&s, ret_entries, e);
}

/* ---- updates ---- */

static int track_object(struct write *w, ObjectMeta *ret, struct err *e) {
    struct arena *a = w->r->arena;
    struct apply_request q = request_of(w);
    void *live, *now, *out = arena_zalloc(a, w->res->type->size);
    int r = live_of(w, &live, e);
    if (r == 0)
        r = from_stored(a, w->res, w->obj, &now, e);
    if (r == 0)
        r = apply_track_struct(&q, w->res->type, live, now, w->forgets, out, e);
    if (r == 0)
        ret->managed_fields = ((ObjectMeta *)out)->managed_fields;
    return r;
}

static bool views_other(const struct write *w) {
    return w->view && w->view->type;
}

enum step_result write_track(struct write *w) {
    if (w->op == WRITE_DELETE || w->tracked || (w->direct && !w->manager.n))
        return STEP_NEXT;
    ObjectMeta *m = w->obj, kept = {.name = STR_NONE};
    struct err e = {0};
    if (w->old)
        kept.managed_fields = ((const ObjectMeta *)w->old)->managed_fields;
    int r = views_other(w) ? track_scale(w, m, &e) : track_object(w, m, &e);
    if (r < 0) {
        log_warn(w->r->server->env, STR_FMT ": its managedFields stay as they were: %s",
                 STR_ARG(w->key), e.text);
        m->managed_fields = kept.managed_fields;
    }
    return STEP_NEXT;
}

bool track_is_reset(struct request *r, const ObjectMeta *m) {
    struct value body;
    if (m->managed_fields.n || r->body_format == MEDIA_PROTOBUF ||
        str_find(r->body, STR("managedFields")) < 0)
        return false;
    int e = r->body_format == MEDIA_YAML ? yaml_parse(r->arena, r->body, &body, NULL)
                                         : value_parse(r->arena, r->body, &body, NULL, NULL);
    return e == 0 && managed_is_reset(value_getc(value_getc(&body, "metadata"), "managedFields"));
}

void track_own(struct env *env, struct arena *a, const struct api_resource *res, const char *sub,
               const void *live, void *obj) {
    const struct api_subresource *through = sub ? resource_sub(res, str_of(sub)) : NULL;
    struct apply_request q = {.a = a,
                              .api_version = api_version_of(a, res->group, res->version),
                              .kind = str_of(res->kind),
                              .version = version_of(a, res, through),
                              .manager = TRACK_SELF,
                              .subresource = str_of(sub),
                              .now = env_wall(env) / NSEC_PER_SEC};
    void *out = arena_zalloc(a, res->type->size);
    struct err e = {0};
    if (!live)
        live = arena_zalloc(a, res->type->size);
    if (apply_track_struct(&q, res->type, live, obj, false, out, &e) == 0)
        ((ObjectMeta *)obj)->managed_fields = ((ObjectMeta *)out)->managed_fields;
}

/* ---- apply ---- */

static Status *conflict_status(struct arena *a, const struct apply_conflicts *c) {
    Status *s = status_new(a, 409, "Conflict", STR_FMT, STR_ARG(c->message));
    for (uint32_t i = 0; i < c->n; i++)
        status_add_cause(a, s, "FieldManagerConflict",
                         str_printf(a, "conflict with " STR_FMT, STR_ARG(c->v[i].who)),
                         c->v[i].path);
    return s;
}

enum step_result track_apply(struct write *w, const struct value *config, void **ret,
                             ObjectMeta *ret_entries) {
    struct arena *a = w->r->arena;
    const struct api_type *t = views_other(w) ? w->view->type : w->res->type;
    struct apply_conflicts conflicts = {0};
    struct err e = {0};
    void *body = arena_zalloc(a, t->size), *live;
    int r;
    if (views_other(w)) {
        r = apply_scale(w, config, body, ret_entries, &conflicts, &e);
    } else {
        struct apply_request q = request_of(w);
        bool changed;
        r = live_of(w, &live, &e);
        if (r == 0)
            r = apply_struct(&q, t, live, config, body, &changed, &conflicts, &e);
        if (r == 0)
            ret_entries->managed_fields = ((ObjectMeta *)body)->managed_fields;
    }
    if (r == -EEXIST)
        return write_fail(w, conflict_status(a, &conflicts));
    if (r < 0)
        return write_fail(w,
                          e.code ? status_from_err(a, &e) : status_new(a, 500, NULL, "%s", e.text));
    *ret = body;
    return STEP_NEXT;
}

/* ---- times ---- */

static bool same_entry(const ManagedFieldsEntry *x, const ManagedFieldsEntry *y) {
    return str_eq(x->manager, y->manager) && str_eq(x->operation, y->operation) &&
           str_eq(x->api_version, y->api_version) && str_eq(x->subresource, y->subresource) &&
           str_eq(x->fields_v1, y->fields_v1);
}

/* First the entries, which nearly every write that changes something changes too. */
void track_keep_times(struct write *w) {
    ObjectMeta *m = w->obj;
    const ObjectMeta *old = w->old;
    if (!old || !m->managed_fields.n || m->managed_fields.n != old->managed_fields.n ||
        m->managed_fields.v == old->managed_fields.v)
        return;
    for (uint32_t i = 0; i < old->managed_fields.n; i++)
        if (!same_entry(&m->managed_fields.v[i], &old->managed_fields.v[i]))
            return;
    ObjectMeta as_sent = *m;
    m->managed_fields = old->managed_fields;
    m->resource_version = old->resource_version;
    if (!api_equal(w->st->type, w->obj, w->old))
        *m = as_sent;
}
