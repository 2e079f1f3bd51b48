// SPDX-License-Identifier: Apache-2.0
/* What a job's status must be. Most rules hold only where the update changes what they speak of:
 * jobs of older servers may break them and must stay writable. */
#include "api/kinds/job.h"

#include "base/time.h"

bool job_condition_is_true(const JobStatus *s, const char *type) {
    for (uint32_t i = 0; i < s->conditions.n; i++)
        if (str_eqc(s->conditions.v[i].type, type) && str_eqc(s->conditions.v[i].status, "True"))
            return true;
    return false;
}

/* What a status says, so that two can be compared. */
struct outcome {
    bool complete, failed, failure_target, success_met, finished;
};

static struct outcome outcome_of(const JobStatus *s) {
    struct outcome o = {
        .complete = job_condition_is_true(s, "Complete"),
        .failed = job_condition_is_true(s, "Failed"),
        .failure_target = job_condition_is_true(s, "FailureTarget"),
        .success_met = job_condition_is_true(s, "SuccessCriteriaMet"),
    };
    o.finished = o.complete || o.failed;
    return o;
}

struct check {
    struct field_errors *fe;
    const struct field_path *p;
    const JobSpec *spec;
    const JobStatus *s, *was;
    struct outcome now, before;
};

static bool same_time(Time a, Time b) {
    return a.set == b.set && (!a.set || (a.sec == b.sec && a.nsec == b.nsec));
}

static bool same_number(struct opt_i32 a, struct opt_i32 b) {
    return a.set == b.set && a.v == b.v;
}

static bool same_text(str a, str b) {
    return !a.p == !b.p && str_eq(a, b);
}

static void bad_conditions(const struct check *c, const char *why) {
    field_invalid_printed(c->fe, PATH(c->p, "conditions"), STR_NONE, "%s", why);
}

static void bad_time(const struct check *c, const char *field, Time t, const char *why) {
    char text[TIME_TEXT_MAX];
    str shown =
        t.set ? str_printf(c->fe->arena, "\"" STR_FMT "\"", STR_ARG(time_format(text, t.sec, 0, 0)))
              : STR("null");
    field_invalid_printed(c->fe, PATH(c->p, field), shown, "%s", why);
}

/* A pod is counted once: names stand once in both lists together. */
static void check_uncounted(const struct check *c) {
    const UncountedTerminatedPods *u = c->s->uncounted_terminated_pods;
    if (!u)
        return;
    const struct field_path *p = PATH(c->p, "uncountedTerminatedPods");
    str_list all = {0};
    for (uint32_t i = 0; i < u->succeeded.n; i++)
        *list_push(c->fe->arena, &all) = u->succeeded.v[i];
    for (uint32_t i = 0; i < u->failed.n; i++)
        *list_push(c->fe->arena, &all) = u->failed.v[i];
    struct name_index index = name_index_of(c->fe->arena, all.v, all.n, sizeof(str));
    for (uint32_t i = 0; i < all.n; i++) {
        bool first = i < u->succeeded.n;
        const struct field_path *at =
            PATH_INDEX(PATH(p, first ? "succeeded" : "failed"), first ? i : i - u->succeeded.n);
        if (!all.v[i].n)
            field_invalid(c->fe, at, all.v[i], "must not be empty");
        else if (name_index_first(&index, all.v[i]) < i)
            field_duplicate(c->fe, at, all.v[i]);
    }
}

static void check_completion_time(const struct check *c) {
    const JobStatus *s = c->s;
    Time start = s->start_time, end = s->completion_time;
    bool end_changed = !same_time(end, c->was->completion_time);
    bool completion = end_changed || c->now.complete != c->before.complete;
    if (completion && end.set && !c->now.complete)
        bad_time(c, "completionTime", end,
                 "cannot set completionTime when there is no Complete=True condition");
    if (completion && !end.set && c->now.complete)
        field_required(c->fe, PATH(c->p, "completionTime"),
                       "completionTime is required for Complete jobs");
    bool changed = end_changed || !same_time(start, c->was->start_time);
    if (changed && start.set && end.set && end.sec < start.sec)
        bad_time(c, "completionTime", end, "must be equal to or after `startTime`");
}

