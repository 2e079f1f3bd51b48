// SPDX-License-Identifier: Apache-2.0
/* What each kind refuses, and in which words; what a server replays of upstream's recorded answers
 * is tested with the API server. */
#include "tap.h"

#include "api/hooks.h"
#include "base/vec.h"
#include "schema/json.h"

struct fixture {
    struct arena arena;
    const struct api_resource *resource;
    const struct hooks *hooks;
};

static void *read_object(struct fixture *f, const char *json) {
    struct err e = {0};
    struct hook_ctx c = {.arena = &f->arena};
    void *obj = arena_alloc(&f->arena, f->resource->type->size);
    if (json_read(&f->arena, f->resource->type, str_of(json), obj, NULL, &e) < 0) {
        tap_fail(__FILE__, __LINE__, "%s: %s", json, e.text);
        tap_bail();
    }
    api_defaults(&f->arena, f->resource->type, obj);
    if (f->hooks->defaults)
        f->hooks->defaults(&c, obj);
    return obj;
}

static str errors_text(struct fixture *f, const struct field_errors *fe) {
    str_list l = {0};
    for (uint32_t i = 0; i < fe->list.n; i++)
        *list_push(&f->arena, &l) = field_error_str(&f->arena, &fe->list.v[i]);
    return str_join(&f->arena, l.v, l.n, STR("\n"));
}

static void begin(struct fixture *f, enum resource_id id) {
    arena_init(&f->arena, 0);
    f->resource = &api_resources[id];
    f->hooks = hooks_of(f->resource);
}

#define LABEL_TEXT                                                                                 \
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "   \
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex "     \
    "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
#define CONTAINER      "\"name\":\"a\",\"image\":\"i\""
#define POD(more)      "{\"spec\":{\"containers\":[{" CONTAINER more "}]}}"
#define POD_SPEC(more) "{\"spec\":{\"containers\":[{" CONTAINER "}]," more "}}"

