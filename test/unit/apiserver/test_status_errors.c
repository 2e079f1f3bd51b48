// SPDX-License-Identifier: Apache-2.0
/* Replays what a real API server was asked while it was being recorded, in the same order, and
 * compares code and body. Identities, times and revisions are made equal first, and managedFields
 * are left out. What does not match yet is listed at the end of this file with the reason: a listed
 * case that matches fails the test too, so that the list only shrinks. */
#include <stdlib.h>

#include "recorded.h"
#include "server_test.h"

#include "base/vec.h"

#include "status_unmatched.h"

/* ---- who asks: a bearer token of the recording's three ---- */

static int authenticate(void *ctx, struct arena *a, struct exchange *x, struct user *ret) {
    str h = http_header_get(&x->headers, "Authorization");
    if (str_eqc(h, "Bearer none"))
        return -ENOENT;
    if (h.n)
        return -EACCES;
    static str group = {"system:masters", 14};
    *ret = (struct user){.name = STR("admin"), .groups = {&group, 1}};
    return 0;
}

static const struct authn_ops test_authn = {authenticate};

/* ---- the state the recording began with ---- */

#define POD_SPEC                                                                                   \
    "\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\"}],"                                 \
    "\"automountServiceAccountToken\":false}"
#define TEMPLATE                                                                                   \
    "\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{\"metadata\":{\"labels\":{\"a\":"  \
    "\"b\"}},\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\"}]}}"

#define RBAC "/apis/rbac.authorization.k8s.io/v1/namespaces/err"

static const struct {
    const char *method, *path, *body;
} setup[] = {
    {"POST", "/api/v1/namespaces", "{\"metadata\":{\"name\":\"err\"}}"},
    {"POST", "/api/v1/namespaces", "{\"metadata\":{\"name\":\"q\"}}"},
    {"POST", "/api/v1/namespaces", "{\"metadata\":{\"name\":\"lr\"}}"},
    {"POST", "/api/v1/namespaces",
     "{\"metadata\":{\"name\":\"term\"},\"spec\":{\"finalizers\":[\"kubernetes\"]}}"},
    {"DELETE", "/api/v1/namespaces/term", NULL},
    {"POST", "/api/v1/nodes", "{\"metadata\":{\"name\":\"n2\"}}"},
    {"POST", "/api/v1/namespaces/err/serviceaccounts", "{\"metadata\":{\"name\":\"default\"}}"},
    {"POST", "/api/v1/namespaces/err/configmaps?fieldManager=kubectl",
     "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"a\"}}"},
    {"POST", "/api/v1/namespaces/err/configmaps",
     "{\"metadata\":{\"name\":\"b\"},\"data\":{\"k\":\"b\"}}"},
    {"POST", "/api/v1/namespaces/err/configmaps",
     "{\"metadata\":{\"name\":\"c\"},\"data\":{\"k\":\"c\"}}"},
    {"POST", "/api/v1/namespaces/err/configmaps",
     "{\"metadata\":{\"name\":\"d\"},\"data\":{\"k\":\"d\"}}"},
    {"POST", "/api/v1/namespaces/err/configmaps",
     "{\"metadata\":{\"name\":\"imm\"},\"immutable\":true,\"data\":{\"k\":\"v\"}}"},
    {"POST", "/api/v1/namespaces/err/pods", "{\"metadata\":{\"name\":\"p\"}," POD_SPEC "}"},
    {"POST", "/api/v1/namespaces/err/pods/p/binding",
     "{\"metadata\":{\"name\":\"p\"},\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}"},
    {"POST", "/api/v1/namespaces/err/pods",
     "{\"metadata\":{\"name\":\"ev\",\"labels\":{\"e\":\"v\"}}," POD_SPEC "}"},
    {"POST", "/apis/apps/v1/namespaces/err/deployments",
     "{\"metadata\":{\"name\":\"dep\"},\"spec\":{" TEMPLATE "}}"},
    {"POST", "/apis/apps/v1/namespaces/err/statefulsets",
     "{\"metadata\":{\"name\":\"st\"},\"spec\":{\"serviceName\":\"s\"," TEMPLATE "}}"},
    {"POST", "/apis/batch/v1/namespaces/err/jobs",
     "{\"metadata\":{\"name\":\"j\"},\"spec\":{\"template\":{\"spec\":{\"restartPolicy\":\"Never\","
     "\"containers\":[{\"name\":\"a\",\"image\":\"i\"}]}}}}"},
    {"POST", "/api/v1/namespaces/err/services",
     "{\"metadata\":{\"name\":\"svc\"},\"spec\":{\"ports\":[{\"port\":80}]}}"},
    {"POST", "/api/v1/namespaces/err/secrets",
     "{\"metadata\":{\"name\":\"sec\"},\"data\":{\"a\":\"YQ==\"}}"},
    {"POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/err/rolebindings",
     "{\"metadata\":{\"name\":\"rb\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\","
     "\"kind\":\"ClusterRole\",\"name\":\"view\"}}"},
    {"POST", RBAC "/roles",
     "{\"metadata\":{\"name\":\"rm\"},\"rules\":[{\"apiGroups\":[\"rbac.authorization.k8s.io\"],"
     "\"resources\":[\"roles\",\"rolebindings\"],\"verbs\":[\"get\",\"create\"]}]}"},
    {"POST", RBAC "/rolebindings",
     "{\"metadata\":{\"name\":\"rm\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\","
     "\"kind\":\"Role\",\"name\":\"rm\"},\"subjects\":[{\"kind\":\"User\",\"apiGroup\":"
     "\"rbac.authorization.k8s.io\",\"name\":\"rm\"}]}"},
    {"POST", "/api/v1/namespaces/err/persistentvolumeclaims",
     "{\"metadata\":{\"name\":\"pvc\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"resources\":"
     "{\"requests\":{\"storage\":\"1Gi\"}}}}"},
};

