// SPDX-License-Identifier: Apache-2.0
/* What clients sent, after defaults and strategy, must be what upstream stored; only what the
 * server draws, allocates or admits is taken from the recording. */
#include "recorded.h"

#include "api/hooks.h"
#include "schema/json.h"

static const struct api_resource *resource_of(str api_version, str kind) {
    str version = api_version, group = STR_NONE;
    if (str_chr(api_version, '/') >= 0)
        group = str_cut(&version, '/');
    return resource_of_kind(group, version, kind);
}

static void draw(void *ctx, void *p, size_t n) {
    memset(p, 7, n);
}

/* Allocations and admission, which are not the kinds' business. */
static void adopt_pod(Pod *to, const Pod *from) {
    to->spec.node_name = from->spec.node_name;
    to->spec.priority = from->spec.priority;
    to->spec.preemption_policy = from->spec.preemption_policy;
    to->spec.tolerations = from->spec.tolerations;
    to->spec.service_account_name = from->spec.service_account_name;
    to->spec.deprecated_service_account = from->spec.deprecated_service_account;
    to->spec.image_pull_secrets = from->spec.image_pull_secrets;
}

static void adopt_service(Service *to, const Service *from) {
    to->spec.cluster_ip = from->spec.cluster_ip;
    to->spec.cluster_ips = from->spec.cluster_ips;
    to->spec.ip_families = from->spec.ip_families;
    to->spec.ip_family_policy = from->spec.ip_family_policy;
    to->spec.health_check_node_port = from->spec.health_check_node_port;
    for (uint32_t i = 0; i < to->spec.ports.n; i++)
        to->spec.ports.v[i].node_port = from->spec.ports.v[i].node_port;
}

static struct hook_user asked_by(const CertificateSigningRequest *c) {
    return (struct hook_user){c->spec.username, c->spec.uid, c->spec.groups, c->spec.extra};
}

/* Admission: limits of a range are written into the container, and said in an annotation. */
static void adopt_limits(Pod *to, const Pod *from) {
    to->metadata.annotations = from->metadata.annotations;
    for (uint32_t i = 0; i < to->spec.containers.n; i++)
        to->spec.containers.v[i].resources = from->spec.containers.v[i].resources;
    for (uint32_t i = 0; i < to->spec.init_containers.n; i++)
        to->spec.init_containers.v[i].resources = from->spec.init_containers.v[i].resources;
}

static void adopt(const struct api_resource *r, void *obj, const void *want) {
    ObjectMeta *m = obj;
    const ObjectMeta *w = want;
    m->name = w->name;
    m->uid = w->uid;
    m->namespace_ = w->namespace_;
    m->resource_version = w->resource_version;
    m->creation_timestamp = w->creation_timestamp;
    m->managed_fields = w->managed_fields;
    m->finalizers = w->finalizers;
    if (r == RESOURCE_OF(core_v1_pods)) {
        adopt_pod(obj, want);
        adopt_limits(obj, want);
    }
    if (r == RESOURCE_OF(core_v1_nodes))
        ((Node *)obj)->spec.taints = ((const Node *)want)->spec.taints;
    if (r == RESOURCE_OF(core_v1_services))
        adopt_service(obj, want);
}

/* Recordings ran on: status came by later requests. */
static void adopt_status(const struct api_resource *r, void *obj, const void *want) {
    for (uint16_t i = 0; i < r->type->n_fields; i++) {
        const struct api_field *f = &r->type->fields[i];
        if (strcmp(f->json, "status") == 0)
            memcpy((char *)obj + f->offset, (const char *)want + f->offset, f->sub->size);
    }
    ((ObjectMeta *)obj)->generation = ((const ObjectMeta *)want)->generation;
}

