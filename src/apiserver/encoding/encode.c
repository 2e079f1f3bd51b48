// SPDX-License-Identifier: Apache-2.0
/* One function a shape. Whatever is not a verbatim copy is decoded into a scratch arena that lives
 * for one object, so that a list of a million rows holds one at a time. */
#include "apiserver/encoding/encode.h"

#include "api/print.h"
#include "schema/json.h"
#include "schema/proto.h"
#include "schema/yaml_write.h"

int encoder_init(struct encoder *e, struct request *r) {
    *e = (struct encoder){.res = r->res, .media = r->accept, .now = loop_wall(r->server->loop)};
    str include = query_get(&r->query, "includeObject");
    if (e->media.as == AS_TABLE && include.n) {
        if (str_eqc(include, "None"))
            e->include = INCLUDE_NONE;
        else if (str_eqc(include, "Object"))
            e->include = INCLUDE_OBJECT;
        else if (!str_eqc(include, "Metadata"))
            return -EINVAL;
    }
    e->scratch = arena_new(0);
    return 0;
}

Status *table_options_invalid(struct request *r) {
    struct field_errors fe = {.arena = r->arena};
    field_invalid(&fe, PATH(NULL, "includeObject"), query_get(&r->query, "includeObject"),
                  "must be 'Metadata', 'Object', 'None', or empty");
    str why = field_error_str(r->arena, &fe.list.v[0]);
    return status_bad_request(r->arena, "Unable to convert to Table as requested: " STR_FMT,
                              STR_ARG(why));
}

void encoder_done(struct encoder *e) {
    e->scratch = arena_free(e->scratch);
}

str api_version_of(struct arena *a, const char *group, const char *version) {
    return *group ? str_printf(a, "%s/%s", group, version) : str_of(version);
}

static str revision_text(struct arena *a, uint64_t revision) {
    return revision ? str_printf(a, "%llu", (unsigned long long)revision) : STR_NONE;
}

void *decode_for(struct arena *a, const struct api_resource *res, const struct object *o,
                 uint64_t revision) {
    void *obj = object_decode(a, o);
    ObjectMeta *m = obj;
    m->resource_version = revision_text(a, revision);
    if (!res->convert)
        return obj;
    void *converted = arena_zalloc(a, res->type->size);
    struct err ignored;
    if (res->convert->from_storage(a, obj, converted, &ignored) < 0)
        *(ObjectMeta *)converted = *m;
    return converted;
}

static void put_varint(struct buf *b, uint64_t v) {
    while (v >= 0x80) {
        buf_addc(b, (char)(v | 0x80));
        v >>= 7;
    }
    buf_addc(b, (char)v);
}

static void put_bytes(struct buf *b, unsigned field, str s) {
    put_varint(b, field << 3 | 2);
    put_varint(b, s.n);
    buf_add(b, s);
}

static size_t varint_size(uint64_t v) {
    size_t n = 1;
    while (v >>= 7)
        n++;
    return n;
}

static size_t bytes_size(size_t n) {
    return 1 + varint_size(n) + n;
}

static size_t envelope_size(str api_version, str kind, size_t message) {
    return 4 + bytes_size(bytes_size(api_version.n) + bytes_size(kind.n)) + bytes_size(message) +
           2 * bytes_size(0);
}

void encode_envelope_head(struct buf *b, str api_version, str kind, size_t message) {
    buf_add(b, STR("k8s\0"));
    size_t meta = bytes_size(api_version.n) + bytes_size(kind.n);
    put_varint(b, 1 << 3 | 2);
    put_varint(b, meta);
    put_bytes(b, 1, api_version);
    put_bytes(b, 2, kind);
    put_varint(b, 2 << 3 | 2);
    put_varint(b, message);
}

void encode_envelope_tail(struct buf *b) {
    put_bytes(b, 3, STR(""));
    put_bytes(b, 4, STR(""));
}

static void put_envelope(struct buf *b, str api_version, str kind, str message) {
    encode_envelope_head(b, api_version, kind, message.n);
    buf_add(b, message);
    encode_envelope_tail(b);
}

static const char *partial_kind(bool list) {
    return list ? "PartialObjectMetadataList" : "PartialObjectMetadata";
}

