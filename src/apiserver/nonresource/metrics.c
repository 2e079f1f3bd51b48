// SPDX-License-Identifier: Apache-2.0
#include "apiserver/nonresource/metrics.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/deprecated.h"
#include "base/map.h"

#define CODES_MAX 12 /* kept with the series of a request; others are looked for again */

/* Labels that all counts of a request share; each family names those it has, in this order. */
enum label {
    LABEL_VERB,
    LABEL_DRY_RUN,
    LABEL_GROUP,
    LABEL_VERSION,
    LABEL_RESOURCE,
    LABEL_SUBRESOURCE,
    LABEL_SCOPE,
    LABEL_COMPONENT,
    LABEL_CODE,
    LABELS
};
static const char *const by_code[] = {"verb",        "dry_run", "group",     "version", "resource",
                                      "subresource", "scope",   "component", "code",    NULL};
static const char *const by_request[] = {
    "verb", "dry_run", "group", "version", "resource", "subresource", "scope", "component", NULL};
static const char *const by_route[] = {"verb",        "group", "version",   "resource",
                                       "subresource", "scope", "component", NULL};
static const char *const by_end[] = {"verb",  "group",     "version", "resource", "subresource",
                                     "scope", "component", "code",    NULL};
static const char *const by_abort[] = {"verb",        "group", "version", "resource",
                                       "subresource", "scope", NULL};
static const char *const by_deprecation[] = {"group",       "version",         "resource",
                                             "subresource", "removed_release", NULL};
static const char *const by_index[] = {"group", "resource", "index", NULL};
static const char *const by_body[] = {"group", "resource", "verb", NULL};
static const char *const by_resource[] = {"group", "resource", NULL};
static const char *const by_version[] = {"group", "version", "resource", NULL};
static const char *const by_scope[] = {"group", "version", "resource", "scope", NULL};
static const char *const by_result[] = {"result", NULL};
static const char *const by_user[] = {"username", NULL};
static const char *const by_step[] = {"operation", "rejected", "type", NULL};
static const char *const by_plugin[] = {"name", "operation", "rejected", "type", NULL};

static const double durations[] = {0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1,  1.25, 1.5, 2,
                                   3,     4,     5,    6,   8,   10,  15,  20,  30, 45,   60};
static const double indications[] = {0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1,  1.25, 1.5, 2, 3,
                                     4,    5,   6,   8,   10,  15,  20, 30,   45,  60};
