// SPDX-License-Identifier: Apache-2.0
/* Stored objects -> bytes of an answer: whole objects, tables or metadata only; JSON, YAML or
 * protobuf; in the version that was asked for. The common case, JSON in the stored version, copies
 * the stored bytes. */
#pragma once

#include "apiserver/request.h"

struct encoder {
    const struct api_resource *res; /* version asked for */
    struct media media;
    enum include_object { INCLUDE_METADATA, INCLUDE_NONE, INCLUDE_OBJECT } include;
    int64_t now;           /* wall clock, for ages in tables */
    struct arena *scratch; /* emptied after each object */
    bool columns_sent;     /* a watch names columns once */
};

/* includeObject of the query is read here; -EINVAL when it is none of the three. */
int encoder_init(struct encoder *e, struct request *r);
/* What the client is told then. */
Status *table_options_invalid(struct request *r);
void encoder_done(struct encoder *e);

/* Whole document, without newline; not yet YAML or indented. `revision` is shown. */
void encode_object(struct encoder *e, struct buf *b, const struct object *o, uint64_t revision);
/* A struct of its own type; AS_TABLE and AS_PARTIAL do not apply. */
void encode_typed(const struct media *m, struct buf *b, const struct api_type *t, const void *obj);
/* An object of e->res->type that is not stored (dry run). */
void encode_unstored(struct encoder *e, struct buf *b, const void *obj);

/* The table of several such. */
void encode_unstored_table(struct encoder *e, struct buf *b, const void *const *objs, size_t n);

/* A list is head, items, tail (list_write.h puts them together); compact JSON, where encode_item
 * sets a comma unless it is the first, or the protobuf message without its envelope. */
void encode_list_head(struct encoder *e, struct buf *b, const ListMeta *meta);
void encode_item(struct encoder *e, struct buf *b, const struct object *o, bool first);
size_t encode_item_size(struct encoder *e, const struct object *o); /* protobuf: what it appends */
void encode_list_tail(struct encoder *e, struct buf *b);
/* kind and apiVersion of the list, for the envelope. */
void encode_list_kind(const struct encoder *e, str *ret_kind, str *ret_api_version);

/* What the media type wants done to a whole JSON document: YAML, indentation, a newline. */
void encode_finish(const struct media *m, struct arena *a, struct buf *b);
/* "k8s\0" and runtime.Unknown around a message of so many bytes. */
void encode_envelope_head(struct buf *b, str api_version, str kind, size_t message);
void encode_envelope_tail(struct buf *b);

/* One event of a watch as the wire has it. type: "ADDED". */
void encode_event(struct encoder *e, struct buf *b, const char *type, const struct object *o,
                  uint64_t revision);
/* The same for an object given as struct (bookmarks, errors). */
void encode_event_typed(struct encoder *e, struct buf *b, const char *type,
                        const struct api_type *t, const void *obj);
/* The object in the version asked for, decoded. */
void *decode_for(struct arena *a, const struct api_resource *res, const struct object *o,
                 uint64_t revision);