static void json_head(struct buf *b, const char *kind, str api_version) {
    buf_adds(b, "{\"kind\":");
    json_quote(b, str_of(kind));
    buf_adds(b, ",\"apiVersion\":");
    json_quote(b, api_version);
}

/* {"kind":..,"apiVersion":..,"metadata":{..}} */
static void partial_json(const struct encoder *e, struct buf *b, const ObjectMeta *m) {
    json_head(b, partial_kind(false),
              str_of(e->media.as_version ? e->media.as_version : "meta.k8s.io/v1"));
    buf_adds(b, ",\"metadata\":");
    json_write(b, &ObjectMeta_type, m, 0, NULL);
    buf_addc(b, '}');
}

static void table_head(struct encoder *e, struct buf *b, const ListMeta *meta) {
    json_head(b, "Table", str_of(e->media.as_version));
    buf_adds(b, ",\"metadata\":");
    json_write(b, &ListMeta_type, meta, 0, NULL);
    buf_adds(b, ",\"columnDefinitions\":");
    size_t n;
    const struct print_column *c = print_columns(e->res->storage, &n);
    if (e->columns_sent)
        buf_adds(b, "null");
    for (size_t i = 0; i < n && !e->columns_sent; i++) {
        buf_addc(b, i ? ',' : '[');
        buf_adds(b, "{\"name\":");
        json_quote(b, str_of(c[i].name));
        buf_adds(b, ",\"type\":");
        json_quote(b, str_of(c[i].type));
        buf_adds(b, ",\"format\":");
        json_quote(b, str_of(c[i].format));
        buf_adds(b, ",\"description\":");
        json_quote(b, str_of(c[i].description));
        buf_printf(b, ",\"priority\":%d}", c[i].priority);
    }
    if (!e->columns_sent)
        buf_addc(b, ']');
    buf_adds(b, ",\"rows\":[");
}

/* obj in the version asked for; stored: the same in the version that printers know. */
static void table_row(struct encoder *e, struct buf *b, const void *obj, const void *stored) {
    buf_adds(b, "{\"cells\":");
    print_cells(b, e->res->storage, stored, e->now);
    buf_adds(b, ",\"object\":");
    if (e->include == INCLUDE_NONE)
        buf_adds(b, "null");
    else if (e->include == INCLUDE_OBJECT)
        json_write(b, e->res->type, obj, 0, NULL);
    else
        partial_json(e, b, obj);
    buf_addc(b, '}');
}

void encode_typed(const struct media *m, struct buf *b, const struct api_type *t, const void *obj) {
    if (m->format == MEDIA_PROTOBUF)
        proto_envelope_write(b, t, obj);
    else
        json_write(b, t, obj, 0, NULL);
}

static const void *stored_form(struct encoder *e, const void *obj) {
    const struct api_resource *st = e->res->storage;
    if (!e->res->convert)
        return obj;
    void *out = arena_zalloc(e->scratch, st->type->size);
    struct err ignored;
    if (e->res->convert->to_storage(e->scratch, obj, out, &ignored) < 0)
        *(ObjectMeta *)out = *(const ObjectMeta *)obj;
    return out;
}

void encode_unstored_table(struct encoder *e, struct buf *b, const void *const *objs, size_t n) {
    ListMeta meta = {0};
    table_head(e, b, &meta);
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_addc(b, ',');
        table_row(e, b, objs[i], stored_form(e, objs[i]));
    }
    buf_adds(b, "]}");
}

void encode_unstored(struct encoder *e, struct buf *b, const void *obj) {
    const ObjectMeta *m = obj;
    if (e->media.as == AS_TABLE) {
        ListMeta meta = {.resource_version = m->resource_version};
        table_head(e, b, &meta);
        table_row(e, b, obj, stored_form(e, obj));
        buf_adds(b, "]}");
    } else if (e->media.as != AS_OBJECT && e->media.format == MEDIA_PROTOBUF) {
        PartialObjectMetadata p = {.metadata = *m};
        proto_envelope_write(b, &PartialObjectMetadata_type, &p);
    } else if (e->media.as != AS_OBJECT) {
        partial_json(e, b, m);
    } else {
        encode_typed(&e->media, b, e->res->type, obj);
    }
}