static void check_ending(const struct check *c) {
    struct outcome now = c->now, before = c->before;
    bool complete_changed = now.complete != before.complete;
    if ((complete_changed || now.failed != before.failed) && now.complete && now.failed)
        bad_conditions(c, "cannot set Complete=True and Failed=true conditions");
    if ((complete_changed || now.failure_target != before.failure_target) && now.complete &&
        now.failure_target)
        bad_conditions(c, "cannot set Complete=True and FailureTarget=true conditions");
    check_completion_time(c);
    if ((now.failed != before.failed || now.failure_target != before.failure_target) &&
        now.failed && !now.failure_target)
        bad_conditions(c, "cannot set Failed=True condition without the FailureTarget=true "
                          "condition");
    if ((complete_changed || now.success_met != before.success_met) && now.complete &&
        !now.success_met)
        bad_conditions(c, "cannot set Complete=True condition without the SuccessCriteriaMet=true "
                          "condition");
}

static void check_finished(const struct check *c) {
    const JobStatus *s = c->s, *was = c->was;
    bool changed = c->now.finished != c->before.finished;
    const UncountedTerminatedPods *u = s->uncounted_terminated_pods;
    if (!c->now.finished)
        return;
    if ((changed || s->active != was->active) && s->active > 0)
        field_invalid_i64(c->fe, PATH(c->p, "active"), s->active,
                          "active>0 is invalid for finished job");
    if ((changed || !same_time(s->start_time, was->start_time)) && !s->start_time.set)
        field_required(c->fe, PATH(c->p, "startTime"), "startTime is required for finished job");
    const UncountedTerminatedPods *old = was->uncounted_terminated_pods;
    bool same = !u == !old && (!u || api_equal(&UncountedTerminatedPods_type, u, old));
    if ((changed || !same) && u && u->failed.n + u->succeeded.n)
        field_invalid_printed(c->fe, PATH(c->p, "uncountedTerminatedPods"),
                              go_json(c->fe->arena, &UncountedTerminatedPods_type, u),
                              "must be empty for finished job");
}

/* Two ascending lists, walked together; what does not parse is passed over, for it is told
 * elsewhere. */
static bool overlap(str completed, str failed, int32_t completions, int64_t *ret_at) {
    struct index_range c, f;
    bool have_c = false, have_f = false;
    for (;;) {
        while (!have_c && completed.n)
            have_c = index_range_parse(str_cut(&completed, ','), completions, &c, NULL) == 0;
        while (!have_f && failed.n)
            have_f = index_range_parse(str_cut(&failed, ','), completions, &f, NULL) == 0;
        if (!have_c || !have_f)
            return false;
        if (c.first <= f.last && f.first <= c.last) {
            *ret_at = MAX(c.first, f.first);
            return true;
        }
        if (c.first <= f.first)
            have_c = false;
        else
            have_f = false;
    }
}

static void check_index_text(const struct check *c, const char *field, str text) {
    int32_t n;
    struct err e;
    if (indexes_count(text, c->spec->completions.v, &n, &e) < 0)
        field_invalid(c->fe, PATH(c->p, field), text, "error parsing %s: %s", field, e.text);
}

static void check_indexes(const struct check *c) {
    const JobStatus *s = c->s;
    bool completed = !str_eq(s->completed_indexes, c->was->completed_indexes);
    bool failed = !same_text(s->failed_indexes, c->was->failed_indexes);
    bool counted = c->spec->completions.set, limited = c->spec->backoff_limit_per_index.set;
    int64_t at;
    if (completed && counted)
        check_index_text(c, "completedIndexes", s->completed_indexes);
    if (failed && counted && limited && s->failed_indexes.p)
        check_index_text(c, "failedIndexes", s->failed_indexes);
    if (completed && s->completed_indexes.n && !job_is_indexed(c->spec))
        field_invalid(c->fe, PATH(c->p, "completedIndexes"), s->completed_indexes,
                      "cannot set non-empty completedIndexes when non-indexed completion mode");
    if (failed && !limited && s->failed_indexes.p)
        field_invalid(c->fe, PATH(c->p, "failedIndexes"), s->failed_indexes,
                      "cannot set non-null failedIndexes when backoffLimitPerIndex is null");
    if ((failed || completed) && counted &&
        overlap(s->completed_indexes, s->failed_indexes, c->spec->completions.v, &at))
        field_invalid(c->fe, PATH(c->p, "failedIndexes"), s->failed_indexes,
                      "failedIndexes and completedIndexes overlap at index: %lld", (long long)at);
}

