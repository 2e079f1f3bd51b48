// SPDX-License-Identifier: Apache-2.0
/* One allocation an object: the struct, its two small arrays, the key, the JSON. The uid and most
 * labels stand in the JSON as they are, and then point there; namespace and name point into the
 * key. */
#include "api/object.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "schema/json.h"
#include "schema/proto.h"

/* Decoding a value from disk may take this much for its structs. */
#define LOAD_ARENA_MAX (64 * 1024 * 1024)
#define NUMBER_MAX     20
#define FIND_MIN       ((size_t)8)
#define FIND_WINDOW    ((size_t)1024)

struct object_proto {
    size_t n;
    char p[];
};

/* ---- making ---- */

/* Metadata stands at the front, and a short string is copied faster than it is found. */
static str find_in(str json, str s) {
    if (s.n == 0)
        return STR("");
    const char *p = s.n >= FIND_MIN ? memmem(json.p, MIN(json.n, FIND_WINDOW), s.p, s.n) : NULL;
    return str_n(p, p ? s.n : 0);
}

static size_t outside(str json, str s) {
    return find_in(json, s).p ? 0 : s.n;
}

static size_t count_outside(const struct object *h, str json) {
    size_t n = outside(json, h->uid);
    for (uint32_t i = 0; i < h->n_labels; i++)
        n += outside(json, h->labels[i].key) + outside(json, h->labels[i].value);
    for (uint32_t i = 0; i < h->n_fields; i++)
        n += outside(json, h->fields[i]);
    return n;
}

static str put_bytes(char **at, str s) {
    if (s.n)
        memcpy(*at, s.p, s.n);
    str r = str_n(*at, s.n);
    *at += s.n;
    return r;
}

static str place(char **at, str json, str s) {
    str found = find_in(json, s);
    return found.p ? found : put_bytes(at, s);
}

/* Name, or "namespace/name", is what a key ends in. */
static void cut_key(struct object *o, const struct object *h) {
    o->name = str_slice(o->key, o->key.n - h->name.n, o->key.n);
    size_t end = o->key.n - h->name.n - (h->ns.n ? 1 : 0);
    o->ns = str_slice(o->key, end - h->ns.n, end);
}

static struct object *build(const struct object *h, str json) {
    size_t fixed =
        sizeof(struct object) + h->n_labels * sizeof(struct str_pair) + h->n_fields * sizeof(str);
    size_t size = fixed + h->key.n + json.n + count_outside(h, json);
    ASSERT(size < UINT32_MAX);
    struct object *o = xmalloc(size);
    struct str_pair *labels = (struct str_pair *)(o + 1);
    str *fields = (str *)(labels + h->n_labels);
    char *at = (char *)o + fixed;
    *o = *h;
    o->refs = 1;
    o->size = (uint32_t)size;
    o->proto = NULL;
    o->key = put_bytes(&at, h->key);
    o->json = put_bytes(&at, json);
    cut_key(o, h);
    o->uid = place(&at, o->json, h->uid);
    for (uint32_t i = 0; i < h->n_labels; i++) {
        labels[i].key = place(&at, o->json, h->labels[i].key);
        labels[i].value = place(&at, o->json, h->labels[i].value);
    }
    for (uint32_t i = 0; i < h->n_fields; i++)
        fields[i] = place(&at, o->json, h->fields[i]);
    o->labels = labels;
    o->fields = fields;
    ASSERT(at == (char *)o + size);
    return o;
}

struct object *object_new_raw(const struct object *header, str json) {
    return build(header, json);
}

/* Behind kind and apiVersion, which hold nothing that JSON escapes. */
static uint32_t item_offset(str json) {
    static const char *const members[] = {"\"kind\":\"", "\"apiVersion\":\""};
    size_t at = 1;
    for (unsigned i = 0; i < 2 * ARRAY_LEN(members); i++) {
        str member = str_of(members[i % 2]), rest = str_slice(json, at, json.n);
        if (!str_starts(rest, member))
            continue;
        rest = str_slice(rest, member.n, rest.n);
        at += member.n + (size_t)str_chr(rest, '"') + 1;
        if (at < json.n && json.p[at] == ',')
            at++;
    }
    return (uint32_t)at;
}

static const str *get_fields(struct arena *a, const struct api_resource *res, const void *typed,
                             uint32_t *ret_n) {
    const struct api_selectable *s = res->selectable;
    uint32_t n = 0;
    while (s && s[n].label)
        n++;
    str *v = arena_array(a, n, sizeof(*v));
    for (uint32_t i = 0; i < n; i++)
        v[i] = s[i].get(a, typed);
    *ret_n = n;
    return v;
}

struct object *object_new(const struct api_resource *res, const void *typed) {
    const ObjectMeta *m = typed; /* stands first in every type that is stored */
    struct arena a;
    struct buf b;
    size_t hole = 0;
    res = res->storage ? res->storage : res;
    arena_init(&a, 0);
    buf_init(&b, 0);
    json_write(&b, res->type, typed, 0, &hole);
    struct object h = {.resource = res,
                       .key = object_key(&a, res, m->namespace_, m->name),
                       .ns = resource_is(res, RESOURCE_NAMESPACED) ? m->namespace_ : STR_NONE,
                       .name = m->name,
                       .uid = m->uid,
                       .labels = m->labels.v,
                       .n_labels = m->labels.n,
                       .hole = (uint32_t)hole,
                       .item = item_offset(buf_str(&b)),
                       .deleting = m->deletion_timestamp.set};
    h.fields = get_fields(&a, res, typed, &h.n_fields);
    struct object *o = build(&h, buf_str(&b));
    buf_done(&b);
    arena_done(&a);
    return o;
}