static bool verbatim(const struct encoder *e, const struct object *o) {
    return e->media.as == AS_OBJECT && e->res == o->resource;
}

/* A message of what is stored, made in `own` only when it shows another revision. */
static str stored_message(const struct object *o, uint64_t revision, struct buf *own) {
    if (revision == o->revision)
        return object_proto(o);
    object_write_proto(own, o, revision);
    return buf_str(own);
}

static void stored_proto(struct encoder *e, struct buf *b, const struct object *o,
                         uint64_t revision) {
    struct buf own;
    buf_init(&own, 0);
    put_envelope(b, api_version_of(e->scratch, e->res->group, e->res->version),
                 str_of(e->res->kind), stored_message(o, revision, &own));
    buf_done(&own);
}

void encode_object(struct encoder *e, struct buf *b, const struct object *o, uint64_t revision) {
    if (verbatim(e, o) && e->media.format != MEDIA_PROTOBUF) {
        object_write_json(b, o, revision, false);
        return;
    }
    if (verbatim(e, o))
        stored_proto(e, b, o, revision);
    else
        encode_unstored(e, b, decode_for(e->scratch, e->res, o, revision));
    arena_reset(e->scratch);
}

void encode_list_kind(const struct encoder *e, str *ret_kind, str *ret_api_version) {
    if (e->media.as == AS_OBJECT) {
        *ret_kind = str_of(e->res->list_kind);
        *ret_api_version = api_version_of(e->scratch, e->res->group, e->res->version);
    } else {
        *ret_kind = str_of(partial_kind(true));
        *ret_api_version = str_of(e->media.as_version);
    }
}

void encode_list_head(struct encoder *e, struct buf *b, const ListMeta *meta) {
    if (e->media.as == AS_TABLE) {
        table_head(e, b, meta);
        return;
    }
    if (e->media.format == MEDIA_PROTOBUF) {
        put_varint(b, 1 << 3 | 2);
        put_varint(b, proto_size(&ListMeta_type, meta));
        proto_write(b, &ListMeta_type, meta);
        return;
    }
    str kind, version;
    encode_list_kind(e, &kind, &version);
    buf_adds(b, "{\"kind\":");
    json_quote(b, kind);
    buf_adds(b, ",\"apiVersion\":");
    json_quote(b, version);
    buf_adds(b, ",\"metadata\":");
    json_write(b, &ListMeta_type, meta, 0, NULL);
    buf_adds(b, ",\"items\":[");
}

static bool is_partial(const struct encoder *e) {
    return e->media.as == AS_PARTIAL || e->media.as == AS_PARTIAL_LIST;
}

/* What an item is made from when it is no copy: in the version asked for, as far as it is shown. */
static const void *decode_item(struct encoder *e, const struct object *o) {
    if (is_partial(e) && !e->res->convert)
        return object_decode_meta(e->scratch, o);
    return decode_for(e->scratch, e->res, o, o->revision);
}

/* The same as a message of *ret_type. */
static const void *item_message(struct encoder *e, const struct object *o,
                                const struct api_type **ret_type) {
    const void *obj = decode_item(e, o);
    *ret_type = e->res->type;
    if (!is_partial(e))
        return obj;
    PartialObjectMetadata *p = arena_make(e->scratch, PartialObjectMetadata);
    p->metadata = *(const ObjectMeta *)obj;
    *ret_type = &PartialObjectMetadata_type;
    return p;
}

/* Field 2 of the list. */
static void item_proto(struct encoder *e, struct buf *b, const struct object *o) {
    if (verbatim(e, o)) {
        put_bytes(b, 2, object_proto(o));
        return;
    }
    const struct api_type *t;
    const void *obj = item_message(e, o, &t);
    put_varint(b, 2 << 3 | 2);
    put_varint(b, proto_size(t, obj));
    proto_write(b, t, obj);
    arena_reset(e->scratch);
}

size_t encode_item_size(struct encoder *e, const struct object *o) {
    if (verbatim(e, o))
        return bytes_size(object_proto(o).n);
    const struct api_type *t;
    const void *obj = item_message(e, o, &t);
    size_t n = bytes_size(proto_size(t, obj));
    arena_reset(e->scratch);
    return n;
}

