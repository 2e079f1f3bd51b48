// SPDX-License-Identifier: Apache-2.0
/* Order, as upstream's: envFrom, then env (each may refer to those before it and to services),
 * then the services' variables whose names are still free. A later name replaces an earlier one. */
#include "kubelet/pod_env.h"

#include "base/buf.h"
#include "base/vec.h"

#define ENV_EXPANDED_MAX (1024 * 1024)

static const struct env_var *find(const struct env_list *l, str name) {
    for (uint32_t i = 0; l && i < l->n; i++)
        if (str_eq(l->v[i].name, name))
            return &l->v[i];
    return NULL;
}

static void put(struct arena *a, struct env_list *l, str name, str value) {
    for (uint32_t i = 0; i < l->n; i++)
        if (str_eq(l->v[i].name, name)) {
            l->v[i].value = value;
            return;
        }
    *list_push(a, l) = (struct env_var){name, value};
}

/* Where a reference at text[i] == '$' ends, and what it names; 0 when it is none. */
static size_t reference(str text, size_t i, str *ret_name) {
    if (i + 1 >= text.n || text.p[i + 1] != '(')
        return 0;
    ssize_t close = str_chr(str_slice(text, i + 2, text.n), ')');
    if (close < 0)
        return 0;
    *ret_name = str_slice(text, i + 2, i + 2 + (size_t)close);
    return i + 3 + (size_t)close;
}

static str expand(struct arena *a, str text, const struct env_list *first,
                  const struct env_list *second) {
    if (str_chr(text, '$') < 0)
        return text;
    struct buf b;
    buf_init(&b, ENV_EXPANDED_MAX);
    for (size_t i = 0; i < text.n;) {
        str name;
        size_t end;
        if (text.p[i] != '$') {
            buf_addc(&b, text.p[i++]);
        } else if (i + 1 < text.n && text.p[i + 1] == '$') {
            buf_addc(&b, '$');
            i += 2;
        } else if ((end = reference(text, i, &name))) {
            const struct env_var *v = find(first, name);
            v = v ? v : find(second, name);
            buf_add(&b, v ? v->value : str_slice(text, i, end));
            i = end;
        } else {
            buf_addc(&b, text.p[i++]);
        }
    }
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s.p ? s : STR("");
}

str env_expand(struct arena *a, str text, const struct env_list *env) {
    return expand(a, text, env, NULL);
}

void container_env_refs(const Container *c,
                        void (*visit)(void *ctx, bool secret, str name, bool optional), void *ctx) {
    for (uint32_t i = 0; i < c->env_from.n; i++) {
        const struct EnvFromSource *f = &c->env_from.v[i];
        if (f->config_map_ref)
            visit(ctx, false, f->config_map_ref->local_object_reference.name,
                  opt_or(f->config_map_ref->optional, false));
        if (f->secret_ref)
            visit(ctx, true, f->secret_ref->local_object_reference.name,
                  opt_or(f->secret_ref->optional, false));
    }
    for (uint32_t i = 0; i < c->env.n; i++) {
        const EnvVarSource *f = c->env.v[i].value_from;
        if (f && f->config_map_key_ref)
            visit(ctx, false, f->config_map_key_ref->local_object_reference.name,
                  opt_or(f->config_map_key_ref->optional, false));
        if (f && f->secret_key_ref)
            visit(ctx, true, f->secret_key_ref->local_object_reference.name,
                  opt_or(f->secret_key_ref->optional, false));
    }
}

static int from_map(struct arena *a, const str_map *data, str prefix, struct env_list *ret) {
    for (uint32_t i = 0; data && i < data->n; i++)
        put(a, ret, str_concat(a, prefix, data->v[i].key), data->v[i].value);
    return 0;
}

