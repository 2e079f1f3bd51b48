// SPDX-License-Identifier: Apache-2.0
#include "api/quantity.h"
#include "kubelet/pod_env.h"
#include "schema/value.h"

static str map_get(const str_map *m, str key) {
    for (uint32_t i = 0; m && i < m->n; i++)
        if (str_eq(m->v[i].key, key))
            return m->v[i].value;
    return STR_NONE;
}

/* key="value" lines, sorted by key, values quoted as Go's %q does for what is allowed in them. */
static str whole_map(struct arena *a, const str_map *m) {
    struct buf b;
    buf_init(&b, 0);
    for (uint32_t i = 0; i < m->n; i++) {
        if (i)
            buf_addc(&b, '\n');
        buf_add(&b, m->v[i].key);
        buf_addc(&b, '=');
        json_quote(&b, m->v[i].value);
    }
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s.p ? s : STR("");
}

/* "metadata.labels['x']": the x, or STR_NONE. */
static str subscript(str path, str prefix) {
    if (!str_starts(path, prefix) || !str_ends(path, STR("']")))
        return STR_NONE;
    str rest = str_slice(path, prefix.n, path.n);
    if (!str_starts(rest, STR("['")) || rest.n < 4)
        return STR_NONE;
    return str_slice(rest, 2, rest.n - 2);
}

int pod_field(struct arena *a, const Pod *p, str path, const struct pod_surroundings *at, str *ret,
              struct err *e) {
    const ObjectMeta *m = &p->metadata;
    str key;
    if ((key = subscript(path, STR("metadata.labels"))).p) {
        *ret = map_get(&m->labels, key);
    } else if ((key = subscript(path, STR("metadata.annotations"))).p) {
        *ret = map_get(&m->annotations, key);
    } else if (str_eqc(path, "metadata.name")) {
        *ret = m->name;
    } else if (str_eqc(path, "metadata.namespace")) {
        *ret = m->namespace_;
    } else if (str_eqc(path, "metadata.uid")) {
        *ret = m->uid;
    } else if (str_eqc(path, "metadata.labels")) {
        *ret = whole_map(a, &m->labels);
    } else if (str_eqc(path, "metadata.annotations")) {
        *ret = whole_map(a, &m->annotations);
    } else if (str_eqc(path, "spec.nodeName")) {
        *ret = p->spec.node_name;
    } else if (str_eqc(path, "spec.serviceAccountName")) {
        *ret = p->spec.service_account_name;
    } else if (str_eqc(path, "status.hostIP")) {
        *ret = at->n_host_ips ? at->host_ips[0] : STR("");
    } else if (str_eqc(path, "status.hostIPs")) {
        *ret = str_join(a, at->host_ips, at->n_host_ips, STR(","));
    } else if (str_eqc(path, "status.podIP")) {
        *ret = at->n_pod_ips ? at->pod_ips[0] : STR("");
    } else if (str_eqc(path, "status.podIPs")) {
        *ret = str_join(a, at->pod_ips, at->n_pod_ips, STR(","));
    } else {
        return err_set(e, -EINVAL, "unsupported fieldPath: " STR_FMT, STR_ARG(path));
    }
    if (!ret->p)
        *ret = STR("");
    return 0;
}

int container_resource(struct arena *a, const Container *c, const ResourceFieldSelector *sel,
                       const struct pod_surroundings *at, str *ret, struct err *e) {
    str rest = sel->resource, part = str_cut(&rest, '.');
    bool limits = str_eqc(part, "limits");
    if ((!limits && !str_eqc(part, "requests")) || !rest.p)
        return err_set(e, -EINVAL, "unsupported container resource : " STR_FMT,
                       STR_ARG(sel->resource));
    str text = map_get(limits ? &c->resources.limits : &c->resources.requests, rest);
    if (!text.p && limits && at->allocatable)
        text = map_get(at->allocatable, rest);
    if (!text.p && !limits) /* a request that was not made is the limit, as admission would say */
        text = map_get(&c->resources.limits, rest);
    struct quantity q = quantity_of(text), divisor = quantity_of(sel->divisor);
    bool cpu = str_eqc(rest, "cpu");
    int scale = cpu ? -3 : 0;
    int64_t v = quantity_scaled(&q, scale), by = quantity_scaled(&divisor, scale);
    if (quantity_sign(&divisor) == 0)
        by = cpu ? 1000 : 1;
    *ret = str_printf(a, "%lld", (long long)(v / by + (v % by > 0)));
    return 0;
}
