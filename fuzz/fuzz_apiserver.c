// SPDX-License-Identifier: Apache-2.0
/* Objects before an API server. The first byte chooses a kind; the following ones, what clients
 * send: objects that differ from a good one by small changes, in JSON and protobuf, patches of all
 * types made of what is there, bodies with broken bytes, reads in all forms. The server never
 * crashes, answers the object or a Status of the right form, and its encoders agree. */
#include <dirent.h>

#include "base/vec.h"
#include "schema/yaml.h"
#include "unit/apiserver/object_test.h"

#define REQUESTS_MAX 40 /* an input */
#define KINDS_MAX    200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What the server's tests call, where this is none: with libFuzzer. */
#define FALLBACK __attribute__((weak))

FALLBACK void tap_fail(const char *file, int line, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    abort();
}

FALLBACK void tap_bail(void) {
    abort();
}

FALLBACK uint64_t tap_seed(void) {
    return 1;
}

FALLBACK void tap_check_int(const char *file, int line, const char *what, long long a,
                            long long b) {
    if (a != b)
        tap_fail(file, line, "%s: got %lld, want %lld", what, a, b);
}

FALLBACK void tap_check_str(const char *file, int line, const char *what, str a, str b) {
    if (!str_eq(a, b))
        tap_fail(file, line, "%s: got '" STR_FMT "', want '" STR_FMT "'", what, STR_ARG(a),
                 STR_ARG(b));
}

struct trial {
    struct subject s;
    struct fill f;
    struct value now; /* the object as it was answered last */
};

static unsigned below(struct trial *t, unsigned n) {
    return (unsigned)fill_below(&t->f, n);
}

static struct arena *arena_of(struct trial *t) {
    return t->s.w->arena;
}

/* ---- what is sent ---- */

/* Options of writes. */
static str target_of(struct trial *t, str path, const char *more) {
    static const char *const options[] = {"fieldValidation=Strict",
                                          "fieldValidation=Ignore",
                                          "dryRun=All",
                                          "fieldManager=a",
                                          "pretty=true",
                                          ""};
    const char *o = options[below(t, ARRAY_LEN(options))];
    return str_printf(arena_of(t), STR_FMT "?%s%s%s", STR_ARG(path), more, *more && *o ? "&" : "",
                      o);
}

/* A place in the object, "/spec/ports/0/port". */
static str pointer_of(struct trial *t, struct value **ret) {
    struct value *v = &t->now;
    str at = STR("");
    for (unsigned depth = 2 + below(t, 6); depth; depth--) {
        if (v->tag == VALUE_OBJECT && v->object.n) {
            struct member *m = &v->object.v[below(t, v->object.n)];
            at = str_printf(arena_of(t), STR_FMT "/" STR_FMT, STR_ARG(at), STR_ARG(m->key));
            v = &m->value;
        } else if (v->tag == VALUE_LIST && v->list.n) {
            unsigned i = below(t, v->list.n);
            at = str_printf(arena_of(t), STR_FMT "/%u", STR_ARG(at), i);
            v = &v->list.v[i];
        }
    }
    *ret = v;
    return at;
}

static struct value text_value(str s) {
    return (struct value){.tag = VALUE_STR, .s = s};
}

/* Something of the object, or something odd. */
static struct value some_value(struct trial *t) {
    static const char *const odd[] = {"", "-1", "a", "$patch", "9223372036854775808", "1.5Gi"};
    struct value *v;
    switch (below(t, 8)) {
    case 0:
        return (struct value){.tag = VALUE_NULL};
    case 1:
        return (struct value){.tag = VALUE_INT, .i = (int64_t)below(t, 65536) - 10};
    case 2:
        return text_value(str_of(odd[below(t, ARRAY_LEN(odd))]));
    case 3:
        return (struct value){.tag = VALUE_BOOL, .b = below(t, 2)};
    case 4:
        return (struct value){.tag = below(t, 2) ? VALUE_LIST : VALUE_OBJECT};
    default:
        pointer_of(t, &v);
        return *v;
    }
}

