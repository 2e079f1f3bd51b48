// SPDX-License-Identifier: Apache-2.0
/* A page of HTML on its way through a proxy: attributes that hold a URL are given another one, all
 * else passes byte by byte. Pieces come as they come; what is held back is one such value at most.
 * Which attributes, and what is no tag but text, a comment or a script, as upstream's proxy has it
 * (golang.org/x/net/html). Pure.
 *
 * A value is taken as it is written: one whose slashes are written as entities is not recognised. A
 * script's text ends at its first end tag, in a comment or not. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#define HTML_NAME_MAX  11         /* of a tag or an attribute that means anything here */
#define HTML_VALUE_MAX (8 * 1024) /* a longer URL stays as it is */

struct html_links {
    /* What stands instead of a URL; may be the same, may be in the arena. */
    str (*rewrite)(void *ctx, struct arena *a, str url);
    void *ctx;
    uint8_t state;
    uint8_t name_n, key_n; /* HTML_NAME_MAX + 1: longer */
    uint8_t matched;       /* of what would end a comment or a script */
    bool ends;             /* the tag is an end tag */
    char name[HTML_NAME_MAX + 1], key[HTML_NAME_MAX + 1];
    bool holds;       /* the value is one, and is in `value` */
    struct buf value; /* as far as it has come */
};

void html_links_init(struct html_links *h, str (*rewrite)(void *ctx, struct arena *, str url),
                     void *ctx);
void html_links_done(struct html_links *h);
void html_links_feed(struct html_links *h, str in, struct buf *out);
/* Nothing more comes. */
void html_links_end(struct html_links *h, struct buf *out);