static const struct {
    enum resource_id id;
    const char *json, *errors;
} cases[] = {
    {RESOURCE_ID(core_v1_pods), POD(""), ""},
    {RESOURCE_ID(core_v1_pods), POD(",\"image\":\" i\""),
     "spec.containers[0].image: Invalid value: \" i\": must not have leading or trailing "
     "whitespace"},
    {RESOURCE_ID(core_v1_pods),
     POD(",\"ports\":[{\"containerPort\":1,\"name\":\"x\"},{"
         "\"containerPort\":2,\"name\":\"x\"}]"),
     "spec.containers[0].ports[1].name: Duplicate value: \"x\""},
    {RESOURCE_ID(core_v1_pods),
     POD(",\"ports\":[{\"containerPort\":1,\"hostPort\":80},{"
         "\"containerPort\":2,\"hostPort\":80}]"),
     "spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//80\""},
    {RESOURCE_ID(core_v1_pods),
     POD(",\"env\":[{\"name\":\"X\",\"value\":\"v\",\"valueFrom\":{"
         "\"fieldRef\":{\"fieldPath\":\"metadata.name\"}}}]"),
     "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` "
     "is not empty"},
    {RESOURCE_ID(core_v1_pods),
     POD(",\"env\":[{\"name\":\"X\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.labels['"
         "app']\"}}},{\"name\":\"Y\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"spec.x\"}}}]"),
     "spec.containers[0].env[1].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.x\": error "
     "converting fieldPath: field label not supported: spec.x"},
    {RESOURCE_ID(core_v1_pods),
     POD(",\"livenessProbe\":{\"successThreshold\":2,\"httpGet\":{\"port\":\"web\"},\"exec\":{"
         "\"command\":[\"x\"]}}"),
     "spec.containers[0].livenessProbe.httpGet: Forbidden: may not specify more than 1 handler "
     "type\nspec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"},
    {RESOURCE_ID(core_v1_pods),
     POD(",\"resources\":{\"limits\":{\"cpu\":\"1\"},\"requests\":{\"cpu\":\"2\"}}"),
     "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to "
     "cpu limit of 1"},
    {RESOURCE_ID(core_v1_pods), POD(",\"resources\":{\"requests\":{\"example.com/gpu\":\"1\"}}"),
     "spec.containers[0].resources.limits: Required value: Limit must be set for non "
     "overcommitable resources"},
    {RESOURCE_ID(core_v1_pods),
     POD(",\"securityContext\":{\"runAsUser\":-1,\"seccompProfile\":{\"type\":\"Localhost\"}}"),
     "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and "
     "2147483647, inclusive\nspec.containers[0].securityContext.seccompProfile.localhostProfile: "
     "Required value: must be set when seccomp type is Localhost"},
    {RESOURCE_ID(core_v1_pods),
     POD_SPEC("\"initContainers\":[{\"name\":\"b\",\"image\":\"i\",\"readinessProbe\":{"
              "\"tcpSocket\":{\"port\":1}}},{\"name\":\"s\",\"image\":\"i\",\"restartPolicy\":"
              "\"Always\",\"readinessProbe\":{\"tcpSocket\":{\"port\":1}}}]"),
     "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers "
     "without restartPolicy=Always"},
    {RESOURCE_ID(core_v1_pods),
     POD_SPEC("\"volumes\":[{\"name\":\"v\",\"configMap\":{\"name\":\"c\",\"items\":[{\"key\":"
              "\"k\",\"path\":\"../x\"}]}},{\"name\":\"w\"},{\"name\":\"w\"}]"),
     "spec.volumes[0].configMap.items[0].path: Invalid value: \"../x\": must not contain "
     "'..'\nspec.volumes[2].name: Duplicate value: \"w\""},
    {RESOURCE_ID(core_v1_pods),
     POD_SPEC("\"dnsPolicy\":\"None\",\"schedulingGates\":[{\"name\":\"g\"},{\"name\":\"g\"}]"),
     "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is "
     "None\nspec.schedulingGates[1]: Duplicate value: \"g\""},
    {RESOURCE_ID(core_v1_pods), POD_SPEC("\"hostname\":\"A\",\"activeDeadlineSeconds\":0"),
     "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, "
     "inclusive\nspec.hostname: Invalid value: \"A\": " LABEL_TEXT},
    {RESOURCE_ID(core_v1_secrets),
     "{\"type\":\"kubernetes.io/tls\",\"stringData\":{\"tls.crt\":\"\"}}",
     "data[tls.key]: Required value"},
    {RESOURCE_ID(core_v1_services),
     "{\"spec\":{\"clusterIP\":\"None\",\"type\":\"NodePort\",\"clusterIPs\":[\"None\"]}}",
     "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"},
    {RESOURCE_ID(core_v1_services),
     "{\"spec\":{\"ports\":[{\"port\":80}],\"loadBalancerClass\":\"x.io/c\"}}",
     "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"},
    {RESOURCE_ID(core_v1_events),
     "{\"metadata\":{\"namespace\":\"a\"},\"involvedObject\":{\"namespace\":\"b\"}}",
     "involvedObject.namespace: Invalid value: \"b\": does not match event.namespace"},
    {RESOURCE_ID(coordination_v1_leases), "{\"spec\":{\"preferredHolder\":\"x\"}}",
     "spec.preferredHolder: Forbidden: may only be specified when `strategy` is defined"},
    {RESOURCE_ID(rbac_v1_roles), "{\"rules\":[{\"verbs\":[\"get\"],\"apiGroups\":[\"\"]}]}",
     "rules[0].resources: Required value: resource rules must supply at least one resource"},
    {RESOURCE_ID(discovery_v1_endpointslices),
     "{\"addressType\":\"IPv6\",\"endpoints\":[{\"addresses\":[\"10.0.0.1\"]}]}",
     "endpoints[0].addresses[0]: Invalid value: \"10.0.0.1\": must be an IPv6 address"},
};

