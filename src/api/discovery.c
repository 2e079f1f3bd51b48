// SPDX-License-Identifier: Apache-2.0
#include "api/discovery.h"

static bool is_served(const struct served *s, const struct api_resource *r, const char *group,
                      const char *version) {
    return served_has(s, r) && strcmp(r->group, group) == 0 && strcmp(r->version, version) == 0;
}

void discovery_group_version(struct buf *b, const char *group, const char *version) {
    buf_printf(b, "%s%s%s", group, *group ? "/" : "", version);
}

void discovery_api_versions(struct buf *b, const struct served *s, str server_address) {
    buf_printf(b,
               "{\"kind\":\"APIVersions\",\"versions\":[%s],\"serverAddressByClientCIDRs\":[{"
               "\"clientCIDR\":\"0.0.0.0/0\",\"serverAddress\":\"" STR_FMT "\"}]}",
               served_version(s, "", "v1") ? "\"v1\"" : "", STR_ARG(server_address));
}

/* The verbs of a resource in the order of their names. */
static void write_verbs(struct buf *b, uint16_t verbs) {
    static const enum verb sorted[] = {VERB_CREATE, VERB_DELETE, VERB_DELETECOLLECTION, VERB_GET,
                                       VERB_LIST,   VERB_PATCH,  VERB_UPDATE,           VERB_WATCH};
    const char *comma = "";
    buf_adds(b, "\"verbs\":[");
    for (size_t i = 0; i < ARRAY_LEN(sorted); i++) {
        if (!(verbs & VERB_BIT(sorted[i])))
            continue;
        buf_printf(b, "%s\"%s\"", comma, verb_names[sorted[i]]);
        comma = ",";
    }
    buf_addc(b, ']');
}

static void write_strings(struct buf *b, const char *key, const char *const *v) {
    if (!v || !*v)
        return;
    buf_printf(b, ",\"%s\":", key);
    for (char c = '['; *v; v++, c = ',')
        buf_printf(b, "%c\"%s\"", c, *v);
    buf_addc(b, ']');
}

static void write_version(struct buf *b, const char *group, const char *version) {
    buf_adds(b, "{\"groupVersion\":\"");
    discovery_group_version(b, group, version);
    buf_printf(b, "\",\"version\":\"%s\"}", version);
}

/* name, versions, preferredVersion; false when no version is served. */
static bool write_group(struct buf *b, const struct served *s, const struct api_group *g) {
    const char *preferred = NULL;
    for (const char *const *v = g->versions; *v; v++) {
        if (!served_version(s, g->name, *v))
            continue;
        if (preferred) {
            buf_addc(b, ',');
        } else {
            buf_printf(b, "\"name\":\"%s\",\"versions\":[", g->name);
            preferred = *v;
        }
        write_version(b, g->name, *v);
    }
    if (!preferred)
        return false;
    buf_adds(b, "],\"preferredVersion\":");
    write_version(b, g->name, preferred);
    return true;
}

void discovery_group_list(struct buf *b, const struct served *s) {
    const char *comma = "";
    buf_adds(b, "{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\",\"groups\":[");
    for (unsigned i = 0; i < n_api_groups; i++) {
        if (!*api_groups[i].name)
            continue;
        size_t before = b->n;
        buf_printf(b, "%s{", comma);
        if (!write_group(b, s, &api_groups[i])) {
            b->n = before;
            continue;
        }
        buf_addc(b, '}');
        comma = ",";
    }
    buf_adds(b, "]}");
}

int discovery_group(struct buf *b, const struct served *s, str group) {
    const struct api_group *g = str_empty(group) ? NULL : group_find(group);
    size_t before = b->n;
    buf_adds(b, "{\"kind\":\"APIGroup\",\"apiVersion\":\"v1\",");
    if (!g || !write_group(b, s, g)) {
        b->n = before;
        return -ENOENT;
    }
    buf_addc(b, '}');
    return 0;
}

static void write_resource(struct buf *b, const struct api_resource *r) {
    buf_printf(b, "{\"name\":\"%s\",\"singularName\":\"%s\",\"namespaced\":%s,\"kind\":\"%s\",",
               r->plural, r->singular, resource_is(r, RESOURCE_NAMESPACED) ? "true" : "false",
               r->kind);
    write_verbs(b, r->verbs);
    write_strings(b, "shortNames", r->short_names);
    write_strings(b, "categories", r->categories);
    if (*r->hash)
        buf_printf(b, ",\"storageVersionHash\":\"%s\"", r->hash);
    buf_addc(b, '}');
}

/* Where the body of a subresource is of another group or version than its resource. */
static bool is_foreign(const struct api_resource *r, const struct api_subresource *s) {
    return strcmp(r->group, s->group) != 0 || strcmp(r->version, s->version) != 0;
}

