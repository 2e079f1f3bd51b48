// SPDX-License-Identifier: Apache-2.0
/* Discovery documents of the built-in resources that are served, as compact JSON without a final
 * newline. */
#pragma once

#include "api/served.h"
#include "base/buf.h"

/* GET /api: "host:port" is where clients outside find the server. */
void discovery_api_versions(struct buf *b, const struct served *s, str server_address);
/* GET /apis */
void discovery_group_list(struct buf *b, const struct served *s);
/* GET /apis/GROUP; -ENOENT when nothing of it is served (core has no such document). */
int discovery_group(struct buf *b, const struct served *s, str group);
/* GET /api/v1, /apis/GROUP/VERSION; -ENOENT. */
int discovery_resource_list(struct buf *b, const struct served *s, str group, str version);

/* APIGroupDiscoveryList, which answers to Accept: application/json;g=apidiscovery.k8s.io;v=v2 (or
 * v2beta1);as=APIGroupDiscoveryList on /api (core) and /apis. */
enum discovery_version { DISCOVERY_V2, DISCOVERY_V2BETA1, DISCOVERY_VERSION_MAX };
void discovery_aggregated(struct buf *b, const struct served *s, enum discovery_version v,
                          bool core);

/* "apps/v1", "v1" */
void discovery_group_version(struct buf *b, const char *group, const char *version);
