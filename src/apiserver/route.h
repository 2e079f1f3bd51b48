// SPDX-License-Identifier: Apache-2.0
/* Paths -> what is asked for, as upstream's RequestInfo: pure. */
#pragma once

#include "api/served.h"
#include "net/http.h"

struct request_info {
    bool resource_request;
    str verb;   /* get list watch create update patch delete deletecollection, or the method */
    str prefix; /* "api" or "apis" */
    str group, version, ns, resource, subresource, name;
    str rest;       /* what stands behind the subresource (proxy) */
    unsigned parts; /* path segments behind the version, namespaces/x left out where it is scope */
    bool scoped;    /* the path had namespaces/x in front of the resource */
};

/* path: still encoded. -EINVAL on bad escapes. */
int route_parse(struct arena *a, str method, str path, const struct query *q,
                struct request_info *ret);

/* Go's conversion of a query value to bool: absent, "false" and "0" are false. */
bool query_bool(const struct query *q, const char *name);

enum route_result { ROUTE_OK, ROUTE_NO_GROUP, ROUTE_NOT_FOUND, ROUTE_METHOD };
/* The resource, subresource and verb of a resource request. */
enum route_result route_resource(const struct served *s, const struct request_info *i, str method,
                                 const struct api_resource **ret,
                                 const struct api_subresource **ret_sub, enum verb *ret_verb);
