// SPDX-License-Identifier: Apache-2.0
/* The routes of the resource table as both OpenAPI versions describe them: a path, and under each
 * HTTP method an operation. Internal to the openapi files. */
#pragma once

#include <stdlib.h>

#include "api/discovery.h"
#include "api/openapi.h"
#include "base/vec.h"
#include "schema/openapi.h"

/* Query and path parameters in the order documents list them: X(constant, name, in path, type). */
#define OPENAPI_PARAMS(X)                                                                          \
    X(ALLOW_BOOKMARKS, "allowWatchBookmarks", false, "boolean")                                    \
    X(COMMAND, "command", false, "string")                                                         \
    X(CONTAINER, "container", false, "string")                                                     \
    X(CONTINUE, "continue", false, "string")                                                       \
    X(DRY_RUN, "dryRun", false, "string")                                                          \
    X(FIELD_MANAGER, "fieldManager", false, "string")                                              \
    X(FIELD_SELECTOR, "fieldSelector", false, "string")                                            \
    X(FIELD_VALIDATION, "fieldValidation", false, "string")                                        \
    X(FOLLOW, "follow", false, "boolean")                                                          \
    X(FORCE, "force", false, "boolean")                                                            \
    X(GRACE_PERIOD, "gracePeriodSeconds", false, "integer")                                        \
    X(IGNORE_READ_ERROR, "ignoreStoreReadErrorWithClusterBreakingPotential", false, "boolean")     \
    X(INSECURE_BACKEND, "insecureSkipTLSVerifyBackend", false, "boolean")                          \
    X(LABEL_SELECTOR, "labelSelector", false, "string")                                            \
    X(LIMIT, "limit", false, "integer")                                                            \
    X(LIMIT_BYTES, "limitBytes", false, "integer")                                                 \
    X(NAME, "name", true, "string")                                                                \
    X(NAMESPACE, "namespace", true, "string")                                                      \
    X(ORPHAN, "orphanDependents", false, "boolean")                                                \
    X(IN_PATH, "path", true, "string")                                                             \
    X(PATH_QUERY, "path", false, "string")                                                         \
    X(PORTS, "ports", false, "integer")                                                            \
    X(PRETTY, "pretty", false, "string")                                                           \
    X(PREVIOUS, "previous", false, "boolean")                                                      \
    X(PROPAGATION, "propagationPolicy", false, "string")                                           \
    X(VERSION, "resourceVersion", false, "string")                                                 \
    X(VERSION_MATCH, "resourceVersionMatch", false, "string")                                      \
    X(INITIAL_EVENTS, "sendInitialEvents", false, "boolean")                                       \
    X(SHARD_SELECTOR, "shardSelector", false, "string")                                            \
    X(SINCE_SECONDS, "sinceSeconds", false, "integer")                                             \
    X(STDERR, "stderr", false, "boolean")                                                          \
    X(STDIN, "stdin", false, "boolean")                                                            \
    X(STDOUT, "stdout", false, "boolean")                                                          \
    X(STREAM, "stream", false, "string")                                                           \
    X(TAIL_LINES, "tailLines", false, "integer")                                                   \
    X(TIMEOUT, "timeoutSeconds", false, "integer")                                                 \
    X(TIMESTAMPS, "timestamps", false, "boolean")                                                  \
    X(TTY, "tty", false, "boolean")                                                                \
    X(WATCH, "watch", false, "boolean")
enum openapi_param {
#define X(id_, ...) PARAM_##id_,
    OPENAPI_PARAMS(X)
#undef X
        PARAM_MAX,
};
struct openapi_param_info {
    const char *name;
    bool in_path;
    const char *type;
};
extern const struct openapi_param_info openapi_params[PARAM_MAX];

/* In the order in which a path item lists them. */
enum openapi_method {
    METHOD_GET,
    METHOD_PUT,
    METHOD_POST,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_HEAD,
    METHOD_PATCH,
    METHOD_MAX,
};
extern const char *const openapi_methods[METHOD_MAX];

enum openapi_body { BODY_NONE, BODY_OBJECT, BODY_DELETE, BODY_PATCH };
/* What an answer may be encoded as. */
enum openapi_content {
    CONTENT_OBJECT, /* JSON, protobuf, YAML */
    CONTENT_STREAM, /* and as a watch stream */
    CONTENT_LOG,    /* and as plain text */
    CONTENT_ANY,    /* whatever the other side sends */
    CONTENT_JSON,
    CONTENT_JWKS,
};
enum { ANSWER_200 = 1, ANSWER_201 = 2, ANSWER_202 = 4 };

struct openapi_op {
    const char *action; /* x-kubernetes-action; NULL: this method is not there */
    char id[256];       /* operationId */
    uint64_t params;    /* bits of enum openapi_param */
    const struct api_type *object, *answer; /* answer NULL: a string */
    uint8_t body, content, codes;
};

struct openapi_route {
    str path;
    char tag[96];
    const char *group, *version, *kind; /* kind NULL: none to name */
    uint64_t params;                    /* common to all operations; not in theirs */
    struct openapi_op ops[METHOD_MAX];
};

enum openapi_route_form {
    ROUTE_FIXED,      /* not of a resource */
    ROUTE_EVERYWHERE, /* list in all namespaces */
    ROUTE_COLLECTION,
    ROUTE_ITEM,
    ROUTE_SUB,
    ROUTE_SUB_PATH, /* proxy/{path} */
    ROUTE_WATCH_EVERYWHERE,
    ROUTE_WATCH_COLLECTION,
    ROUTE_WATCH_ITEM,
};
struct openapi_place {
    str path;
    const struct api_resource *resource;
    const struct api_subresource *sub;
    const struct openapi_fixed *fixed;
    const char *group; /* of fixed ones that name a group */
    const char *version;
    uint8_t form;
};
struct openapi_places {
    struct openapi_place *v;
    uint32_t n, cap;
};
/* The places of one group version (with its own root), or of one fixed document. */
void openapi_places_gv(struct arena *a, struct openapi_places *ps, const struct served *s,
                       const char *group, const char *version);
void openapi_places_group(struct arena *a, struct openapi_places *ps, const char *group);
/* "api", "apis", "version", "openid/v1/jwks", ".well-known/openid-configuration"; -ENOENT. */
int openapi_places_fixed(struct arena *a, struct openapi_places *ps, str document);
/* Name of fixed document i, NULL past the last. */
const char *openapi_fixed_name(uint32_t i);
void openapi_places_sort(struct openapi_places *ps);

void openapi_route_of(const struct openapi_place *p, struct openapi_route *ret);
/* Adds what the route's bodies and answers need. */
void openapi_route_types(const struct openapi_route *r, struct openapi_set *set);

/* Content types of an answer, ending in NULL. */
const char *const *openapi_content_types(enum openapi_content c);
extern const char *const openapi_patch_types[]; /* ending in NULL */
extern const char *const openapi_codes[3];
extern const char *const openapi_code_texts[3];