static void write_subresource(struct buf *b, const struct api_resource *r,
                              const struct api_subresource *s) {
    buf_printf(b, "{\"name\":\"%s/%s\",\"singularName\":\"\",\"namespaced\":%s,", r->plural,
               s->name, resource_is(r, RESOURCE_NAMESPACED) ? "true" : "false");
    if (is_foreign(r, s))
        buf_printf(b, "\"group\":\"%s\",\"version\":\"%s\",", s->group, s->version);
    buf_printf(b, "\"kind\":\"%s\",", s->kind);
    write_verbs(b, s->verbs);
    buf_addc(b, '}');
}

int discovery_resource_list(struct buf *b, const struct served *s, str group, str version) {
    size_t before = b->n;
    const char *comma = "";
    bool any = false;
    /* upstream writes the list of the core group without its apiVersion */
    buf_printf(b,
               "{\"kind\":\"APIResourceList\",%s\"groupVersion\":\"" STR_FMT "%s" STR_FMT
               "\",\"resources\":[",
               str_empty(group) ? "" : "\"apiVersion\":\"v1\",", STR_ARG(group),
               str_empty(group) ? "" : "/", STR_ARG(version));
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++) {
        const struct api_resource *r = &api_resources[i];
        if (!str_eqc(group, r->group) || !str_eqc(version, r->version) || !served_has(s, r))
            continue;
        any = true;
        buf_add(b, str_of(comma));
        comma = ",";
        write_resource(b, r);
        for (unsigned k = 0; k < r->n_subresources; k++) {
            buf_addc(b, ',');
            write_subresource(b, r, &r->subresources[k]);
        }
    }
    if (!any) {
        b->n = before;
        return -ENOENT;
    }
    buf_adds(b, "]}");
    return 0;
}

/* ---- aggregated ---- */

static void write_response_kind(struct buf *b, const struct api_resource *r, const char *kind,
                                const struct api_subresource *s) {
    bool foreign = s && is_foreign(r, s);
    buf_printf(b, "\"responseKind\":{\"group\":\"%s\",\"version\":\"%s\",\"kind\":\"%s\"}",
               foreign ? s->group : "", foreign ? s->version : "", kind);
}

static void write_discovery(struct buf *b, const struct api_resource *r) {
    buf_printf(b, "{\"resource\":\"%s\",", r->plural);
    write_response_kind(b, r, r->kind, NULL);
    buf_printf(b, ",\"scope\":\"%s\",\"singularResource\":\"%s\",",
               resource_is(r, RESOURCE_NAMESPACED) ? "Namespaced" : "Cluster", r->singular);
    write_verbs(b, r->verbs);
    write_strings(b, "shortNames", r->short_names);
    write_strings(b, "categories", r->categories);
    for (unsigned k = 0; k < r->n_subresources; k++) {
        const struct api_subresource *s = &r->subresources[k];
        buf_printf(b, "%s{\"subresource\":\"%s\",", k ? "," : ",\"subresources\":[", s->name);
        write_response_kind(b, r, s->kind, s);
        buf_addc(b, ',');
        write_verbs(b, s->verbs);
        buf_addc(b, '}');
    }
    if (r->n_subresources)
        buf_addc(b, ']');
    buf_addc(b, '}');
}

static void write_discovery_version(struct buf *b, const struct served *s, const char *group,
                                    const char *version) {
    const char *comma = "";
    buf_printf(b, "{\"version\":\"%s\",\"resources\":[", version);
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++) {
        if (!is_served(s, &api_resources[i], group, version))
            continue;
        buf_add(b, str_of(comma));
        comma = ",";
        write_discovery(b, &api_resources[i]);
    }
    buf_adds(b, "],\"freshness\":\"Current\"}");
}

static bool write_discovery_group(struct buf *b, const struct served *s, const struct api_group *g,
                                  const char *comma) {
    bool any = false;
    for (const char *const *v = g->versions; *v; v++) {
        if (!served_version(s, g->name, *v))
            continue;
        if (any)
            buf_addc(b, ',');
        else if (*g->name)
            buf_printf(b, "%s{\"metadata\":{\"name\":\"%s\"},\"versions\":[", comma, g->name);
        else
            buf_printf(b, "%s{\"metadata\":{},\"versions\":[", comma);
        any = true;
        write_discovery_version(b, s, g->name, *v);
    }
    if (any)
        buf_adds(b, "]}");
    return any;
}

void discovery_aggregated(struct buf *b, const struct served *s, enum discovery_version v,
                          bool core) {
    const char *comma = "";
    buf_printf(b,
               "{\"kind\":\"APIGroupDiscoveryList\",\"apiVersion\":\"apidiscovery.k8s.io/%s\","
               "\"metadata\":{},\"items\":[",
               v == DISCOVERY_V2 ? "v2" : "v2beta1");
    for (unsigned i = 0; i < n_api_groups; i++)
        if (!*api_groups[i].name == core && write_discovery_group(b, s, &api_groups[i], comma))
            comma = ",";
    buf_adds(b, "]}");
}
