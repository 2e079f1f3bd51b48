// SPDX-License-Identifier: Apache-2.0
/* An answer that is a page of HTML, on its way through a proxy: its links are led through the proxy
 * as its redirects are (proxy_rewrite_location()). A compressed page goes on as it reads. */
#pragma once

#include "apiserver/connect/html_links.h"
#include "net/gzip.h"
#include "net/server.h"

/* Where the page comes from, and where the client sees that. */
struct page_place {
    str host, asked, prefix; /* as for proxy_answer_headers() */
};

struct page {
    struct page_place place;
    struct html_links links;
    struct gunzip *gunzip; /* NULL: it is not compressed */
    struct buf pending;    /* has come and waits for room */
    struct buf out;
};

/* Whether an answer with these headers is a page that can be rewritten, and of which coding: "" or
 * one we know. Others, and redirects, pass as they are. */
bool page_is(const struct http_headers *answer, str *ret_coding);
/* Without those that a rewritten page makes untrue. */
struct http_headers page_headers(struct arena *a, const struct http_headers *h);

/* place is the caller's and outlives it. */
void page_init(struct page *p, const struct page_place *place, str coding);
void page_done(struct page *p);
/* Takes data (copied), then writes to x what there is room for. 1: all of it is written; 0: x is
 * full, call again without data when it is not; -EBADMSG: it is not of its coding. */
int page_write(struct page *p, str data, struct exchange *x);
/* Nothing waits for room in x. */
bool page_is_written(const struct page *p);
/* When that is so, and no more data comes: what was held back. */
void page_end(struct page *p, struct exchange *x);
