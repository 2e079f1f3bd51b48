// SPDX-License-Identifier: Apache-2.0
/* Query parameters as CreateOptions, ListOptions and their like: reading and upstream's checks. */
#pragma once

#include "apiserver/request.h"
#include "schema/value.h"

#define FIELD_MANAGER_MAX 128

/* 422 "CreateOptions.meta.k8s.io "" is invalid: ..." */
Status *options_invalid(struct arena *a, const char *kind, const struct field_errors *fe);
/* dryRun is [] or ["All"]. */
void check_dry_run(struct field_errors *fe, const str_list *values);
/* Every value of a parameter that may stand several times. */
str_list query_all(struct arena *a, const struct query *q, const char *name);
/* Go's strconv.ParseInt: 0, or the error's text in *ret_error. */
int go_parse_int(struct arena *a, str s, int64_t *ret, str *ret_error);
int go_parse_uint(struct arena *a, str s, uint64_t *ret, str *ret_error);

enum revision_match { MATCH_NONE, MATCH_EXACT, MATCH_NOT_OLDER };
struct list_options {
    str label_selector, field_selector, continue_;
    str resource_version; /* as sent */
    uint64_t revision;    /* its number; 0 when absent or "0" */
    enum revision_match match;
    int64_t limit, timeout_seconds;
    bool watch, bookmarks, send_initial, send_initial_set;
};
/* Answers by itself when they are bad (then PHASE_DONE). */
enum phase_result read_list_options(struct request *r, struct list_options *ret);
