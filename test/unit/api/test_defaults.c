// SPDX-License-Identifier: Apache-2.0
/* The defaults of the rows against objects recorded from upstream: what was sent, read and
 * defaulted, must be part of what was answered. What is missing is the work of the kinds' hooks
 * and of admission. */
#include "api/resource.h"
#include "schema/json.h"
#include "schema/ops.h"
#include "tap.h"

struct walk {
    struct arena *arena;
    const struct api_type *type;
    unsigned leaves;
};

/* Fields that upstream changes in other ways than by defaulting. */
static bool is_known(str path) {
    static const char *const known[] = {
        "Secret.stringData",                /* moved into data */
        "Service.spec.ports[0].targetPort", /* the port */
        "Service.spec.ports[1].targetPort",
        "SelfSubjectRulesReview.spec.namespace", /* not answered */
        NULL,
    };
    return str_in(path, known);
}

static void inside(struct walk *w, str path, const struct value *ours, const struct value *theirs) {
    if (is_known(path))
        return;
    if (!theirs || ours->tag != theirs->tag) {
        tap_fail(__FILE__, __LINE__, STR_FMT " is not upstream's", STR_ARG(path));
    } else if (ours->tag == VALUE_OBJECT) {
        for (uint32_t i = 0; i < ours->object.n; i++) {
            const struct member *m = &ours->object.v[i];
            inside(w, str_printf(w->arena, STR_FMT "." STR_FMT, STR_ARG(path), STR_ARG(m->key)),
                   &m->value, value_get(theirs, m->key));
        }
    } else if (ours->tag == VALUE_LIST) {
        for (uint32_t i = 0; i < ours->list.n; i++)
            inside(w, str_printf(w->arena, STR_FMT "[%u]", STR_ARG(path), i), &ours->list.v[i],
                   i < theirs->list.n ? &theirs->list.v[i] : NULL);
    } else {
        w->leaves++;
        if (!value_equal(ours, theirs))
            tap_fail(__FILE__, __LINE__, STR_FMT " differs from upstream's", STR_ARG(path));
    }
}

static const struct api_type *type_of(const struct value *record) {
    str version = value_str(value_getc(record, "apiVersion")), group = STR("");
    if (str_chr(version, '/') >= 0)
        group = str_cut(&version, '/');
    return type_of_kind(group, version, value_str(value_getc(record, "kind")));
}

static bool check_record(struct walk *w, str line) {
    struct value record, ours, answered;
    REQUIRE(value_parse(w->arena, line, &record, NULL, NULL) == 0);
    const struct value *sent = value_getc(&record, "sent");
    w->type = type_of(&record);
    if (!w->type || !sent || sent->tag != VALUE_OBJECT)
        return false;
    void *obj = arena_zalloc(w->arena, w->type->size);
    REQUIRE(json_read_value(w->arena, w->type, sent, obj, NULL, NULL) == 0);
    api_defaults(w->arena, w->type, obj);
    REQUIRE(json_write_value(w->arena, w->type, obj, &ours) == 0);
    REQUIRE(value_parse(w->arena, value_str(value_getc(&record, "json")), &answered, NULL, NULL) ==
            0);
    /* the server writes these itself */
    value_remove(&ours, STR("metadata"));
    value_remove(&ours, STR("status"));
    inside(w, str_of(w->type->name), &ours, &answered);
    return true;
}

TEST(defaults_of_rows_are_upstreams) {
    struct arena *a = arena_new(0);
    struct walk w = {.arena = a};
    FILE *f = fopen("test/data/recorded/objects.jsonl", "re");
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    unsigned objects = 0;
    REQUIRE(f);
    while ((n = getline(&line, &cap, f)) > 0)
        objects += check_record(&w, str_dup(a, str_n(line, (size_t)n)));
    CHECK(objects > 55);
    CHECK(w.leaves > 700);
    free(line);
    fclose(f);
    arena_free(a);
}

static void *defaulted(struct arena *a, const struct api_type *t) {
    void *obj = arena_zalloc(a, t->size);
    api_defaults(a, t, obj);
    return obj;
}

TEST(defaults_of_empty_objects) {
    struct arena *a = arena_new(0);
    const Pod *pod = defaulted(a, &Pod_type);
    CHECK_STRC(pod->spec.restart_policy, "Always");
    CHECK_INT(pod->spec.termination_grace_period_seconds.v, 30);
    CHECK(pod->spec.security_context && !pod->spec.enable_service_links.set);
    const StatefulSet *set = defaulted(a, &StatefulSet_type);
    REQUIRE(set->spec.persistent_volume_claim_retention_policy);
    CHECK_STRC(set->spec.persistent_volume_claim_retention_policy->when_deleted, "Retain");
    const CustomResourceDefinition *crd = defaulted(a, &CustomResourceDefinition_type);
    REQUIRE(crd->spec.conversion);
    CHECK_STRC(crd->spec.conversion->strategy, "None");
    const CronJob *cron = defaulted(a, &CronJob_type);
    CHECK(!cron->spec.job_template.spec.completions.set);
    CHECK_INT(cron->spec.successful_jobs_history_limit.v, 3);
    arena_free(a);
}
