// SPDX-License-Identifier: Apache-2.0
/* Sequences of writes that upstream answered, carried out again without a server: what is left of
 * the object and who owns what must be the same after each. */
#include "api/hooks.h"
#include "api/reset_fields.h"
#include "base/time.h"
#include "recorded.h"
#include "schema/apply.h"
#include "schema/json.h"
#include "schema/patch.h"

#define ROWS_DEF "unit/api/thing.def"
#include "schema/rows_types.h"
#define ROWS_DEF "unit/api/thing.def"
#include "schema/rows_tables.h"

#define TYPED_MAX 32 /* objects of all sequences */

/* The stored objects, across sequences. */
struct world {
    struct arena a;
    struct stored {
        str path;
        struct value tree;
    } v[TYPED_MAX];
    unsigned n;
    int64_t now;
};

struct step {
    struct world *w;
    const struct value *record;
    const struct api_resource *r; /* NULL: custom */
    str path, sub, query, api_version, kind;
    struct stored *stored; /* NULL: not yet */
    struct apply_request q;
    struct fieldset reset;
    struct value empty;
};

static struct value parse(struct arena *a, str text) {
    struct value v;
    struct err e;
    if (value_parse(a, text, &v, NULL, &e) < 0) {
        tap_fail(__FILE__, __LINE__, STR_FMT ": %s", STR_ARG(text), e.text);
        tap_bail();
    }
    return v;
}

static str query(const struct step *s, const char *key) {
    for (str left = s->query; left.n;) {
        str value = str_cut(&left, '&'), name = str_cut(&value, '=');
        if (str_eqc(name, key))
            return value;
    }
    return STR_NONE;
}

/* ---- paths ---- */

/* "/apis/apps/v1/namespaces/rec/deployments/d1/status": version, plural, subresource. */
static void find_resource(struct step *s) {
    str rest = s->query = value_str(value_getc(s->record, "path")), parts[9];
    unsigned n = 0;
    rest = str_cut(&s->query, '?');
    s->path = rest;
    while (rest.p && n < ARRAY_LEN(parts))
        parts[n++] = str_cut(&rest, '/');
    bool core = str_eqc(parts[1], "api");
    unsigned at = core ? 3 : 4;
    str group = core ? STR_NONE : parts[2], version = parts[at - 1], plural = parts[at + 2];
    s->r = resource_find(group, version, plural);
    s->api_version =
        core ? version
             : str_printf(&s->w->a, STR_FMT "/" STR_FMT, STR_ARG(group), STR_ARG(version));
    s->kind = s->r ? str_of(s->r->kind) : STR("Thing");
    s->sub = n > at + 4 ? parts[at + 4] : STR_NONE;
    if (s->sub.n)
        s->path = str_slice(s->path, 0, s->path.n - s->sub.n - 1);
    if (n == at + 3) /* a POST to the collection */
        s->path = str_printf(&s->w->a, STR_FMT "/" STR_FMT, STR_ARG(s->path),
                             STR_ARG(value_str(value_getc(
                                 value_getc(value_getc(s->record, "body"), "metadata"), "name"))));
}

static struct stored *find_stored(struct world *w, str path) {
    for (unsigned i = 0; i < w->n; i++)
        if (str_eq(w->v[i].path, path))
            return &w->v[i];
    return NULL;
}

static struct value empty_object(struct step *s) {
    struct value v = {.tag = VALUE_OBJECT};
    if (s->r)
        json_write_value(&s->w->a, s->r->type, arena_zalloc(&s->w->a, s->r->type->size), &v);
    return v;
}

static void make_request(struct step *s) {
    struct arena *a = &s->w->a;
    str custom = str_eqc(s->sub, "status") ? STR("spec") : STR("status");
    s->reset = fieldset_of_names(a, s->r ? reset_fields(s->r, s->sub) : custom);
    s->empty = empty_object(s);
    s->q = (struct apply_request){
        .a = a,
        .api_version = s->api_version,
        .kind = s->kind,
        .version = {schema_root(s->r ? s->r->type : &Thing_type), &s->reset, STR_NONE},
        .empty = &s->empty,
        .manager = query(s, "fieldManager"),
        .subresource = s->sub,
        .force = str_eqc(query(s, "force"), "true"),
        .now = s->w->now,
    };
}

