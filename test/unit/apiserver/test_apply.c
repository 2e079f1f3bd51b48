// SPDX-License-Identifier: Apache-2.0
/* Server-side apply and the owners of fields, through a whole server: what upstream was recorded to
 * answer, what every kind of write leaves in managedFields, and what holds whatever several writers
 * do. */
#include "recorded.h"
#include "server_test.h"

#define APPLY "application/apply-patch+yaml"
#define MERGE "application/merge-patch+json"
#define MAPS  "/api/v1/namespaces/rec/configmaps"

static void begin(struct world *w) {
    world_init(w);
    CHECK_INT(call(w, "POST", "/api/v1/namespaces", NULL, "{\"metadata\":{\"name\":\"rec\"}}").code,
              201);
}

/* ---- the recorded sequences ---- */

static str text_of(struct world *w, const struct value *v) {
    struct buf b;
    buf_init(&b, 0);
    if (v)
        value_write(&b, v);
    str text = str_dup(w->arena, buf_str(&b));
    buf_done(&b);
    return text;
}

/* Only whether there is a time is the same on another day. */
static struct value timeless(struct world *w, const struct value *list) {
    struct value copy = {.tag = VALUE_NULL};
    if (!list || list->tag != VALUE_LIST || !list->list.n)
        return copy;
    value_copy(w->arena, list, &copy);
    for (uint32_t i = 0; i < copy.list.n; i++) {
        struct value *time = value_getc(&copy.list.v[i], "time");
        if (time)
            *time = (struct value){.tag = VALUE_BOOL, .b = true};
        value_sort(&copy.list.v[i]);
    }
    return copy;
}

static bool is_none(const struct value *v) {
    return !v || v->tag == VALUE_NULL;
}

static void check_same(struct world *w, const char *what, const struct value *got,
                       const struct value *want, str path) {
    if (is_none(got) == is_none(want) && (is_none(want) || value_equal(got, want)))
        return;
    tap_fail(__FILE__, __LINE__, STR_FMT " %s:\n  got " STR_FMT "\n want " STR_FMT, STR_ARG(path),
             what, STR_ARG(text_of(w, got)), STR_ARG(text_of(w, want)));
}

/* A service is partly its allocators'. */
static void check_result(struct world *w, const struct value *step, str body, str path) {
    static const char *const members[] = {"data", "spec", "spec.ports", "spec.selector"};
    const struct value *want = value_getc(step, "result");
    bool service = str_find(path, STR("/services/")) >= 0;
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        bool below = strchr(members[i], '.');
        if (below != service)
            continue;
        const struct value *of = below ? value_getc(want, "spec") : want;
        check_same(w, members[i], at(w, body, members[i]),
                   value_getc(of, below ? members[i] + 5 : members[i]), path);
    }
    struct value got = timeless(w, at(w, body, "metadata.managedFields")),
                 list = timeless(w, value_getc(step, "managedFields"));
    check_same(w, "managedFields", &got, &list, path);
    check_same(w, "generation", at(w, body, "metadata.generation"), value_getc(step, "generation"),
               path);
}

static void run_step(struct world *w, const struct value *step) {
    str method = value_str(value_getc(step, "method")), path = value_str(value_getc(step, "path")),
        type = value_str(value_getc(step, "contentType"));
    const struct value *body = value_getc(step, "body");
    struct http_header h = {STR("Content-Type"), type};
    struct answer a = call_with(w, str_cdup(w->arena, method), path, &h, type.n != 0,
                                is_none(body) ? STR_NONE : text_of(w, body));
    CHECK_INT(a.code, (int)value_getc(step, "code")->i);
    if (a.code < 300) {
        check_result(w, step, a.body, path);
        return;
    }
    CHECK_STR(text_at(w, a.body, "message"), value_str(value_getc(step, "message")));
    check_same(w, "details", at(w, a.body, "details"), value_getc(step, "details"), path);
}

