// SPDX-License-Identifier: Apache-2.0
/* Bad numbers are 400, bad values 422: upstream decodes the query first and validates what it got.
 */
#include "apiserver/verbs/options.h"

#include "apiserver/special/special.h"

Status *options_invalid(struct arena *a, const char *kind, const struct field_errors *fe) {
    return status_invalid(a, STR("meta.k8s.io"), str_of(kind), STR_NONE, fe);
}

str_list query_all(struct arena *a, const struct query *q, const char *name) {
    str_list out = {NULL, 0};
    for (uint32_t i = 0; i < q->n; i++)
        if (str_eqc(q->v[i].name, name))
            *list_push(a, &out) = q->v[i].value;
    return out;
}

static str printed_list(struct arena *a, const str_list *l) {
    struct buf b;
    buf_init(&b, 0);
    for (uint32_t i = 0; i < l->n; i++) {
        buf_addc(&b, i ? ',' : '[');
        json_quote(&b, l->v[i]);
    }
    buf_addc(&b, ']');
    str out = str_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}

void check_dry_run(struct field_errors *fe, const str_list *values) {
    static const char *const all[] = {"All", NULL};
    bool ok = true;
    for (uint32_t i = 0; i < values->n; i++)
        ok &= str_eqc(values->v[i], "All");
    if (!ok)
        field_not_supported_printed(fe, PATH(NULL, "dryRun"), printed_list(fe->arena, values), all);
}

static void check_manager(struct field_errors *fe, str manager) {
    if (manager.n > FIELD_MANAGER_MAX)
        field_too_long(fe, PATH(NULL, "fieldManager"), FIELD_MANAGER_MAX);
    for (size_t i = 0; i < manager.n; i++)
        if ((unsigned char)manager.p[i] < 0x20 || manager.p[i] == 0x7f) {
            field_invalid(fe, PATH(NULL, "fieldManager"), manager,
                          "should only contain printable characters");
            return;
        }
}

static void read_validation(struct request *r, struct field_errors *fe) {
    static const char *const supported[] = {"", "Ignore", "Strict", "Warn", NULL};
    str v = query_get(&r->query, "fieldValidation");
    if (!str_in(v, supported))
        field_not_supported(fe, PATH(NULL, "fieldValidation"), v, supported);
    r->validation = str_eqc(v, "Strict")   ? VALIDATION_STRICT
                    : str_eqc(v, "Ignore") ? VALIDATION_IGNORE
                                           : VALIDATION_WARN;
}

enum phase_result request_options(struct request *r) {
    static const char *const kinds[VERB_MAX] = {[VERB_CREATE] = "CreateOptions",
                                                [VERB_UPDATE] = "UpdateOptions",
                                                [VERB_PATCH] = "PatchOptions"};
    if (!kinds[r->verb] || (r->special && r->special->no_body))
        return PHASE_NEXT;
    struct field_errors fe = {.arena = r->arena};
    str manager = query_get(&r->query, "fieldManager");
    if (r->patch != PATCH_NONE && r->patch != PATCH_APPLY && query_has(&r->query, "force"))
        field_forbidden(&fe, PATH(NULL, "force"), "may not be specified for non-apply patch");
    if (r->patch == PATCH_APPLY && !manager.n)
        field_required(&fe, PATH(NULL, "fieldManager"), "is required for apply patch");
    check_manager(&fe, manager);
    str_list dry = query_all(r->arena, &r->query, "dryRun");
    check_dry_run(&fe, &dry);
    r->dry_run = dry.n > 0;
    read_validation(r, &fe);
    if (fe.list.n)
        return respond_status(r, options_invalid(r->arena, kinds[r->verb], &fe));
    return PHASE_NEXT;
}

static str parse_error(struct arena *a, const char *function, str s, int e) {
    return str_printf(a, "strconv.%s: parsing \"" STR_FMT "\": %s", function, STR_ARG(s),
                      e == -ERANGE ? "value out of range" : "invalid syntax");
}

int go_parse_int(struct arena *a, str s, int64_t *ret, str *ret_error) {
    str digits = s.n > 1 && s.p[0] == '+' ? str_slice(s, 1, s.n) : s;
    int e = str_to_i64(digits, ret);
    if (e < 0)
        *ret_error = parse_error(a, "ParseInt", s, e);
    return e;
}