#define CRDS "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#define PDB  "/apis/policy/v1/namespaces/err/poddisruptionbudgets"

/* What was changed in between: before the case of this name. */
static const struct {
    const char *before, *method, *path, *type, *body;
} changes[] = {
    {"conflict on PUT with stale RV", "PATCH",
     "/api/v1/namespaces/err/configmaps/a?fieldManager=kubectl", "application/merge-patch+json",
     "{\"data\":{\"x\":\"1\"}}"},
    {"apply conflict one field", "PATCH", "/api/v1/namespaces/err/configmaps/ap?fieldManager=m1",
     "application/apply-patch+yaml",
     "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"ap\"},"
     "\"data\":{\"k\":\"1\",\"l\":\"1\"}}"},
    {"apply conflict with update manager", "POST",
     "/api/v1/namespaces/err/configmaps?fieldManager=upd", NULL,
     "{\"metadata\":{\"name\":\"ap2\"},\"data\":{\"k\":\"1\"}}"},
    {"add finalizer while deleting", "POST", "/api/v1/namespaces/err/configmaps", NULL,
     "{\"metadata\":{\"name\":\"fin\",\"finalizers\":[\"x.io/f\"]}}"},
    {"add finalizer while deleting", "DELETE", "/api/v1/namespaces/err/configmaps/fin", NULL, NULL},
    {"service nodePort taken", "POST", "/api/v1/namespaces/err/services", NULL,
     "{\"metadata\":{\"name\":\"np\"},\"spec\":{\"type\":\"NodePort\",\"ports\":[{\"port\":80,"
     "\"nodePort\":30080}]}}"},
    {"CRD immutable scope", "POST", CRDS, NULL,
     "{\"metadata\":{\"name\":\"foos.x.io\"},\"spec\":{\"group\":\"x.io\",\"scope\":\"Namespaced\","
     "\"names\":{\"plural\":\"foos\",\"kind\":\"Foo\"},\"versions\":[{\"name\":\"v1\",\"served\":"
     "true,"
     "\"storage\":true,\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\"}}}]}}"},
    {"CRD immutable scope", "PATCH", CRDS "/foos.x.io/status", "application/merge-patch+json",
     "{\"status\":{\"conditions\":[{\"type\":\"Established\",\"status\":\"True\"}]}}"},
    {"PSA restricted plain pod", "POST", "/api/v1/namespaces", NULL,
     "{\"metadata\":{\"name\":\"ps-restricted\",\"labels\":{\"pod-security.kubernetes.io/enforce\":"
     "\"restricted\"}}}"},
    {"PSA restricted plain pod", "POST", "/api/v1/namespaces/ps-restricted/serviceaccounts", NULL,
     "{\"metadata\":{\"name\":\"default\"}}"},
    {"PSA baseline host and privileged", "POST", "/api/v1/namespaces", NULL,
     "{\"metadata\":{\"name\":\"ps-baseline\",\"labels\":{\"pod-security.kubernetes.io/enforce\":"
     "\"baseline\"}}}"},
    {"PSA baseline host and privileged", "POST", "/api/v1/namespaces/ps-baseline/serviceaccounts",
     NULL, "{\"metadata\":{\"name\":\"default\"}}"},
    {"quota exceeded", "POST", "/api/v1/namespaces/q/serviceaccounts", NULL,
     "{\"metadata\":{\"name\":\"default\"}}"},
    {"quota exceeded", "POST", "/api/v1/namespaces/q/resourcequotas", NULL,
     "{\"metadata\":{\"name\":\"rq\"},\"spec\":{\"hard\":{\"configmaps\":\"0\",\"requests.cpu\":"
     "\"1\"}}}"},
    {"quota exceeded", "PATCH", "/api/v1/namespaces/q/resourcequotas/rq/status",
     "application/merge-patch+json",
     "{\"status\":{\"hard\":{\"configmaps\":\"0\",\"requests.cpu\":\"1\"},\"used\":{\"configmaps\":"
     "\"0\",\"requests.cpu\":\"0\"}}}"},
    {"limit range max and min", "POST", "/api/v1/namespaces/lr/serviceaccounts", NULL,
     "{\"metadata\":{\"name\":\"default\"}}"},
    {"limit range max and min", "POST", "/api/v1/namespaces/lr/limitranges", NULL,
     "{\"metadata\":{\"name\":\"lr\"},\"spec\":{\"limits\":[{\"type\":\"Container\",\"min\":{"
     "\"cpu\":"
     "\"100m\"},\"max\":{\"cpu\":\"500m\"},\"maxLimitRequestRatio\":{\"memory\":\"2\"}},{\"type\":"
     "\"Pod\",\"max\":{\"memory\":\"1Gi\"}},{\"type\":\"PersistentVolumeClaim\",\"max\":{"
     "\"storage\":\"2Gi\"}}]}}"},
    {"eviction 429 PDB not processed", "PATCH", "/api/v1/namespaces/err/pods/ev/status",
     "application/merge-patch+json", "{\"status\":{\"phase\":\"Running\"}}"},
    {"eviction 429 PDB not processed", "POST", PDB, NULL,
     "{\"metadata\":{\"name\":\"pdb\"},\"spec\":{\"minAvailable\":1,\"selector\":{"
     "\"matchLabels\":{\"e\":\"v\"}}}}"},
    {"eviction 429 budget used up", "PATCH", PDB "/pdb/status", "application/merge-patch+json",
     "{\"status\":{\"observedGeneration\":1,\"desiredHealthy\":1,\"currentHealthy\":1,"
     "\"expectedPods\":1,\"disruptionsAllowed\":0}}"},
};

