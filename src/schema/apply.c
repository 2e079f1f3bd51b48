// SPDX-License-Identifier: Apache-2.0
/* Server-side apply.
 *
 * Every writer of an object has, in metadata.managedFields, the set of fields it wrote last; more
 * than one may own a field. Two kinds of requests change these sets:
 *
 *   An update (create, update, any other patch) is tracked: what differs between the stored and the
 *   new object is taken from everybody who owned it and given to the writer.
 *
 *   An apply says what the writer wants to own. Its configuration is merged into the stored object;
 *   its set becomes the set of the configuration; what it owned before, no longer says, and nobody
 *   else owns, is taken out. What others own and the merge changed is a conflict, unless it is
 *   forced.
 *
 * All of it works on trees in the version of the request; an object of structs is written as a tree
 * first, for what differs is decided by what clients would see. Sets of writers that use another
 * version are held against the object in that version.
 *
 * Files: fieldset*.c the sets, field_*.c what the schema and the objects say of fields, managed*.c
 * the entries, apply*.c the two operations. The order of steps and all texts are upstream's. */
#include "schema/apply_impl.h"

#define META(name_)                                                                                \
    { .at = FIELD_ELEMENT(STR(name_)), .marks = FIELD_MEMBER }

/* Nobody owns what identifies the object or is the server's. */
static struct fieldset without_meta(struct arena *a, const struct fieldset *s) {
    struct field_node below[] = {
        META("clusterName"),
        META("creationTimestamp"),
        META("generation"),
        META("managedFields"),
        META("name"),
        META("namespace"),
        META("resourceVersion"),
        META("selfLink"),
        META("uid"),
    };
    struct field_node top[] = {META("apiVersion"), META("kind"), META("metadata")};
    top[2].below = (struct fieldset){below, ARRAY_LEN(below)};
    return fieldset_difference(a, s, &(struct fieldset){top, ARRAY_LEN(top)});
}

static struct managed_entry writer(const struct apply_request *q, bool applied) {
    return (struct managed_entry){.manager = q->manager.n ? q->manager : STR("unknown"),
                                  .api_version = q->api_version,
                                  .subresource = q->subresource,
                                  .applied = applied,
                                  .time = {.sec = q->now, .set = true}};
}

int managed_give(const struct apply_request *q, const struct fieldset *changed, struct managed *m,
                 struct err *e) {
    struct managed_entry who = writer(q, false);
    struct fieldset fields = without_meta(q->a, changed);
    if (!fieldset_empty(&fields)) {
        struct managed_entry *x = managed_get(q->a, m, &who);
        int r = managed_open(q->a, x, e);
        if (r < 0)
            return r;
        x->fields = fieldset_union(q->a, &x->fields, &fields);
        x->time = who.time;
    }
    managed_cap(q->a, m);
    return 0;
}

int managed_update(const struct apply_request *q, const struct value *live, const struct value *now,
                   struct managed *m, struct err *e) {
    struct field_changes c;
    struct conflict_list taken;
    int r = managed_reconcile(q, live, m, e);
    if (r == 0)
        r = managed_take(q, live, now, m, NULL, true, &c, &taken, e);
    if (r < 0)
        return r;
    struct fieldset changed = fieldset_union(q->a, &c.modified, &c.added);
    return managed_give(q, &changed, m, e);
}

/* ---- apply ---- */

static str config_gvk(struct arena *a, const struct value *config) {
    str api_version = value_str(value_getc(config, "apiVersion")),
        kind = value_str(value_getc(config, "kind"));
    return str_printf(a, "%s" STR_FMT ", Kind=" STR_FMT, str_chr(api_version, '/') < 0 ? "/" : "",
                      STR_ARG(api_version), STR_ARG(kind));
}

/* "default/web; apps/v1, Kind=Deployment" */
static str config_text(struct arena *a, const struct value *config) {
    const struct value *meta = value_getc(config, "metadata");
    str gvk = config_gvk(a, config);
    return str_printf(a, STR_FMT "/" STR_FMT "; " STR_FMT,
                      STR_ARG(value_str(value_getc(meta, "namespace"))),
                      STR_ARG(value_str(value_getc(meta, "name"))), STR_ARG(gvk));
}

