// SPDX-License-Identifier: Apache-2.0
/* The version 2 document as openapi.v2.Document (gnostic's OpenAPIv2.proto). Each path item and
 * definition is written as JSON and carried over by the tables below, so that both encodings say
 * the same and no more than one item is held as a tree. Extensions and enum values travel as YAML
 * text in that format; JSON is YAML. */
#include "api/openapi_v2.h"
#include "schema/proto_wire.h"
#include "schema/value.h"

enum field_form {
    F_STRING,
    F_BOOL,
    F_STRINGS, /* repeated string */
    F_TYPE,    /* a string inside TypeItem */
    F_ANYS,    /* repeated Any */
    F_MESSAGE,
    F_WRAPPED,     /* a message as field 1 of a message */
    F_MAP,         /* a message of repeated {name = 1, value = 2} in field 1 */
    F_MAP_WRAPPED, /* whose values are wrapped */
    F_PARAMETERS,
};
struct message;
struct field {
    const char *json;
    uint8_t number, form;
    const struct message *sub;
};
struct message {
    const struct field *fields; /* end in a NULL name */
    uint8_t extensions;         /* repeated NamedAny of members that start with x- */
};

static const struct message schema, response, operation;
static const struct field schema_fields[] = {
    {"$ref", 1, F_STRING, NULL},        {"format", 2, F_STRING, NULL},
    {"description", 4, F_STRING, NULL}, {"required", 19, F_STRINGS, NULL},
    {"enum", 20, F_ANYS, NULL},         {"additionalProperties", 21, F_WRAPPED, &schema},
    {"type", 22, F_TYPE, NULL},         {"items", 23, F_WRAPPED, &schema},
    {"properties", 25, F_MAP, &schema}, {NULL, 0, 0, NULL},
};
static const struct message schema = {schema_fields, 31};
static const struct field response_fields[] = {
    {"description", 1, F_STRING, NULL}, {"schema", 2, F_WRAPPED, &schema}, {NULL, 0, 0, NULL}};
static const struct message response = {response_fields, 5};
static const struct field operation_fields[] = {
    {"tags", 1, F_STRINGS, NULL},          {"operationId", 5, F_STRING, NULL},
    {"produces", 6, F_STRINGS, NULL},      {"consumes", 7, F_STRINGS, NULL},
    {"parameters", 8, F_PARAMETERS, NULL}, {"responses", 9, F_MAP_WRAPPED, &response},
    {"schemes", 10, F_STRINGS, NULL},      {NULL, 0, 0, NULL},
};
static const struct message operation = {operation_fields, 13};
static const struct field path_item_fields[] = {
    {"get", 2, F_MESSAGE, &operation},
    {"put", 3, F_MESSAGE, &operation},
    {"post", 4, F_MESSAGE, &operation},
    {"delete", 5, F_MESSAGE, &operation},
    {"options", 6, F_MESSAGE, &operation},
    {"head", 7, F_MESSAGE, &operation},
    {"patch", 8, F_MESSAGE, &operation},
    {"parameters", 9, F_PARAMETERS, NULL},
    {NULL, 0, 0, NULL},
};
static const struct message path_item = {path_item_fields, 10};
static const struct field body_fields[] = {
    {"name", 2, F_STRING, NULL},       {"in", 3, F_STRING, NULL}, {"required", 4, F_BOOL, NULL},
    {"schema", 5, F_MESSAGE, &schema}, {NULL, 0, 0, NULL},
};
static const struct message body_parameter = {body_fields, 6};
static const struct field query_fields[] = {
    {"required", 1, F_BOOL, NULL}, {"in", 2, F_STRING, NULL},         {"name", 4, F_STRING, NULL},
    {"type", 6, F_STRING, NULL},   {"uniqueItems", 20, F_BOOL, NULL}, {NULL, 0, 0, NULL},
};
static const struct message query_parameter = {query_fields, 23};
static const struct field path_fields[] = {
    {"required", 1, F_BOOL, NULL}, {"in", 2, F_STRING, NULL},         {"name", 4, F_STRING, NULL},
    {"type", 5, F_STRING, NULL},   {"uniqueItems", 19, F_BOOL, NULL}, {NULL, 0, 0, NULL},
};
static const struct message path_parameter = {path_fields, 22};
static const struct field security_fields[] = {
    {"type", 1, F_STRING, NULL},        {"name", 2, F_STRING, NULL}, {"in", 3, F_STRING, NULL},
    {"description", 4, F_STRING, NULL}, {NULL, 0, 0, NULL},
};
static const struct message api_key_security = {security_fields, 5};

static void put_varint(struct buf *b, uint64_t v) {
    for (; v >= 0x80; v >>= 7)
        buf_addc(b, (char)(v | 0x80));
    buf_addc(b, (char)v);
}

static void put_tag(struct buf *b, unsigned number, enum proto_wire wire) {
    put_varint(b, number << 3 | wire);
}

static void put_string(struct buf *b, unsigned number, str s) {
    put_tag(b, number, WIRE_BYTES);
    put_varint(b, s.n);
    buf_add(b, s);
}

/* A message of unknown length: what was written since is moved to make room for the length. */
static size_t begin(struct buf *b, unsigned number) {
    put_tag(b, number, WIRE_BYTES);
    return b->n;
}

static void end(struct buf *b, size_t start) {
    size_t n = b->n - start, room = proto_varint_size(n);
    if (!buf_reserve(b, room))
        return;
    memmove(b->p + start + room, b->p + start, n);
    b->n = start;
    put_varint(b, n);
    b->n += n;
}

static void write_message(struct buf *b, const struct message *m, const struct value *v);

