// SPDX-License-Identifier: Apache-2.0
#include "watch_events.h"

#include "api/types.h"
#include "schema/json.h"
#include "schema/proto.h"

#define FRAME_HEAD 4 /* big-endian length in front of a protobuf event */

void watch_events_init(struct watch_events *w, const struct api_type *type) {
    *w = (struct watch_events){.type = type, .proto = type != NULL};
    buf_init(&w->in, 0);
}

void watch_events_done(struct watch_events *w) {
    buf_done(&w->in);
}

void watch_events_clear(struct watch_events *w) {
    buf_clear(&w->in);
}

void watch_events_add(struct watch_events *w, str bytes) {
    buf_add(&w->in, bytes);
}

static bool take_varint(str *in, uint64_t *ret) {
    uint64_t n = 0;
    for (unsigned shift = 0; in->n && shift < 64; shift += 7) {
        uint8_t b = (uint8_t)in->p[0];
        *in = str_slice(*in, 1, in->n);
        n |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80)) {
            *ret = n;
            return true;
        }
    }
    return false;
}

/* The bytes of the field that must be next. */
static bool take_field(str *in, unsigned id, str *ret) {
    uint64_t tag, n;
    if (!take_varint(in, &tag) || tag != (id << 3 | 2) || !take_varint(in, &n) || n > in->n)
        return false;
    *ret = str_slice(*in, 0, n);
    *in = str_slice(*in, n, in->n);
    return true;
}

/* WatchEvent {type = 1, object = 2: RawExtension {raw = 1: an envelope}} */
static int read_frame(struct watch_events *w, struct arena *a, str frame, str *ret_type,
                      struct value *ret) {
    struct proto_envelope env;
    struct err e = {0};
    str extension, raw;
    if (!take_field(&frame, 1, ret_type) || !take_field(&frame, 2, &extension) || frame.n ||
        !take_field(&extension, 1, &raw) || extension.n || proto_envelope_read(raw, &env, &e) < 0)
        return -EINVAL;
    const struct api_type *t = str_eqc(env.kind, "Status") ? &Status_type : w->type;
    void *obj = arena_zalloc(a, t->size);
    if (proto_read(a, t, env.raw, obj, &e) < 0)
        return -EINVAL;
    return json_write_value(a, t, obj, ret);
}

static int read_line(struct arena *a, str line, str *ret_type, struct value *ret) {
    struct value event;
    if (value_parse(a, line, &event, NULL, NULL) < 0 || !value_getc(&event, "object"))
        return -EINVAL;
    *ret_type = value_str(value_getc(&event, "type"));
    *ret = *value_getc(&event, "object");
    return 0;
}

/* Bytes of the next event; SIZE_MAX: that has not come yet. */
static size_t event_size(const struct watch_events *w) {
    str in = buf_str(&w->in);
    if (!w->proto) {
        ssize_t end = str_chr(in, '\n');
        return end < 0 ? SIZE_MAX : (size_t)end + 1;
    }
    const uint8_t *p = (const uint8_t *)in.p;
    if (in.n < FRAME_HEAD)
        return SIZE_MAX;
    return FRAME_HEAD + ((size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3]);
}

int watch_events_next(struct watch_events *w, struct arena *a, str *ret_type,
                      struct value **ret_object) {
    size_t n = event_size(w);
    if (n > w->in.n)
        return 0;
    str bytes = str_dup(a, str_slice(buf_str(&w->in), w->proto ? FRAME_HEAD : 0, n));
    struct value *v = arena_make(a, struct value);
    buf_consume(&w->in, n);
    int r = w->proto ? read_frame(w, a, bytes, ret_type, v) : read_line(a, bytes, ret_type, v);
    if (r < 0)
        return r;
    *ret_object = v;
    return 1;
}
