// SPDX-License-Identifier: Apache-2.0
/* The table of built-in resources: what is served under which path, with which verbs, how it is
 * stored. Custom resources are not here. Rows: api/rows/resources.def (tools/resources.py). */
#pragma once

#include "api/types.h"
#include "base/err.h"

enum verb {
    VERB_GET,
    VERB_LIST,
    VERB_WATCH,
    VERB_CREATE,
    VERB_UPDATE,
    VERB_PATCH,
    VERB_DELETE,
    VERB_DELETECOLLECTION,
    VERB_MAX,
};
#define VERB_BIT(verb_) (1u << (verb_))
extern const char *const verb_names[VERB_MAX];
enum verb verb_of(str name); /* VERB_MAX when unknown */

enum propagation { PROPAGATION_BACKGROUND, PROPAGATION_ORPHAN, PROPAGATION_NONE, PROPAGATION_MAX };

enum resource_flags {
    RESOURCE_NAMESPACED = 1 << 0,
    RESOURCE_ON = 1 << 1, /* served unless told otherwise */
    RESOURCE_CREATE_ON_UPDATE = 1 << 2,
    RESOURCE_UNCONDITIONAL = 1 << 3, /* PUT without resourceVersion is allowed */
    RESOURCE_GRACEFUL = 1 << 4,      /* DELETE may wait (pods) */
    RESOURCE_DELETE_OBJECT = 1 << 5, /* DELETE answers the object, not a Status */
    RESOURCE_TTL = 1 << 6,           /* entries expire (events) */
    RESOURCE_STORED_JSON = 1 << 7,   /* etcd holds JSON, not protobuf */
};

struct api_subresource {
    const char *name;            /* "status" */
    const char *kind;            /* of the body: "Pod", "Scale", "Eviction" */
    const char *group, *version; /* of that kind */
    const struct api_type *type;
    uint16_t verbs;
};

/* A field that selectors may name. get takes an object of the storage type; what it answers may
 * point into the object or lie in the arena. */
struct api_selectable {
    const char *label;
    str (*get)(struct arena *a, const void *obj);
};

/* Between a version and the one that is stored: structs to structs; strings and lists are shared
 * with `from` unless they change. Both outputs are cleared first. */
struct api_conversion {
    int (*to_storage)(struct arena *a, const void *from, void *ret, struct err *e);
    int (*from_storage)(struct arena *a, const void *from, void *ret, struct err *e);
};

struct api_resource {
    const char *group, *version, *plural, *singular, *kind, *list_kind;
    const struct api_type *type, *list_type; /* NULL: known, but not served (alpha, beta) */
    const char *const *short_names, *const *categories; /* end in NULL */
    const struct api_subresource *subresources;
    const struct api_resource *storage;      /* the resource whose type is stored; often itself */
    const struct api_conversion *convert;    /* NULL when storage is itself */
    const struct api_selectable *selectable; /* beyond metadata.*; ends in a NULL label */
    const char *prefix;                      /* "/registry/pods/", NULL when not stored */
    const char *storage_version;             /* "apps/v1" as upstream writes it */
    const char *hash;                        /* storageVersionHash or "" */
    uint16_t verbs;
    uint16_t flags;
    uint8_t n_subresources;
    uint8_t propagation;   /* enum propagation, when the client names none */
    bool cluster_selector; /* metadata.namespace is refused as a selector */
    bool selector_text;    /* refuses with "field label not supported: x" */
};

/* RESOURCE_ID(apps_v1_deployments) indexes api_resources. */
#define RESOURCE_ID(name_) RESOURCE_ID_##name_
enum resource_id {
#define RESOURCE(id_, ...) RESOURCE_ID_##id_,
#include "api/rows/resources.def"
#undef RESOURCE
    RESOURCE_ID_MAX,
};
extern const struct api_resource api_resources[RESOURCE_ID_MAX];
#define RESOURCE_OF(name_) (&api_resources[RESOURCE_ID_##name_])

/* NULL when there is none. Versions that are known but not served are found too. */
const struct api_resource *resource_find(str group, str version, str plural);
const struct api_resource *resource_of_kind(str group, str version, str kind);
const struct api_resource *resource_of_type(const struct api_type *t); /* item or list type */
const struct api_subresource *resource_sub(const struct api_resource *r, str name);
static inline bool resource_is(const struct api_resource *r, uint16_t flag) {
    return r->flags & flag;
}
static inline bool resource_can(const struct api_resource *r, enum verb v) {
    return r->verbs & VERB_BIT(v);
}
/* Any type with this kind and apiVersion, resource or not (Status, DeleteOptions, lists). */
const struct api_type *type_of_kind(str group, str version, str kind);

/* API groups in discovery order; versions by priority, the first is preferred; end in NULL. */
struct api_group {
    const char *name;
    const char *const *versions;
};
extern const struct api_group api_groups[];
extern const unsigned n_api_groups;
const struct api_group *group_find(str name);

/* What a field selector may name: fills *ret with the canonical field (an alias such as spec.host
 * becomes spec.nodeName). -EINVAL with upstream's text. */
int resource_selectable(const struct api_resource *r, str label, struct api_selectable *ret,
                        struct err *e);
