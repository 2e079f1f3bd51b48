// SPDX-License-Identifier: Apache-2.0
/* gzip (RFC 1952) of answers, in pieces, at the level that is fast. */
#pragma once

#include "base/buf.h"

struct gzip;
/* Holds some 260 kB until freed. */
struct gzip *gzip_new(void);
/* Compresses `in` onto out; what it holds back comes with later pieces, all of it with the last. */
void gzip_add(struct gzip *g, str in, bool last, struct buf *out);
struct gzip *gzip_free(struct gzip *g);
/* A text that is at hand. */
void gzip_whole(str in, struct buf *out);
/* Accept-Encoding names gzip, as upstream sees it: by itself, without a weight. */
bool gzip_accepted(str accept_encoding);
