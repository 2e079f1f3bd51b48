// SPDX-License-Identifier: Apache-2.0
/* Error texts of upstream show structs of its internal types as encoding/json prints them: fields
 * under their Go names, in order, nothing omitted. Types of apimachinery carry JSON tags and print
 * as they do on the wire. */
#include <ctype.h>

#include "api/kinds/kinds.h"
#include "base/time.h"
#include "schema/entry.h"
#include "schema/json.h"

/* "x-kubernetes-int-or-string": XIntOrString. */
#define EXTENSION "x-kubernetes"

static void extension_name(struct buf *b, const char *json) {
    buf_addc(b, 'X');
    for (const char *c = json + strlen(EXTENSION); *c; c++)
        buf_addc(b, *c == '-' ? (char)toupper(*++c) : *c);
}

/* Go's name of a field: its JSON name with a capital, but for initialisms. */
static void go_name(struct buf *b, const char *json) {
    if (!strncmp(json, EXTENSION, strlen(EXTENSION))) {
        extension_name(b, json);
        return;
    }
    json += *json == '$';
    static const struct {
        const char *prefix, *go;
    } words[] = {
        {"api", "API"},         {"dns", "DNS"}, {"fsGroup", "FSGroup"}, {"fsType", "FSType"},
        {"ip", "IP"},           {"os", "OS"},   {"tty", "TTY"},         {"uid", "UID"},
        {"seLinux", "SELinux"}, {"tcp", "TCP"}, {"http", "HTTP"},       {"grpc", "GRPC"},
        {"nfs", "NFS"},         {"csi", "CSI"}, {"tls", "TLS"},         {"ttl", "TTL"},
        {"id", "ID"},           {"url", "URL"}, {"json", "JSON"}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t n = strlen(words[i].prefix);
        char next = strncmp(json, words[i].prefix, n) ? 'x' : json[n];
        bool whole = !next || (next >= 'A' && next <= 'Z') || (next == 's' && !json[n + 1]);
        if (whole) {
            buf_printf(b, "%s%s", words[i].go, json + n);
            return;
        }
    }
    buf_addc(b, json[0] >= 'a' && json[0] <= 'z' ? (char)(json[0] - 'a' + 'A') : json[0]);
    buf_add(b, str_of(json + 1));
}

static bool tagged(const struct api_type *t) {
    return !strncmp(t->info->openapi ? t->info->openapi : "", "io.k8s.apimachinery", 19);
}

static void write_struct(struct buf *b, const struct api_type *t, const void *obj);

/* What Go has parsed: members in the order of their names. */
static void write_raw(struct buf *b, str json) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    struct value v;
    struct err e;
    if (value_parse(a, json, &v, NULL, &e) < 0) {
        buf_adds(b, "null");
        return;
    }
    value_sort(&v);
    value_write(b, &v);
}

static void write_scalar(struct buf *b, const struct api_field *f, const void *at) {
    char text[TIME_TEXT_MAX];
    switch ((enum api_kind)f->kind) {
    case API_BOOL:
        buf_add(b, AT(bool, at) ? STR("true") : STR("false"));
        return;
    case API_I32:
    case API_U32:
        buf_add_i64(b, AT(int32_t, at));
        return;
    case API_I64:
    case API_U64:
    case API_DURATION:
        buf_add_i64(b, AT(int64_t, at));
        return;
    case API_F64:
        json_float(b, AT(double, at));
        return;
    case API_QUANTITY:
        json_quote(b, AT(str, at).n ? AT(str, at) : STR("0"));
        return;
    case API_TIME:
    case API_MICROTIME:
        json_quote(b, time_format(text, AT(Time, at).sec, 0, 0));
        return;
    case API_INT_OR_STRING:
        if (AT(IntOrString, at).kind == INTSTR_STRING)
            json_quote(b, AT(IntOrString, at).s);
        else
            buf_add_i64(b, AT(IntOrString, at).i);
        return;
    case API_MSG:
        write_struct(b, f->sub, at);
        return;
    case API_RAW:
        write_raw(b, AT(str, at));
        return;
    case API_STR:
    case API_BYTES:
    case API_STRS:
    case API_KIND_MAX:
        break;
    }
    json_quote(b, AT(str, at));
}

static void write_member(struct buf *b, const struct api_field *f, const void *at) {
    if (f->shape == API_OPT) {
        if (!opt_is_set(f, at))
            buf_adds(b, "null");
        else if (f->kind == API_MSG)
            write_struct(b, f->sub, *(void *const *)at);
        else
            write_scalar(b, f, (const char *)at + opt_value_offset(f->kind));
        return;
    }
    if (f->shape == API_ONE) {
        bool unset = (f->kind == API_TIME || f->kind == API_MICROTIME) && !AT(Time, at).set;
        if (unset)
            buf_adds(b, "null");
        else
            write_scalar(b, f, at);
        return;
    }
    const struct api_seq *s = at;
    if (!s->n) {
        buf_adds(b, "null");
        return;
    }
    bool map = f->shape == API_MAP;
    for (uint32_t i = 0; i < s->n; i++) {
        buf_addc(b, i ? ',' : map ? '{' : '[');
        if (map) {
            json_quote(b, seq_key(f, s, i));
            buf_addc(b, ':');
        }
        write_scalar(b, f, seq_value(f, s, i));
    }
    buf_addc(b, map ? '}' : ']');
}