TEST(what_kinds_refuse) {
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        begin(&f, cases[i].id);
        struct field_errors fe = {.arena = &f.arena};
        hooks_validate(&fe, f.resource, f.resource, read_object(&f, cases[i].json), NULL);
        CHECK_STRC(errors_text(&f, &fe), cases[i].errors);
        arena_done(&f.arena);
    }
}

#define UPDATE_TEXT                                                                                \
    "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"    \
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "        \
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set " \
    "to 1 if it was previously negative)\n"
#define TOLERATION(s) "{\"key\":\"k\",\"operator\":\"Exists\",\"effect\":\"NoExecute\"," s "}"

static const struct {
    enum resource_id id;
    const char *old, *json, *errors; /* how the errors begin */
} updates[] = {
    {RESOURCE_ID(core_v1_pods), POD(""), POD(",\"image\":\"other:1\""),
     UPDATE_TEXT "@@"}, /* its pull policy follows the image */
    {RESOURCE_ID(core_v1_pods), POD(",\"imagePullPolicy\":\"Never\""),
     POD(",\"imagePullPolicy\":\"Never\",\"image\":\"other:1\""), ""},
    {RESOURCE_ID(core_v1_pods), POD(""), POD(",\"tty\":true"), UPDATE_TEXT "@@ -"},
    {RESOURCE_ID(core_v1_pods),
     POD_SPEC("\"tolerations\":[" TOLERATION("\"tolerationSeconds\":5") "]"),
     POD_SPEC(
         "\"tolerations\":[" TOLERATION("\"tolerationSeconds\":9") ",{\"operator\":\"Exists\"}]"),
     ""},
    {RESOURCE_ID(core_v1_pods), POD_SPEC("\"tolerations\":[{\"operator\":\"Exists\"}]"), POD(""),
     "spec.tolerations: Forbidden: existing toleration can not be modified except its "
     "tolerationSeconds"},
    {RESOURCE_ID(core_v1_pods), POD_SPEC("\"activeDeadlineSeconds\":5"),
     POD_SPEC("\"activeDeadlineSeconds\":6"),
     "spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value"},
    {RESOURCE_ID(core_v1_pods), POD_SPEC("\"schedulingGates\":[{\"name\":\"a\"}]"), POD(""), ""},
    {RESOURCE_ID(core_v1_pods), POD(""), POD_SPEC("\"schedulingGates\":[{\"name\":\"a\"}]"),
     "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling "
     "gate "
     "'a'"},
    {RESOURCE_ID(core_v1_secrets), "{\"immutable\":true,\"data\":{\"a\":\"YQ==\"}}",
     "{\"data\":{\"a\":\"Yg==\"}}",
     "immutable: Forbidden: field is immutable when `immutable` is set\ndata: Forbidden: field is "
     "immutable when `immutable` is set"},
    {RESOURCE_ID(core_v1_nodes), "{\"spec\":{\"podCIDR\":\"10.0.0.0/24\"}}",
     "{\"spec\":{\"podCIDR\":\"10.0.1.0/24\"}}",
     "spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid"},
    {RESOURCE_ID(core_v1_nodes), "{}", "{\"spec\":{\"podCIDR\":\"10.0.1.0/24\"}}", ""},
    {RESOURCE_ID(scheduling_v1_priorityclasses), "{\"value\":1}", "{\"value\":2}",
     "value: Forbidden: may not be changed in an update."},
};

