// SPDX-License-Identifier: Apache-2.0
/* Large answers are gzipped for clients that take it: objects and lists, not watches; the limit is
 * upstream's. */
#pragma once

#include "apiserver/request.h"
#include "net/gzip.h"

#define GZIP_MIN (128 * 1024) /* bytes; larger answers are packed */

bool accepts_gzip(const struct request *r);
void gzip_headers(struct request *r, struct http_headers *h);
/* A piece of a streamed answer; g NULL: as it is. */
void write_packed(struct request *r, struct gzip *g, str piece, bool last);
