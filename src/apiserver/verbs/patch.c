// SPDX-License-Identifier: Apache-2.0
/* PATCH: the wanted object is what the patch makes of the current one, so it is made anew when the
 * current one turns out to be another. */
#include "schema/patch.h"

#include "apiserver/encoding/decode.h"
#include "apiserver/verbs/apply.h"
#include "apiserver/verbs/view.h"
#include "schema/json.h"
#include "schema/managed.h"

static enum step_result bad_patch(struct write *w, const char *text) {
    return write_fail(w, status_bad_request(w->r->arena, "error decoding patch: %s", text));
}

static enum step_result rejected(struct write *w) {
    return write_fail(w, status_generic(w->r->arena, 422, "Invalid",
                                        "the server rejected our request due to an error in our "
                                        "request"));
}

/* 422 that shows what was patched, and why it will not do. */
static enum step_result invalid(struct write *w, str shown, const char *why) {
    struct field_errors fe = {.arena = w->r->arena};
    field_invalid(&fe, PATH(NULL, "patch"), shown, "%s", why);
    return write_fail(w, status_invalid(w->r->arena, STR_NONE, STR_NONE, STR_NONE, &fe));
}

static enum step_result apply_json(struct write *w, struct value *doc,
                                   struct decode_report *report) {
    static const char *const members[] = {"op", "path", "from", "value", NULL};
    struct request *r = w->r;
    struct value ops;
    struct err e = {0};
    if (value_parse(r->arena, r->body, &ops, NULL, &e) < 0)
        return bad_patch(w, e.text);
    if (ops.tag != VALUE_LIST)
        return bad_patch(
            w, "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp");
    if (r->validation != VALIDATION_IGNORE)
        json_strict(r->arena, r->body, members, report);
    for (uint32_t i = 0; i < report->all.n; i++)
        report->all.v[i] = str_printf(r->arena, "json patch " STR_FMT, STR_ARG(report->all.v[i]));
    if (ops.list.n > JSON_PATCH_OPS_MAX)
        return write_fail(w, status_new(r->arena, 413, "RequestEntityTooLarge",
                                        "The allowed maximum operations in a JSON patch is %d, "
                                        "got %u",
                                        JSON_PATCH_OPS_MAX, ops.list.n));
    return patch_json(r->arena, doc, &ops, &e) < 0 ? rejected(w) : STEP_NEXT;
}

/* Few patches give a key twice; of those that do, all such keys are looked for. */
static int parse_object(struct request *r, struct value *ret, struct decode_report *report,
                        struct err *e) {
    str twice;
    int n = value_parse(r->arena, r->body, ret, &twice, e);
    if (n < 0)
        return n;
    if (twice.p && r->validation != VALIDATION_IGNORE)
        json_strict(r->arena, r->body, NULL, report);
    if (ret->tag != VALUE_OBJECT)
        return err_set(e, -EINVAL,
                       "json: cannot unmarshal %s into Go value of type map[string]interface {}",
                       value_json_type(ret));
    return 0;
}

static enum step_result apply_merge(struct write *w, struct value *doc,
                                    struct decode_report *report) {
    struct value p;
    struct err e = {0};
    if (parse_object(w->r, &p, report, &e) < 0)
        return bad_patch(w, e.text);
    return patch_merge(w->r->arena, doc, &p) < 0 ? rejected(w) : STEP_NEXT;
}

static enum step_result apply_strategic(struct write *w, const struct api_type *t,
                                        struct value *doc, struct decode_report *report) {
    struct value p;
    struct err e = {0};
    if (parse_object(w->r, &p, report, &e) < 0)
        return write_fail(w, status_bad_request(w->r->arena, "%s", e.text));
    if (patch_strategic(w->r->arena, t, doc, &p, &e) < 0)
        return write_fail(w, e.code ? status_from_err(w->r->arena, &e)
                                    : status_new(w->r->arena, 500, NULL, "%s", e.text));
    return STEP_NEXT;
}

static str text_of(struct write *w, struct value *doc) {
    struct buf b;
    buf_init(&b, 0);
    value_write(&b, doc);
    str out = str_dup(w->r->arena, buf_str(&b));
    buf_done(&b);
    return out;
}

