// SPDX-License-Identifier: Apache-2.0
/* gzip (RFC 1952) of answers, in pieces, at the level that is fast; and back, of others' answers.
 */
#pragma once

#include "base/buf.h"

struct gzip;
/* Holds some 260 kB until freed. */
struct gzip *gzip_new(void);
/* Compresses `in` onto out; what it holds back comes with later pieces, all of it with the last. */
void gzip_add(struct gzip *g, str in, bool last, struct buf *out);
struct gzip *gzip_free(struct gzip *g);

struct gunzip;
/* bare: deflate (RFC 1951) without any head, as Go takes "deflate". Holds some 40 kB until freed.
 */
struct gunzip *gunzip_new(bool bare);
/* Takes from the front of *in and appends what that is, at most GUNZIP_STEP bytes of it at a time,
 * however much it would be. 1: the end has been seen, and the rest of *in is dropped; 0: call again
 * while *in is not empty, or with more; -EBADMSG: it is none. */
#define GUNZIP_STEP (16 * 1024)
int gunzip_step(struct gunzip *g, str *in, struct buf *out);
/* Whether out of what was taken more may come. */
bool gunzip_holds(const struct gunzip *g);
struct gunzip *gunzip_free(struct gunzip *g);
/* A text that is at hand. */
void gzip_whole(str in, struct buf *out);
/* Accept-Encoding names gzip, as upstream sees it: by itself, without a weight. */
bool gzip_accepted(str accept_encoding);
