// SPDX-License-Identifier: Apache-2.0
#include "apiserver/authn/trust.h"

#include "schema/value.h"

static bool same(const void *x, const void *y) {
    const ConfigMap *a = x, *b = y;
    if (a->data.n != b->data.n)
        return false;
    for (uint32_t i = 0; i < a->data.n; i++)
        if (!str_eq(a->data.v[i].key, b->data.v[i].key) ||
            !str_eq(a->data.v[i].value, b->data.v[i].value))
            return false;
    return true;
}

static str json_list(struct arena *a, const str_list *l) {
    struct buf b;
    buf_init(&b, 0);
    for (uint32_t i = 0; i < l->n; i++) {
        buf_addc(&b, i ? ',' : '[');
        json_quote(&b, l->v[i]);
    }
    buf_printf(&b, l->n ? "]" : "[]");
    str out = str_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}

void trust_publish(struct apiserver *s, const struct trust *t) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    const struct request_header *p = t->proxies;
    struct str_pair data[] = {
        {STR("client-ca-file"), t->client_ca},
        {STR("requestheader-allowed-names"), json_list(a, &p->names)},
        {STR("requestheader-client-ca-file"), t->proxy_ca},
        {STR("requestheader-extra-headers-prefix"), json_list(a, &p->extra_prefixes)},
        {STR("requestheader-group-headers"), json_list(a, &p->group_headers)},
        {STR("requestheader-uid-headers"), json_list(a, &p->uid_headers)},
        {STR("requestheader-username-headers"), json_list(a, &p->user_headers)},
    };
    ConfigMap m = {.metadata = {.name = STR("extension-apiserver-authentication"),
                                .namespace_ = STR("kube-system")},
                   .data = {data, t->proxy_ca.n ? ARRAY_LEN(data) : 1}};
    bootstrap_ensure(s, a, RESOURCE_OF(core_v1_configmaps), &m, same);
}