static const double sizes[] = {1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
static const double event_sizes[] = {1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072};
static const double list_durations[] = {0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1,  2, 4,
                                        6,    8,   10,  15,  20,  30,  45, 60};
static const double questions[] = {0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128,
                                   0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384};
static const double admissions[] = {0.005, 0.025, 0.1, 0.5, 1, 2.5};

static const double waits[] = {0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3};
#define BODY_SIZES 31 /* 50,000 bytes and steps of 100,000 */

/* What a list counts. The store is database and cache in one, so both are told of it. */
enum list_number { LIST_ONE, LIST_FETCHED, LIST_RETURNED };
static const struct list_family {
    const char *name, *help;
    enum list_number number;
    bool indexed; /* has the label index: none is used */
} list_families[] = {
    {"apiserver_cache_list_total", "[ALPHA] Lists out of the cache.", LIST_ONE, true},
    {"apiserver_cache_list_fetched_objects_total", "[ALPHA] Objects that lists looked at.",
     LIST_FETCHED, true},
    {"apiserver_cache_list_returned_objects_total", "[ALPHA] Objects that lists returned.",
     LIST_RETURNED, false},
    {"apiserver_storage_list_total", "[ALPHA] Lists out of the store.", LIST_ONE, false},
    {"apiserver_storage_list_fetched_objects_total", "[ALPHA] Objects that lists read.",
     LIST_FETCHED, false},
    {"apiserver_storage_list_evaluated_objects_total", "[ALPHA] Objects that lists tested.",
     LIST_FETCHED, false},
    {"apiserver_storage_list_returned_objects_total", "[ALPHA] Objects that lists gave.",
     LIST_RETURNED, false},
};

static const char *const result_names[AUTHN_RESULT_MAX] = {
    [AUTHN_SUCCESS] = "success", [AUTHN_FAILURE] = "failure", [AUTHN_ERROR] = "error"};
static const char *const decision_names[DECISION_MAX] = {
    [DECISION_NO_OPINION] = "no-opinion", [DECISION_ALLOW] = "allowed", [DECISION_DENY] = "denied"};
static const char *const op_names[] = {"CREATE", "UPDATE", "DELETE"};
#define OPS ARRAY_LEN(op_names)

/* One way that requests are asked; the key of the map. No padding: it is hashed as bytes. */
struct route_key {
    const struct api_resource *res;
    const struct api_subresource *sub;
    const char *path; /* of what is no resource */
    uint32_t verb, dry_run;
    const char *scope;
};

struct route {
    str values[LABELS];
    struct series *duration, *indication, *size, *running, *body;
    struct series *lists[ARRAY_LEN(list_families)];
    struct series *totals[CODES_MAX];
    uint16_t codes[CODES_MAX];
};

struct server_metrics {
    struct metrics *m;
    struct arena memory;
    struct map routes; /* struct route_key -> struct route */
    struct metric *total, *duration, *indication, *size, *running;
    struct series *authn[AUTHN_RESULT_MAX], *authn_time[AUTHN_RESULT_MAX];
    struct metric *users;
    struct series *authz[DECISION_MAX], *authz_time[DECISION_MAX];
    struct metric *step, *plugin;
    double body_sizes[BODY_SIZES];
    struct series *admission[ADMISSION_PLUGINS_MAX + 1][2][OPS][2];
};

/* ---- making ---- */

static void declare_requests(struct server_metrics *s) {
    struct metrics *m = s->m;
    s->total = metric_counter(m, "apiserver_request_total",
                              "[STABLE] Requests, by what was asked and the code.", by_code);
    s->duration =
        metric_histogram(m, "apiserver_request_duration_seconds", "[STABLE] How long answers took.",
                         by_request, durations, ARRAY_LEN(durations));
    s->indication =
        metric_histogram(m, "apiserver_request_sli_duration_seconds",
                         "[ALPHA] How long answers took, without what others are to blame for.",
                         by_route, indications, ARRAY_LEN(indications));
    s->size = metric_histogram(m, "apiserver_response_sizes", "[STABLE] Bytes of answers to reads.",
                               by_route, sizes, ARRAY_LEN(sizes));
    s->running = metric_gauge(m, "apiserver_longrunning_requests",
                              "[STABLE] Requests that run without an end of their own.", by_route);
}

/* Questions with so many answers: how often each was given, and how long it took. */
struct question {
    const char *count, *count_help, *time, *time_help;
    const char *const *answers;
    int n;
};

static void declare_question(struct metrics *m, const struct question *q, struct series **ret_count,
                             struct series **ret_time) {
    struct metric *count = metric_counter(m, q->count, q->count_help, by_result);
    struct metric *time =
        metric_histogram(m, q->time, q->time_help, by_result, questions, ARRAY_LEN(questions));
    for (int i = 0; i < q->n; i++) {
        str answer = str_of(q->answers[i]);
        ret_count[i] = metric_series(count, &answer);
        ret_time[i] = metric_series(time, &answer);
    }
}

static void declare_questions(struct server_metrics *s) {
    static const struct question who = {
        "authentication_attempts",
        "[ALPHA] Looks at credentials, by result.",
        "authentication_duration_seconds",
        "[ALPHA] How long looks at credentials took, by result.",
        result_names,
        AUTHN_RESULT_MAX,
    };
    static const struct question may = {
        "authorization_attempts_total",
        "[ALPHA] Questions for rights, by answer.",
        "authorization_duration_seconds",
        "[ALPHA] How long questions for rights took, by answer.",
        decision_names,
        DECISION_MAX,
    };
    s->users = metric_counter(s->m, "authenticated_user_requests",
                              "[ALPHA] Requests of users, by kinds of their names.", by_user);
    declare_question(s->m, &who, s->authn, s->authn_time);
    declare_question(s->m, &may, s->authz, s->authz_time);
}

struct server_metrics *server_metrics_new(struct env *env) {
    if (!env->metrics)
        return NULL;
    struct server_metrics *s = xcalloc(1, sizeof(*s));
    s->m = env->metrics;
    arena_init(&s->memory, 0);
    map_init(&s->routes, NULL);
    for (unsigned i = 0; i < BODY_SIZES; i++)
        s->body_sizes[i] = 50000 + 100000.0 * i;
    declare_requests(s);
    declare_questions(s);
    s->step = metric_histogram(s->m, "apiserver_admission_step_admission_duration_seconds",
                               "[STABLE] How long all plugins of an admission step took.", by_step,
                               admissions, ARRAY_LEN(admissions));
    s->plugin = metric_histogram(s->m, "apiserver_admission_controller_admission_duration_seconds",
                                 "[STABLE] How long an admission plugin took.", by_plugin,
                                 admissions, ARRAY_LEN(admissions));
    return s;
}

struct server_metrics *server_metrics_free(struct server_metrics *s) {
    if (!s)
        return NULL;
    map_done(&s->routes);
    arena_done(&s->memory);
    free(s);
    return NULL;
}

/* ---- requests ---- */

/* As upstream's CleanScope. */
static const char *scope_of(const struct request *r) {
    if (!r->info.resource_request)
        return "";
    if (r->info.name.n || r->verb == VERB_CREATE)
        return "resource";
    return r->info.ns.n ? "namespace" : "cluster";
}

static bool connects(const struct api_subresource *sub) {
    static const char *const names[] = {"log", "exec", "portforward", "attach", "proxy"};
    for (size_t i = 0; sub && i < ARRAY_LEN(names); i++)
        if (strcmp(sub->name, names[i]) == 0)
            return true;
    return false;
}

static const char *verb_label(const struct request *r) {
    static const char *const names[VERB_MAX] = {
        [VERB_GET] = "GET",       [VERB_LIST] = "LIST",
        [VERB_WATCH] = "WATCH",   [VERB_CREATE] = "POST",
        [VERB_UPDATE] = "PUT",    [VERB_PATCH] = "PATCH",
        [VERB_DELETE] = "DELETE", [VERB_DELETECOLLECTION] = "DELETE",
    };
    if (!r->res)
        return "GET";
    if (connects(r->sub))
        return "CONNECT";
    return r->patch == PATCH_APPLY ? "APPLY" : names[r->verb];
}

static void note_deprecated(struct server_metrics *s, const struct request *r) {
    if (!r->res || !deprecation_of(r->res))
        return;
    const str values[] = {str_of(r->res->group), str_of(r->res->version), str_of(r->res->plural),
                          r->sub ? str_of(r->sub->name) : STR(""), STR("")};
    series_set(metric_series(metric_gauge(s->m, "apiserver_requested_deprecated_apis",
                                          "[STABLE] 1 for what is deprecated and was asked for.",
                                          by_deprecation),
                             values),
               1);
}

static struct route *route_new(struct server_metrics *s, const struct request *r,
                               const struct route_key *k) {
    struct route *w = arena_make(&s->memory, struct route);
    const struct api_resource *res = r->res;
    const str values[] = {
        [LABEL_VERB] = str_of(verb_label(r)),
        [LABEL_DRY_RUN] = k->dry_run ? STR("All") : STR(""),
        [LABEL_GROUP] = res ? str_of(res->group) : STR(""),
        [LABEL_VERSION] = res ? str_of(res->version) : STR(""),
        [LABEL_RESOURCE] = res ? str_of(res->plural) : STR(""),
        [LABEL_SUBRESOURCE] = k->path  ? str_of(k->path)
                              : r->sub ? str_of(r->sub->name)
                                       : STR(""),
        [LABEL_SCOPE] = str_of(k->scope),
        [LABEL_COMPONENT] = res ? STR("apiserver") : STR(""),
    };
    memcpy(w->values, values, sizeof(values));
    w->duration = metric_series(s->duration, values);
    note_deprecated(s, r);
    return w;
}

/* Values of families without dry_run, the second label. */
static struct series *without_dry_run(struct metric *f, const struct route *w) {
    str values[LABELS];
    values[0] = w->values[LABEL_VERB];
    memcpy(values + 1, w->values + LABEL_GROUP, (LABEL_CODE - LABEL_GROUP) * sizeof(str));
    return metric_series(f, values);
}

static struct route *route_of(struct request *r) {
    struct server_metrics *s = r->server->metrics;
    struct route_key k;
    memset(&k, 0, sizeof(k));
    k.res = r->res;
    k.sub = r->sub;
    k.path = r->res ? NULL : r->measured;
    k.verb = (uint32_t)r->verb << 8 | (uint32_t)r->patch;
    k.dry_run = r->dry_run;
    k.scope = scope_of(r);
    str key = str_n((const char *)&k, sizeof(k));
    struct route *w = map_get(&s->routes, key);
    if (!w) {
        w = route_new(s, r, &k);
        map_put(&s->routes, key, w);
    }
    return w;
}

static struct series *total_of(struct server_metrics *s, struct route *w, uint16_t code) {
    size_t i = 0;
    while (i < CODES_MAX && w->codes[i] && w->codes[i] != code)
        i++;
    if (i < CODES_MAX && w->codes[i])
        return w->totals[i];
    char text[8];
    snprintf(text, sizeof(text), "%u", code);
    w->values[LABEL_CODE] = str_of(text);
    struct series *found = metric_series(s->total, w->values);
    w->values[LABEL_CODE] = STR_NONE;
    if (i < CODES_MAX) {
        w->codes[i] = code;
        w->totals[i] = found;
    }
    return found;
}

void metrics_request(struct request *r) {
    struct server_metrics *s = r->server->metrics;
    if (!s || !r->measured || !r->code)
        return;
    struct route *w = route_of(r);
    double seconds = (double)(env_mono(r->server->env) - r->began) / (double)NSEC_PER_SEC;
    series_add(total_of(s, w, r->code), 1);
    series_observe(w->duration, seconds);
    if (!r->endless) {
        if (!w->indication)
            w->indication = without_dry_run(s->indication, w);
        series_observe(w->indication, seconds);
    }
    if (!r->endless && (!r->res || r->verb == VERB_GET || r->verb == VERB_LIST)) {
        if (!w->size)
            w->size = without_dry_run(s->size, w);
        series_observe(w->size, (double)r->sent);
    }
}

struct series *metrics_running(struct request *r) {
    struct server_metrics *s = r->server->metrics;
    if (!s)
        return NULL;
    struct route *w = route_of(r);
    if (!w->running)
        w->running = without_dry_run(s->running, w);
    series_add(w->running, 1);
    return w->running;
}

void metrics_aborted(struct request *r) {
    struct server_metrics *s = r->server->metrics;
    if (!s || !r->measured)
        return;
    series_add(
        without_dry_run(metric_counter(s->m, "apiserver_request_aborts_total",
                                       "[ALPHA] Requests that the server cut off.", by_abort),
                        route_of(r)),
        1);
}

void metrics_terminated(struct request *r, uint16_t code) {
    struct server_metrics *s = r->server->metrics;
    static const char *const verbs[] = {"GET", "POST", "PUT", "PATCH", "DELETE", NULL};
    if (!s)
        return;
    char text[8];
    snprintf(text, sizeof(text), "%u", code);
    bool known = str_in(r->x->method, verbs);
    const str values[] = {known ? r->x->method : STR("OTHER"),
                          STR(""),
                          STR(""),
                          STR(""),
                          STR(""),
                          STR(""),
                          STR("apiserver"),
                          str_of(text)};
    series_add(
        metric_series(metric_counter(s->m, "apiserver_request_terminations_total",
                                     "[ALPHA] Requests refused to protect the server.", by_end),
                      values),
        1);
}

void metrics_body(struct request *r) {
    struct server_metrics *s = r->server->metrics;
    static const char *const verbs[VERB_MAX] = {[VERB_CREATE] = "create",
                                                [VERB_UPDATE] = "update",
                                                [VERB_PATCH] = "patch",
                                                [VERB_DELETE] = "delete",
                                                [VERB_DELETECOLLECTION] = "delete"};
    if (!s || !r->res || !verbs[r->verb])
        return;
    struct route *w = route_of(r);
    const str values[] = {str_of(r->res->group), str_of(r->res->plural), str_of(verbs[r->verb])};
    if (!w->body)
        w->body = metric_series(metric_histogram(s->m, "apiserver_request_body_size_bytes",
                                                 "[ALPHA] Bytes of requests' bodies.", by_body,
                                                 s->body_sizes, BODY_SIZES),
                                values);
    series_observe(w->body, (double)r->body.n);
}

void metrics_list(struct request *r, uint64_t fetched, uint64_t returned) {
    struct server_metrics *s = r->server->metrics;
    if (!s)
        return;
    struct route *w = route_of(r);
    const double numbers[] = {
        [LIST_ONE] = 1, [LIST_FETCHED] = (double)fetched, [LIST_RETURNED] = (double)returned};
    const str values[] = {str_of(r->res->group), str_of(r->res->plural), STR("")};
    for (size_t i = 0; i < ARRAY_LEN(list_families); i++) {
        const struct list_family *f = &list_families[i];
        if (!w->lists[i])
            w->lists[i] = metric_series(
                metric_counter(s->m, f->name, f->help, f->indexed ? by_index : by_resource),
                values);
        series_add(w->lists[i], numbers[f->number]);
    }
}

void metrics_waited(struct request *r, int64_t ns) {
    struct server_metrics *s = r->server->metrics;
    if (!s || !r->res)
        return;
    const str values[] = {str_of(r->res->group), str_of(r->res->plural)};
    series_observe(metric_series(metric_histogram(s->m, "apiserver_watch_cache_read_wait_seconds",
                                                  "[ALPHA] How long reads waited for a revision.",
                                                  by_resource, waits, ARRAY_LEN(waits)),
                                 values),
                   (double)ns / (double)NSEC_PER_SEC);
}

void metrics_allocated(struct server_metrics *s, const struct metrics_allocation *a) {
    static const char *const by_block[] = {"cidr", "scope", NULL};
    static const char *const by_manner[] = {"scope", NULL};
    static const char *const names[2][2] = {
        {"kube_apiserver_nodeport_allocator_allocation_total",
         "kube_apiserver_nodeport_allocator_allocation_errors_total"},
        {"kube_apiserver_clusterip_allocator_allocation_total",
         "kube_apiserver_clusterip_allocator_allocation_errors_total"}};
    static const char *const helps[2][2] = {
        {"[ALPHA] Node ports that were given.", "[ALPHA] Node ports that were not given."},
        {"[ALPHA] Service addresses that were given, by block.",
         "[ALPHA] Service addresses that were not given, by block."}};
    bool block = a->cidr.p;
    if (!s)
        return;
    const str values[] = {a->cidr, a->asked ? STR("static") : STR("dynamic")};
    series_add(metric_series(metric_counter(s->m, names[block][a->failed], helps[block][a->failed],
                                            block ? by_block : by_manner),
                             block ? values : values + 1),
               1);
}

/* ---- who, and may they ---- */

/* Names are outsiders': upstream tells these apart. */
static str kind_of_name(str name) {
    static const char *const known[] = {"admin", "client", "kube_proxy", "kubelet",
                                        "system:serviceaccount:kube-system:default"};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_eqc(name, known[i]))
            return str_of(known[i]);
    return str_chr(name, '@') >= 0 ? STR("email_id") : STR("other");
}