/* Go prints the patched document from a map: members in order. */
static void sort_top(struct value *v) {
    for (uint32_t i = 1; v->tag == VALUE_OBJECT && i < v->object.n; i++) {
        struct member m = v->object.v[i];
        uint32_t at = i;
        for (; at > 0 && str_cmp(v->object.v[at - 1].key, m.key) > 0; at--)
            v->object.v[at] = v->object.v[at - 1];
        v->object.v[at] = m;
    }
}

/* Upstream turns what a strategic patch made into structs by a converter with words of its own:
 * what the JSON reader says of a value of the wrong kind, in them. Types that read JSON by
 * themselves there say what the reader says. */
static const char *converter_words(struct arena *a, const char *why) {
    static const struct {
        const char *json, *go;
    } kinds[] = {{"string", "string"},
                 {"number", "int64"},
                 {"bool", "bool"},
                 {"object", "map"},
                 {"array", "slice"}};
    str text = str_of(why), head = STR("json: cannot unmarshal ");
    ssize_t at = str_find(text, STR(" of type "));
    if (!str_starts(text, head) || at < 0)
        return why;
    const char *value = why + head.n, *type = why + at + strlen(" of type "), *from = NULL;
    for (size_t i = 0; i < ARRAY_LEN(kinds) && !from; i++)
        if (str_starts(str_of(value), str_of(kinds[i].json)))
            from = kinds[i].go;
    if (!from)
        return why;
    if (str_starts(str_of(type), STR("[]")))
        return str_printf(a, "cannot restore slice from %s", from).p;
    if (str_starts(str_of(type), STR("map[")))
        return str_printf(a, "cannot restore map from %s", from).p;
    bool number = strcmp(from, "int64") == 0;
    if (number && strcmp(type, "string") == 0)
        return "cannot convert int64 to string"; /* Go could, but as a letter */
    if (number && strcmp(type, "bool") != 0)
        return why; /* out of range */
    if (strcmp(type, "string") == 0 || strcmp(type, "bool") == 0 || strcmp(type, "int32") == 0 ||
        strcmp(type, "int64") == 0)
        return str_printf(a, "unrecognized type: %s", type).p;
    return why;
}

/* What does not fit: the patched document, but of a strategic patch the patch as Go prints it. */
static enum step_result unfit(struct write *w, struct value *doc, const char *why) {
    struct value p;
    struct buf b;
    if (w->r->patch != PATCH_STRATEGIC) {
        sort_top(doc);
        return invalid(w, text_of(w, doc), why);
    }
    buf_init(&b, 0);
    if (value_parse(w->r->arena, w->r->body, &p, NULL, NULL) == 0)
        value_write_go(&b, &p);
    str shown = str_dup(w->r->arena, buf_str(&b));
    buf_done(&b);
    return invalid(w, shown, why);
}

static int text_order(const void *a, const void *b) {
    const str *x = a, *y = b;
    return str_cmp(*x, *y);
}

/* The patch has made another kind of it: what is wrong with it as that comes first. */
static enum step_result other_kind(struct write *w, const struct body_kind *k, struct value *doc,
                                   str kind, str api_version) {
    struct arena *a = w->r->arena;
    str version = api_version, group = STR("");
    if (str_chr(version, '/') >= 0)
        group = str_cut(&version, '/');
    const struct api_type *t = type_of_kind(group, version, kind);
    struct err e = {0};
    bool bad = t && json_read_value(a, t, doc, arena_zalloc(a, t->size), NULL, &e) < 0;
    const char *why = bad ? e.text : str_cdup(a, decode_unfit(w->r, k, kind, api_version));
    sort_top(doc);
    return invalid(w, text_of(w, doc), why);
}