void apply_unconvertible(struct arena *a, const struct value *config, struct err *e) {
    str text = config_text(a, config), gvk = config_gvk(a, config);
    err_prefix(e,
               "failed to convert new object (" STR_FMT
               ") to proper version: unable to convert unstructured object to " STR_FMT,
               STR_ARG(text), STR_ARG(gvk));
    if (e)
        e->code = 500;
}

static int check_config(const struct apply_request *q, const struct value *config, struct err *e) {
    str api_version = value_str(value_getc(config, "apiVersion")),
        kind = value_str(value_getc(config, "kind"));
    const struct value *meta = value_getc(config, "metadata");
    const struct value *entries = value_getc(meta, "managedFields");
    str gvk = config_gvk(q->a, config), text = config_text(q->a, config);
    if (!str_eq(api_version, q->api_version) || !str_eq(kind, q->kind))
        return err_http(e, -EINVAL, 400, "BadRequest", "invalid object type: " STR_FMT,
                        STR_ARG(gvk));
    if (entries && entries->tag != VALUE_NULL)
        return err_http(e, -EINVAL, 400, "BadRequest", "metadata.managedFields must be nil");
    int r = field_validate(q->a, q->version.schema, config, false, e);
    if (r < 0) {
        err_prefix(e, "failed to create typed patch object (" STR_FMT ")", STR_ARG(text));
        if (e)
            e->code = 500;
    }
    return r;
}

/* Objects that were written before anybody tracked them get one owner for all they have. */
static int own_what_is(const struct apply_request *q, const struct value *live, struct managed *m,
                       struct err *e) {
    static const struct value nothing = {.tag = VALUE_OBJECT};
    struct apply_request before = *q;
    before.manager = STR("before-first-apply");
    return m->n ? 0 : managed_update(&before, q->empty ? q->empty : &nothing, live, m, e);
}

struct merged {
    struct managed m;
    struct value object;
    bool changed;
    struct conflict_list conflicts;
};

static int merge_once(const struct apply_request *q, const struct value *live,
                      const struct value *config, bool force, struct merged *x, struct err *e) {
    struct managed_entry who = writer(q, true), *mine;
    struct field_changes c;
    struct value merged;
    int r = own_what_is(q, live, &x->m, e);
    if (r == 0)
        r = managed_reconcile(q, live, &x->m, e);
    if (r < 0)
        return r;
    r = field_merge(q->a, q->version.schema, live, config, &merged, e);
    if (r < 0) {
        err_prefix(e, "failed to merge config");
        return r;
    }
    mine = managed_get(q->a, &x->m, &who);
    struct managed_entry last = *mine;
    mine->api_version = q->api_version;
    mine->fields = field_paths(q->a, q->version.schema, config);
    mine->fields = apply_ownable(q->a, &q->version, &mine->fields);
    r = apply_prune(q, &merged, &x->m, &last, &x->object, e);
    if (r == 0)
        r = managed_take(q, live, &x->object, &x->m, &who, force, &c, &x->conflicts, e);
    if (r < 0)
        return r;
    x->changed = !value_equal(live, &x->object);
    mine = managed_find(&x->m, &who);
    if (mine) {
        mine->fields = without_meta(q->a, &mine->fields);
        mine->time = x->changed ? who.time : last.fields.n ? last.time : (Time){0};
    }
    managed_drop_empty(&x->m);
    return 0;
}

/* Conflicts with what client-side apply left are none. */
static bool forgive(const struct apply_request *q, const struct value *live, struct merged *x) {
    struct fieldset allowed;
    uint32_t to = 0;
    if (!str_eqc(q->manager, "kubectl") || !last_applied_fields(q, live, &allowed))
        return false;
    for (uint32_t i = 0; i < x->conflicts.n; i++) {
        struct conflict *c = &x->conflicts.v[i];
        c->fields = fieldset_difference(q->a, &c->fields, &allowed);
        if (!fieldset_empty(&c->fields))
            x->conflicts.v[to++] = *c;
    }
    x->conflicts.n = to;
    return to == 0;
}