TEST(recorded_sequences) {
    struct world w;
    struct value sequence;
    unsigned steps = 0;
    begin(&w);
    str text = file_read(w.arena, "test/data/recorded/apply.jsonl");
    while (recorded_next(w.arena, &text, &sequence)) {
        const struct value *list = value_getc(&sequence, "steps");
        if (str_eqc(value_str(value_getc(&sequence, "sequence")), "custom resource apply"))
            continue; /* not served */
        for (uint32_t i = 0; i < list->list.n; i++, steps++)
            run_step(&w, &list->list.v[i]);
    }
    CHECK_INT(steps, 33);
    world_done(&w);
}

/* ---- what each kind of write leaves ---- */

/* "Update v1 a f:data{...}" of each entry, a line each. */
static str owners(struct world *w, str body) {
    const struct value *list = at(w, body, "metadata.managedFields");
    struct buf b;
    buf_init(&b, 0);
    for (uint32_t i = 0; list && i < list->list.n; i++) {
        const struct value *x = &list->list.v[i];
        static const char *const members[] = {"manager", "operation", "apiVersion", "subresource"};
        for (size_t k = 0; k < ARRAY_LEN(members); k++) {
            str s = value_str(value_getc(x, members[k]));
            buf_add(&b, s);
            if (s.n)
                buf_addc(&b, ' ');
        }
        value_write(&b, value_getc(x, "fieldsV1"));
        buf_addc(&b, '\n');
    }
    str text = str_dup(w->arena, buf_str(&b));
    buf_done(&b);
    return text;
}

static struct answer as_agent(struct world *w, const char *agent, const char *method,
                              const char *target, const char *type, const char *body) {
    struct http_header h[] = {{STR("User-Agent"), str_of(agent)},
                              {STR("Content-Type"), str_of(type ? type : "application/json")}};
    return call_with(w, method, str_of(target), h, body ? 2 : 1, str_of(body));
}

TEST(the_agent_is_the_manager) {
    static const struct {
        const char *agent, *manager;
    } cases[] = {
        {"kubectl/v1.36.0 (linux/amd64) kubernetes/1234567", "kubectl"},
        {"plain", "plain"},
        {"a\xc2\x85"
         "b\xc2\xa0/1",
         "ab"},
        {"/1", "unknown"},
        {"J\xc3\xb6rg/2", "J\xc3\xb6rg"},
    };
    struct world w;
    begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer a =
            as_agent(&w, cases[i].agent, "POST", MAPS, NULL,
                     "{\"metadata\":{\"generateName\":\"a-\"},\"data\":{\"k\":\"v\"}}");
        CHECK_INT(a.code, 201);
        CHECK_STR(owners(&w, a.body),
                  str_printf(w.arena,
                             "%s Update v1 {\"f:data\":{\".\":{},\"f:k\":{}},\"f:metadata\":"
                             "{\"f:generateName\":{}}}\n",
                             cases[i].manager));
    }
    world_done(&w);
}

TEST(a_long_agent_is_cut) {
    struct world w;
    char agent[301];
    begin(&w);
    memset(agent, 'x', 300);
    agent[300] = 0;
    struct answer a = as_agent(&w, agent, "POST", MAPS, NULL,
                               "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"v\"}}");
    CHECK_INT(text_at(&w, a.body, "metadata.managedFields.0.manager").n, 128);
    world_done(&w);
}