/* The patched document as a struct. `report` holds what the patch itself had wrong. */
static enum step_result decode_patched(struct write *w, const struct body_kind *k,
                                       struct value *doc, struct decode_report *report,
                                       void **ret) {
    struct request *r = w->r;
    uint32_t of_patch = report->all.n;
    str kind = STR_NONE, api_version = STR_NONE;
    struct json_read_opts opts = {
        .report = r->validation == VALIDATION_IGNORE ? NULL : report,
        .ret_kind = &kind,
        .ret_api_version = &api_version,
    };
    struct err e = {0};
    void *body = arena_zalloc(r->arena, k->type->size);
    int result = json_read_value(r->arena, k->type, doc, body, &opts, &e);
    bool fits = str_eqc(kind, k->kind) &&
                str_eq(api_version, api_version_of(r->arena, k->group, k->version));
    if (!fits && r->patch != PATCH_STRATEGIC)
        return other_kind(w, k, doc, kind, api_version);
    if (result < 0)
        return unfit(w, doc,
                     r->patch == PATCH_STRATEGIC ? converter_words(r->arena, e.text) : e.text);
    if (r->patch == PATCH_STRATEGIC && report->all.n > of_patch)
        qsort(report->all.v + of_patch, report->all.n - of_patch, sizeof(str), text_order);
    str strict = decode_strict(r, report);
    if (strict.n)
        return unfit(w, doc, str_cdup(r->arena, strict));
    apply_defaults(r, r->res, k->type, body);
    *ret = body;
    return STEP_NEXT;
}

/* What the patch is applied to. */
static const void *patched_from(struct write *w, const struct body_kind *k) {
    if (w->view && w->view->get)
        return w->view->get(w, w->old);
    if (!w->res->convert)
        return w->old;
    void *out = arena_zalloc(w->r->arena, k->type->size);
    struct err e = {0};
    w->res->convert->from_storage(w->r->arena, w->old, out, &e);
    return out;
}

/* *ret is the body that the patch makes of `from`. */
static enum step_result patch(struct write *w, const struct body_kind *k, const void *from,
                              void **ret) {
    struct request *r = w->r;
    struct decode_report report = {0};
    struct value doc;
    if (json_write_value(r->arena, k->type, from, &doc) < 0)
        return write_fail(w, arena_over(r->arena)
                                 ? decode_too_large(r)
                                 : status_new(r->arena, 500, "InternalError", "cannot encode"));
    enum step_result s = STEP_NEXT;
    switch (r->patch) {
    case PATCH_JSON:
        s = apply_json(w, &doc, &report);
        break;
    case PATCH_MERGE:
        s = apply_merge(w, &doc, &report);
        break;
    case PATCH_STRATEGIC:
        s = apply_strategic(w, k->type, &doc, &report);
        break;
    case PATCH_APPLY:
    case PATCH_NONE:
        return rejected(w);
    }
    w->forgets = managed_is_reset(value_getc(value_getc(&doc, "metadata"), "managedFields"));
    return s == STEP_NEXT ? decode_patched(w, k, &doc, &report, ret) : s;
}

/* Owners are most of an object's text, and few patches speak of them: they are left out of what is
 * patched, but for an answer that shows the whole. */
static enum step_result patch_without_owners(struct write *w, const struct body_kind *k,
                                             const void *from, void **ret) {
    str_list warnings = w->r->warnings;
    ObjectMeta *bare = arena_dup(w->r->arena, from, k->type->size);
    memset(&bare->managed_fields, 0, sizeof(bare->managed_fields));
    if (patch(w, k, bare, ret) == STEP_NEXT)
        return STEP_NEXT;
    w->status = NULL;
    w->r->warnings = warnings;
    return patch(w, k, from, ret);
}

static enum step_result build_patch(struct write *w) {
    struct body_kind k = body_kind_of(w->r);
    const void *from = patched_from(w, &k);
    bool speaks = w->r->patch == PATCH_JSON || str_find(w->r->body, STR("managedFields")) >= 0;
    void *body;
    enum step_result s =
        speaks ? patch(w, &k, from, &body) : patch_without_owners(w, &k, from, &body);
    return s == STEP_NEXT ? write_put(w, body) : s;
}

enum phase_result verb_patch(struct request *r) {
    struct write *w = write_new(r, WRITE_UPDATE, r->info.name);
    w->build = r->patch == PATCH_APPLY ? build_apply : build_patch;
    w->create_on_update = r->patch == PATCH_APPLY && !r->sub;
    return write_phase(w);
}