int managed_apply(const struct apply_request *q, const struct value *live,
                  const struct value *config, struct managed *m, struct value *ret,
                  bool *ret_changed, struct apply_conflicts *conflicts, struct err *e) {
    struct merged x = {.m = managed_copy(q->a, m)};
    int r = check_config(q, config, e);
    if (r == 0)
        r = merge_once(q, live, config, q->force, &x, e);
    if (r == -EEXIST && forgive(q, live, &x)) {
        x = (struct merged){.m = managed_copy(q->a, m)};
        r = merge_once(q, live, config, true, &x, e);
    }
    if (r == -EEXIST)
        return conflicts_error(q->a, &x.conflicts, conflicts, e);
    if (r < 0)
        return r;
    if (str_eqc(q->manager, "kubectl"))
        last_applied_update(q->a, config, &x.object);
    *m = x.m;
    *ret = x.object;
    *ret_changed = x.changed;
    return 0;
}

/* ---- on whole objects ---- */

static const struct value *entries_of(const struct value *object) {
    return value_getc(value_getc(object, "metadata"), "managedFields");
}

/* A copy of the object's top with other entries; NULL: with none. */
static struct value with_entries(struct arena *a, const struct value *object,
                                 const struct value *entries) {
    struct value top = *object, meta = {.tag = VALUE_OBJECT};
    const struct value *had = value_getc(object, "metadata");
    if (object->tag != VALUE_OBJECT || (!entries && !entries_of(object)))
        return top;
    if (had && had->tag == VALUE_OBJECT) {
        meta = *had;
        meta.object.v = arena_dup(a, had->object.v, had->object.n * sizeof(struct member));
    }
    value_remove(&meta, STR("managedFields"));
    if (entries)
        *value_set(a, &meta, STR("managedFields")) = *entries;
    top.object.v = arena_dup(a, top.object.v, top.object.n * sizeof(struct member));
    *value_set(a, &top, STR("metadata")) = meta;
    return top;
}

static struct value with_managed(struct arena *a, const struct value *object,
                                 const struct managed *m) {
    struct value list;
    managed_write(a, m, &list);
    return with_entries(a, object, m->n ? &list : NULL);
}

int apply_object(const struct apply_request *q, const struct value *live,
                 const struct value *config, struct value *ret, bool *ret_changed,
                 struct apply_conflicts *conflicts, struct err *e) {
    struct managed m;
    struct value bare = with_entries(q->a, live, NULL), merged;
    int r = managed_read(q->a, entries_of(live), &m, e);
    if (r < 0) {
        err_prefix(e, "failed to decode managed fields");
        return r;
    }
    r = managed_apply(q, &bare, config, &m, &merged, ret_changed, conflicts, e);
    if (r == 0)
        *ret = with_managed(q->a, &merged, &m);
    return r;
}

/* A request may bring entries of its own; one that knows none keeps those that are stored, and so
 * does one to a subresource. */
struct managed managed_to_track(struct arena *a, const struct value *live, const struct value *now,
                                bool subresource) {
    struct managed m = {0};
    if (!subresource && managed_is_reset(now))
        return m;
    if (!subresource && managed_read(a, now, &m, NULL) == 0 && m.n)
        return m;
    if (managed_read(a, live, &m, NULL) < 0)
        m = (struct managed){0};
    return m;
}

int apply_track(const struct apply_request *q, const struct value *live, const struct value *now,
                bool reset, struct value *ret, struct err *e) {
    struct managed m = {0};
    struct value was = with_entries(q->a, live, NULL), is = with_entries(q->a, now, NULL);
    bool create = !value_str(value_getc(value_getc(live, "metadata"), "uid")).n;
    int r = 0;
    if (!reset || q->subresource.n)
        m = managed_to_track(q->a, entries_of(live), entries_of(now), q->subresource.n != 0);
    if (m.n || create)
        r = managed_update(q, &was, &is, &m, e);
    if (r == 0)
        *ret = with_managed(q->a, &is, &m);
    return r;
}
