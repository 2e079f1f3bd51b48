// SPDX-License-Identifier: Apache-2.0
/* Configuration: secrets and config maps. */
#include "api/kinds/kinds.h"

/* stringData is for writing only: it ends in data. */
static void defaults(struct hook_ctx *h, void *obj) {
    Secret *s = obj;
    for (uint32_t i = 0; i < s->string_data.n; i++)
        entry_put(h->arena, &s->data, s->string_data.v[i].key, s->string_data.v[i].value);
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

static void check_type(struct field_errors *fe, const struct field_path *p, const Secret *s) {
    if (str_eqc(s->type, "kubernetes.io/service-account-token")) {
        if (!label_get(&s->metadata.annotations, STR("kubernetes.io/service-account.name")).n)
            field_required(fe,
                           PATH_KEY(PATH(PATH(NULL, "metadata"), "annotations"),
                                    STR("kubernetes.io/service-account.name")),
                           NULL);
    } else if (str_eqc(s->type, "kubernetes.io/dockercfg")) {
        require_key(fe, p, s, ".dockercfg");
    } else if (str_eqc(s->type, "kubernetes.io/dockerconfigjson")) {
        require_key(fe, p, s, ".dockerconfigjson");
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

static void validate(struct field_errors *fe, const void *obj) {
    const Secret *s = obj;
    const struct field_path *p = PATH(NULL, "data");
    if (check_keys(fe, p, &s->data) > DATA_MAX)
        field_too_long(fe, p, DATA_MAX);
    check_type(fe, p, s);
}

static bool same_map(const str_map *x, const str_map *y) {
    bool same = x->n == y->n;
    for (uint32_t i = 0; same && i < x->n; i++)
        same = str_eq(x->v[i].key, y->v[i].key) && str_eq(x->v[i].value, y->v[i].value);
    return same;
}

#define IMMUTABLE_SET "field is immutable when `immutable` is set"

static void validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const Secret *s = obj, *was = old;
    check_same(fe, PATH(NULL, "type"), s->type, was->type);
    if (!opt_or(was->immutable, false))
        return;
    if (!opt_or(s->immutable, false))
        field_forbidden(fe, PATH(NULL, "immutable"), IMMUTABLE_SET);
    if (!same_map(&s->data, &was->data))
        field_forbidden(fe, PATH(NULL, "data"), IMMUTABLE_SET);
}

const struct hooks hooks_core_v1_secrets = {
    .group = "",
    .resource = "secrets",
    .defaults = defaults,
    .prepare_update = prepare_update,
    .validate = validate,
    .validate_update = validate_update,
};

static void validate_map(struct field_errors *fe, const void *obj) {
    const ConfigMap *c = obj;
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

static void validate_map_update(struct field_errors *fe, const void *obj, const void *old) {
    const ConfigMap *c = obj, *was = old;
    if (!opt_or(was->immutable, false))
        return;
    if (!opt_or(c->immutable, false))
        field_forbidden(fe, PATH(NULL, "immutable"), IMMUTABLE_SET);
    if (!same_map(&c->data, &was->data))
        field_forbidden(fe, PATH(NULL, "data"), IMMUTABLE_SET);
    if (!same_map(&c->binary_data, &was->binary_data))
        field_forbidden(fe, PATH(NULL, "binaryData"), IMMUTABLE_SET);
}

const struct hooks hooks_core_v1_configmaps = {
    .group = "",
    .resource = "configmaps",
    .validate = validate_map,
    .validate_update = validate_map_update,
};