TEST(what_is_repeated_is_no_new_revision) {
    struct world w;
    begin(&w);
    static const char *const body = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":"
                                    "{\"name\":\"a\"},\"data\":{\"k\":\"v\"}}";
    struct answer a = call(&w, "POST", MAPS "?fieldManager=m", NULL, body);
    str revision = text_at(&w, a.body, "metadata.resourceVersion"),
        time = text_at(&w, a.body, "metadata.managedFields.0.time");
    CHECK(revision.n && time.n);
    loop_run_until(w.l, is_answered, &(struct answer){0}, 5 * NSEC_PER_SEC);
    a = call(&w, "PUT", MAPS "/a?fieldManager=m", NULL, body);
    CHECK_STR(text_at(&w, a.body, "metadata.resourceVersion"), revision);
    CHECK_STR(text_at(&w, a.body, "metadata.managedFields.0.time"), time);
    a = call(&w, "PATCH", MAPS "/a?fieldManager=n", APPLY, body);
    CHECK_INT(a.code, 200);
    str applied = text_at(&w, a.body, "metadata.resourceVersion");
    CHECK(!str_eq(applied, revision)); /* a new owner is a change */
    loop_run_until(w.l, is_answered, &(struct answer){0}, 5 * NSEC_PER_SEC);
    a = call(&w, "PATCH", MAPS "/a?fieldManager=n", APPLY, body);
    CHECK_STR(text_at(&w, a.body, "metadata.resourceVersion"), applied);
    a = call(&w, "PATCH", MAPS "/a?fieldManager=m", MERGE, "{\"data\":{\"k\":\"w\"}}");
    CHECK(!str_eq(text_at(&w, a.body, "metadata.resourceVersion"), applied));
    CHECK(!str_eq(text_at(&w, a.body, "metadata.managedFields.0.time"), time));
    world_done(&w);
}

