// SPDX-License-Identifier: Apache-2.0
/* One object of a kind before a server: sent in JSON and protobuf, and what is answered judged:
 * always the object or a Status of the right form, and all ways of reading an object agree. */
#pragma once

#include "fill.h"
#include "recorded.h"
#include "schema/json.h"
#include "schema/ops.h"
#include "schema/proto.h"
#include "server_test.h"

#define OBJECTS "test/rules/objects" /* good ones, a file each */
#define PROTO   "application/vnd.kubernetes.protobuf"

struct subject {
    struct world *w;
    const struct api_resource *res;
    const char *name;
    void *base;
    str collection, item;
    unsigned made, refused;
};

UNUSED static str json_of(struct subject *s, const void *obj) {
    struct buf b = {0};
    json_write(&b, s->res->type, obj, 0, NULL);
    str out = str_dup(s->w->arena, buf_str(&b));
    buf_done(&b);
    return out;
}

UNUSED static str proto_of(struct subject *s, const void *obj) {
    struct buf b = {0};
    proto_envelope_write(&b, s->res->type, obj);
    str out = str_dup(s->w->arena, buf_str(&b));
    buf_done(&b);
    return out;
}

UNUSED static struct answer send(struct subject *s, const char *method, str target,
                                 const char *type, const char *accept, str body) {
    struct http_header h[] = {{STR("Accept"), str_of(accept ? accept : "application/json")},
                              {STR("Content-Type"), str_of(type ? type : "application/json")}};
    return call_with(s->w, method, target, h, body.p ? 2 : 1, body);
}

UNUSED static void complain(struct subject *s, const char *what, const struct answer *a, str sent) {
    tap_fail(__FILE__, __LINE__, "%s: %s: %d " STR_FMT "\n# of " STR_FMT, s->name, what, a->code,
             STR_ARG(str_slice(a->body, 0, MIN(a->body.n, (size_t)1500))),
             STR_ARG(str_slice(sent, 0, MIN(sent.n, (size_t)3000))));
}

/* Errors of the client that upstream, too, answers with 500. */
UNUSED static bool is_upstreams(str message) {
    static const char *const some[] = {
        "failed to create typed patch object",
        "expected a []interface {}, but received a",
        "strconv.ParseUint: parsing",
        "failed to convert new object",
        "unable to find api field in struct",
        "unknown patch type:",
        "resourceVersion should not be set on objects to be created",
        "does not contain declared merge key",
        "failed to allocate requested HealthCheck NodePort",
    };
    for (size_t i = 0; i < ARRAY_LEN(some); i++)
        if (str_find(message, str_of(some[i])) >= 0)
            return true;
    return false;
}

/* An object of the kind, or a Status that says why not. */
UNUSED static bool is_good(struct subject *s, const char *what, const struct answer *a, str sent) {
    str kind = text_at(s->w, a->body, "kind");
    if (a->code == 200 || a->code == 201) {
        if (str_eqc(kind, s->res->kind))
            return true;
        complain(s, what, a, sent);
        return false;
    }
    struct value *code = at(s->w, a->body, "code");
    str message = text_at(s->w, a->body, "message");
    bool clients = (a->code >= 400 && a->code < 500) || is_upstreams(message);
    if (!clients || !str_eqc(kind, "Status") || !code || code->i != a->code || !message.n ||
        !str_eqc(text_at(s->w, a->body, "status"), "Failure"))
        complain(s, what, a, sent);
    return false;
}

/* JSON of what a protobuf answer holds. */
UNUSED static str unpacked(struct subject *s, str bytes) {
    struct proto_envelope e;
    struct err err = {0};
    void *obj = arena_zalloc(s->w->arena, s->res->type->size);
    if (proto_envelope_read(bytes, &e, &err) < 0 ||
        proto_read(s->w->arena, s->res->type, e.raw, obj, &err) < 0)
        return str_dup(s->w->arena, str_of(err.text));
    return json_of(s, obj);
}

UNUSED static str without_newline(str s) {
    return s.n && s.p[s.n - 1] == '\n' ? str_slice(s, 0, s.n - 1) : s;
}

UNUSED static void check_reads(struct subject *s, str item, const struct answer *made) {
    struct answer a = send(s, "GET", item, NULL, NULL, STR_NONE);
    if (a.code != 200 || !str_eq(without_newline(a.body), without_newline(made->body)))
        complain(s, "GET differs from what was answered", &a, made->body);
    struct answer p = send(s, "GET", item, NULL, PROTO, STR_NONE);
    str again = p.code == 200 ? unpacked(s, p.body) : STR("no protobuf");
    if (!str_eq(again, without_newline(a.body)))
        complain(s, "protobuf differs from JSON", &a, again);
    struct answer b = send(s, "PUT", item, NULL, NULL, a.body);
    if (is_good(s, "PUT of what is there", &b, a.body) &&
        !str_eq(text_at(s->w, a.body, "metadata.resourceVersion"),
                text_at(s->w, b.body, "metadata.resourceVersion")))
        complain(s, "PUT of what is there changed it", &b, a.body);
}

/* Another object, made from the good one by small changes. */
UNUSED static void *changed(struct subject *s, struct fill *f, unsigned permille) {
    void *obj = api_clone(s->w->arena, s->res->type, s->base);
    ObjectMeta *m = obj;
    ObjectMeta kept = *m;
    fill_change(f, s->res->type, obj, permille);
    if (s->res->prefix && fill_random(f) % 20)
        *m = kept;
    return obj;
}

/* False: the kind is not made by clients, or not served. */
UNUSED static bool subject_of(struct world *w, const char *file, struct subject *s) {
    struct value v;
    struct err e = {0};
    *s = (struct subject){.w = w, .name = file};
    str text = file_read(w->arena, str_printf(w->arena, OBJECTS "/%s", file).p);
    REQUIRE(value_parse(w->arena, text, &v, NULL, NULL) == 0);
    str version = value_str(value_getc(&v, "apiVersion")), group = STR("");
    if (str_chr(version, '/') >= 0)
        group = str_cut(&version, '/');
    s->res = resource_of_kind(group, version, value_str(value_getc(&v, "kind")));
    if (!s->res || !s->res->type || !resource_can(s->res, VERB_CREATE))
        return false;
    s->base = arena_zalloc(w->arena, s->res->type->size);
    REQUIRE(json_read_value(w->arena, s->res->type, &v, s->base, NULL, &e) == 0);
    str root = group.n ? str_printf(w->arena, "/apis/" STR_FMT "/", STR_ARG(group)) : STR("/api/");
    bool inside = s->res->flags & RESOURCE_NAMESPACED;
    s->collection = str_printf(w->arena, STR_FMT STR_FMT "%s/%s", STR_ARG(root), STR_ARG(version),
                               inside ? "/namespaces/default" : "", s->res->plural);
    return true;
}
