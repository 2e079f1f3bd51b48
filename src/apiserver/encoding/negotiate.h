// SPDX-License-Identifier: Apache-2.0
/* Content negotiation: pure. */
#pragma once

#include "net/http.h"

enum media_format { MEDIA_JSON, MEDIA_YAML, MEDIA_PROTOBUF, MEDIA_FORMAT_MAX };
enum media_as { AS_OBJECT, AS_TABLE, AS_PARTIAL, AS_PARTIAL_LIST };

struct media {
    enum media_format format;
    enum media_as as;
    const char *as_version; /* "meta.k8s.io/v1"; NULL for AS_OBJECT */
    bool pretty;
};
#define ACCEPT_CLAUSES_MAX 64

/* What the client likes best of what is served. -ENOTSUP: nothing of it (406). */
int negotiate_accept(struct arena *a, str accept, struct media *ret);
/* Whether a router that knows these plain types would let the header pass (upstream asks twice:
 * its router first, without parameters). */
bool negotiate_router(str accept);
/* Content-Type of a body; empty is JSON. -ENOTSUP: 415. */
int negotiate_content(str type, enum media_format *ret);
/* Media type without parameters. */
str media_type_of(str header);
bool negotiate_pretty(const struct query *q, str user_agent);
const char *media_content_type(enum media_format f);

#define MEDIA_TYPES_TEXT "application/json, application/yaml, application/vnd.kubernetes.protobuf"
#define MEDIA_STREAM_TYPES_TEXT                                                                    \
    "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