/* Lists that say "no owners", in every way a client can say it. */
TEST(owners_are_forgotten_on_demand) {
    static const struct {
        const char *method, *type, *body;
        bool forgets;
    } cases[] = {
        {"PATCH", MERGE, "{\"metadata\":{\"managedFields\":[]}}", true},
        {"PATCH", MERGE, "{\"metadata\":{\"managedFields\":[{}]}}", true},
        {"PATCH", MERGE, "{\"metadata\":{\"managedFields\":null}}", false},
        {"PATCH", "application/json-patch+json",
         "[{\"op\":\"replace\",\"path\":\"/metadata/managedFields\",\"value\":[{}]}]", true},
        {"PUT", "application/json", "{\"metadata\":{\"name\":\"a\",\"managedFields\":[]}}", true},
        {"PUT", "application/json", "{\"metadata\":{\"name\":\"a\",\"managedFields\":[{}]}}", true},
        {"PUT", "application/json",
         "{\"metadata\":{\"name\":\"a\",\"annotations\":{\"managedFields\":\"[]\"}}}", false},
        {"PUT", "application/yaml", "metadata:\n  name: a\n  managedFields: []\n", true},
        {"PUT", "application/json", "{\"metadata\":{\"name\":\"a\",\"labels\":{\"l\":\"1\"}}}",
         false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;
        begin(&w);
        call(&w, "POST", MAPS "?fieldManager=m", NULL,
             "{\"metadata\":{\"name\":\"a\",\"labels\":{\"l\":\"1\"}}}");
        struct answer a =
            call(&w, cases[i].method, MAPS "/a?fieldManager=n", cases[i].type, cases[i].body);
        CHECK_INT(a.code, 200);
        const struct value *list = at(&w, a.body, "metadata.managedFields");
        if (cases[i].forgets != !list)
            tap_fail(__FILE__, __LINE__, "%s %s: " STR_FMT, cases[i].method, cases[i].body,
                     STR_ARG(a.body));
        world_done(&w);
    }
}

TEST(entries_of_a_request_are_taken_when_they_are_sound) {
    struct world w;
    begin(&w);
    struct answer a = call(&w, "POST", MAPS "?fieldManager=m", NULL,
                           "{\"metadata\":{\"name\":\"a\",\"managedFields\":[{\"manager\":\"x\","
                           "\"operation\":\"Apply\",\"apiVersion\":\"v1\",\"fieldsType\":"
                           "\"FieldsV1\",\"fieldsV1\":{\"f:data\":{\"f:z\":{}}}}]},"
                           "\"data\":{\"k\":\"v\"}}");
    CHECK_STR(owners(&w, a.body), STR("x Apply v1 {\"f:data\":{\"f:z\":{}}}\n"
                                      "m Update v1 {\"f:data\":{\".\":{},\"f:k\":{}}}\n"));
    a = call(&w, "PATCH", MAPS "/a?fieldManager=m", MERGE,
             "{\"metadata\":{\"managedFields\":[{\"manager\":\"x\",\"operation\":\"No\"}]}}");
    CHECK_INT(a.code, 200);
    CHECK_STR(owners(&w, a.body), STR("x Apply v1 {\"f:data\":{\"f:z\":{}}}\n"
                                      "m Update v1 {\"f:data\":{\".\":{},\"f:k\":{}}}\n"));
    world_done(&w);
}

/* A hundred thousand keys are less than their owners' set. */
TEST(an_object_is_kept_without_owners_it_has_no_room_for) {
    struct world w;
    struct buf b;
    begin(&w);
    buf_init(&b, 0);
    buf_adds(&b, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"},"
                 "\"data\":{");
    for (int i = 0; i < 100000; i++)
        buf_printf(&b, "%s\"key-%06d\":\"\"", i ? "," : "", i);
    buf_adds(&b, "}}");
    const char *body = str_cdup(w.arena, buf_str(&b));
    buf_done(&b);
    CHECK_INT(call(&w, "PATCH", MAPS "/a?fieldManager=m", APPLY, body).code, 413);
    struct answer a = call(&w, "POST", MAPS "?fieldManager=m", NULL, body);
    CHECK_INT(a.code, 201);
    CHECK(!at(&w, a.body, "metadata.managedFields"));
    world_done(&w);
}

/* Its schema knows them as text only. */
TEST(values_that_are_no_quantity_or_bytes_are_told_in_upstreams_words) {
    struct world w;
    begin(&w);
    struct answer a =
        call(&w, "PATCH", MAPS "/c?fieldManager=m", APPLY,
             "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\","
             "\"namespace\":\"rec\"},\"binaryData\":{\"b\":\"?\"}}");
    CHECK_INT(a.code, 500);
    CHECK_STRC(
        text_at(&w, a.body, "message"),
        "failed to convert new object (rec/c; /v1, Kind=ConfigMap) to proper version: unable "
        "to convert unstructured object to /v1, Kind=ConfigMap: illegal base64 data at input "
        "byte 0");
    world_done(&w);
}

/* ---- versions of a kind ---- */

#define HPA "/namespaces/rec/horizontalpodautoscalers"

TEST(a_field_has_owners_in_other_versions) {
    struct world w;
    begin(&w);
    struct answer a = call(
        &w, "PATCH", "/apis/autoscaling/v2" HPA "/h?fieldManager=two", APPLY,
        "{\"apiVersion\":\"autoscaling/v2\",\"kind\":"
        "\"HorizontalPodAutoscaler\",\"metadata\":{\"name\":\"h\"},\"spec\":"
        "{\"maxReplicas\":3,\"scaleTargetRef\":{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
        "\"name\":\"d\"}}}");
    CHECK_INT(a.code, 201);
    static const char *const one = "{\"apiVersion\":\"autoscaling/v1\",\"kind\":"
                                   "\"HorizontalPodAutoscaler\",\"metadata\":{\"name\":\"h\"},"
                                   "\"spec\":{\"maxReplicas\":4}}";
    a = call(&w, "PATCH", "/apis/autoscaling/v1" HPA "/h?fieldManager=one", APPLY, one);
    CHECK_INT(a.code, 409);
    CHECK_STR(text_at(&w, a.body, "details.causes.0.field"), STR(".spec.maxReplicas"));
    a = call(&w, "PATCH", "/apis/autoscaling/v1" HPA "/h?fieldManager=one&force=true", APPLY, one);
    CHECK_INT(a.code, 200);
    CHECK_STR(text_at(&w, a.body, "apiVersion"), STR("autoscaling/v1"));
    CHECK_STR(owners(&w, a.body),
              STR("one Apply autoscaling/v1 {\"f:spec\":{\"f:maxReplicas\":{}}}\n"
                  "two Apply autoscaling/v2 "
                  "{\"f:spec\":{\"f:scaleTargetRef\":{\"f:apiVersion\":{},\"f:kind\":{},\"f:name\":"
                  "{}}}}\n"));
    a = call(&w, "PATCH", "/apis/autoscaling/v1" HPA "/h?fieldManager=up", MERGE,
             "{\"spec\":{\"minReplicas\":2}}");
    CHECK_STR(owners(&w, a.body),
              STR("one Apply autoscaling/v1 {\"f:spec\":{\"f:maxReplicas\":{}}}\n"
                  "two Apply autoscaling/v2 "
                  "{\"f:spec\":{\"f:scaleTargetRef\":{\"f:apiVersion\":{},\"f:kind\":{},\"f:name\":"
                  "{}}}}\n"
                  "up Update autoscaling/v1 {\"f:spec\":{\"f:minReplicas\":{}}}\n"));
    world_done(&w);
}

/* ---- the server as a writer ---- */

TEST(the_server_owns_what_it_writes) {
    struct world w;
    begin(&w);
    struct answer a =
        get(&w, "/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical", NULL);
    CHECK_STR(owners(&w, a.body),
              STR("kube-apiserver Update scheduling.k8s.io/v1 {\"f:description\":{},"
                  "\"f:preemptionPolicy\":{},\"f:value\":{}}\n"));
    call(&w, "POST", "/api/v1/namespaces/rec/resourcequotas?fieldManager=m", NULL,
         "{\"metadata\":{\"name\":\"q\"},\"spec\":{\"hard\":{\"configmaps\":\"3\"}}}");
    call(&w, "PATCH", "/api/v1/namespaces/rec/resourcequotas/q/status?fieldManager=c", MERGE,
         "{\"status\":{\"hard\":{\"configmaps\":\"3\"},\"used\":{\"configmaps\":\"0\"}}}");
    CHECK_INT(call(&w, "POST", MAPS, NULL, "{\"metadata\":{\"name\":\"a\"}}").code, 201);
    a = get(&w, "/api/v1/namespaces/rec/resourcequotas/q", NULL);
    CHECK_STR(text_at(&w, a.body, "status.used.configmaps"), STR("1"));
    CHECK_STR(owners(&w, a.body),
              STR("c Update v1 status {\"f:status\":{\"f:hard\":{\".\":{},\"f:configmaps\":{}},"
                  "\"f:used\":{}}}\n"
                  "kube-apiserver Update v1 status {\"f:status\":{\"f:used\":{"
                  "\"f:configmaps\":{}}}}\n"
                  "m Update v1 {\"f:spec\":{\"f:hard\":{\".\":{},\"f:configmaps\":{}}}}\n"));
    a = call(&w, "POST", "/api/v1/namespaces/rec/services?fieldManager=m", NULL,
             "{\"metadata\":{\"name\":\"s\"},\"spec\":{\"ports\":[{\"port\":80}]}}");
    CHECK_INT(a.code, 201);
    CHECK(str_find(owners(&w, a.body), STR("clusterIP")) < 0);
    a = get(&w,
            str_cdup(w.arena, str_concat(w.arena, STR("/apis/networking.k8s.io/v1/ipaddresses/"),
                                         text_at(&w, a.body, "spec.clusterIP"))),
            NULL);
    CHECK_STR(text_at(&w, a.body, "metadata.managedFields.0.manager"), STR("kube-apiserver"));
    world_done(&w);
}

/* ---- subresources that let little through ---- */

#define PODS "/api/v1/namespaces/rec/pods"
#define POD(container_)                                                                            \
    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},\"spec\":{"             \
    "\"containers\":[{\"name\":\"a\"," container_ "}]}}"

