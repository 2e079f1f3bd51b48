// SPDX-License-Identifier: Apache-2.0
#include "apiserver/authn/trust.h"

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

void trust_publish(struct apiserver *s, const struct trust *t) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    struct str_pair data[] = {
        {STR("client-ca-file"), t->client_ca},
        {STR("requestheader-allowed-names"),
         str_printf(a, "[\"" STR_FMT "\"]", STR_ARG(t->proxy_cn))},
        {STR("requestheader-client-ca-file"), t->proxy_ca},
        {STR("requestheader-extra-headers-prefix"), STR("[\"X-Remote-Extra-\"]")},
        {STR("requestheader-group-headers"), STR("[\"X-Remote-Group\"]")},
        {STR("requestheader-uid-headers"), STR("[\"X-Remote-Uid\"]")},
        {STR("requestheader-username-headers"), STR("[\"X-Remote-User\"]")},
    };
    ConfigMap m = {.metadata = {.name = STR("extension-apiserver-authentication"),
                                .namespace_ = STR("kube-system")},
                   .data = {data, ARRAY_LEN(data)}};
    bootstrap_ensure(s, a, RESOURCE_OF(core_v1_configmaps), &m, same);
}
