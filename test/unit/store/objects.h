// SPDX-License-Identifier: Apache-2.0
/* Small objects for tests of the store: ConfigMaps and Pods with the JSON they would have. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "api/object.h"
#include "store/store.h"

static inline str key_of(char *buf, size_t n, const struct api_resource *r, const char *ns,
                         const char *name) {
    snprintf(buf, n, "%s%s%s%s", r->prefix, ns, *ns ? "/" : "", name);
    return str_of(buf);
}

/* A ConfigMap whose only datum is `value`. */
static inline struct object *config_map(const char *ns, const char *name, uint64_t value) {
    char key[256], json[512];
    const struct api_resource *r = RESOURCE_OF(core_v1_configmaps);
    int n = snprintf(json, sizeof(json),
                     "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\","
                     "\"namespace\":\"%s\",\"resourceVersion\":\"\"},"
                     "\"data\":{\"value\":\"%llu\"}}",
                     name, ns, (unsigned long long)value);
    struct object h = {.resource = r,
                       .key = key_of(key, sizeof(key), r, ns, name),
                       .ns = str_of(ns),
                       .name = str_of(name),
                       .hole = (uint32_t)(strstr(json, "\"},\"data\"") - json),
                       .item = sizeof("{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",") - 1};
    return object_new_raw(&h, str_n(json, (size_t)n));
}

/* The datum again. */
static inline uint64_t config_value(const struct object *o) {
    static const char mark[] = "{\"value\":\"";
    ssize_t at = str_find(o->json, STR("{\"value\":\""));
    return at < 0 ? 0 : strtoull(o->json.p + at + sizeof(mark) - 1, NULL, 10);
}

/* A Pod, of which only key and spec.nodeName count. */
static inline struct object *pod(const char *ns, const char *name, const char *node) {
    char key[256], json[512];
    const struct api_resource *r = RESOURCE_OF(core_v1_pods);
    str fields[16];
    struct object h = {.resource = r,
                       .key = key_of(key, sizeof(key), r, ns, name),
                       .ns = str_of(ns),
                       .name = str_of(name),
                       .fields = fields};
    for (; r->selectable[h.n_fields].label; h.n_fields++)
        fields[h.n_fields] =
            strcmp(r->selectable[h.n_fields].label, "spec.nodeName") == 0 ? str_of(node) : STR("");
    int n = snprintf(json, sizeof(json), "{\"spec\":{\"nodeName\":\"%s\"}}", node);
    return object_new_raw(&h, str_n(json, (size_t)n));
}