static void write_any(struct buf *b, unsigned number, const struct value *v) {
    size_t any = begin(b, number), text = begin(b, 2);
    value_write(b, v);
    buf_addc(b, '\n');
    end(b, text);
    end(b, any);
}

static void write_map(struct buf *b, const struct field *f, const struct value *v) {
    size_t map = begin(b, f->number);
    for (uint32_t i = 0; i < v->object.n; i++) {
        size_t entry = begin(b, 1);
        put_string(b, 1, v->object.v[i].key);
        size_t value = begin(b, 2);
        size_t inner = f->form == F_MAP_WRAPPED ? begin(b, 1) : 0;
        write_message(b, f->sub, &v->object.v[i].value);
        if (inner)
            end(b, inner);
        end(b, value);
        end(b, entry);
    }
    end(b, map);
}

/* ParametersItem.parameter.(body | non_body.(query | path)) */
static void write_parameter(struct buf *b, unsigned number, const struct value *v) {
    str in = value_str(value_getc(v, "in"));
    bool body = str_eqc(in, "body"), query = str_eqc(in, "query");
    size_t item = begin(b, number), parameter = begin(b, 1), kind = begin(b, body ? 1 : 2);
    if (body) {
        write_message(b, &body_parameter, v);
    } else {
        size_t inner = begin(b, query ? 3 : 4);
        write_message(b, query ? &query_parameter : &path_parameter, v);
        end(b, inner);
    }
    end(b, kind);
    end(b, parameter);
    end(b, item);
}

static void write_list(struct buf *b, const struct field *f, const struct value *v) {
    for (uint32_t i = 0; i < v->list.n; i++) {
        const struct value *x = &v->list.v[i];
        if (f->form == F_STRINGS)
            put_string(b, f->number, x->s);
        else if (f->form == F_ANYS)
            write_any(b, f->number, x);
        else
            write_parameter(b, f->number, x);
    }
}

static void write_field(struct buf *b, const struct field *f, const struct value *v) {
    size_t outer;
    switch ((enum field_form)f->form) {
    case F_STRING:
        put_string(b, f->number, v->s);
        break;
    case F_BOOL:
        put_tag(b, f->number, WIRE_VARINT);
        put_varint(b, v->b);
        break;
    case F_TYPE:
        outer = begin(b, f->number);
        put_string(b, 1, v->s);
        end(b, outer);
        break;
    case F_MESSAGE:
        outer = begin(b, f->number);
        write_message(b, f->sub, v);
        end(b, outer);
        break;
    case F_WRAPPED:
        outer = begin(b, f->number);
        size_t inner = begin(b, 1);
        write_message(b, f->sub, v);
        end(b, inner);
        end(b, outer);
        break;
    case F_MAP:
    case F_MAP_WRAPPED:
        write_map(b, f, v);
        break;
    case F_STRINGS:
    case F_ANYS:
    case F_PARAMETERS:
        write_list(b, f, v);
        break;
    }
}

static void write_message(struct buf *b, const struct message *m, const struct value *v) {
    for (const struct field *f = m->fields; f->json; f++) {
        const struct value *x = value_getc(v, f->json);
        if (x)
            write_field(b, f, x);
    }
    for (uint32_t i = 0; i < v->object.n; i++) {
        const struct member *x = &v->object.v[i];
        if (!str_starts(x->key, STR("x-")))
            continue;
        size_t named = begin(b, m->extensions);
        put_string(b, 1, x->key);
        write_any(b, 2, &x->value);
        end(b, named);
    }
}

/* {name = 1, value = 2} from JSON text of our own. */
static void write_named(struct buf *b, unsigned number, str name, const struct message *m,
                        unsigned wrap, str json) {
    struct arena a;
    struct value v;
    arena_init(&a, 0);
    int r = value_parse(&a, json, &v, NULL, NULL);
    ASSERT(r == 0);
    size_t entry = begin(b, number);
    put_string(b, 1, name);
    size_t value = begin(b, 2), inner = wrap ? begin(b, wrap) : 0;
    write_message(b, m, &v);
    if (wrap)
        end(b, inner);
    end(b, value);
    end(b, entry);
    arena_done(&a);
}

static void write_paths(struct buf *b, const struct openapi_v2 *d) {
    struct buf json;
    buf_init(&json, 0);
    size_t paths = begin(b, 8);
    for (uint32_t i = 0; i < d->places.n; i++) {
        buf_clear(&json);
        openapi_v2_write_path(d, i, &json);
        write_named(b, 2, d->places.v[i].path, &path_item, 0, buf_str(&json));
    }
    end(b, paths);
    size_t definitions = begin(b, 9);
    for (uint32_t i = 0; i < d->set.entries.n; i++) {
        buf_clear(&json);
        openapi_set_write(&d->set, i, &json);
        write_named(b, 1, openapi_set_name(&d->set, i), &schema, 0, buf_str(&json));
    }
    end(b, definitions);
    buf_done(&json);
}

static void write_security(struct buf *b) {
    size_t security = begin(b, 12), named = begin(b, 1);
    put_string(b, 1, STR("BearerToken"));
    end(b, begin(b, 2)); /* no scopes */
    end(b, named);
    end(b, security);
    size_t definitions = begin(b, 13);
    write_named(b, 1, STR("BearerToken"), &api_key_security, 2, STR(OPENAPI_V2_SECURITY_JSON));
    end(b, definitions);
}

void openapi_v2_write_proto(struct buf *b, const struct served *s) {
    struct openapi_v2 d;
    openapi_v2_init(&d, s);
    put_string(b, 1, STR("2.0"));
    size_t info = begin(b, 2);
    put_string(b, 1, STR("Kubernetes"));
    put_string(b, 2, STR("1.36"));
    end(b, info);
    write_paths(b, &d);
    write_security(b);
    openapi_v2_done(&d);
}