static void change(struct world *w, str name) {
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        if (!str_eqc(name, changes[i].before))
            continue;
        struct answer a =
            call(w, changes[i].method, changes[i].path, changes[i].type, changes[i].body);
        if (a.code >= 300)
            tap_diag("before %s: %d " STR_FMT, changes[i].before, a.code, STR_ARG(a.body));
    }
}

/* History up to a revision is forgotten, as it was when the recorded token was used. */
static void forget(struct world *w, uint64_t revision) {
    const struct api_resource *res = RESOURCE_OF(core_v1_configmaps);
    const char *maps = "/api/v1/namespaces/kube-public/configmaps";
    while (store_floor(w->store, res) <= revision) {
        struct answer a = call(w, "POST", maps, NULL, "{\"metadata\":{\"generateName\":\"c\"}}");
        REQUIRE(a.code == 201);
        if (store_revision(w->store) > revision)
            loop_run_until(w->l, is_never, NULL, STORE_LOG_MAX_NS);
    }
}

static void set_up(struct world *w) {
    for (size_t i = 0; i < ARRAY_LEN(setup); i++) {
        struct answer a = call(w, setup[i].method, setup[i].path, NULL, setup[i].body);
        if (a.code >= 300)
            tap_diag("set-up %s %s: %d " STR_FMT, setup[i].method, setup[i].path, a.code,
                     STR_ARG(a.body));
    }
}

/* ---- making answers equal ---- */

static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Length of a pattern at p: h a hex digit, d a digit, others themselves. */
static bool looks(const char *p, const char *end, const char *pattern) {
    for (; *pattern; p++, pattern++) {
        if (p == end)
            return false;
        if (*pattern == 'h' ? !is_hex(*p) : *pattern == 'd' ? !is_digit(*p) : *p != *pattern)
            return false;
    }
    return true;
}

static const char uid_pattern[] = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";
static const char time_pattern[] = "dddd-dd-ddTdd:dd:ddZ";