void encode_item(struct encoder *e, struct buf *b, const struct object *o, bool first) {
    if (e->media.format == MEDIA_PROTOBUF) {
        item_proto(e, b, o);
        return;
    }
    if (!first)
        buf_addc(b, ',');
    if (verbatim(e, o)) {
        object_write_json(b, o, o->revision, true);
        return;
    }
    const void *obj = decode_item(e, o);
    if (e->media.as == AS_TABLE)
        table_row(e, b, obj, e->res->convert ? object_decode(e->scratch, o) : obj);
    else if (is_partial(e))
        partial_json(e, b, obj);
    else
        json_write(b, e->res->type, obj, JSON_NO_TYPE_META, NULL);
    arena_reset(e->scratch);
}

void encode_list_tail(struct encoder *e, struct buf *b) {
    if (e->media.format != MEDIA_PROTOBUF)
        buf_adds(b, "]}");
}

void encode_finish(const struct media *m, struct arena *a, struct buf *b) {
    if (m->format == MEDIA_PROTOBUF)
        return;
    if (m->format == MEDIA_JSON && !m->pretty) {
        buf_addc(b, '\n');
        return;
    }
    struct buf out;
    buf_init(&out, b->limit);
    struct value v;
    if (m->format == MEDIA_JSON)
        json_indent(&out, buf_str(b), 2);
    else if (value_parse(a, buf_str(b), &v, NULL, NULL) == 0)
        yaml_write(&out, &v);
    buf_done(b);
    *b = out;
}

/* WatchEvent {type = 1, object = 2: RawExtension {raw = 1}} behind its length, up to the bytes of
 * the object. */
static void frame_proto(struct buf *b, const char *type, size_t object) {
    size_t tn = strlen(type), raw = bytes_size(object), total = bytes_size(tn) + bytes_size(raw);
    char length[4] = {(char)(total >> 24), (char)(total >> 16), (char)(total >> 8), (char)total};
    buf_add(b, str_n(length, sizeof(length)));
    put_bytes(b, 1, str_n(type, tn));
    put_varint(b, 2 << 3 | 2);
    put_varint(b, raw);
    put_varint(b, 1 << 3 | 2);
    put_varint(b, object);
}

static void frame_event(struct encoder *e, struct buf *b, const char *type, str object) {
    if (e->media.format == MEDIA_PROTOBUF) {
        frame_proto(b, type, object.n);
        buf_add(b, object);
        return;
    }
    buf_printf(b, "{\"type\":\"%s\",\"object\":", type);
    buf_add(b, object);
    buf_adds(b, "}\n");
}

/* What is stored, in the form it is kept in: every watcher but the first copies it once. */
static void stored_event(struct encoder *e, struct buf *b, const char *type, const struct object *o,
                         uint64_t revision) {
    if (e->media.format == MEDIA_JSON) {
        buf_printf(b, "{\"type\":\"%s\",\"object\":", type);
        object_write_json(b, o, revision, false);
        buf_adds(b, "}\n");
        return;
    }
    struct buf own;
    buf_init(&own, 0);
    str message = stored_message(o, revision, &own), kind = str_of(e->res->kind);
    str version = api_version_of(e->scratch, e->res->group, e->res->version);
    frame_proto(b, type, envelope_size(version, kind, message.n));
    put_envelope(b, version, kind, message);
    buf_done(&own);
    arena_reset(e->scratch);
}

void encode_event(struct encoder *e, struct buf *b, const char *type, const struct object *o,
                  uint64_t revision) {
    if (verbatim(e, o) && (e->media.format == MEDIA_JSON || e->media.format == MEDIA_PROTOBUF)) {
        stored_event(e, b, type, o, revision);
        return;
    }
    struct buf one;
    buf_init(&one, 0);
    encode_object(e, &one, o, revision);
    frame_event(e, b, type, buf_str(&one));
    buf_done(&one);
    e->columns_sent = true;
}

void encode_event_typed(struct encoder *e, struct buf *b, const char *type,
                        const struct api_type *t, const void *obj) {
    struct buf one;
    buf_init(&one, 0);
    if (t == e->res->type)
        encode_unstored(e, &one, obj);
    else
        encode_typed(&e->media, &one, t, obj);
    frame_event(e, b, type, buf_str(&one));
    buf_done(&one);
}