int go_parse_uint(struct arena *a, str s, uint64_t *ret, str *ret_error) {
    int e = s.n && (s.p[0] == '-' || s.p[0] == '+') ? -EINVAL : str_to_u64(s, ret);
    if (e < 0)
        *ret_error = parse_error(a, "ParseUint", s, e);
    return e;
}

static const char *const matches[] = {"Exact", "NotOlderThan", "", NULL};

static void check_match(struct field_errors *fe, const struct list_options *o, str match) {
    const struct field_path *p = PATH(NULL, "resourceVersionMatch");
    if (!match.n)
        return;
    if (o->watch && !o->send_initial_set)
        field_forbidden(fe, p,
                        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is "
                        "provided");
    if (!o->watch && !o->resource_version.n)
        field_forbidden(fe, p,
                        "resourceVersionMatch is forbidden unless resourceVersion is provided");
    if (o->continue_.n)
        field_forbidden(fe, p, "resourceVersionMatch is forbidden when continue is provided");
    if (!str_in(match, matches))
        field_not_supported(fe, p, match, matches);
    if (str_eqc(match, "Exact") && str_eqc(o->resource_version, "0"))
        field_forbidden(fe, p,
                        "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
}

static void check_initial(struct field_errors *fe, const struct list_options *o, str match) {
    static const char *const not_older[] = {"NotOlderThan", NULL};
    const struct field_path *p = PATH(NULL, "resourceVersionMatch");
    if (!str_eqc(match, "NotOlderThan"))
        field_forbidden(fe, p,
                        "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    if (match.n && !str_eqc(match, "NotOlderThan"))
        field_not_supported(fe, p, match, not_older);
    if (o->continue_.n)
        field_forbidden(fe, PATH(NULL, "continue"), "sendInitialEvents is forbidden with continue");
}

static void check_list(struct field_errors *fe, const struct list_options *o, str match) {
    if (o->watch && o->send_initial_set) {
        check_initial(fe, o, match);
        return;
    }
    check_match(fe, o, match);
    if (!o->watch && o->send_initial_set)
        field_forbidden(fe, PATH(NULL, "sendInitialEvents"),
                        "sendInitialEvents is forbidden for list");
}

static enum phase_result bad_number(struct request *r, str text) {
    return respond_status(r, status_bad_request(r->arena, STR_FMT, STR_ARG(text)));
}

static enum phase_result read_revision(struct request *r, struct list_options *o) {
    str error;
    if (!o->resource_version.n ||
        go_parse_uint(r->arena, o->resource_version, &o->revision, &error) == 0)
        return PHASE_NEXT;
    str text = str_printf(r->arena, "resourceVersion: Invalid value: \"" STR_FMT "\": " STR_FMT,
                          STR_ARG(o->resource_version), STR_ARG(error));
    if (o->watch)
        return respond_status(r, status_new(r->arena, 500, NULL, STR_FMT, STR_ARG(text)));
    return respond_status(
        r, status_bad_request(r->arena, "invalid resource version: " STR_FMT, STR_ARG(text)));
}

enum phase_result read_list_options(struct request *r, struct list_options *ret) {
    const struct query *q = &r->query;
    struct list_options o = {
        .label_selector = query_get(q, "labelSelector"),
        .field_selector = query_get(q, "fieldSelector"),
        .continue_ = query_get(q, "continue"),
        .resource_version = query_get(q, "resourceVersion"),
        .watch = r->verb == VERB_WATCH,
        .bookmarks = query_bool(q, "allowWatchBookmarks"),
        .send_initial = query_bool(q, "sendInitialEvents"),
        .send_initial_set = query_has(q, "sendInitialEvents"),
    };
    str error, v = query_get(q, "limit");
    if (v.n && go_parse_int(r->arena, v, &o.limit, &error) < 0)
        return bad_number(r, error);
    v = query_get(q, "timeoutSeconds");
    if (v.n && go_parse_int(r->arena, v, &o.timeout_seconds, &error) < 0)
        return bad_number(r, error);
    str match = query_get(q, "resourceVersionMatch");
    struct field_errors fe = {.arena = r->arena};
    check_list(&fe, &o, match);
    if (fe.list.n)
        return respond_status(r, options_invalid(r->arena, "ListOptions", &fe));
    o.match = str_eqc(match, "Exact")          ? MATCH_EXACT
              : str_eqc(match, "NotOlderThan") ? MATCH_NOT_OLDER
                                               : MATCH_NONE;
    *ret = o;
    return read_revision(r, ret);
}