static str text_of(struct trial *t, const struct value *v) {
    struct buf b = {0};
    value_write(&b, v);
    str s = str_dup(arena_of(t), buf_str(&b));
    buf_done(&b);
    return s;
}

static str json_patch(struct trial *t) {
    static const char *const ops[] = {"add", "remove", "replace", "move", "copy", "test"};
    struct arena *a = arena_of(t);
    struct buf b = {0};
    struct value *there;
    buf_addc(&b, '[');
    for (unsigned n = 1 + below(t, 3), i = 0; i < n; i++) {
        const char *op = ops[below(t, ARRAY_LEN(ops))];
        str path = pointer_of(t, &there), from = pointer_of(t, &there);
        struct value v = some_value(t);
        str end = STR("");
        if (below(t, 3) == 0)
            end = below(t, 2) ? STR("/-") : STR("/x~1y");
        buf_printf(&b, "%s{\"op\":\"%s\",\"path\":", i ? "," : "", op);
        json_quote(&b, str_concat(a, path, end));
        buf_adds(&b, ",\"from\":");
        json_quote(&b, from);
        buf_adds(&b, ",\"value\":");
        value_write(&b, &v);
        buf_addc(&b, '}');
    }
    buf_addc(&b, ']');
    str out = str_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}

/* A directive somewhere in a patch. */
static void direct(struct trial *t, struct value *patch) {
    static const char *const names[] = {"$patch",
                                        "$patch",
                                        "$retainKeys",
                                        "$setElementOrder/containers",
                                        "$setElementOrder/ports",
                                        "$deleteFromPrimitiveList/finalizers",
                                        "$deleteFromPrimitiveList/x"};
    static const char *const verbs[] = {"delete", "replace", "merge", "x"};
    struct arena *a = arena_of(t);
    struct value *v = patch;
    for (unsigned depth = below(t, 5); depth; depth--) {
        struct value *in = v;
        if (v->tag == VALUE_OBJECT && v->object.n)
            in = &v->object.v[below(t, v->object.n)].value;
        else if (v->tag == VALUE_LIST && v->list.n)
            in = &v->list.v[below(t, v->list.n)];
        v = in->tag == VALUE_OBJECT || in->tag == VALUE_LIST ? in : v;
    }
    if (v->tag != VALUE_OBJECT)
        return;
    const char *name = names[below(t, ARRAY_LEN(names))];
    struct value to = some_value(t);
    if (strcmp(name, "$patch") == 0)
        to = text_value(str_of(verbs[below(t, ARRAY_LEN(verbs))]));
    struct value copy;
    value_copy(a, &to, &copy);
    *value_set(a, v, str_of(name)) = copy;
}

/* An object, changed a little; sometimes with something in it that fits nowhere. */
static str object_text(struct trial *t, bool directives) {
    struct value v;
    str text = json_of(&t->s, changed(&t->s, &t->f, below(t, 100)));
    if (below(t, 3))
        return text;
    REQUIRE(value_parse(arena_of(t), text, &v, NULL, NULL) == 0);
    if (directives) {
        direct(t, &v);
    } else {
        struct value odd = some_value(t), *at;
        t->now = v;
        pointer_of(t, &at);
        value_copy(arena_of(t), &odd, at);
    }
    return text_of(t, &v);
}

/* The same with broken bytes. */
static str mangled(struct trial *t, str text) {
    static const char odd[] = "\"\\{}[]:,\n -#&*!|>%\x80\xff\x00";
    char *p = arena_dup(arena_of(t), text.p, text.n);
    for (unsigned n = 1 + below(t, 4); n && text.n; n--) {
        size_t at = below(t, (unsigned)MIN(text.n, 60000u));
        if (below(t, 2))
            p[at] = odd[below(t, sizeof(odd) - 1)];
        else
            text.n = at;
    }
    return str_n(p, text.n);
}

/* ---- requests ---- */

static bool good(struct trial *t, const char *what, const struct answer *a, str sent) {
    struct value v;
    if (!is_good(&t->s, what, a, sent))
        return false;
    if (value_parse(arena_of(t), a->body, &v, NULL, NULL) == 0)
        t->now = v;
    return true;
}

