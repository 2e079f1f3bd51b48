// SPDX-License-Identifier: Apache-2.0
/* The fast path decodes straight into the struct. Only when that fails, or names another kind, is
 * the text parsed as a tree, to say which of upstream's errors it is. */
#include "apiserver/encoding/decode.h"

#include "api/hooks.h"
#include "apiserver/hook_env.h"
#include "schema/json.h"
#include "schema/proto.h"
#include "schema/yaml.h"

struct body_kind body_kind_of(const struct request *r) {
    if (r->sub && r->sub->type)
        return (struct body_kind){r->sub->type, r->sub->group, r->sub->version, r->sub->kind};
    return (struct body_kind){r->res->type, r->res->group, r->res->version, r->res->kind};
}

void apply_defaults(struct request *r, const struct api_resource *res, const struct api_type *t,
                    void *obj) {
    api_defaults(r->arena, t, obj);
    if (!res || t != res->type || res->convert) /* hooks know the stored version */
        return;
    const struct hooks *h = hooks_of(res);
    struct hook_ctx c = hook_ctx_of(r->server->env, r->arena);
    if (h->defaults)
        h->defaults(&c, obj);
}

#define SUMMARY_MAX 30

/* As upstream shows a bad body: text when it looks like JSON, else hex. */
static str summary(struct arena *a, str body) {
    if (!body.n)
        return STR("<empty>");
    str head = str_slice(body, 0, SUMMARY_MAX);
    const char *tail = body.n > SUMMARY_MAX ? " ..." : "";
    if (body.p[0] == '{')
        return str_printf(a, STR_FMT "%s", STR_ARG(head), tail);
    char hex[2 * SUMMARY_MAX];
    for (size_t i = 0; i < head.n; i++) {
        hex[2 * i] = "0123456789abcdef"[(unsigned char)head.p[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[(unsigned char)head.p[i] & 15];
    }
    return str_printf(a, STR_FMT "%s", STR_ARG(str_n(hex, 2 * head.n)), tail);
}

static int unrecognized(struct request *r, const struct body_kind *k, str why, Status **ret) {
    *ret = status_bad_request(r->arena,
                              "the object provided is unrecognized (must be of type %s): " STR_FMT
                              " (" STR_FMT ")",
                              k->kind, STR_ARG(why), STR_ARG(summary(r->arena, r->body)));
    return -EINVAL;
}

static int unhandled(struct request *r, const struct body_kind *k, str kind, str version, str why,
                     Status **ret) {
    *ret = status_bad_request(
        r->arena, STR_FMT " in version \"" STR_FMT "\" cannot be handled as a %s: " STR_FMT,
        STR_ARG(kind), STR_ARG(version), k->kind, STR_ARG(why));
    return -EINVAL;
}

static void split_api_version(str api_version, str *group, str *version) {
    if (str_chr(api_version, '/') < 0) {
        *group = STR("");
        *version = api_version;
        return;
    }
    *group = str_cut(&api_version, '/');
    *version = api_version;
}

#define SCHEME "pkg/api/legacyscheme/scheme.go:30"

/* Go's package of a group's internal types: apps, rbac; core for "". */
static str internal_package(const char *group) {
    str g = str_of(group);
    if (!g.n || str_eqc(g, "events.k8s.io"))
        return STR("core");
    return str_cut(&g, '.');
}

str decode_unfit(struct request *r, const struct body_kind *k, str kind, str api_version) {
    str group, version;
    split_api_version(api_version, &group, &version);
    if (!type_of_kind(group, version, kind))
        return str_printf(r->arena,
                          "no kind \"" STR_FMT "\" is registered for version \"" STR_FMT
                          "\" in scheme \"" SCHEME "\"",
                          STR_ARG(kind), STR_ARG(api_version));
    return str_printf(
        r->arena, "converting (" STR_FMT "." STR_FMT ") to (" STR_FMT ".%s): unknown conversion",
        STR_ARG(version), STR_ARG(kind), STR_ARG(internal_package(k->group)), k->kind);
}

/* kind or api_version are not those that were expected. */
static int wrong_kind(struct request *r, const struct body_kind *k, str kind, str api_version,
                      Status **ret) {
    str group, version;
    split_api_version(api_version, &group, &version);
    bool other_version =
        type_of_kind(group, version, kind) && str_eqc(kind, k->kind) && str_eqc(group, k->group);
    if (!other_version)
        return unhandled(r, k, kind, version, decode_unfit(r, k, kind, api_version), ret);
    *ret = status_bad_request(r->arena,
                              "the API version in the data (" STR_FMT
                              ") does not match the expected API version (" STR_FMT ")",
                              STR_ARG(api_version),
                              STR_ARG(api_version_of(r->arena, k->group, k->version)));
    return -EINVAL;
}

static bool kind_fits(struct request *r, const struct body_kind *k, str *kind, str *api_version) {
    str expected = api_version_of(r->arena, k->group, k->version);
    if (!kind->n)
        *kind = str_of(k->kind);
    if (!api_version->n)
        *api_version = expected;
    return str_eqc(*kind, k->kind) && str_eq(*api_version, expected);
}

str decode_yaml_strict(struct arena *a, const str_list *duplicates) {
    struct buf b;
    buf_init(&b, 0);
    buf_adds(&b, "yaml: unmarshal errors:");
    for (uint32_t i = 0; i < duplicates->n; i++)
        buf_printf(&b, "\n  " STR_FMT, STR_ARG(duplicates->v[i]));
    str out = str_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}

void decode_warn(struct request *r, const str_list *texts) {
    for (uint32_t i = 0; i < texts->n && r->validation == VALIDATION_WARN; i++)
        request_warn(r, str_dup(r->arena, texts->v[i]));
}

str decode_strict(struct request *r, const struct decode_report *report) {
    struct buf b;
    buf_init(&b, 0);
    decode_warn(r, &report->all);
    for (uint32_t i = 0; i < report->all.n; i++) {
        if (i)
            buf_adds(&b, ", ");
        buf_add(&b, report->all.v[i]);
    }
    str out = b.n && r->validation == VALIDATION_STRICT
                  ? str_printf(r->arena, "strict decoding error: " STR_FMT, STR_ARG(buf_str(&b)))
                  : STR_NONE;
    buf_done(&b);
    return out;
}

/* The text did not decode: why, in upstream's words. */
static int explain(struct request *r, const struct body_kind *k, str json, const char *error,
                   Status **ret) {
    struct value v;
    struct err e = {0};
    if (value_parse(r->arena, json, &v, NULL, &e) < 0)
        return unrecognized(
            r, k, str_printf(r->arena, "couldn't get version/kind; json parse error: %s", e.text),
            ret);
    if (v.tag != VALUE_OBJECT && v.tag != VALUE_NULL) {
        static const char *const names[VALUE_TAG_MAX] = {
            [VALUE_BOOL] = "bool",  [VALUE_INT] = "number", [VALUE_FLOAT] = "number",
            [VALUE_STR] = "string", [VALUE_LIST] = "array",
        };
        return unrecognized(
            r, k,
            str_printf(r->arena,
                       "couldn't get version/kind; json parse error: json: cannot unmarshal %s "
                       "into Go value of type struct { APIVersion string "
                       "\"json:\\\"apiVersion,omitempty\\\"\"; Kind string "
                       "\"json:\\\"kind,omitempty\\\"\" }",
                       names[v.tag]),
            ret);
    }
    str kind = value_str(value_getc(&v, "kind"));
    str api_version = value_str(value_getc(&v, "apiVersion"));
    if (!kind_fits(r, k, &kind, &api_version))
        return wrong_kind(r, k, kind, api_version, ret);
    return unhandled(r, k, kind, str_of(k->version), str_of(error), ret);
}

/* `report` holds what was found before. */
static int decode_json(struct request *r, const struct body_kind *k, str json,
                       struct decode_report *report, void *ret, Status **ret_status) {
    str kind = STR_NONE, api_version = STR_NONE;
    struct json_read_opts opts = {
        .report = r->validation == VALIDATION_IGNORE ? NULL : report,
        .ret_kind = &kind,
        .ret_api_version = &api_version,
    };
    struct err e = {0};
    if (json_read(r->arena, k->type, json, ret, &opts, &e) < 0)
        return explain(r, k, json, e.text, ret_status);
    if (!kind_fits(r, k, &kind, &api_version))
        return wrong_kind(r, k, kind, api_version, ret_status);
    str strict = decode_strict(r, report);
    if (strict.n)
        return unhandled(r, k, kind, str_of(k->version), strict, ret_status);
    return 0;
}

static str json_text(struct request *r, struct value *v) {
    struct buf b;
    buf_init(&b, APISERVER_BODY_MAX);
    value_sort(v);
    value_write(&b, v);
    str json = str_dup(r->arena, buf_str(&b));
    buf_done(&b);
    return json;
}

/* Upstream's way goes through a map, so fields are met in the order of their names. */
static int decode_yaml(struct request *r, const struct body_kind *k, void *ret,
                       Status **ret_status) {
    struct value v;
    struct err e = {0};
    str_list duplicates = {0};
    struct decode_report report = {0};
    if (yaml_parse_strict(r->arena, r->body, &v, &duplicates, &e) < 0)
        return unrecognized(r, k, str_of(e.text), ret_status);
    if (r->validation == VALIDATION_WARN)
        report.all = duplicates;
    else if (duplicates.n)
        *list_push(r->arena, &report.all) = decode_yaml_strict(r->arena, &duplicates);
    return decode_json(r, k, json_text(r, &v), &report, ret, ret_status);
}

static int decode_proto(struct request *r, const struct body_kind *k, void *ret,
                        Status **ret_status) {
    struct proto_envelope env;
    struct err e = {0};
    if (proto_envelope_read(r->body, &env, &e) < 0)
        return unrecognized(r, k, str_dup(r->arena, str_of(e.text)), ret_status);
    if (!kind_fits(r, k, &env.kind, &env.api_version))
        return wrong_kind(r, k, env.kind, env.api_version, ret_status);
    if (proto_read(r->arena, k->type, env.raw, ret, &e) < 0)
        return unhandled(r, k, env.kind, str_of(k->version), str_of(e.text), ret_status);
    return 0;
}

Status *decode_too_large(struct request *r) {
    return status_new(r->arena, 413, "RequestEntityTooLarge",
                      "Request entity too large: limit is %d", APISERVER_BODY_MAX);
}

int decode_body(struct request *r, const struct body_kind *k, void **ret, Status **ret_status) {
    void *obj = arena_zalloc(r->arena, k->type->size);
    struct decode_report report = {0};
    int e = 0;
    switch (r->body_format) {
    case MEDIA_JSON:
        e = decode_json(r, k, r->body, &report, obj, ret_status);
        break;
    case MEDIA_YAML:
        e = decode_yaml(r, k, obj, ret_status);
        break;
    case MEDIA_PROTOBUF:
        e = decode_proto(r, k, obj, ret_status);
        break;
    case MEDIA_FORMAT_MAX:
        e = -EINVAL;
    }
    if (e < 0)
        return e;
    if (arena_over(r->arena)) {
        *ret_status = decode_too_large(r);
        return -E2BIG;
    }
    apply_defaults(r, r->res, k->type, obj);
    *ret = obj;
    return 0;
}

Status *decode_unsupported(struct request *r) {
    return status_new(r->arena, 415, "UnsupportedMediaType",
                      "the body of the request was in an unknown format - accepted media types "
                      "include: " MEDIA_TYPES_TEXT);
}

/* Read by rows without a look at kind and apiVersion, which are found beside. */
static int read_options(struct request *r, const struct body_kind *k, void *ret,
                        struct json_read_opts *opts, Status **ret_status) {
    struct err e = {0};
    str text = r->body;
    if (r->body_format == MEDIA_PROTOBUF) {
        struct proto_envelope env;
        if (proto_envelope_read(text, &env, &e) < 0 ||
            proto_read(r->arena, k->type, env.raw, ret, &e) < 0) {
            *ret_status = status_bad_request(r->arena, "%s", e.text);
            return -EINVAL;
        }
        *opts->ret_kind = env.kind;
        *opts->ret_api_version = env.api_version;
        return 0;
    }
    if (r->body_format == MEDIA_YAML) {
        struct value v;
        if (yaml_parse(r->arena, text, &v, &e) < 0) {
            *ret_status = status_bad_request(r->arena, "%s", e.text);
            return -EINVAL;
        }
        text = json_text(r, &v);
    }
    if (json_read(r->arena, k->type, text, ret, opts, &e) < 0)
        return explain(r, k, text, e.text, ret_status);
    return 0;
}

int decode_delete_options(struct request *r, DeleteOptions *ret, Status **ret_status) {
    *ret = (DeleteOptions){0};
    if (!r->body.n)
        return 0;
    str type = http_header_get(&r->x->headers, "Content-Type");
    if (negotiate_content(type, &r->body_format) < 0) {
        *ret_status = decode_unsupported(r);
        return -ENOTSUP;
    }
    struct body_kind k = {&DeleteOptions_type, "", "v1", "DeleteOptions"};
    str kind = STR_NONE, api_version = STR_NONE;
    struct json_read_opts opts = {.ret_kind = &kind, .ret_api_version = &api_version};
    int e = read_options(r, &k, ret, &opts, ret_status);
    if (e < 0)
        return e;
    if (kind.n && !str_eqc(kind, k.kind)) {
        *ret_status = status_bad_request(
            r->arena,
            "no kind \"" STR_FMT "\" is registered for version \"" STR_FMT
            "\" in scheme \"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/"
            "register.go:27\"",
            STR_ARG(kind), STR_ARG(api_version));
        return -EINVAL;
    }
    return 0;
}