static void comma(struct buf *b) {
    if (b->n && b->p[b->n - 1] != '{')
        buf_addc(b, ',');
}

/* An embedded struct with tags: its members stand among the others. */
static void write_embedded(struct buf *b, const struct api_type *t, const void *obj) {
    struct buf inner;
    buf_init(&inner, 0);
    json_write(&inner, t, obj, 0, NULL);
    if (inner.n > 2) {
        comma(b);
        buf_add(b, str_n(inner.p + 1, inner.n - 2));
    }
    buf_done(&inner);
}

static void write_fields(struct buf *b, const struct api_type *t, const void *obj);

static void write_field(struct buf *b, const struct api_field *f, const void *at) {
    if (f->flags & INLINED) {
        write_fields(b, f->sub, at);
    } else if (f->sub == &ObjectMeta_type && f->shape == API_ONE) {
        write_embedded(b, f->sub, at);
    } else {
        comma(b);
        buf_addc(b, '"');
        go_name(b, f->json);
        buf_adds(b, "\":");
        write_member(b, f, at);
    }
}

/* In the internal PodSpec what pods share with their node stands in the security context, and some
 * fields come in another order. */
static const char *const pod_spec_order[] = {"volumes",
                                             "initContainers",
                                             "containers",
                                             "ephemeralContainers",
                                             "restartPolicy",
                                             "terminationGracePeriodSeconds",
                                             "activeDeadlineSeconds",
                                             "dnsPolicy",
                                             "nodeSelector",
                                             "serviceAccountName",
                                             "automountServiceAccountToken",
                                             "nodeName",
                                             "securityContext",
                                             "imagePullSecrets",
                                             "hostname",
                                             "subdomain",
                                             "setHostnameAsFQDN",
                                             "affinity",
                                             "schedulerName",
                                             "tolerations",
                                             "hostAliases",
                                             "priorityClassName",
                                             "priority",
                                             "preemptionPolicy",
                                             "dnsConfig",
                                             "readinessGates",
                                             "runtimeClassName",
                                             "overhead",
                                             "enableServiceLinks",
                                             "topologySpreadConstraints",
                                             "os",
                                             "schedulingGates",
                                             "resourceClaims",
                                             "resources",
                                             "hostnameOverride",
                                             "schedulingGroup"};

static void write_named(struct buf *b, const struct api_type *t, const void *obj,
                        const char *name) {
    uint32_t at = 0;
    const struct api_field *f = type_field(t, str_of(name), &at, NULL);
    if (f)
        write_field(b, f, (const char *)obj + at);
}

static void write_pod_security(struct buf *b, const PodSpec *s) {
    static const char *const host[] = {"hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace",
                                       "hostUsers"};
    static const char *const order[] = {"seLinuxOptions",
                                        "windowsOptions",
                                        "runAsUser",
                                        "runAsGroup",
                                        "runAsNonRoot",
                                        "supplementalGroups",
                                        "supplementalGroupsPolicy",
                                        "fsGroup",
                                        "fsGroupChangePolicy",
                                        "sysctls",
                                        "seccompProfile",
                                        "appArmorProfile",
                                        "seLinuxChangePolicy"};
    comma(b);
    if (!s->security_context) {
        buf_adds(b, "\"SecurityContext\":null");
        return;
    }
    buf_adds(b, "\"SecurityContext\":{");
    for (size_t i = 0; i < ARRAY_LEN(host); i++)
        write_named(b, &PodSpec_type, s, host[i]);
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        write_named(b, &PodSecurityContext_type, s->security_context, order[i]);
    buf_addc(b, '}');
}

static void write_fields(struct buf *b, const struct api_type *t, const void *obj) {
    if (t == &PodSpec_type) {
        for (size_t i = 0; i < ARRAY_LEN(pod_spec_order); i++)
            if (!strcmp(pod_spec_order[i], "securityContext"))
                write_pod_security(b, obj);
            else
                write_named(b, t, obj, pod_spec_order[i]);
        return;
    }
    for (uint16_t i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        bool schema = t == &JSONSchemaProps_type;
        if (schema && !strcmp(f->json, "nullable"))
            continue; /* stands behind the type */
        write_field(b, f, (const char *)obj + f->offset);
        if (schema && !strcmp(f->json, "type"))
            write_named(b, t, obj, "nullable");
    }
}

static void write_struct(struct buf *b, const struct api_type *t, const void *obj) {
    if (tagged(t)) {
        json_write(b, t, obj, 0, NULL);
        return;
    }
    buf_addc(b, '{');
    write_fields(b, t, obj);
    buf_addc(b, '}');
}

str go_json(struct arena *a, const struct api_type *t, const void *obj) {
    struct buf b;
    buf_init(&b, 0);
    if (obj)
        write_struct(&b, t, obj);
    else
        buf_adds(&b, "null");
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

str go_json_list(struct arena *a, const struct api_type *t, const void *v, uint32_t n) {
    struct buf b;
    buf_init(&b, 0);
    for (uint32_t i = 0; i < n; i++) {
        buf_addc(&b, i ? ',' : '[');
        buf_add(&b, go_json(a, t, (const char *)v + i * t->size));
    }
    buf_add(&b, n ? STR("]") : STR("null"));
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}