void metrics_authn(struct server_metrics *s, enum authn_result result, str username, int64_t ns) {
    if (!s)
        return;
    series_add(s->authn[result], 1);
    series_observe(s->authn_time[result], (double)ns / (double)NSEC_PER_SEC);
    if (result == AUTHN_SUCCESS) {
        str kind = kind_of_name(username);
        series_add(metric_series(s->users, &kind), 1);
    }
}

void metrics_authz(struct server_metrics *s, enum decision d, int64_t ns) {
    if (!s)
        return;
    series_add(s->authz[d], 1);
    series_observe(s->authz_time[d], (double)ns / (double)NSEC_PER_SEC);
}

/* ---- watches, admission ---- */

struct watch_series metrics_watch(const struct request *r) {
    struct server_metrics *s = r->server->metrics;
    if (!s)
        return (struct watch_series){NULL};
    const str version[] = {str_of(r->res->group), str_of(r->res->version), str_of(r->res->plural),
                           str_of(scope_of(r))};
    const str resource[] = {version[0], version[2]};
    struct metrics *m = s->m;
    struct watch_series w = {
        .events = metric_series(metric_counter(m, "apiserver_watch_events_total",
                                               "[ALPHA] Events sent to watchers.", by_version),
                                version),
        .sizes = metric_series(metric_histogram(m, "apiserver_watch_events_sizes",
                                                "[ALPHA] Bytes of events sent to watchers.",
                                                by_version, event_sizes, ARRAY_LEN(event_sizes)),
                               version),
        .initial = metric_series(
            metric_counter(m, "apiserver_init_events_total",
                           "[ALPHA] Events that told watchers the state at their start.",
                           by_resource),
            resource),
        .cut = metric_series(metric_counter(m, "apiserver_terminated_watchers_total",
                                            "[ALPHA] Watchers that were too slow.", by_resource),
                             resource),
        .listed = metric_series(metric_histogram(m, "apiserver_watch_list_duration_seconds",
                                                 "[BETA] How long lists by watches took.", by_scope,
                                                 list_durations, ARRAY_LEN(list_durations)),
                                version),
    };
    return w;
}

void metrics_admission(struct server_metrics *s, const struct admission_call *c) {
    if (!s)
        return;
    ASSERT(c->place < ADMISSION_PLUGINS_MAX);
    unsigned place = c->plugin ? c->place : ADMISSION_PLUGINS_MAX;
    struct series **at = &s->admission[place][c->validates][c->op][c->rejected];
    const str values[] = {str_of(c->plugin), str_of(op_names[c->op]),
                          c->rejected ? STR("true") : STR("false"),
                          c->validates ? STR("validate") : STR("admit")};
    if (!*at)
        *at = c->plugin ? metric_series(s->plugin, values) : metric_series(s->step, values + 1);
    series_observe(*at, (double)c->ns / (double)NSEC_PER_SEC);
}