static void check_object(struct arena *a, const struct value *o) {
    const struct api_resource *r =
        resource_of(value_str(value_getc(o, "apiVersion")), value_str(value_getc(o, "kind")));
    const struct value *sent = value_getc(o, "sent");
    const char *what = str_cdup(a, value_str(value_getc(o, "path")));
    if (!r || !sent || sent->tag != VALUE_OBJECT || !(r->verbs & VERB_BIT(VERB_GET)))
        return;
    struct err e = {0};
    const struct api_type *t = r->type;
    void *got = arena_alloc(a, t->size), *want = arena_alloc(a, t->size);
    REQUIRE(json_read(a, t, value_str(value_getc(o, "json")), want, NULL, &e) == 0);
    REQUIRE(json_read_value(a, t, sent, got, NULL, &e) == 0);
    const struct hooks *h = hooks_of(r);
    struct hook_ctx c = {.arena = a, .random = draw};
    api_defaults(a, t, got);
    adopt(r, got, want);
    struct hook_user asked = {0};
    if (r == RESOURCE_OF(certificates_v1_certificatesigningrequests))
        asked = asked_by(want);
    c.user = &asked;
    if (h->defaults)
        h->defaults(&c, got);
    if (h->counts_generation)
        ((ObjectMeta *)got)->generation = 1;
    if (h->prepare_create)
        h->prepare_create(&c, got);
    void *once = api_clone(a, t, got);
    if (h->defaults)
        h->defaults(&c, got);
    CHECK(api_equal(t, once, got)); /* defaults are idempotent */
    CHECK_INT(((ObjectMeta *)got)->generation != 0, ((ObjectMeta *)want)->generation != 0);
    adopt_status(r, got, want);
    if (api_equal(t, got, want))
        return;
    struct buf x = {0}, y = {0};
    json_write(&x, t, got, 0, NULL);
    json_write(&y, t, want, 0, NULL);
    size_t i = 0;
    while (i < x.n && i < y.n && x.p[i] == y.p[i])
        i++;
    size_t from = i > 60 ? i - 60 : 0;
    tap_fail(__FILE__, __LINE__, "%s: got ..." STR_FMT ", want ..." STR_FMT, what,
             STR_ARG(str_slice(buf_str(&x), from, i + 100)),
             STR_ARG(str_slice(buf_str(&y), from, i + 100)));
    buf_done(&x);
    buf_done(&y);
}

TEST(what_was_sent_becomes_what_was_stored) {
    struct arena a, line;
    struct value o;
    arena_init(&a, 0);
    arena_init(&line, 0);
    for (str text = file_read(&a, "test/data/recorded/objects.jsonl");
         recorded_next(&line, &text, &o);) {
        check_object(&line, &o);
        arena_reset(&line);
    }
    arena_done(&line);
    arena_done(&a);
}

/* The recording is valid: no kind may refuse it. */
TEST(what_was_stored_is_valid) {
    struct arena a, line;
    struct value o;
    arena_init(&a, 0);
    arena_init(&line, 0);
    for (str text = file_read(&a, "test/data/recorded/objects.jsonl");
         recorded_next(&line, &text, &o);) {
        const struct api_resource *r =
            resource_of(value_str(value_getc(&o, "apiVersion")), value_str(value_getc(&o, "kind")));
        if (r && !r->convert && (r->verbs & VERB_BIT(VERB_GET)) && value_getc(&o, "sent")) {
            struct err e = {0};
            struct field_errors fe = {.arena = &line};
            const struct hooks *h = hooks_of(r);
            void *obj = arena_alloc(&line, r->type->size);
            REQUIRE(json_read(&line, r->type, value_str(value_getc(&o, "json")), obj, NULL, &e) ==
                    0);
            validate_object_meta(&fe, obj, resource_is(r, RESOURCE_NAMESPACED), h,
                                 PATH(NULL, "metadata"));
            validate_object_meta_update(&fe, obj, obj, PATH(NULL, "metadata"));
            hooks_validate(&fe, r, r, obj, obj);
            if (h->validate_update)
                h->validate_update(&fe, obj, obj);
            if (h->validate_status)
                h->validate_status(&fe, obj, obj);
            for (uint32_t i = 0; i < fe.list.n; i++)
                tap_fail(__FILE__, __LINE__, STR_FMT ": " STR_FMT,
                         STR_ARG(value_str(value_getc(&o, "path"))),
                         STR_ARG(field_error_str(&line, &fe.list.v[i])));
        }
        arena_reset(&line);
    }
    arena_done(&line);
    arena_done(&a);
}
