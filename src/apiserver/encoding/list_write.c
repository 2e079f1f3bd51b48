// SPDX-License-Identifier: Apache-2.0
#include "apiserver/encoding/list_write.h"

#include "schema/yaml_write.h"

#define PRETTY_SPACES 2

int list_writer_init(struct list_writer *w, struct request *r) {
    *w = (struct list_writer){.indent = {.spaces = PRETTY_SPACES}};
    buf_init(&w->behind, 0);
    w->key = r->accept.as == AS_TABLE ? "rows" : "items";
    return encoder_init(&w->encoder, r);
}

void list_writer_done(struct list_writer *w) {
    encoder_done(&w->encoder);
    buf_done(&w->behind);
}

/* ---- protobuf ---- */

size_t list_writer_measure(struct list_writer *w, const struct object *o) {
    if (w->encoder.media.format != MEDIA_PROTOBUF)
        return 0;
    size_t n = encode_item_size(&w->encoder, o);
    w->measured += n;
    return n;
}

static void proto_head(struct list_writer *w, struct buf *b, const ListMeta *meta) {
    CLEANUP(buf_done) struct buf head = {0};
    str kind, version;
    encode_list_head(&w->encoder, &head, meta);
    encode_list_kind(&w->encoder, &kind, &version);
    encode_envelope_head(b, version, kind, head.n + w->measured);
    buf_add(b, buf_str(&head));
}

static void proto_item(struct list_writer *w, struct buf *b, const struct object *o) {
    size_t from = b->n;
    encode_item(&w->encoder, b, o, false);
    ASSERT(b->n - from <= w->measured);
    w->measured -= b->n - from;
}

static void proto_tail(struct list_writer *w, struct buf *b) {
    ASSERT(w->measured == 0);
    encode_list_tail(&w->encoder, b);
    encode_envelope_tail(b);
}

/* ---- YAML ---- */

/* The list without items, cut where they belong. */
static void yaml_head(struct list_writer *w, struct buf *b, const ListMeta *meta) {
    CLEANUP(buf_done) struct buf json = {0};
    struct value v;
    encode_list_head(&w->encoder, &json, meta);
    encode_list_tail(&w->encoder, &json);
    int r = value_parse(w->encoder.scratch, buf_str(&json), &v, NULL, NULL);
    ASSERT(r == 0 && v.tag == VALUE_OBJECT); /* we wrote it */
    value_sort(&v);
    uint32_t at = 0;
    while (at < v.object.n && !str_eqc(v.object.v[at].key, w->key))
        at++;
    ASSERT(at > 0 && at < v.object.n);
    struct value before = v, behind = v;
    before.object.n = at;
    behind.object.v += at + 1;
    behind.object.n -= at + 1;
    yaml_write(b, &before);
    if (behind.object.n)
        yaml_write(&w->behind, &behind);
    arena_reset(w->encoder.scratch);
}

/* List items stand at their key's column, so that one is written as a list of its own. */
static void yaml_item(struct list_writer *w, struct buf *b, const struct object *o) {
    CLEANUP(buf_done) struct buf json = {0};
    struct value v, list = {.tag = VALUE_LIST, .list = {&v, 1}};
    if (!w->begun)
        buf_printf(b, "%s:\n", w->key);
    encode_item(&w->encoder, &json, o, true);
    int r = value_parse(w->encoder.scratch, buf_str(&json), &v, NULL, NULL);
    ASSERT(r == 0); /* no deeper than what was read */
    yaml_write(b, &list);
    arena_reset(w->encoder.scratch);
}

static void yaml_tail(struct list_writer *w, struct buf *b) {
    if (!w->begun)
        buf_printf(b, "%s: []\n", w->key);
    buf_add(b, buf_str(&w->behind));
}

/* ---- JSON ---- */

static bool is_pretty(const struct list_writer *w) {
    return w->encoder.media.pretty;
}

static void indent(struct list_writer *w, struct buf *b, const struct buf *plain) {
    if (is_pretty(w))
        json_indent_piece(&w->indent, b, buf_str(plain));
}

static void json_head(struct list_writer *w, struct buf *b, const ListMeta *meta) {
    CLEANUP(buf_done) struct buf plain = {0};
    encode_list_head(&w->encoder, is_pretty(w) ? &plain : b, meta);
    indent(w, b, &plain);
}

static void json_item(struct list_writer *w, struct buf *b, const struct object *o) {
    CLEANUP(buf_done) struct buf plain = {0};
    encode_item(&w->encoder, is_pretty(w) ? &plain : b, o, !w->begun);
    indent(w, b, &plain);
}

static void json_tail(struct list_writer *w, struct buf *b) {
    CLEANUP(buf_done) struct buf plain = {0};
    encode_list_tail(&w->encoder, is_pretty(w) ? &plain : b);
    indent(w, b, &plain);
    if (!is_pretty(w))
        buf_addc(b, '\n');
}

/* ---- any ---- */

struct list_form {
    void (*head)(struct list_writer *, struct buf *, const ListMeta *);
    void (*item)(struct list_writer *, struct buf *, const struct object *);
    void (*tail)(struct list_writer *, struct buf *);
};

static const struct list_form forms[MEDIA_FORMAT_MAX] = {
    [MEDIA_JSON] = {json_head, json_item, json_tail},
    [MEDIA_YAML] = {yaml_head, yaml_item, yaml_tail},
    [MEDIA_PROTOBUF] = {proto_head, proto_item, proto_tail},
};

void list_writer_head(struct list_writer *w, struct buf *b, const ListMeta *meta) {
    forms[w->encoder.media.format].head(w, b, meta);
}

void list_writer_item(struct list_writer *w, struct buf *b, const struct object *o) {
    forms[w->encoder.media.format].item(w, b, o);
    w->begun = true;
}

void list_writer_tail(struct list_writer *w, struct buf *b) {
    forms[w->encoder.media.format].tail(w, b);
}