static int env_from(struct arena *a, const struct EnvFromSource *f, const struct pod_sources *src,
                    struct env_list *ret, struct err *e) {
    if (f->config_map_ref) {
        str name = f->config_map_ref->local_object_reference.name;
        const ConfigMap *m = src->config_map(src->ctx, name);
        if (!m && !opt_or(f->config_map_ref->optional, false))
            return err_set(e, -ENOENT, "configmap \"" STR_FMT "\" not found", STR_ARG(name));
        return from_map(a, m ? &m->data : NULL, f->prefix, ret);
    }
    if (f->secret_ref) {
        str name = f->secret_ref->local_object_reference.name;
        const Secret *s = src->secret(src->ctx, name);
        if (!s && !opt_or(f->secret_ref->optional, false))
            return err_set(e, -ENOENT, "secret \"" STR_FMT "\" not found", STR_ARG(name));
        return from_map(a, s ? &s->data : NULL, f->prefix, ret);
    }
    return 0;
}

static const struct str_pair *key_of(const str_map *m, str key) {
    for (uint32_t i = 0; i < m->n; i++)
        if (str_eq(m->v[i].key, key))
            return &m->v[i];
    return NULL;
}

/* One key of a config map or secret; -ENODATA: absent, but optional. */
static int from_key(const char *kind, const char *title, const Pod *p, const str_map *data,
                    str name, str key, bool optional, str *ret, struct err *e) {
    if (!data)
        return optional ? -ENODATA
                        : err_set(e, -ENOENT, "%s \"" STR_FMT "\" not found", kind, STR_ARG(name));
    const struct str_pair *v = key_of(data, key);
    if (!v)
        return optional
                   ? -ENODATA
                   : err_set(e, -ENOENT, "couldn't find key " STR_FMT " in %s " STR_FMT "/" STR_FMT,
                             STR_ARG(key), title, STR_ARG(p->metadata.namespace_), STR_ARG(name));
    *ret = v->value;
    return 0;
}

static int value_from(struct arena *a, const Pod *p, const Container *c, const EnvVarSource *f,
                      const struct pod_sources *src, const struct pod_surroundings *at, str *ret,
                      struct err *e) {
    if (f->field_ref)
        return pod_field(a, p, f->field_ref->field_path, at, ret, e);
    if (f->resource_field_ref) {
        str other = f->resource_field_ref->container_name;
        for (uint32_t i = 0; !str_empty(other) && i < p->spec.containers.n; i++)
            if (str_eq(p->spec.containers.v[i].name, other))
                c = &p->spec.containers.v[i];
        return container_resource(a, c, f->resource_field_ref, at, ret, e);
    }
    if (f->config_map_key_ref) {
        const ConfigMapKeySelector *k = f->config_map_key_ref;
        const ConfigMap *m = src->config_map(src->ctx, k->local_object_reference.name);
        return from_key("configmap", "ConfigMap", p, m ? &m->data : NULL,
                        k->local_object_reference.name, k->key, opt_or(k->optional, false), ret, e);
    }
    if (f->secret_key_ref) {
        const SecretKeySelector *k = f->secret_key_ref;
        const Secret *s = src->secret(src->ctx, k->local_object_reference.name);
        return from_key("secret", "Secret", p, s ? &s->data : NULL, k->local_object_reference.name,
                        k->key, opt_or(k->optional, false), ret, e);
    }
    return -ENODATA;
}

int container_env(struct arena *a, const Pod *p, const Container *c, const struct pod_sources *src,
                  const struct pod_surroundings *at, struct env_list *ret, struct err *e) {
    struct env_list out = {0}, services = {0};
    const Service *s;
    for (uint32_t i = 0; src->service && (s = src->service(src->ctx, i)); i++)
        service_env(a, s, &services);
    for (uint32_t i = 0; i < c->env_from.n; i++) {
        int r = env_from(a, &c->env_from.v[i], src, &out, e);
        if (r < 0)
            return r;
    }
    for (uint32_t i = 0; i < c->env.n; i++) {
        const struct EnvVar *v = &c->env.v[i];
        str value = STR("");
        if (v->value_from) {
            int r = value_from(a, p, c, v->value_from, src, at, &value, e);
            if (r == -ENODATA)
                continue;
            if (r < 0)
                return r;
        } else if (!str_empty(v->value)) {
            value = expand(a, v->value, &out, &services);
        }
        put(a, &out, v->name, value);
    }
    for (uint32_t i = 0; i < services.n; i++)
        if (!find(&out, services.v[i].name))
            *list_push(a, &out) = services.v[i];
    *ret = out;
    return 0;
}