/* ---- what the server does around ---- */

static void draw(void *ctx, void *p, size_t n) {
    memset(p, 7, n);
}

/* A tree as it would be stored: read into its struct, defaulted, written again. */
static struct value stored_form(struct step *s, const struct value *tree) {
    struct arena *a = &s->w->a;
    struct value out = *tree;
    struct err e = {0};
    struct hook_ctx h = {.arena = a, .now = 1, .random = draw};
    if (!s->r)
        return out;
    void *obj = arena_zalloc(a, s->r->type->size);
    if (json_read_value(a, s->r->type, tree, obj, NULL, &e) < 0)
        tap_fail(__FILE__, __LINE__, STR_FMT ": %s", STR_ARG(s->path), e.text);
    api_defaults(a, s->r->type, obj);
    if (hooks_of(s->r)->defaults)
        hooks_of(s->r)->defaults(&h, obj);
    json_write_value(a, s->r->type, obj, &out);
    return out;
}

static void store(struct step *s, struct value tree) {
    struct arena *a = &s->w->a;
    struct value *meta = value_getc(&tree, "metadata");
    ASSERT(meta);
    if (!s->stored) {
        ASSERT(s->w->n < TYPED_MAX);
        s->stored = &s->w->v[s->w->n++];
        s->stored->path = s->path;
        *value_set(a, meta, STR("uid")) = (struct value){.tag = VALUE_STR, .s = STR("u-1")};
        *value_set(a, meta, STR("namespace")) = (struct value){.tag = VALUE_STR, .s = STR("rec")};
        *value_set(a, meta, STR("creationTimestamp")) =
            (struct value){.tag = VALUE_STR, .s = STR("2026-11-21T19:30:39Z")};
    }
    value_copy(a, &tree, &s->stored->tree);
}

/* ---- checks ---- */

static void check_tree(const struct step *s, const char *what, const struct value *got,
                       const struct value *want) {
    bool none_got = !got || got->tag == VALUE_NULL, none = !want || want->tag == VALUE_NULL;
    if (none_got == none && (none || value_equal(got, want)))
        return;
    struct buf x = {0}, y = {0};
    if (got)
        value_write(&x, got);
    if (want)
        value_write(&y, want);
    tap_fail(__FILE__, __LINE__, STR_FMT " %s:\n  got " STR_FMT "\n want " STR_FMT,
             STR_ARG(s->path), what, STR_ARG(buf_str(&x)), STR_ARG(buf_str(&y)));
    buf_done(&x);
    buf_done(&y);
}

/* Members of the result that were recorded; a service's are partly the allocators'. */
static void check_result(const struct step *s) {
    const struct value *want = value_getc(s->record, "result");
    if (s->r == RESOURCE_OF(core_v1_services)) {
        const struct value *ours = value_getc(&s->stored->tree, "spec"),
                           *theirs = value_getc(want, "spec");
        check_tree(s, "ports", value_getc(ours, "ports"), value_getc(theirs, "ports"));
        check_tree(s, "selector", value_getc(ours, "selector"), value_getc(theirs, "selector"));
        return;
    }
    check_tree(s, "spec", value_getc(&s->stored->tree, "spec"), value_getc(want, "spec"));
    check_tree(s, "data", value_getc(&s->stored->tree, "data"), value_getc(want, "data"));
}

static void check_stored(const struct step *s) {
    check_result(s);
    check_tree(s, "managedFields",
               value_getc(value_getc(&s->stored->tree, "metadata"), "managedFields"),
               value_getc(s->record, "managedFields"));
}

