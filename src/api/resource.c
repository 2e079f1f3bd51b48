// SPDX-License-Identifier: Apache-2.0
/* Look-ups are linear over about a hundred rows: routes are resolved once a request, and a table
 * that needs no start-up costs no start-up. */
#include "api/resource.h"

#include "api/convert.h"
#include "api/resource_fields.h"

const char *const verb_names[VERB_MAX] = {
    [VERB_GET] = "get",       [VERB_LIST] = "list",
    [VERB_WATCH] = "watch",   [VERB_CREATE] = "create",
    [VERB_UPDATE] = "update", [VERB_PATCH] = "patch",
    [VERB_DELETE] = "delete", [VERB_DELETECOLLECTION] = "deletecollection",
};

const struct api_resource api_resources[RESOURCE_ID_MAX] = {
#define RESOURCE(id_, group_, version_, plural_, singular_, kind_, list_kind_, type_, list_type_,  \
                 verbs_, flags_, ...)                                                              \
    [RESOURCE_ID_##id_] = {.group = group_,                                                        \
                           .version = version_,                                                    \
                           .plural = plural_,                                                      \
                           .singular = singular_,                                                  \
                           .kind = kind_,                                                          \
                           .list_kind = list_kind_,                                                \
                           .type = type_,                                                          \
                           .list_type = list_type_,                                                \
                           .verbs = verbs_,                                                        \
                           .flags = flags_,                                                        \
                           __VA_ARGS__},
#include "api/rows/resources.def"
#undef RESOURCE
};

const struct api_group api_groups[] = {
#define GROUP(name_, ...) {name_, (const char *const[]){__VA_ARGS__, NULL}},
#include "api/rows/groups.def"
#undef GROUP
};
const unsigned n_api_groups = ARRAY_LEN(api_groups);

enum verb verb_of(str name) {
    for (unsigned v = 0; v < VERB_MAX; v++)
        if (str_eqc(name, verb_names[v]))
            return (enum verb)v;
    return VERB_MAX;
}

const struct api_group *group_find(str name) {
    for (unsigned i = 0; i < n_api_groups; i++)
        if (str_eqc(name, api_groups[i].name))
            return &api_groups[i];
    return NULL;
}

const struct api_resource *resource_find(str group, str version, str plural) {
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++) {
        const struct api_resource *r = &api_resources[i];
        if (str_eqc(plural, r->plural) && str_eqc(group, r->group) && str_eqc(version, r->version))
            return r;
    }
    return NULL;
}

const struct api_resource *resource_of_kind(str group, str version, str kind) {
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++) {
        const struct api_resource *r = &api_resources[i];
        if (str_eqc(kind, r->kind) && str_eqc(group, r->group) && str_eqc(version, r->version))
            return r;
    }
    return NULL;
}

const struct api_resource *resource_of_type(const struct api_type *t) {
    for (unsigned i = 0; t && i < RESOURCE_ID_MAX; i++)
        if (api_resources[i].type == t || api_resources[i].list_type == t)
            return &api_resources[i];
    return NULL;
}

const struct api_subresource *resource_sub(const struct api_resource *r, str name) {
    for (unsigned i = 0; i < r->n_subresources; i++)
        if (str_eqc(name, r->subresources[i].name))
            return &r->subresources[i];
    return NULL;
}

/* The kubeconfig type calls itself v1 Config as well, but no server serves it. */
static bool served_root(const struct api_type *t) {
    return type_is(t, TYPE_ROOT) && !str_starts(str_of(t->name), STR("clientcmd_"));
}

const struct api_type *type_of_kind(str group, str version, str kind) {
    for (unsigned i = 0; i < n_api_types; i++) {
        const struct api_info *info = api_types[i]->info;
        if (!served_root(api_types[i]) || !str_eqc(kind, info->kind))
            continue;
        if (info->flags & TYPE_ANY_VERSION ||
            (str_eqc(group, info->group) && str_eqc(version, info->version)))
            return api_types[i];
    }
    return NULL;
}
