// SPDX-License-Identifier: Apache-2.0
/* A list in any form, written piece by piece: no more than one object is held in between.
 *
 * Compact JSON is so by nature. Protobuf says its length in front, so that every item is measured
 * before the head is written. Indentation goes on where the last piece has left it. YAML sorts its
 * members: those behind the items are made with the head and kept for the tail. */
#pragma once

#include "apiserver/encoding/encode.h"
#include "schema/json.h"

struct list_writer {
    struct encoder encoder;
    size_t measured; /* bytes of items that are to come */
    struct json_indenter indent;
    const char *key;   /* YAML: of the items */
    struct buf behind; /* YAML: what follows them */
    bool begun;        /* there was an item */
};

/* As encoder_init(). */
int list_writer_init(struct list_writer *w, struct request *r);
void list_writer_done(struct list_writer *w);

/* Every item once, before the head. Bytes it will take; 0, and at once, where nobody asks. */
size_t list_writer_measure(struct list_writer *w, const struct object *o);
void list_writer_head(struct list_writer *w, struct buf *b, const ListMeta *meta);
void list_writer_item(struct list_writer *w, struct buf *b, const struct object *o);
void list_writer_tail(struct list_writer *w, struct buf *b);