TEST(a_resize_owns_resources_only) {
    struct world w;
    begin(&w);
    call(&w, "POST", "/api/v1/namespaces/rec/serviceaccounts", NULL,
         "{\"metadata\":{\"name\":\"default\"}}");
    struct answer a = call(&w, "POST", PODS "?fieldManager=m", NULL,
                           POD("\"image\":\"i\",\"resources\":{\"requests\":{\"cpu\":\"1\"}}"));
    CHECK_INT(a.code, 201);
    a = call(&w, "PATCH", PODS "/p/resize?fieldManager=vpa&force=true", APPLY,
             POD("\"image\":\"other\",\"resources\":{\"requests\":{\"cpu\":\"2\"}}"));
    CHECK_INT(a.code, 200);
    CHECK_STR(text_at(&w, a.body, "spec.containers.0.image"), STR("i"));
    CHECK_STR(text_at(&w, a.body, "spec.containers.0.resources.requests.cpu"), STR("2"));
    str first = owners(&w, a.body);
    CHECK_STR(
        str_cut(&first, '\n'),
        STR("vpa Apply v1 resize {\"f:spec\":{\"f:containers\":{\"k:{\\\"name\\\":\\\"a\\\"}\":"
            "{\".\":{},\"f:resources\":{\"f:requests\":{\"f:cpu\":{}}}}}}}"));
    world_done(&w);
}