static void check_conflict(const struct step *s, const struct apply_conflicts *c,
                           const struct err *e) {
    const struct value *causes = value_getc(value_getc(s->record, "details"), "causes");
    CHECK_STR(str_of(e->text), value_str(value_getc(s->record, "message")));
    CHECK_STR(c->message, value_str(value_getc(s->record, "message")));
    CHECK_INT(e->code, 409);
    REQUIRE(causes && causes->list.n == c->n);
    for (uint32_t i = 0; i < c->n; i++) {
        CHECK_STR(c->v[i].path, value_str(value_getc(&causes->list.v[i], "field")));
        CHECK_STR(str_printf(&s->w->a, "conflict with " STR_FMT, STR_ARG(c->v[i].who)),
                  value_str(value_getc(&causes->list.v[i], "message")));
    }
}

/* ---- steps ---- */

static void run_apply(struct step *s) {
    const struct value *live = s->stored ? &s->stored->tree : &s->empty;
    struct value merged;
    struct apply_conflicts c = {0};
    struct err e = {0};
    bool changed;
    int r = apply_object(&s->q, live, value_getc(s->record, "body"), &merged, &changed, &c, &e);
    if (value_getc(s->record, "code")->i == 409) {
        CHECK_INT(r, -EEXIST);
        check_conflict(s, &c, &e);
        return;
    }
    if (r < 0) {
        tap_fail(__FILE__, __LINE__, STR_FMT ": %s", STR_ARG(s->path), e.text);
        tap_bail();
    }
    store(s, stored_form(s, &merged));
    check_stored(s);
}

static void run_update(struct step *s) {
    struct arena *a = &s->w->a;
    const struct value *body = value_getc(s->record, "body"),
                       *live = s->stored ? &s->stored->tree : &s->empty;
    bool patch =
        str_eqc(value_str(value_getc(s->record, "contentType")), "application/merge-patch+json");
    struct value now, tracked;
    struct err e = {0};
    value_copy(a, patch ? live : body, &now);
    bool reset = managed_is_reset(value_getc(value_getc(body, "metadata"), "managedFields"));
    if (patch)
        CHECK_INT(patch_merge(a, &now, body), 0);
    now = stored_form(s, &now);
    CHECK_INT(apply_track(&s->q, live, &now, reset, &tracked, &e), 0);
    store(s, tracked);
    check_stored(s);
}

static bool replicas(void *ctx, str api_version, struct replicas_path *ret) {
    *ret = (struct replicas_path){{FIELD_ELEMENT(STR("spec")), FIELD_ELEMENT(STR("replicas"))}, 2};
    return str_eqc(api_version, "apps/v1");
}

static void run_scale(struct step *s) {
    struct arena *a = &s->w->a;
    const struct managed_scale scale = {s->api_version, replicas, NULL};
    struct value *meta = value_getc(&s->stored->tree, "metadata"),
                 *at = value_getc(value_getc(&s->stored->tree, "spec"), "replicas"), list;
    struct managed parent, m;
    struct err e = {0};
    CHECK_INT(managed_read(a, value_getc(meta, "managedFields"), &parent, &e), 0);
    m = managed_to_scale(a, &scale, &parent);
    s->q.api_version = STR("autoscaling/v1");
    s->q.kind = STR("Scale");
    s->q.version.schema = schema_root(&Scale_type);
    s->q.version.reset = NULL;
    struct value was =
                     parse(a, STR("{\"apiVersion\":\"autoscaling/v1\",\"spec\":{\"replicas\":1}}")),
                 now;
    value_copy(a, &was, &now);
    CHECK_INT(patch_merge(a, &now, value_getc(s->record, "body")), 0);
    CHECK_INT(managed_update(&s->q, &was, &now, &m, &e), 0);
    m = managed_from_scale(a, &scale, &parent, &m);
    managed_write(a, &m, &list);
    *value_set(a, meta, STR("managedFields")) = list;
    *at = *value_getc(value_getc(&now, "spec"), "replicas");
}

static void run_step(struct world *w, const struct value *record) {
    struct step s = {.w = w, .record = record};
    str method = value_str(value_getc(record, "method")),
        type = value_str(value_getc(record, "contentType"));
    find_resource(&s);
    s.stored = find_stored(w, s.path);
    make_request(&s);
    if (str_eqc(method, "GET"))
        check_stored(&s);
    else if (str_eqc(s.sub, "scale"))
        run_scale(&s);
    else if (str_eqc(type, "application/apply-patch+yaml"))
        run_apply(&s);
    else
        run_update(&s);
}

