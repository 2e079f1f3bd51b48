// SPDX-License-Identifier: Apache-2.0
/* The pieces of the version 2 document, for its two encodings. Internal to the openapi files. */
#pragma once

#include "api/describe.h"
#include "api/openapi_route.h"

struct openapi_v2 {
    struct arena arena;
    struct openapi_places places; /* sorted */
    struct openapi_set set;       /* finished */
    struct descriptions descriptions;
};

void openapi_v2_init(struct openapi_v2 *d, const struct served *s);
void openapi_v2_done(struct openapi_v2 *d);
/* Appends path item i as JSON. */
void openapi_v2_write_path(const struct openapi_v2 *d, uint32_t i, struct buf *b);

/* The one security definition, BearerToken. */
#define OPENAPI_V2_SECURITY_JSON                                                                   \
    "{\"description\":\"Bearer Token authentication\",\"type\":\"apiKey\","                        \
    "\"name\":\"authorization\",\"in\":\"header\"}"