static void check_pod_counts(const struct check *c) {
    const JobStatus *s = c->s, *was = c->was;
    bool finished_changed = c->now.finished != c->before.finished;
    if ((finished_changed || !same_number(s->terminating, was->terminating)) &&
        opt_or(s->terminating, 0) > 0 && c->now.finished)
        field_invalid_i64(c->fe, PATH(c->p, "terminating"), s->terminating.v,
                          "terminating>0 is invalid for finished job");
    if ((!same_number(s->ready, was->ready) || s->active != was->active) && s->ready.set &&
        s->ready.v > s->active)
        field_invalid_i64(c->fe, PATH(c->p, "ready"), s->ready.v,
                          "cannot set more ready pods than active");
}

static void check_success(const struct check *c) {
    if (c->now.success_met && c->now.failed)
        bad_conditions(c, "cannot set SuccessCriteriaMet=True and Failed=true conditions");
    if (c->now.success_met && c->now.failure_target)
        bad_conditions(c, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
    if (c->spec->success_policy && !c->now.success_met && c->now.complete)
        bad_conditions(c, "cannot set Complete=True for Job with SuccessPolicy unless "
                          "SuccessCriteriaMet=True");
}

/* ---- against the status before ---- */

static void check_not_undone(const struct check *c) {
    const struct {
        bool now, before;
        const char *name;
    } terminal[] = {{c->now.failed, c->before.failed, "Failed"},
                    {c->now.complete, c->before.complete, "Complete"},
                    {c->now.failure_target, c->before.failure_target, "FailureTarget"}};
    for (size_t i = 0; i < ARRAY_LEN(terminal); i++)
        if (terminal[i].before && !terminal[i].now)
            bad_conditions(c,
                           str_printf(c->fe->arena, "cannot disable the terminal %s=True condition",
                                      terminal[i].name)
                               .p);
}

static void check_counters(const struct check *c) {
    const JobStatus *s = c->s, *was = c->was;
    /* An indexed job whose parallelism follows its completions may be made smaller. */
    bool elastic =
        job_is_indexed(c->spec) && same_number(c->spec->completions, c->spec->parallelism);
    if (s->failed < was->failed)
        field_invalid_i64(c->fe, PATH(c->p, "failed"), s->failed,
                          "cannot decrease the failed counter");
    if (!elastic && s->succeeded < was->succeeded)
        field_invalid_i64(c->fe, PATH(c->p, "succeeded"), s->succeeded,
                          "cannot decrease the succeeded counter");
    if (s->completion_time.set && was->completion_time.set &&
        !same_time(s->completion_time, was->completion_time))
        bad_time(c, "completionTime", s->completion_time, FIELD_IMMUTABLE);
    if (was->start_time.set && !same_time(was->start_time, s->start_time) &&
        !opt_or(c->spec->suspend, false))
        bad_time(c, "startTime", s->start_time, "startTime cannot be removed for unsuspended job");
}

void job_validate_status(struct field_errors *fe, const void *obj, const void *old) {
    const Job *job = obj, *was = old;
    struct check c = {.fe = fe,
                      .p = PATH(NULL, "status"),
                      .spec = &job->spec,
                      .s = &job->status,
                      .was = &was->status,
                      .now = outcome_of(&job->status),
                      .before = outcome_of(&was->status)};
    check_rows(fe, c.p, JobStatus, c.s, "active succeeded failed ready terminating");
    check_uncounted(&c);
    check_ending(&c);
    check_finished(&c);
    check_indexes(&c);
    check_pod_counts(&c);
    check_success(&c);
    check_not_undone(&c);
    check_counters(&c);
    if (c.before.success_met && !c.now.success_met)
        bad_conditions(&c, "cannot disable the SuccessCriteriaMet=True condition");
    if (c.before.complete && !c.before.success_met && c.now.success_met)
        bad_conditions(&c, "cannot set SuccessCriteriaMet=True for Job already has Complete=true "
                           "conditions");
}