/* A name that was drawn. */
static bool looks_drawn(const char *p, const char *end) {
    static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
    if (end - p < 7 || p[0] != 'A' || p[1] != '_')
        return false;
    for (int i = 2; i < 7; i++)
        if (!strchr(alphabet, p[i]) || !p[i])
            return false;
    return true;
}

/* Numbers that tell of a revision, behind these words. */
static const char *const revision_words[] = {"current: ",
                                             "ResourceVersion in record (",
                                             "too old resource version: 1 (",
                                             "\"resourceVersion\":\"",
                                             "\\\"resourceVersion\\\":\\\"",
                                             "\\\\\\\"resourceVersion\\\\\\\":\\\\\\\"",
                                             NULL};

/* Addresses that were drawn. */
static const char *const address_words[] = {"\"clusterIP\":\"", "\"clusterIPs\":[\"", NULL};

static const char *skip_drawn(struct buf *b, const char *p, const char *end) {
    for (const char *const *word = revision_words; *word; word++)
        if (str_ends(buf_str(b), str_of(*word)) && p < end && is_digit(*p)) {
            buf_adds(b, "<RV>");
            while (p < end && is_digit(*p))
                p++;
        }
    for (const char *const *word = address_words; *word; word++)
        if (str_ends(buf_str(b), str_of(*word)) && p < end && is_digit(*p)) {
            buf_adds(b, "<IP>");
            while (p < end && (is_digit(*p) || *p == '.'))
                p++;
        }
    return p;
}

static str normal(struct world *w, str s) {
    struct buf b;
    buf_init(&b, 0);
    const char *p = s.p, *end = s.p + s.n;
    while (p < end) {
        if (looks(p, end, uid_pattern)) {
            buf_adds(&b, "<UID>");
            p += sizeof(uid_pattern) - 1;
            continue;
        }
        if (looks(p, end, time_pattern)) {
            buf_adds(&b, "<TIME>");
            p += sizeof(time_pattern) - 1;
            continue;
        }
        if (looks_drawn(p, end)) {
            buf_adds(&b, "<NAME>");
            p += 7;
            continue;
        }
        bool left = looks(p, end, "\\u003c"), right = looks(p, end, "\\u003e");
        buf_addc(&b, left ? '<' : right ? '>' : *p);
        p += left || right ? 6 : 1;
        p = skip_drawn(&b, p, end);
    }
    str out = str_dup(w->arena, buf_str(&b));
    buf_done(&b);
    return out;
}

static void drop_managed_fields(struct value *v) {
    if (v->tag == VALUE_OBJECT) {
        value_remove(v, STR("managedFields"));
        for (uint32_t i = 0; i < v->object.n; i++)
            drop_managed_fields(&v->object.v[i].value);
    } else if (v->tag == VALUE_LIST) {
        for (uint32_t i = 0; i < v->list.n; i++)
            drop_managed_fields(&v->list.v[i]);
    }
}

/* As text: members sorted, without managedFields. */
static str canonical(struct world *w, str json) {
    struct value v;
    struct err e;
    if (value_parse(w->arena, json, &v, NULL, &e) < 0)
        return normal(w, json);
    drop_managed_fields(&v);
    value_sort(&v);
    struct buf b;
    buf_init(&b, 0);
    value_write(&b, &v);
    str out = normal(w, buf_str(&b));
    buf_done(&b);
    return out;
}

static str printed(struct world *w, const struct value *v) {
    struct buf b;
    buf_init(&b, 0);
    value_write(&b, v);
    str out = str_dup(w->arena, buf_str(&b));
    buf_done(&b);
    return out;
}

/* ---- replaying ---- */

/* "...xxx...(3145824 x)" stands for as many letters. */
static str expand(struct world *w, str body) {
    ssize_t at = str_find(body, STR("...("));
    if (at < 0)
        return body;
    int64_t n;
    str rest = str_slice(body, (size_t)at + 4, body.n);
    if (str_to_i64(str_cut(&rest, ' '), &n) < 0)
        return body;
    char *p = arena_alloc(w->arena, (size_t)at + (size_t)n + 4);
    memcpy(p, body.p, (size_t)at);
    memset(p + at, 'x', (size_t)n);
    memcpy(p + at + n, "\"}}", 3);
    return str_n(p, (size_t)at + (size_t)n + 3);
}

static str body_of(struct world *w, const struct value *request) {
    const struct value *b = value_getc(request, "body");
    if (!b)
        return STR_NONE;
    str text = b->tag == VALUE_STR ? expand(w, b->s) : printed(w, b);
    /* A revision that was no longer, or never, the current one. */
    str mark = STR("\\u003cRV\\u003e");
    ssize_t at = str_find(text, mark);
    if (at >= 0)
        text = str_printf(w->arena, STR_FMT "1" STR_FMT, STR_ARG(str_slice(text, 0, (size_t)at)),
                          STR_ARG(str_slice(text, (size_t)at + mark.n, text.n)));
    return text;
}

