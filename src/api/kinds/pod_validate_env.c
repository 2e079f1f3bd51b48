// SPDX-License-Identifier: Apache-2.0
/* Environment variables and the references of the downward API. */
#include "api/kinds/pod_validate.h"

static const char *const env_fields[] = {"metadata.name",
                                         "metadata.namespace",
                                         "metadata.uid",
                                         "spec.nodeName",
                                         "spec.serviceAccountName",
                                         "status.hostIP",
                                         "status.hostIPs",
                                         "status.podIP",
                                         "status.podIPs",
                                         NULL};
static const char *const volume_fields[] = {"metadata.annotations", "metadata.labels",
                                            "metadata.name",        "metadata.namespace",
                                            "metadata.uid",         NULL};

/* "metadata.labels['key']": the path without the subscript, and the subscript. */
static bool subscript(str path, str *ret_path, str *ret_key) {
    ssize_t open = str_find(path, STR("['"));
    if (open < 0 || !str_ends(path, STR("']")))
        return false;
    *ret_path = str_slice(path, 0, (size_t)open);
    *ret_key = str_slice(path, (size_t)open + 2, path.n - 2);
    return true;
}

static void check_subscript(struct field_errors *fe, const struct field_path *p, str path,
                            str key) {
    struct name_errors e = {{0}, 0};
    if (str_eqc(path, "metadata.annotations"))
        name_qualified(str_lower(fe->arena, key), &e);
    else if (str_eqc(path, "metadata.labels"))
        name_qualified(key, &e);
    else
        field_invalid(fe, p, path, "does not support subscript");
    for (unsigned i = 0; i < e.n; i++)
        field_invalid(fe, p, key, "%s", e.v[i]);
}

void check_field_ref(struct field_errors *fe, const struct field_path *p,
                     const ObjectFieldSelector *f, bool volume) {
    const char *const *allowed = volume ? volume_fields : env_fields;
    str path, key;
    if (!f->api_version.n) {
        field_required(fe, PATH(p, "apiVersion"), NULL);
    } else if (!f->field_path.n) {
        field_required(fe, PATH(p, "fieldPath"), NULL);
    } else if (!str_eqc(f->api_version, "v1")) {
        field_invalid(fe, PATH(p, "fieldPath"), f->field_path,
                      "error converting fieldPath: unsupported pod version: " STR_FMT,
                      STR_ARG(f->api_version));
    } else if (subscript(f->field_path, &path, &key)) {
        check_subscript(fe, p, path, key);
    } else if (str_in(f->field_path, allowed)) {
        return;
    } else if (str_in(f->field_path, env_fields) || str_in(f->field_path, volume_fields)) {
        field_not_supported(fe, PATH(p, "fieldPath"), f->field_path, allowed);
    } else {
        field_invalid(fe, PATH(p, "fieldPath"), f->field_path,
                      "error converting fieldPath: field label not supported: " STR_FMT,
                      STR_ARG(f->field_path));
    }
}

static void check_divisor(struct field_errors *fe, const struct field_path *p,
                          const ResourceFieldSelector *f) {
#define BYTE_DIVISORS                                                                              \
    "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are "           \
    "supported with the "
    static const char *const cpu[] = {"1", "1m", NULL};
    static const char *const bytes[] = {"1",  "1E",  "1Ei", "1G",  "1Gi", "1k",  "1Ki",
                                        "1M", "1Mi", "1P",  "1Pi", "1T",  "1Ti", NULL};
    static const struct {
        const char *resource, *text;
        const char *const *divisors;
    } rules[] = {
        {"cpu", "only divisor's values 1m and 1 are supported with the cpu resource", cpu},
        {"memory", BYTE_DIVISORS "memory resource", bytes},
        {"ephemeral-storage", BYTE_DIVISORS "local ephemeral storage resource", bytes},
        {"hugepages-", BYTE_DIVISORS "hugepages resource", bytes},
    };
    str name = f->resource, side = str_cut(&name, '.');
    if (!f->divisor.n || str_eqc(f->divisor, "0") || !name.p ||
        (!str_eqc(side, "limits") && !str_eqc(side, "requests")))
        return;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        bool is = is_hugepages(name) ? str_eqc(STR("hugepages-"), rules[i].resource)
                                     : str_eqc(name, rules[i].resource);
        if (is && !str_in(f->divisor, rules[i].divisors))
            field_invalid(fe, PATH(p, "divisor"), f->resource, "%s", rules[i].text);
    }
}