TEST(what_may_not_change) {
    for (size_t i = 0; i < ARRAY_LEN(updates); i++) {
        struct fixture f;
        begin(&f, updates[i].id);
        struct field_errors fe = {.arena = &f.arena};
        const void *old = read_object(&f, updates[i].old);
        const void *obj = read_object(&f, updates[i].json);
        if (f.hooks->validate_update)
            f.hooks->validate_update(&fe, obj, old);
        else
            f.hooks->validate_write(&fe, obj, old);
        str text = errors_text(&f, &fe), want = str_of(updates[i].errors);
        CHECK_STR(want.n ? str_slice(text, 0, want.n) : text, want);
        arena_done(&f.arena);
    }
}

/* What may change in the template of a job that waits. */
TEST(jobs_that_wait) {
    static const char base[] =
        "{\"metadata\":{\"name\":\"j\"},\"spec\":{\"suspend\":%s,\"completions\":1,"
        "\"parallelism\":1,\"completionMode\":\"NonIndexed\",\"manualSelector\":true,"
        "\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"template\":{\"metadata\":{\"labels\":"
        "{\"a\":\"b\"}},\"spec\":{\"restartPolicy\":\"Never\",\"dnsPolicy\":\"ClusterFirst\",%s"
        "\"containers\":[{\"name\":\"c\",\"image\":\"%s\",\"imagePullPolicy\":\"Always\","
        "\"terminationMessagePolicy\":\"File\"%s}]}}},\"status\":{%s}}";
    static const char started[] = "\"startTime\":\"2026-01-01T00:00:00Z\"",
                      running[] = "\"startTime\":\"2026-01-01T00:00:00Z\",\"active\":1,"
                                  "\"conditions\":[{\"type\":\"Suspended\",\"status\":\"True\"}]",
                      settled[] = "\"startTime\":\"2026-01-01T00:00:00Z\","
                                  "\"conditions\":[{\"type\":\"Suspended\",\"status\":\"True\"}]",
                      place[] = "\"nodeSelector\":{\"x\":\"y\"},",
                      amount[] = ",\"resources\":{\"requests\":{\"cpu\":\"1\"}}";
    static const struct {
        const char *suspend, *status, *place, *image, *amount, *error;
    } all[] = {
        {"true", "", place, "i", "", ""},
        {"true", "", "", "i", amount, "spec.template.spec: Invalid value: "},
        {"true", "", "", "other", "", "spec.template.spec: Invalid value: "},
        {"true", started, place, "i", "", "spec.template: Invalid value: "},
        {"true", running, place, "i", "", "spec.template: Invalid value: "},
        {"true", settled, place, "i", amount, ""},
        {"true", settled, place, "other", amount, "spec.template.spec: Invalid value: "},
        {"false", "", place, "i", "", "spec.template: Invalid value: "},
        {"false", settled, place, "i", "", "spec.template: Invalid value: "},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct fixture f;
        begin(&f, RESOURCE_ID(batch_v1_jobs));
        struct field_errors fe = {.arena = &f.arena};
        str old = str_printf(&f.arena, base, all[i].suspend, "", "i", "", all[i].status);
        str now = str_printf(&f.arena, base, all[i].suspend, all[i].place, all[i].image,
                             all[i].amount, all[i].status);
        f.hooks->validate_write(&fe, read_object(&f, now.p), read_object(&f, old.p));
        str text = errors_text(&f, &fe), want = str_of(all[i].error);
        CHECK_STR(want.n ? str_slice(text, 0, want.n) : text, want);
        arena_done(&f.arena);
    }
}