static struct answer replay(struct world *w, const struct value *request) {
    struct http_header h[8];
    size_t n = 0;
    str type = value_str(value_getc(request, "contentType"));
    str accept = value_str(value_getc(request, "accept"));
    str token = value_str(value_getc(request, "token"));
    if (type.n)
        h[n++] = (struct http_header){STR("Content-Type"), type};
    if (accept.n)
        h[n++] = (struct http_header){STR("Accept"), accept};
    if (token.n)
        h[n++] =
            (struct http_header){STR("Authorization"), str_concat(w->arena, STR("Bearer "), token)};
    const struct value *more = value_getc(request, "headers");
    for (uint32_t i = 0; more && i < more->object.n && n < ARRAY_LEN(h); i++)
        h[n++] = (struct http_header){more->object.v[i].key, more->object.v[i].value.s};
    str method = value_str(value_getc(request, "method"));
    str path = value_str(value_getc(request, "path"));
    return call_with(w, str_cdup(w->arena, method), path, h, n, body_of(w, request));
}

/* Upstream walks a map of Go, which has no order: causes may stand in any. */
static const char *const any_order[] = {"pod resources", "resourcequota bad", NULL};

static int by_text(const void *x, const void *y) {
    return str_cmp(*(const str *)x, *(const str *)y);
}

/* The causes sorted, and how long the message is that lists them. */
static str unordered(struct world *w, str body) {
    struct value v;
    struct err e;
    str_list texts = {0};
    if (value_parse(w->arena, body, &v, NULL, &e) < 0)
        return body;
    const struct value *causes = value_getc(value_getc(&v, "details"), "causes");
    for (uint32_t i = 0; causes && i < causes->list.n; i++)
        *list_push(w->arena, &texts) = printed(w, &causes->list.v[i]);
    qsort(texts.v, texts.n, sizeof(str), by_text);
    return str_printf(w->arena, "%zu " STR_FMT, value_str(value_getc(&v, "message")).n,
                      STR_ARG(str_join(w->arena, texts.v, texts.n, STR(","))));
}

static const char *listed(str name) {
    for (size_t i = 0; i < ARRAY_LEN(unmatched); i++)
        if (str_eqc(name, unmatched[i].name))
            return unmatched[i].why;
    return NULL;
}

static void run_case(struct world *w, const struct value *c, unsigned *ret_matched) {
    str name = value_str(value_getc(c, "name"));
    change(w, name);
    if (str_eqc(name, "continue token expired"))
        forget(w, 284); /* the token's */
    const struct value *response = value_getc(c, "response");
    const struct value *body = value_getc(response, "body");
    str expected = body ? canonical(w, printed(w, body))
                        : normal(w, value_str(value_getc(response, "bodyText")));
    struct answer a = replay(w, value_getc(c, "request"));
    str actual = body ? canonical(w, a.body) : normal(w, a.body);
    if (str_in(name, any_order)) {
        expected = unordered(w, expected);
        actual = unordered(w, actual);
    }
    bool same = a.code == value_getc(response, "code")->i && str_eq(actual, expected);
    const char *why = listed(name);
    *ret_matched += same;
    if (same == !why)
        return;
    if (same)
        tap_fail(__FILE__, __LINE__, "\"" STR_FMT "\" matches now: take it off the list",
                 STR_ARG(name));
    else
        tap_fail(__FILE__, __LINE__,
                 "\"" STR_FMT "\"\n#   expected %lld " STR_FMT "\n#   got      %d " STR_FMT,
                 STR_ARG(name), (long long)value_getc(response, "code")->i,
                 STR_ARG(str_slice(expected, 0, 1500)), a.code,
                 STR_ARG(str_slice(actual, 0, 1500)));
}

TEST(recorded_errors) {
    struct world w;
    world_init_with(&w, &(struct world_options){.authn = &test_authn, .with_access = true});
    set_up(&w);
    unsigned n = 0, matched = 0;
    str text = file_read(w.arena, "test/data/recorded/status-errors.jsonl");
    struct value c;
    while (recorded_next(w.arena, &text, &c)) {
        run_case(&w, &c, &matched);
        n++;
    }
    tap_diag("%u of %u recorded answers match", matched, n);
    CHECK(n > 300);
    world_done(&w);
}
