// SPDX-License-Identifier: Apache-2.0
/* OpenAPI documents of the built-in resources. They depend on nothing but the program, are written
 * when asked for, and kept by whoever serves them for as long as that seems worth it. Documents are
 * compact JSON unless said otherwise. */
#pragma once

#include "api/served.h"
#include "base/buf.h"

/* Document i of version 3: "api/v1", "apis/apps/v1", "apis/apps", "version", ... in order of name;
 * STR_NONE past the last. The text lives in the arena or in the program. */
str openapi_v3_path(struct arena *a, const struct served *s, uint32_t i);
/* Appends the document (path as above, no slash in front). -ENOENT when there is none. */
int openapi_v3_write(struct buf *b, const struct served *s, str path);
/* Appends /openapi/v3: every document with a URL whose hash names its content. Writes all of them
 * once to know. */
void openapi_v3_index(struct buf *b, const struct served *s);
/* A document's hash as it stands in the index, and quoted in ETag. */
str openapi_hash(struct arena *a, str document);

/* Version 2: one document for everything that is served (about 1.5 MB). */
void openapi_v2_write(struct buf *b, const struct served *s);
/* The same as openapi.v2.Document in protobuf, which is what kubectl asks for:
 * application/com.github.proto-openapi.spec.v2@v1.0+protobuf. */
void openapi_v2_write_proto(struct buf *b, const struct served *s);
