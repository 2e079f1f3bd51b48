// SPDX-License-Identifier: Apache-2.0
/* Validation of jobs, for their hooks; a cron job checks the spec of its template. */
#pragma once

#include "api/kinds/kinds.h"

/* All of a spec but its selector. */
void check_job_spec(struct field_errors *fe, const struct field_path *p, const JobSpec *s);
void job_validate(struct field_errors *fe, const void *obj, const void *old);
void job_validate_status(struct field_errors *fe, const void *obj, const void *old);

static inline bool job_is_indexed(const JobSpec *s) {
    return str_eqc(s->completion_mode, "Indexed");
}

void check_pod_failure_policy(struct field_errors *fe, const struct field_path *p,
                              const JobSpec *s);
/* Of an indexed job. */
void check_success_policy(struct field_errors *fe, const struct field_path *p, const JobSpec *s);

/* One "7" or "1-3" of a list of indexes, each below completions, and what it is wrong with it. */
struct index_range {
    int64_t first, last;
};
int index_range_parse(str text, int32_t completions, struct index_range *ret, struct err *e);
/* "1,3-5,7", ascending: how many indexes. */
int indexes_count(str text, int32_t completions, int32_t *ret, struct err *e);

bool job_condition_is_true(const JobStatus *s, const char *type);