static void create(struct trial *t) {
    struct subject *s = &t->s;
    bool proto = below(t, 2);
    str body = proto ? proto_of(s, changed(s, &t->f, below(t, 100))) : object_text(t, false);
    struct answer a = send(s, "POST", target_of(t, s->collection, ""),
                           proto ? PROTO : "application/json", NULL, body);
    if (good(t, "POST", &a, body) && s->res->prefix)
        s->item = str_printf(arena_of(t), STR_FMT "/" STR_FMT, STR_ARG(s->collection),
                             STR_ARG(text_at(s->w, a.body, "metadata.name")));
}

static void put(struct trial *t) {
    struct subject *s = &t->s;
    bool proto = below(t, 2);
    str body = proto ? proto_of(s, changed(s, &t->f, below(t, 60))) : object_text(t, false);
    struct answer a =
        send(s, "PUT", target_of(t, s->item, ""), proto ? PROTO : "application/json", NULL, body);
    good(t, "PUT", &a, body);
}

/* What is there, with one thing changed. */
static void edit(struct trial *t) {
    struct subject *s = &t->s;
    struct value *at, v = some_value(t), old, copy;
    pointer_of(t, &at);
    value_copy(arena_of(t), &v, &copy);
    old = *at;
    *at = copy;
    str body = text_of(t, &t->now);
    *at = old;
    struct answer a = send(s, "PUT", target_of(t, s->item, ""), NULL, NULL, body);
    good(t, "edit", &a, body);
}

static void patch(struct trial *t) {
    static const char *const types[] = {"application/merge-patch+json",
                                        "application/strategic-merge-patch+json",
                                        "application/json-patch+json"};
    struct subject *s = &t->s;
    unsigned i = below(t, ARRAY_LEN(types));
    str body = i == 2 ? json_patch(t) : object_text(t, i == 1);
    struct answer a = send(s, "PATCH", target_of(t, s->item, ""), types[i], NULL, body);
    good(t, types[i], &a, body);
}

static void apply(struct trial *t) {
    static const char *const managers[] = {"fieldManager=a", "fieldManager=b",
                                           "fieldManager=a&force=true",
                                           "fieldManager=b&force=true"};
    struct subject *s = &t->s;
    str body = object_text(t, false);
    const char *manager = managers[below(t, ARRAY_LEN(managers))];
    str target = str_printf(arena_of(t), STR_FMT "?%s", STR_ARG(s->item), manager);
    struct answer a = send(s, "PATCH", target, "application/apply-patch+yaml", NULL, body);
    good(t, "apply", &a, body);
}

static void status(struct trial *t) {
    static const char *const types[] = {"application/json", "application/merge-patch+json",
                                        "application/strategic-merge-patch+json"};
    struct subject *s = &t->s;
    if (!resource_sub(s->res, STR("status")))
        return;
    unsigned i = below(t, ARRAY_LEN(types));
    str body = object_text(t, false);
    struct answer a = send(s, i ? "PATCH" : "PUT",
                           target_of(t, str_concat(arena_of(t), s->item, STR("/status")), ""),
                           types[i], NULL, body);
    good(t, "status", &a, body);
}

/* Never a server's error; what it is then, nobody knows. */
static void mangle(struct trial *t) {
    static const struct {
        const char *method, *type;
    } how[] = {{"POST", "application/json"},
               {"POST", "application/yaml"},
               {"POST", PROTO},
               {"PUT", "application/json"},
               {"PATCH", "application/merge-patch+json"},
               {"PATCH", "application/strategic-merge-patch+json"},
               {"PATCH", "application/json-patch+json"},
               {"PATCH", "application/apply-patch+yaml"}};
    struct subject *s = &t->s;
    unsigned i = below(t, ARRAY_LEN(how));
    str body = i == 2   ? proto_of(s, changed(s, &t->f, 30))
               : i == 6 ? json_patch(t)
                        : object_text(t, i == 5);
    str target = how[i].method[1] == 'O' ? s->collection : s->item;
    body = mangled(t, body);
    struct answer a = send(s, how[i].method, target_of(t, target, i == 7 ? "fieldManager=m" : ""),
                           how[i].type, NULL, body);
    good(t, how[i].type, &a, body);
}