TEST(apply_recorded_sequences) {
    struct world w = {.n = 0};
    struct value sequence;
    int32_t nsec;
    unsigned steps = 0;
    arena_init(&w.a, 0);
    CHECK_INT(time_parse(STR("2026-11-21T19:30:39Z"), &w.now, &nsec), 0);
    str text = file_read(&w.a, "test/data/recorded/apply.jsonl");
    while (recorded_next(&w.a, &text, &sequence)) {
        const struct value *list = value_getc(&sequence, "steps");
        for (uint32_t i = 0; i < list->list.n; i++, steps++)
            run_step(&w, &list->list.v[i]);
    }
    CHECK_INT(steps, 36);
    arena_done(&w.a);
}

/* ---- objects that were created ---- */

static const struct value *entry_of(const struct value *object, str subresource) {
    const struct value *list = value_getc(value_getc(object, "metadata"), "managedFields");
    for (uint32_t i = 0; list && i < list->list.n; i++)
        if (str_eq(value_str(value_getc(&list->list.v[i], "subresource")), subresource))
            return value_getc(&list->list.v[i], "fieldsV1");
    return NULL;
}

/* Their status was not empty before the request that wrote it: strategy or a controller was first.
 */
static const char *const had_status[] = {
    "/api/v1/persistentvolumes/pv",
    "/api/v1/namespaces/rec/pods/pod",
    "/api/v1/namespaces/rec/resourcequotas/rq",
    "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/fs",
    NULL,
};

/* The status that a later request wrote. */
static void check_status(struct step *s, const struct value *stored) {
    struct arena *a = &s->w->a;
    const struct value *want = entry_of(stored, STR("status"));
    struct value live, tracked;
    struct err e = {0};
    if (!want || str_in(s->path, had_status))
        return;
    value_copy(a, stored, &live);
    value_remove(&live, STR("status"));
    live = stored_form(s, &live);
    s->sub = STR("status");
    make_request(s);
    CHECK_INT(apply_track(&s->q, &live, stored, false, &tracked, &e), 0);
    check_tree(s, "owned in status", entry_of(&tracked, STR("status")), want);
}

/* What was sent and defaulted is owned as upstream had it: it tracks before strategy, admission and
 * allocation. */
static bool check_created(struct world *w, const struct value *o) {
    struct step s = {.w = w, .path = value_str(value_getc(o, "path"))};
    const struct value *sent = value_getc(o, "sent");
    str version = value_str(value_getc(o, "apiVersion")), group = STR_NONE;
    s.api_version = version;
    s.kind = value_str(value_getc(o, "kind"));
    if (str_chr(version, '/') >= 0)
        group = str_cut(&version, '/');
    s.r = resource_of_kind(group, version, s.kind);
    struct value stored = parse(&w->a, value_str(value_getc(o, "json"))), now, tracked;
    if (!s.r || !sent || sent->tag != VALUE_OBJECT || !entry_of(&stored, STR_NONE))
        return false;
    make_request(&s);
    s.q.manager = STR("rec");
    now = stored_form(&s, sent);
    struct err e = {0};
    CHECK_INT(apply_track(&s.q, &s.empty, &now, false, &tracked, &e), 0);
    check_tree(&s, "owned on create", entry_of(&tracked, STR_NONE), entry_of(&stored, STR_NONE));
    check_status(&s, &stored);
    return true;
}

TEST(creates_are_owned_as_recorded) {
    struct world w = {.n = 0};
    struct value o;
    struct arena text_arena;
    unsigned n = 0;
    arena_init(&w.a, 0);
    arena_init(&text_arena, 0);
    for (str text = file_read(&text_arena, "test/data/recorded/objects.jsonl");
         recorded_next(&w.a, &text, &o);) {
        n += check_created(&w, &o);
        arena_reset(&w.a);
    }
    CHECK_INT(n, 60);
    arena_done(&w.a);
    arena_done(&text_arena);
}
