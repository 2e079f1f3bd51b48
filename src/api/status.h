// SPDX-License-Identifier: Apache-2.0
/* Status documents in upstream's exact shape (apimachinery's api/errors), built in an arena. */
#pragma once

#include "api/resource.h"
#include "api/types.h"
#include "schema/ops.h"

Status *status_new(struct arena *a, int code, const char *reason, const char *fmt, ...)
    PRINTF(4, 5);
Status *status_from_err(struct arena *a,
                        const struct err *e); /* 500 InternalError when it has no code */
Status *status_bad_request(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
Status *status_not_found(struct arena *a, const struct api_resource *r, str name);
Status *status_already_exists(struct arena *a, const struct api_resource *r, str name);
Status *status_conflict(struct arena *a, const struct api_resource *r, str name, const char *why);
/* The same about "kind.group", whatever that is: delete preconditions name the kind, a binding
 * names "pods/binding". */
Status *status_conflict_of(struct arena *a, str group, str kind, str name, const char *why);
Status *status_forbidden(struct arena *a, const struct api_resource *r, str name, const char *why);
/* name empty: "configmaps is forbidden: ..." */
Status *status_forbidden_of(struct arena *a, str group, str resource, str name, str why);
Status *status_gone(struct arena *a, const char *fmt, ...) PRINTF(2, 3); /* reason Expired */
/* name is shown quoted; an empty kind is shown as it is. */
Status *status_invalid(struct arena *a, str group, str kind, str name,
                       const struct field_errors *fe);
Status *status_success(struct arena *a);
/* What the HTTP layer itself refuses (no such path, method, media type): details are {}. */
Status *status_generic(struct arena *a, int code, const char *reason, const char *text);
/* 504 "Too large resource version: 9, current: 2", retry after a second. */
Status *status_too_large_revision(struct arena *a, uint64_t wanted, uint64_t current);
/* Appends a cause to the details. */
void status_add_cause(struct arena *a, Status *s, const char *reason, str message, str field);