static int decode_stored(struct arena *a, const struct api_resource *res, str json, void **ret,
                         struct err *e) {
    str kind = STR_NONE;
    const struct json_read_opts opts = {.ret_kind = &kind};
    void *typed = arena_zalloc(a, res->type->size);
    int r = json_read(a, res->type, json, typed, &opts, e);
    if (r < 0)
        return r;
    if (!str_eqc(kind, res->kind))
        return err_set(e, -EINVAL, "kind is \"" STR_FMT "\", not %s", STR_ARG(kind), res->kind);
    *ret = typed;
    return 0;
}

/* What was stored is written anew, so that offsets hold whatever wrote it, by hand or another
 * version. */
int object_load(const struct api_resource *res, str key, str json, uint64_t revision, struct err *e,
                struct object **ret) {
    struct arena a;
    void *typed = NULL;
    struct object *o CLEANUP(object_unrefp) = NULL;
    arena_init(&a, LOAD_ARENA_MAX);
    res = res->storage ? res->storage : res;
    int r = res->type ? decode_stored(&a, res, json, &typed, e)
                      : err_set(e, -EINVAL, "%s are not served", res->plural);
    if (r == 0) {
        o = object_new(res, typed);
        if (!str_eq(o->key, key))
            r = err_set(e, -EINVAL, "holds the object of " STR_FMT, STR_ARG(o->key));
    }
    arena_done(&a);
    if (r < 0) {
        err_prefix(e, STR_FMT, STR_ARG(key));
        return r == -E2BIG ? r : -EINVAL;
    }
    o->revision = revision;
    *ret = TAKE(o);
    return 0;
}

struct object *object_ref(struct object *o) {
    atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
    return o;
}

struct object *object_unref(struct object *o) {
    if (!o || atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) != 1)
        return NULL;
    free(o->proto);
    free(o);
    return NULL;
}

/* ---- using ---- */

size_t object_weight(const struct object *o) {
    return o->size;
}

str object_field(const struct object *o, const char *label) {
    const struct api_selectable *s = o->resource->selectable;
    for (uint32_t i = 0; s && i < o->n_fields; i++)
        if (strcmp(s[i].label, label) == 0)
            return o->fields[i];
    return STR_NONE;
}

/* What is decoded points into json. */
static void *decode_as(struct arena *a, const struct object *o, const struct api_type *t, str json,
                       uint64_t revision) {
    void *typed = arena_zalloc(a, t->size);
    int r = json_read(a, t, json, typed, NULL, NULL);
    ASSERT(r == 0); /* we wrote it */
    ObjectMeta *m = typed;
    m->resource_version = revision ? str_printf(a, "%llu", (unsigned long long)revision) : STR_NONE;
    return typed;
}

void *object_decode(struct arena *a, const struct object *o) {
    return decode_as(a, o, o->resource->type, str_dup(a, o->json), o->revision);
}

ObjectMeta *object_decode_meta(struct arena *a, const struct object *o) {
    return decode_as(a, o, &PartialObjectMetadata_type, str_dup(a, o->json), o->revision);
}

void object_write_json(struct buf *b, const struct object *o, uint64_t revision, bool as_item) {
    uint32_t from = as_item ? o->item : 1;
    if (!buf_reserve(b, 1 + o->json.n - from + NUMBER_MAX))
        return;
    buf_addc(b, '{');
    buf_add(b, str_slice(o->json, from, o->hole));
    buf_add_u64(b, revision);
    buf_add(b, str_slice(o->json, o->hole, o->json.n));
}

static void encode_proto(struct buf *b, const struct object *o, uint64_t revision) {
    struct arena a;
    arena_init(&a, 0);
    const struct api_type *t = o->resource->type;
    proto_write(b, t, decode_as(&a, o, t, o->json, revision));
    arena_done(&a);
}

static struct object_proto *cached_proto(struct object *o) {
    struct object_proto *p = atomic_load_explicit(&o->proto, memory_order_acquire), *none = NULL;
    if (p)
        return p;
    struct buf b;
    buf_init(&b, 0);
    encode_proto(&b, o, o->revision);
    p = xmalloc(sizeof(*p) + b.n);
    p->n = b.n;
    memcpy(p->p, b.p, b.n);
    buf_done(&b);
    if (atomic_compare_exchange_strong(&o->proto, &none, p))
        return p;
    free(p); /* another thread was faster */
    return none;
}

/* The cache is the one thing about an object that changes. */
str object_proto(const struct object *o) {
    const struct object_proto *p = cached_proto((struct object *)(uintptr_t)o);
    return str_n(p->p, p->n);
}

void object_write_proto(struct buf *b, const struct object *o, uint64_t revision) {
    if (revision == o->revision)
        buf_add(b, object_proto(o));
    else
        encode_proto(b, o, revision);
}

/* ---- keys ---- */

str object_key_prefix(struct arena *a, const struct api_resource *res, str ns) {
    if (str_empty(ns) || !resource_is(res, RESOURCE_NAMESPACED))
        return str_of(res->prefix);
    return str_printf(a, "%s" STR_FMT "/", res->prefix, STR_ARG(ns));
}

str object_key(struct arena *a, const struct api_resource *res, str ns, str name) {
    return str_concat(a, object_key_prefix(a, res, ns), name);
}

const struct api_resource *object_key_resource(str key) {
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++) {
        const struct api_resource *r = &api_resources[i];
        if (r->storage == r && r->type && r->prefix && str_starts(key, str_of(r->prefix)))
            return r;
    }
    return NULL;
}