/* ---- making by apply ---- */

static enum decision decide(void *ctx, struct arena *a, const struct attributes *at,
                            str *ret_reason) {
    bool create = str_eqc(at->verb, "create");
    *ret_reason = create ? STR("no creates") : STR_NONE;
    return create ? DECISION_NO_OPINION : DECISION_ALLOW;
}

static const struct authz_ops no_creates = {decide};

TEST(apply_makes_objects_not_subresources) {
    struct world w;
    begin(&w);
    static const char *const map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yam\n"
                                   "data:\n  k: v\n";
    struct answer a = call(&w, "PATCH", MAPS "/yam?fieldManager=m&dryRun=All", APPLY, map);
    CHECK_INT(a.code, 201);
    CHECK_INT(get(&w, MAPS "/yam", NULL).code, 404);
    a = call(&w, "PATCH", MAPS "/yam?fieldManager=m", APPLY, map);
    CHECK_INT(a.code, 201);
    CHECK_INT(call(&w, "PATCH", MAPS "/yam?fieldManager=m", APPLY, map).code, 200);
    a = call(&w, "PATCH", "/apis/apps/v1/namespaces/rec/deployments/d/status?fieldManager=m", APPLY,
             "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"d\"}}");
    CHECK_INT(a.code, 404);
    a = call(&w, "PATCH", MAPS "/none?fieldManager=m", APPLY, "- 1\n");
    CHECK_INT(a.code, 400);
    a = call(&w, "PATCH", MAPS "/none?fieldManager=m", "application/apply-patch+cbor", "x");
    CHECK_INT(a.code, 415);
    world_done(&w);
}

TEST(apply_of_what_is_not_there_needs_the_right_to_create) {
    struct world w;
    world_init_with(&w, &(struct world_options){.authz = &no_creates});
    struct answer a =
        call(&w, "PATCH", "/api/v1/namespaces/default/configmaps/a?fieldManager=m", APPLY,
             "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":"
             "{\"name\":\"a\"}}");
    CHECK_INT(a.code, 403);
    CHECK_STR(text_at(&w, a.body, "message"), STR("configmaps \"a\" is forbidden: no creates"));
    world_done(&w);
}

/* ---- several writers, against a model ---- */

#define KEYS    5
#define WRITERS 4
#define STEPS   600

/* What ConfigMap a is: values of its keys (0: not there), and of each key who owns it: bit 2 *
 * writer for an apply, the next for updates. */
struct model {
    unsigned value[KEYS], owners[KEYS];
};

struct play {
    struct world w;
    struct model now;
    uint64_t seed;
};

