// SPDX-License-Identifier: Apache-2.0
/* Configuration: secrets and config maps. */
#include "api/kinds/kinds.h"
#include "api/kinds/warn.h"
#include "net/x509.h"
#include "schema/patch.h"

/* stringData is for writing only: it ends in data. */
static void defaults(struct hook_ctx *h, void *obj) {
    Secret *s = obj;
    s->data = maps_union(h->arena, &s->string_data, &s->data);
    s->string_data = (str_map){0};
}

static void prepare_update(struct hook_ctx *h, void *obj, const void *old) {
    Secret *s = obj;
    (void)h;
    if (!s->type.n)
        s->type = ((const Secret *)old)->type;
}

#define DATA_MAX (1024 * 1024)

static size_t check_keys(struct field_errors *fe, const struct field_path *p, const str_map *m) {
    size_t total = 0;
    for (uint32_t i = 0; i < m->n; i++) {
        field_check_name(fe, PATH_KEY(p, m->v[i].key), m->v[i].key, name_config_key);
        total += m->v[i].value.n;
    }
    return total;
}

static void require_key(struct field_errors *fe, const struct field_path *p, const Secret *s,
                        const char *key) {
    if (!label_has(&s->data, str_of(key)))
        field_required(fe, PATH_KEY(p, str_of(key)), NULL);
}

/* Its value is an object in JSON; what it says is nobody's business. */
static void require_json(struct field_errors *fe, const struct field_path *p, const Secret *s,
                         const char *key) {
    const struct field_path *at = PATH_KEY(p, str_of(key));
    str redacted = STR("<secret contents redacted>");
    struct value v;
    struct err e = {0};
    require_key(fe, p, s, key);
    if (!label_has(&s->data, str_of(key)))
        return;
    if (value_parse(fe->arena, label_get(&s->data, str_of(key)), &v, NULL, &e) < 0)
        field_invalid(fe, at, redacted, "%s", e.text);
    else if (v.tag != VALUE_OBJECT && v.tag != VALUE_NULL)
        field_invalid(fe, at, redacted,
                      "json: cannot unmarshal %s into Go value of type map[string]interface {}",
                      value_json_type(&v));
}

static void check_type(struct field_errors *fe, const struct field_path *p, const Secret *s) {
    if (str_eqc(s->type, "kubernetes.io/service-account-token")) {
        if (!label_get(&s->metadata.annotations, STR("kubernetes.io/service-account.name")).n)
            field_required(fe,
                           PATH_KEY(PATH(PATH(NULL, "metadata"), "annotations"),
                                    STR("kubernetes.io/service-account.name")),
                           NULL);
    } else if (str_eqc(s->type, "kubernetes.io/dockercfg")) {
        require_json(fe, p, s, ".dockercfg");
    } else if (str_eqc(s->type, "kubernetes.io/dockerconfigjson")) {
        require_json(fe, p, s, ".dockerconfigjson");
    } else if (str_eqc(s->type, "kubernetes.io/basic-auth")) {
        if (!label_has(&s->data, STR("username")) && !label_has(&s->data, STR("password"))) {
            require_key(fe, p, s, "username");
            require_key(fe, p, s, "password");
        }
    } else if (str_eqc(s->type, "kubernetes.io/ssh-auth")) {
        if (!label_get(&s->data, STR("ssh-privatekey")).n)
            field_required(fe, PATH_KEY(p, STR("ssh-privatekey")), NULL);
    } else if (str_eqc(s->type, "kubernetes.io/tls")) {
        require_key(fe, p, s, "tls.crt");
        require_key(fe, p, s, "tls.key");
    }
}

static void check_secret(struct field_errors *fe, const Secret *s) {
    const struct field_path *p = PATH(NULL, "data");
    if (check_keys(fe, p, &s->data) > DATA_MAX)
        field_too_long(fe, p, DATA_MAX);
    check_type(fe, p, s);
}

#define IMMUTABLE_SET "field is immutable when `immutable` is set"

static void validate(struct field_errors *fe, const void *obj, const void *old) {
    const Secret *s = obj, *was = old;
    bool fixed = was && opt_or(was->immutable, false);
    if (was)
        check_same(fe, PATH(NULL, "type"), s->type, was->type);
    if (fixed && !opt_or(s->immutable, false))
        field_forbidden(fe, PATH(NULL, "immutable"), IMMUTABLE_SET);
    if (fixed && !maps_same(&s->data, &was->data))
        field_forbidden(fe, PATH(NULL, "data"), IMMUTABLE_SET);
    check_secret(fe, s);
}

static void warn(struct warnings *w, const void *obj, const void *old) {
    const Secret *s = obj;
    struct err e = {0};
    (void)old;
    if (str_eqc(s->type, "kubernetes.io/tls") &&
        x509_pair_check(label_get(&s->data, STR("tls.crt")), label_get(&s->data, STR("tls.key")),
                        &e) < 0)
        warn_text(w, "%s", e.text);
}

const struct hooks hooks_core_v1_secrets = {
    .group = "",
    .resource = "secrets",
    .defaults = defaults,
    .prepare_update = prepare_update,
    .validate_write = validate,
    .warn = warn,
};

static void check_config_map(struct field_errors *fe, const ConfigMap *c) {
    size_t total = 0;
    for (uint32_t i = 0; i < c->data.n; i++) {
        const struct field_path *p = PATH_KEY(PATH(NULL, "data"), c->data.v[i].key);
        field_check_name(fe, p, c->data.v[i].key, name_config_key);
        if (label_has(&c->binary_data, c->data.v[i].key))
            field_invalid(fe, p, c->data.v[i].key, "duplicate of key present in binaryData");
        total += c->data.v[i].value.n;
    }
    total += check_keys(fe, PATH(NULL, "binaryData"), &c->binary_data);
    if (total > DATA_MAX)
        field_too_long(fe, PATH(NULL, "[]"), DATA_MAX);
}

static void validate_map(struct field_errors *fe, const void *obj, const void *old) {
    const ConfigMap *c = obj, *was = old;
    bool fixed = was && opt_or(was->immutable, false);
    if (fixed && !opt_or(c->immutable, false))
        field_forbidden(fe, PATH(NULL, "immutable"), IMMUTABLE_SET);
    if (fixed && !maps_same(&c->data, &was->data))
        field_forbidden(fe, PATH(NULL, "data"), IMMUTABLE_SET);
    if (fixed && !maps_same(&c->binary_data, &was->binary_data))
        field_forbidden(fe, PATH(NULL, "binaryData"), IMMUTABLE_SET);
    check_config_map(fe, c);
}

const struct hooks hooks_core_v1_configmaps = {
    .group = "",
    .resource = "configmaps",
    .validate_write = validate_map,
};