void check_resource_ref(struct field_errors *fe, const struct field_path *p,
                        const ResourceFieldSelector *f, bool volume) {
    static const char *const names[] = {"limits.cpu",
                                        "limits.ephemeral-storage",
                                        "limits.memory",
                                        "requests.cpu",
                                        "requests.ephemeral-storage",
                                        "requests.memory",
                                        NULL};
    if (volume && !f->container_name.n)
        field_required(fe, PATH(p, "containerName"), NULL);
    else if (!f->resource.n)
        field_required(fe, PATH(p, "resource"), NULL);
    else if (!str_in(f->resource, names) && !str_starts(f->resource, STR("limits.hugepages-")) &&
             !str_starts(f->resource, STR("requests.hugepages-")))
        field_not_supported(fe, PATH(p, "resource"), f->resource, names);
    check_divisor(fe, p, f);
}

static void check_key_ref(struct field_errors *fe, const struct field_path *p, str name, str key) {
    field_check_name(fe, PATH(p, "name"), name, name_dns1123_subdomain);
    if (!key.n)
        field_required(fe, PATH(p, "key"), NULL);
    else
        field_check_name(fe, PATH(p, "key"), key, name_config_key);
}

static void check_file_ref(struct field_errors *fe, const struct field_path *p,
                           const FileKeySelector *f) {
    check_rows(fe, p, FileKeySelector, f, "key volumeName path");
    if (f->path.n)
        check_local_path(fe, PATH(p, "path"), f->path, true);
}

static void check_value_from(struct field_errors *fe, const struct field_path *p, const EnvVar *e) {
    const EnvVarSource *s = e->value_from;
    int n = 0;
    if (s->field_ref && ++n)
        check_field_ref(fe, PATH(p, "fieldRef"), s->field_ref, false);
    if (s->resource_field_ref && ++n)
        check_resource_ref(fe, PATH(p, "resourceFieldRef"), s->resource_field_ref, false);
    if (s->config_map_key_ref && ++n)
        check_key_ref(fe, PATH(p, "configMapKeyRef"),
                      s->config_map_key_ref->local_object_reference.name,
                      s->config_map_key_ref->key);
    if (s->secret_key_ref && ++n)
        check_key_ref(fe, PATH(p, "secretKeyRef"), s->secret_key_ref->local_object_reference.name,
                      s->secret_key_ref->key);
    if (s->file_key_ref && ++n)
        check_file_ref(fe, PATH(p, "fileKeyRef"), s->file_key_ref);
    if (!n)
        field_invalid(fe, p, STR_NONE,
                      "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, "
                      "`secretKeyRef` or `fileKeyRef`");
    else if (e->value.n)
        field_invalid(fe, p, STR_NONE, "may not be specified when `value` is not empty");
    else if (n > 1)
        field_invalid(fe, p, STR_NONE, "may not have more than one field specified at a time");
}

static void check_env_name(struct field_errors *fe, const struct field_path *p, str name) {
    if (!name.n)
        field_required(fe, PATH(p, "name"), NULL);
    else
        field_check_name_prefix(fe, PATH(p, "name"), name, name_dns1123_subdomain);
}

/* What is wrong with the whole stands at the list, as upstream has it. */
static void check_env_from(struct field_errors *fe, const struct field_path *list, uint32_t i,
                           const EnvFromSource *s) {
    const struct field_path *p = PATH_INDEX(list, i);
    check_rows(fe, p, EnvFromSource, s, "prefix");
    if (s->config_map_ref)
        check_env_name(fe, PATH(p, "configMapRef"), s->config_map_ref->local_object_reference.name);
    if (s->secret_ref)
        check_env_name(fe, PATH(p, "secretRef"), s->secret_ref->local_object_reference.name);
    if (!s->config_map_ref && !s->secret_ref)
        field_invalid(fe, list, STR(""), "must specify one of: `configMapRef` or `secretRef`");
    else if (s->config_map_ref && s->secret_ref)
        field_invalid(fe, list, STR(""), "may not have more than one field specified at a time");
}

void check_env(struct field_errors *fe, const struct field_path *p, const Container *c) {
    for (uint32_t i = 0; i < c->env.n; i++) {
        const EnvVar *e = &c->env.v[i];
        const struct field_path *at = PATH_INDEX(PATH(p, "env"), i);
        check_rows(fe, at, EnvVar, e, "name");
        if (e->value_from)
            check_value_from(fe, PATH(at, "valueFrom"), e);
    }
    for (uint32_t i = 0; i < c->env_from.n; i++)
        check_env_from(fe, PATH(p, "envFrom"), i, &c->env_from.v[i]);
}
