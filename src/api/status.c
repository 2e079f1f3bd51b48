// SPDX-License-Identifier: Apache-2.0
/* Clients act on reason, code and details; people read the message. Both are upstream's to the
 * letter, because client-go compares reasons and scripts compare messages. */
#include "api/status.h"

#include "api/name_index.h"
#include "base/vec.h"

static Status *failure(struct arena *a, int code, const char *reason, str message) {
    Status *s = arena_make(a, Status);
    s->status = STR("Failure");
    s->code = code;
    s->reason = str_of(reason);
    s->message = message;
    return s;
}

static StatusDetails *details(struct arena *a, Status *s, str name, str group, str kind) {
    s->details = arena_make(a, StatusDetails);
    s->details->name = str_dup(a, name);
    s->details->group = str_dup(a, group);
    s->details->kind = str_dup(a, kind);
    return s->details;
}

/* "deployments.apps", or "configmaps" in the core group. */
static str qualified(struct arena *a, str group, str kind) {
    return group.n ? str_printf(a, STR_FMT "." STR_FMT, STR_ARG(kind), STR_ARG(group)) : kind;
}

Status *status_new(struct arena *a, int code, const char *reason, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    str text = str_vprintf(a, fmt, ap);
    va_end(ap);
    return failure(a, code, reason, text);
}

Status *status_from_err(struct arena *a, const struct err *e) {
    str text = str_dup(a, str_of(e->text));
    if (e->code)
        return failure(a, e->code, e->reason, text);
    Status *s = failure(a, 500, "InternalError",
                        str_printf(a, "Internal error occurred: " STR_FMT, STR_ARG(text)));
    status_add_cause(a, s, NULL, text, STR_NONE);
    return s;
}

Status *status_bad_request(struct arena *a, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    str text = str_vprintf(a, fmt, ap);
    va_end(ap);
    return failure(a, 400, "BadRequest", text);
}

Status *status_gone(struct arena *a, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    str text = str_vprintf(a, fmt, ap);
    va_end(ap);
    return failure(a, 410, "Expired", text);
}

static Status *about(struct arena *a, int code, const char *reason, str group, str kind, str name,
                     const char *before, str after) {
    str what = qualified(a, group, kind);
    Status *s = failure(
        a, code, reason,
        name.n ? str_printf(a, "%s" STR_FMT " " STR_FMT STR_FMT, before, STR_ARG(what),
                            STR_ARG(go_quoted(a, name)), STR_ARG(after))
               : str_printf(a, "%s" STR_FMT STR_FMT, before, STR_ARG(what), STR_ARG(after)));
    details(a, s, name, group, kind);
    return s;
}

Status *status_not_found(struct arena *a, const struct api_resource *r, str name) {
    return about(a, 404, "NotFound", str_of(r->group), str_of(r->plural), name, "",
                 STR(" not found"));
}

Status *status_already_exists(struct arena *a, const struct api_resource *r, str name) {
    return about(a, 409, "AlreadyExists", str_of(r->group), str_of(r->plural), name, "",
                 STR(" already exists"));
}

Status *status_conflict_of(struct arena *a, str group, str kind, str name, const char *why) {
    return about(a, 409, "Conflict", group, kind, name, "Operation cannot be fulfilled on ",
                 str_printf(a, ": %s", why));
}

Status *status_conflict(struct arena *a, const struct api_resource *r, str name, const char *why) {
    return status_conflict_of(a, str_of(r->group), str_of(r->plural), name, why);
}

Status *status_forbidden_of(struct arena *a, str group, str resource, str name, str why) {
    return about(a, 403, "Forbidden", group, resource, name, "",
                 str_printf(a, " is forbidden: " STR_FMT, STR_ARG(why)));
}

Status *status_forbidden(struct arena *a, const struct api_resource *r, str name, const char *why) {
    return status_forbidden_of(a, str_of(r->group), str_of(r->plural), name, str_of(why));
}

void status_add_cause(struct arena *a, Status *s, const char *reason, str message, str field) {
    if (!s->details)
        s->details = arena_make(a, StatusDetails);
    StatusCause *c = list_push(a, &s->details->causes);
    c->type = str_of(reason);
    c->message = message;
    c->field = field;
}

/* Equal texts are said once in the message, while every cause is listed: Go's aggregate. */
Status *status_invalid(struct arena *a, str group, str kind, str name,
                       const struct field_errors *fe) {
    Status *s = failure(a, 422, "Invalid", STR_NONE);
    details(a, s, name, group, kind);
    uint32_t n = 0;
    str *texts = arena_array(a, fe->list.n, sizeof(str));
    for (uint32_t i = 0; i < fe->list.n; i++) {
        const struct field_error *e = &fe->list.v[i];
        texts[i] = field_error_str(a, e);
        status_add_cause(a, s, field_error_reason(e->type), field_error_body(a, e), e->field);
    }
    struct name_index x = name_index_of(a, texts, fe->list.n, sizeof(str));
    for (uint32_t i = 0; i < fe->list.n; i++)
        if (name_index_first(&x, texts[i]) == i)
            texts[n++] = texts[i];
    str head = str_printf(a, STR_FMT " " STR_FMT " is invalid", STR_ARG(qualified(a, group, kind)),
                          STR_ARG(go_quoted(a, name)));
    if (n == 0)
        s->message = head;
    else if (n == 1)
        s->message = str_printf(a, STR_FMT ": " STR_FMT, STR_ARG(head), STR_ARG(texts[0]));
    else
        s->message = str_printf(a, STR_FMT ": [" STR_FMT "]", STR_ARG(head),
                                STR_ARG(str_join(a, texts, n, STR(", "))));
    return s;
}

Status *status_success(struct arena *a) {
    Status *s = arena_make(a, Status);
    s->status = STR("Success");
    return s;
}

Status *status_generic(struct arena *a, int code, const char *reason, const char *text) {
    Status *s = failure(a, code, reason, str_of(text));
    s->details = arena_make(a, StatusDetails);
    return s;
}

Status *status_too_large_revision(struct arena *a, uint64_t wanted, uint64_t current) {
    Status *s =
        status_new(a, 504, "Timeout", "Timeout: Too large resource version: %llu, current: %llu",
                   (unsigned long long)wanted, (unsigned long long)current);
    status_add_cause(a, s, "ResourceVersionTooLarge", STR("Too large resource version"), STR_NONE);
    s->details->retry_after_seconds = 1;
    return s;
}
