// SPDX-License-Identifier: Apache-2.0
#include "api/cron.h"
#include "api/kinds/job.h"
#include "api/kinds/warn.h"

#define CRONJOB_NAME_MAX 52 /* its jobs append eleven characters */
#define ZONE_PART_MAX    14

static void cronjob_defaults(struct hook_ctx *h, void *obj) {
    CronJobSpec *s = &((CronJob *)obj)->spec;
    pod_spec_defaults(h->arena, &s->job_template.spec.template_.spec);
}

/* zone_in_text: the schedule had a zone of its own before that was forbidden, and may keep it. */
static void check_schedule(struct field_errors *fe, const struct field_path *p,
                           const CronJobSpec *s, bool zone_in_text) {
    struct cron_schedule schedule;
    struct err e;
    bool names_zone = str_find(s->schedule, STR("TZ")) >= 0;
    if (!s->schedule.n)
        return;
    if (cron_parse(s->schedule, &schedule, &e) < 0)
        field_invalid(fe, p, s->schedule, "%s", e.text);
    if (names_zone && zone_in_text && s->time_zone.p)
        field_invalid(fe, p, s->schedule,
                      "cannot use both timeZone field and TZ or CRON_TZ in schedule");
    else if (names_zone && !zone_in_text)
        field_invalid(fe, p, s->schedule,
                      "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
}

static bool is_zone_part(str s) {
    if (!s.n || s.n > ZONE_PART_MAX || s.p[0] == '-' || str_eqc(s, ".") || str_eqc(s, ".."))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && (!c || !strchr(".-_+", c)))
            return false;
    }
    return true;
}

static void check_time_zone(struct field_errors *fe, const struct field_path *p, str zone) {
    if (!zone.p)
        return;
    if (!zone.n) {
        field_invalid(fe, p, zone, "timeZone must be nil or non-empty string");
        return;
    }
    bool named = true;
    for (str rest = zone; rest.p && named;)
        named = is_zone_part(str_cut(&rest, '/'));
    bool local = str_ieq(zone, STR("Local"));
    if (named && local)
        field_invalid(fe, p, zone,
                      "timeZone must be an explicit time zone as defined in "
                      "https://www.iana.org/time-zones");
    if (!named || (!time_zone_known(zone) && !str_eqc(zone, "Local")))
        field_invalid(fe, p, zone, "unknown time zone " STR_FMT, STR_ARG(zone));
}

static void check_job_template(struct field_errors *fe, const struct field_path *p,
                               const JobSpec *s) {
    static const char *const automatic[] = {"nil", "false", NULL};
    check_job_spec(fe, p, s);
    if (s->selector)
        field_invalid_printed(fe, PATH(p, "selector"),
                              go_json(fe->arena, &LabelSelector_type, s->selector),
                              "`selector` will be auto-generated");
    if (opt_or(s->manual_selector, false))
        field_not_supported_printed(fe, PATH(p, "manualSelector"), STR("true"), automatic);
}

/* was: NULL for a new one. */
static void check_spec(struct field_errors *fe, const CronJobSpec *s, const CronJobSpec *was) {
    const struct field_path *p = PATH(NULL, "spec");
    check_rows(fe, p, CronJobSpec, s, "schedule");
    check_schedule(fe, PATH(p, "schedule"), s, was && str_find(was->schedule, STR("TZ")) >= 0);
    check_rows(fe, p, CronJobSpec, s, "startingDeadlineSeconds");
    if (!was || !was->time_zone.p != !s->time_zone.p || !str_eq(was->time_zone, s->time_zone))
        check_time_zone(fe, PATH(p, "timeZone"), s->time_zone);
    check_rows(fe, p, CronJobSpec, s, "concurrencyPolicy");
    check_job_template(fe, PATH(PATH(p, "jobTemplate"), "spec"), &s->job_template.spec);
    check_rows(fe, p, CronJobSpec, s, "successfulJobsHistoryLimit failedJobsHistoryLimit");
}

/* A name that an older server took stays. */
static void cronjob_validate(struct field_errors *fe, const void *obj, const void *old) {
    const CronJob *c = obj, *was = old;
    fe->kept = kept_of_template(fe->arena, was ? &was->spec.job_template.spec.template_ : NULL);
    check_spec(fe, &c->spec, was ? &was->spec : NULL);
    if (!old && c->metadata.name.n > CRONJOB_NAME_MAX)
        field_invalid(fe, PATH(PATH(NULL, "metadata"), "name"), c->metadata.name,
                      "must be no more than %d characters", CRONJOB_NAME_MAX);
}

const struct hooks hooks_batch_v1_cronjobs = {
    .group = "batch",
    .resource = "cronjobs",
    .defaults = cronjob_defaults,
    .validate_write = cronjob_validate,
    .warn = warn_cronjob,
    .counts_generation = true,
};