static unsigned draw(struct play *p, unsigned n) {
    uint64_t z = (p->seed += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    return (unsigned)((z >> 33) % n);
}

/* False: a conflict, and nothing changes. */
static bool model_apply(struct model *m, const unsigned *wanted, unsigned writer, bool force) {
    unsigned mine = 1u << (2 * writer);
    for (int k = 0; k < KEYS; k++)
        if (!force && wanted[k] && m->value[k] != wanted[k] && (m->owners[k] & ~mine))
            return false;
    for (int k = 0; k < KEYS; k++) {
        if (wanted[k] && m->value[k] != wanted[k])
            m->owners[k] = 0;
        if (wanted[k]) {
            m->value[k] = wanted[k];
            m->owners[k] |= mine;
        } else if (m->owners[k] & mine) {
            m->owners[k] &= ~mine;
            m->value[k] = m->owners[k] ? m->value[k] : 0;
        }
    }
    return true;
}

static void model_update(struct model *m, const unsigned *wanted, const bool *says,
                         unsigned writer) {
    for (int k = 0; k < KEYS; k++) {
        if (!says[k] || m->value[k] == wanted[k])
            continue;
        m->value[k] = wanted[k];
        m->owners[k] = wanted[k] ? 2u << (2 * writer) : 0;
    }
}

static void check_model(struct play *p, str body) {
    struct model seen = {0};
    const struct value *data = at(&p->w, body, "data"),
                       *list = at(&p->w, body, "metadata.managedFields");
    for (int k = 0; k < KEYS; k++) {
        char key[3] = {(char)('a' + k)};
        str v = value_str(value_getc(data, key));
        seen.value[k] = v.n ? (unsigned)(v.p[0] - '0') : 0;
    }
    for (uint32_t i = 0; list && i < list->list.n; i++) {
        const struct value *x = &list->list.v[i],
                           *fields = value_getc(value_getc(x, "fieldsV1"), "f:data");
        bool applies = str_eqc(value_str(value_getc(x, "operation")), "Apply");
        unsigned writer = (unsigned)(value_str(value_getc(x, "manager")).p[1] - '0');
        for (int k = 0; k < KEYS; k++) {
            char key[] = {'f', ':', (char)('a' + k), 0};
            seen.owners[k] |= value_getc(fields, key) ? (applies ? 1u : 2u) << (2 * writer) : 0;
        }
    }
    if (memcmp(&seen, &p->now, sizeof(seen)) != 0)
        tap_fail(__FILE__, __LINE__, "not as in the model: " STR_FMT, STR_ARG(body));
}

static const char *body_text(struct play *p, const unsigned *wanted, const bool *says) {
    struct buf b;
    const char *comma = "";
    buf_init(&b, 0);
    buf_adds(&b, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\","
                 "\"labels\":{\"kept\":\"1\"}},"
                 "\"data\":{");
    for (int k = 0; k < KEYS; k++) {
        if (!says[k])
            continue;
        buf_printf(&b, "%s\"%c\":", comma, 'a' + k);
        comma = ",";
        if (wanted[k])
            buf_printf(&b, "\"%u\"", wanted[k]);
        else
            buf_adds(&b, "null");
    }
    buf_adds(&b, "}}");
    const char *text = str_cdup(p->w.arena, buf_str(&b));
    buf_done(&b);
    return text;
}

static void play(struct play *p) {
    unsigned wanted[KEYS], writer = draw(p, WRITERS);
    bool says[KEYS], all[KEYS], applies = draw(p, 3) > 0, put = draw(p, 2), force = draw(p, 4) == 0;
    for (int k = 0; k < KEYS; k++) {
        wanted[k] = draw(p, 3);
        says[k] = applies || put ? wanted[k] : draw(p, 2);
        all[k] = true;
    }
    const char *path =
        str_cdup(p->w.arena, str_printf(p->w.arena, MAPS "/a?fieldManager=w%u%s", writer,
                                        force && applies ? "&force=true" : ""));
    const char *body = body_text(p, wanted, says);
    bool done = true;
    if (applies)
        done = model_apply(&p->now, wanted, writer, force);
    else
        model_update(&p->now, wanted, put ? all : says, writer);
    struct answer a = applies ? call(&p->w, "PATCH", path, APPLY, body)
                      : put   ? call(&p->w, "PUT", path, NULL, body)
                              : call(&p->w, "PATCH", path, MERGE, body);
    CHECK_INT(a.code, done ? 200 : 409);
    check_model(p, done ? a.body : get(&p->w, MAPS "/a", NULL).body);
}

TEST(several_writers_as_in_the_model) {
    struct play p = {.seed = tap_seed()};
    begin(&p.w);
    call(&p.w, "POST", MAPS "?fieldManager=w0", NULL,
         "{\"metadata\":{\"name\":\"a\",\"labels\":{\"kept\":\"1\"}}}");
    for (int i = 0; i < STEPS; i++)
        play(&p);
    world_done(&p.w);
}