static void read_yaml(struct trial *t) {
    struct subject *s = &t->s;
    struct value json, yaml;
    struct err e = {0};
    struct answer a = send(s, "GET", s->item, NULL, NULL, STR_NONE);
    struct answer y = send(s, "GET", s->item, NULL, "application/yaml", STR_NONE);
    if (a.code != 200)
        return;
    REQUIRE(value_parse(arena_of(t), a.body, &json, NULL, NULL) == 0);
    if (y.code != 200 || yaml_parse(arena_of(t), y.body, &yaml, &e) < 0 ||
        !value_equal(&json, &yaml))
        complain(s, "YAML differs from JSON", &y, a.body);
}

static void read(struct trial *t) {
    struct subject *s = &t->s;
    struct answer a = send(s, "GET", s->item, NULL, NULL, STR_NONE);
    if (good(t, "GET", &a, STR_NONE)) {
        check_reads(s, s->item, &a);
        read_yaml(t);
    }
}

static void list(struct trial *t) {
    static const char *const accepts[] = {
        "application/json", PROTO, "application/yaml",
        "application/json;as=Table;v=v1;g=meta.k8s.io",
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"};
    static const char *const queries[] = {"", "?limit=1", "?labelSelector=a",
                                          "?fieldSelector=metadata.name%21%3Da",
                                          "?watch=1&timeoutSeconds=1"};
    struct subject *s = &t->s;
    str target = str_concat(arena_of(t), s->collection, str_of(queries[below(t, 5)]));
    struct answer a = send(s, "GET", target, NULL, accepts[below(t, 5)], STR_NONE);
    if (s->res->prefix && a.code != 200 && a.code != 406)
        complain(s, "list", &a, target);
}

static void delete (struct trial *t) {
    static const char *const bodies[] = {
        "{}", "{\"propagationPolicy\":\"Orphan\"}", "{\"propagationPolicy\":\"Foreground\"}",
        "{\"gracePeriodSeconds\":0}", "{\"preconditions\":{\"uid\":\"x\"}}"};
    struct subject *s = &t->s;
    str body = str_of(bodies[below(t, ARRAY_LEN(bodies))]);
    struct answer a = send(s, "DELETE", s->item, NULL, NULL, body);
    str kind = text_at(s->w, a.body, "kind");
    if (a.code >= 500 || (!str_eqc(kind, s->res->kind) && !str_eqc(kind, "Status")))
        complain(s, "DELETE", &a, body);
}

static void (*const requests[])(struct trial *) = {create, put,    edit,   patch, patch, apply,
                                                   apply,  status, mangle, read,  list,  delete};

/* ---- */

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A file of a good object, in an order that does not depend on the disk. */
static const char *kind_of(struct arena *a, unsigned i) {
    const char *names[KINDS_MAX];
    unsigned n = 0;
    DIR *d = opendir(OBJECTS);
    REQUIRE(d);
    for (struct dirent *e; n < KINDS_MAX && (e = readdir(d));)
        if (str_ends(str_of(e->d_name), STR(".json")))
            names[n++] = str_cdup(a, str_of(e->d_name));
    closedir(d);
    qsort(names, n, sizeof(*names), by_name);
    return names[i % n];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct world w;
    if (n < 2)
        return 0;
    world_init_with(&w,
                    &(struct world_options){.admission_off = "ServiceAccount,NamespaceLifecycle"});
    struct trial t = {.f = {.arena = w.arena,
                            .chance = 12,
                            .depth = 8,
                            .length = 2,
                            .tame = true,
                            .by_bytes = true,
                            .bytes = str_n((const char *)data + 1, n - 1)}};
    if (subject_of(&w, kind_of(w.arena, data[0]), &t.s)) {
        t.s.item = str_concat(w.arena, t.s.collection, STR("/none"));
        json_write_value(w.arena, t.s.res->type, t.s.base, &t.now);
        create(&t);
        for (unsigned i = 0; i < REQUESTS_MAX && t.f.bytes.n; i++)
            requests[below(&t, ARRAY_LEN(requests))](&t);
    }
    world_done(&w);
    return 0;
}