/* What events.k8s.io asks beyond the core, of the form that is stored. */
TEST(events_of_the_newer_version) {
    static const char base[] =
        "{\"metadata\":{\"namespace\":\"default\"},\"eventTime\":\"2026-01-01T00:00:00.000000Z\","
        "\"type\":\"Normal\",\"action\":\"a\",\"reason\":\"r\",\"reportingInstance\":\"i\","
        "\"reportingComponent\":\"c\"%s%s}";
    static const struct {
        const char *more, *errors;
        bool update;
    } all[] = {
        {"", "", false},
        {"\"eventTime\":null", "eventTime: Required value", false},
        {"\"type\":\"Odd\"", "type: Invalid value: \"\": has invalid value: Odd", false},
        {"\"firstTimestamp\":\"2026-01-01T00:00:00Z\"",
         "firstTimestamp: Invalid value: \"\": needs to be unset", false},
        {"\"lastTimestamp\":\"2026-01-01T00:00:00Z\"",
         "lastTimestamp: Invalid value: \"\": needs to be unset", false},
        {"\"count\":1", "count: Invalid value: \"\": needs to be unset", false},
        {"\"source\":{\"host\":\"h\"}", "source: Invalid value: \"\": needs to be unset", false},
        {"\"series\":{\"count\":1}",
         "series.count: Invalid value: \"\": should be at least 2\n"
         "series.lastObservedTime: Required value",
         false},
        {"\"reportingComponent\":\"\"", "reportingController: Required value", false},
        {"\"series\":{\"count\":2,\"lastObservedTime\":\"2026-01-01T00:00:00.000000Z\"}", "", true},
        {"\"series\":{\"count\":1}",
         "series.count: Invalid value: \"\": should be at least 2\n"
         "series.lastObservedTime: Required value",
         true},
        {"\"message\":\"m\"", "message: Invalid value: \"m\": field is immutable", true},
        {"\"count\":3", "count: Invalid value: 3: field is immutable", true},
        {"\"eventTime\":\"2026-01-01T00:00:01.000000Z\"", "eventTime: Invalid value: ", true},
        {"\"source\":{\"host\":\"h\"}",
         "source: Invalid value: {\"Component\":\"\",\"Host\":\"h\"}: field is immutable", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct fixture f;
        begin(&f, RESOURCE_ID(core_v1_events));
        struct field_errors fe = {.arena = &f.arena};
        const char *comma = all[i].more[0] ? "," : "";
        const void *old = read_object(&f, str_printf(&f.arena, base, "", "").p);
        const void *obj = read_object(&f, str_printf(&f.arena, base, comma, all[i].more).p);
        hooks_validate(&fe, f.resource, RESOURCE_OF(events_v1_events), obj,
                       all[i].update ? old : NULL);
        str text = errors_text(&f, &fe), want = str_of(all[i].errors);
        CHECK_STR(want.n ? str_slice(text, 0, want.n) : text, want);
        arena_done(&f.arena);
    }
}

static const struct {
    const char *json, *errors;
} metas[] = {
    {"{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\"}}", ""},
    {"{\"metadata\":{\"namespace\":\"n\"}}",
     "metadata.name: Required value: name or generateName is required"},
    {"{\"metadata\":{\"name\":\"a\"}}", "metadata.namespace: Required value"},
    {"{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"finalizers\":[\"orphan\","
     "\"foregroundDeletion\",\"x\"]}}",
     "metadata.finalizers: Invalid value: [\"orphan\",\"foregroundDeletion\",\"x\"]: finalizer "
     "orphan and foregroundDeletion cannot be both set\nmetadata.finalizers[2]: Invalid value: "
     "\"x\": name is neither a standard finalizer name nor is it fully qualified"},
    {"{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"annotations\":{\"UPPER.io/Ok\":\"\"},"
     "\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"name\":\"e\",\"uid\":\"u\"}]"
     "}}",
     "metadata.ownerReferences: Invalid value: "
     "[{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"name\":\"e\",\"uid\":\"u\"}]: /v1, Kind=Event "
     "is disallowed from being an owner"},
};

TEST(metadata) {
    for (size_t i = 0; i < ARRAY_LEN(metas); i++) {
        struct fixture f;
        begin(&f, RESOURCE_ID(core_v1_configmaps));
        struct field_errors fe = {.arena = &f.arena};
        validate_object_meta(&fe, read_object(&f, metas[i].json), true, f.hooks,
                             PATH(NULL, "metadata"));
        CHECK_STRC(errors_text(&f, &fe), metas[i].errors);
        arena_done(&f.arena);
    }
}

static const struct {
    const char *resources, *qos;
} qualities[] = {
    {"", "BestEffort"},
    {",\"resources\":{\"requests\":{\"cpu\":\"1\"}}", "Burstable"},
    {",\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"1Gi\"}}", "Guaranteed"},
    {",\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"1Gi\"},\"requests\":{\"cpu\":\"500m\"}"
     "}",
     "Burstable"},
    {",\"resources\":{\"limits\":{\"example.com/gpu\":\"1\"}}", "BestEffort"},
};

TEST(quality_of_service) {
    for (size_t i = 0; i < ARRAY_LEN(qualities); i++) {
        struct fixture f;
        begin(&f, RESOURCE_ID(core_v1_pods));
        struct hook_ctx c = {.arena = &f.arena};
        str json = str_printf(&f.arena, "{\"spec\":{\"containers\":[{\"name\":\"a\"%s}]}}",
                              qualities[i].resources);
        Pod *pod = read_object(&f, json.p);
        f.hooks->prepare_create(&c, pod);
        CHECK_STRC(pod->status.qos_class, qualities[i].qos);
        CHECK_STRC(pod->status.phase, "Pending");
        arena_done(&f.arena);
    }
}

static const struct {
    const char *image, *policy;
} images[] = {
    {"nginx", "Always"},
    {"nginx:latest", "Always"},
    {"nginx:1.25", "IfNotPresent"},
    {"host:5000/nginx", "Always"},
    {"host:5000/nginx:1", "IfNotPresent"},
    {"nginx@sha256:00", "IfNotPresent"},
    {"nginx:latest@sha256:00", "Always"},
    {"", "IfNotPresent"},
};

TEST(pull_policies) {
    for (size_t i = 0; i < ARRAY_LEN(images); i++) {
        struct fixture f;
        begin(&f, RESOURCE_ID(core_v1_pods));
        str json = str_printf(&f.arena, "{\"spec\":{\"containers\":[{\"image\":\"%s\"}]}}",
                              images[i].image);
        const Pod *pod = read_object(&f, json.p);
        CHECK_STRC(pod->spec.containers.v[0].image_pull_policy, images[i].policy);
        arena_done(&f.arena);
    }
}

/* Lists as long as a request can carry take no time that others would notice. */
TEST(long_lists) {
    enum { N = 60000 };
    struct fixture f;
    begin(&f, RESOURCE_ID(core_v1_pods));
    struct field_errors fe = {.arena = &f.arena};
    Pod *pod = read_object(&f, POD(""));
    Container *c = pod->spec.containers.v;
    pod->spec.volumes.v = arena_array(&f.arena, N, sizeof(Volume));
    c->volume_mounts.v = arena_array(&f.arena, N, sizeof(VolumeMount));
    c->ports.v = arena_array(&f.arena, N, sizeof(ContainerPort));
    pod->spec.init_containers.v = arena_array(&f.arena, N, sizeof(Container));
    pod->spec.volumes.n = c->volume_mounts.n = c->ports.n = pod->spec.init_containers.n = N;
    for (unsigned i = 0; i < N; i++) {
        str name = str_printf(&f.arena, "v%u", i);
        pod->spec.volumes.v[i].name = c->volume_mounts.v[i].name = name;
        pod->spec.volumes.v[i].volume_source.empty_dir = arena_make(&f.arena, EmptyDirVolumeSource);
        c->volume_mounts.v[i].mount_path = name;
        c->ports.v[i] = (ContainerPort){
            .name = name, .container_port = 1, .host_port = 1 + (int)i, .protocol = STR("TCP")};
        pod->spec.init_containers.v[i] = *c;
        pod->spec.init_containers.v[i].name = name;
        memset(&pod->spec.init_containers.v[i].ports, 0, sizeof(c->ports));
        memset(&pod->spec.init_containers.v[i].volume_mounts, 0, sizeof(c->volume_mounts));
    }
    hooks_validate(&fe, f.resource, f.resource, pod, NULL);
    CHECK_INT(fe.list.n, 0);
    arena_done(&f.arena);
}

/* ---- what the server writes into pods ---- */

static str written(struct fixture *f, const void *obj, const char *member) {
    struct value v;
    struct buf b;
    buf_init(&b, 0);
    CHECK_INT(json_write_value(&f->arena, f->resource->type, obj, &v), 0);
    const struct value *at = value_getc(value_getc(&v, "spec"), member);
    if (at)
        value_write(&b, at);
    str s = str_dup(&f->arena, buf_str(&b));
    buf_done(&b);
    return s;
}

TEST(disabled_fields_are_dropped) {
    struct fixture f;
    begin(&f, RESOURCE_ID(core_v1_pods));
    const char *json = POD_SPEC("\"schedulingGroup\":{\"podGroupName\":\"g\"},\"volumes\":[{"
                                "\"name\":\"v\",\"projected\":{\"sources\":[{"
                                "\"clusterTrustBundle\":{\"path\":\"p\"}}]}}]");
    void *pod = read_object(&f, json), *old = read_object(&f, json);
    hooks_drop_disabled(&f.arena, f.resource, pod, old);
    CHECK_STR(written(&f, pod, "schedulingGroup"), STR("{\"podGroupName\":\"g\"}"));
    hooks_drop_disabled(&f.arena, f.resource, pod, read_object(&f, POD("")));
    CHECK_STR(written(&f, pod, "schedulingGroup"), STR(""));
    CHECK_STR(written(&f, pod, "volumes"),
              STR("[{\"name\":\"v\",\"projected\":{\"sources\":[{}],\"defaultMode\":420}}]"));
    CHECK_STR(written(&f, old, "schedulingGroup"), STR("{\"podGroupName\":\"g\"}"));
    arena_done(&f.arena);
}

TEST(keys_become_requirements) {
    struct fixture f;
    begin(&f, RESOURCE_ID(core_v1_pods));
    struct hook_ctx c = {.arena = &f.arena};
    void *pod = read_object(
        &f, "{\"metadata\":{\"labels\":{\"k\":\"v\"}},\"spec\":{\"containers\":[{" CONTAINER
            "}],\"affinity\":{\"podAffinity\":{"
            "\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"topologyKey\":\"z\","
            "\"labelSelector\":{},\"mismatchLabelKeys\":[\"k\",\"none\"]}]}}}}");
    f.hooks->prepare_create(&c, pod);
    CHECK_STR(written(&f, pod, "affinity"),
              STR("{\"podAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{"
                  "\"labelSelector\":{\"matchExpressions\":[{\"key\":\"k\",\"operator\":"
                  "\"NotIn\",\"values\":[\"v\"]}]},\"topologyKey\":\"z\","
                  "\"mismatchLabelKeys\":[\"k\",\"none\"]}]}}"));
    arena_done(&f.arena);
}

TEST(a_pod_asks_for_what_its_containers_do) {
    struct fixture f;
    begin(&f, RESOURCE_ID(core_v1_pods));
    const void *pod =
        read_object(&f, POD_SPEC("\"resources\":{\"limits\":{\"cpu\":\"2\",\"memory\":"
                                 "\"1Gi\"}},\"initContainers\":[{\"name\":\"z\",\"image\":"
                                 "\"i\",\"resources\":{\"requests\":{\"cpu\":\"1\"}}}]"));
    CHECK_STR(written(&f, pod, "resources"),
              STR("{\"limits\":{\"cpu\":\"2\",\"memory\":\"1Gi\"},\"requests\":{\"cpu\":"
                  "\"1\",\"memory\":\"1Gi\"}}"));
    arena_done(&f.arena);
}
