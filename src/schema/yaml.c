// SPDX-License-Identifier: Apache-2.0
/* libyaml's events to a value tree. Aliases are copies, as trees may be changed in place; a budget
 * of nodes keeps a small text from becoming a large tree. Error texts are goyaml's, which counts
 * lines as it does. */
#include "schema/yaml.h"

#include <yaml.h>

#include "base/base64.h"
#include "base/map.h"
#include "base/vec.h"
#include "schema/json_lex.h"
#include "schema/ops.h"
#include "schema/yaml_scalar.h"

struct anchor {
    str name;
    struct value value;
    uint32_t nodes;
    unsigned height; /* containers inside each other */
    bool open;       /* its value is still being read */
};

struct reader {
    yaml_parser_t parser;
    yaml_event_t event;
    struct arena *a;
    struct err *e;
    struct {
        struct anchor *v;
        uint32_t n;
    } anchors;
    uint32_t nodes, nodes_max;
    unsigned depth;
    str_list *duplicates; /* NULL: nobody asks */
};

#define ANCHORS_MAX 1000 /* a document; each alias looks through them */

static int read_node(struct reader *r, struct value *ret);

static int syntax_error(struct reader *r) {
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "unknown problem parsing YAML content";
    size_t line = p->problem_mark.line;
    if (line)
        line += p->error == YAML_SCANNER_ERROR;
    else
        line = p->context_mark.line;
    if (line)
        return err_set(r->e, -EINVAL, "yaml: line %zu: %s", line, problem);
    return err_set(r->e, -EINVAL, "yaml: %s", problem);
}

static int next_event(struct reader *r) {
    yaml_event_delete(&r->event);
    return yaml_parser_parse(&r->parser, &r->event) ? 0 : syntax_error(r);
}

static int count_nodes(struct reader *r, uint32_t n) {
    if (n > r->nodes_max - r->nodes)
        return err_set(r->e, -EINVAL, "yaml: document contains excessive aliasing");
    r->nodes += n;
    if (arena_over(r->a))
        return err_set(r->e, -E2BIG, "YAML text needs more than %zu bytes of memory", r->a->limit);
    return 0;
}

static str text_of(struct reader *r, const yaml_char_t *p, size_t n) {
    return str_dup(r->a, (str){(const char *)p, n});
}

static bool has_tag(const yaml_event_t *e, const char *name) {
    const char *tag = (const char *)e->data.scalar.tag;
    return tag && strncmp(tag, "tag:yaml.org,2002:", 18) == 0 && strcmp(tag + 18, name) == 0;
}

/* Decoded binary is text for JSON: bytes that are no UTF-8 go the way they go there. */
static str as_text(struct arena *a, str bytes) {
    struct buf b;
    if (utf8_valid(bytes))
        return bytes;
    buf_init(&b, 0);
    json_quote(&b, bytes);
    struct json_in in = {.p = b.p, .end = b.p + b.n, .a = a};
    lex_string(&in, &bytes);
    bytes = str_dup(a, bytes);
    buf_done(&b);
    return bytes;
}

static int read_scalar(struct reader *r, struct value *ret) {
    const yaml_event_t *e = &r->event;
    str text = text_of(r, e->data.scalar.value, e->data.scalar.length);
    bool typed =
        has_tag(e, "int") || has_tag(e, "float") || has_tag(e, "bool") || has_tag(e, "null");
    bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !e->data.scalar.tag;
    if (plain || typed)
        return yaml_plain(text, ret, r->e);
    if (has_tag(e, "binary")) {
        if (base64_decode_in(r->a, text, BASE64_LAX, &text) < 0)
            return err_set(r->e, -EINVAL, "yaml: !!binary value contains invalid base64 data");
        text = as_text(r->a, text);
    }
    *ret = (struct value){.tag = VALUE_STR, .s = text};
    return 0;
}

static int too_deep(struct reader *r) {
    return err_set(r->e, -EINVAL, "yaml: exceeded max depth of %d", JSON_DEPTH_MAX);
}

static unsigned height_of(const struct value *v) {
    unsigned inner = 0;
    bool list = v->tag == VALUE_LIST;
    if (!list && v->tag != VALUE_OBJECT)
        return 0;
    for (uint32_t i = 0; i < (list ? v->list.n : v->object.n); i++) {
        unsigned h = height_of(list ? &v->list.v[i] : &v->object.v[i].value);
        inner = MAX(inner, h);
    }
    return inner + 1;
}

static struct anchor *find_anchor(struct reader *r, str name) {
    for (uint32_t i = r->anchors.n; i-- > 0;)
        if (str_eq(r->anchors.v[i].name, name))
            return &r->anchors.v[i];
    return NULL;
}

static int read_alias(struct reader *r, struct value *ret) {
    str name = str_of((const char *)r->event.data.alias.anchor);
    const struct anchor *a = find_anchor(r, name);
    if (!a)
        return err_set(r->e, -EINVAL, "yaml: unknown anchor '" STR_FMT "' referenced",
                       STR_ARG(name));
    if (a->open)
        return err_set(r->e, -EINVAL, "yaml: anchor '" STR_FMT "' value contains itself",
                       STR_ARG(name));
    if (r->depth + a->height > JSON_DEPTH_MAX)
        return too_deep(r);
    int error = count_nodes(r, a->nodes);
    if (error == 0)
        value_copy(r->a, &a->value, ret);
    return error;
}

static int read_sequence(struct reader *r, struct value *ret) {
    int error;
    *ret = (struct value){.tag = VALUE_LIST};
    for (;;) {
        if ((error = next_event(r)) < 0)
            return error;
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            return 0;
        struct value v = {0};
        if ((error = read_node(r, &v)) < 0)
            return error;
        *list_push(r->a, &ret->list) = v;
    }
}

/* A key becomes the text that JSON would show for it. */
static int key_text(struct reader *r, const struct value *key, str *ret) {
    struct buf b;
    switch ((enum value_tag)key->tag) {
    case VALUE_STR:
        *ret = key->s;
        return 0;
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_FLOAT:
        buf_init(&b, 0);
        value_write(&b, key);
        *ret = str_dup(r->a, buf_str(&b));
        buf_done(&b);
        return 0;
    case VALUE_NULL:
    case VALUE_LIST:
    case VALUE_OBJECT:
    case VALUE_TAG_MAX:
        break;
    }
    return err_set(r->e, -EINVAL, "error converting YAML to JSON: unsupported map key");
}

/* The keys of a mapping as the strict decoder sees them: 1 is not "1". */
struct keys {
    struct map seen; /* as Go prints them */
    size_t line;     /* of the value at hand */
};

static void note_key(struct reader *r, struct keys *k, const struct value *key) {
    struct buf b;
    if (!r->duplicates || r->duplicates->n >= YAML_DUPLICATES_MAX)
        return;
    buf_init(&b, 0);
    if (key->tag == VALUE_STR)
        go_quote(&b, key->s);
    else
        value_write(&b, key);
    if (map_put(&k->seen, buf_str(&b), k))
        *list_push(r->a, r->duplicates) = str_printf(
            r->a, "line %zu: key " STR_FMT " already set in map", k->line, STR_ARG(buf_str(&b)));
    buf_done(&b);
}

/* "<<": members of the map, or of each map of a list, as if they stood there; of a list the first
 * map counts most, so it comes last. */
static int merge(struct reader *r, struct keys *k, const struct value *from, struct value *ret) {
    if (from->tag == VALUE_OBJECT) {
        for (uint32_t i = 0; i < from->object.n; i++) {
            const struct member *m = &from->object.v[i];
            note_key(r, k, &(struct value){.tag = VALUE_STR, .s = m->key});
            *list_push(r->a, &ret->object) = *m;
        }
        return 0;
    }
    for (uint32_t i = from->tag == VALUE_LIST ? from->list.n : 0; i-- > 0;) {
        if (from->list.v[i].tag != VALUE_OBJECT || merge(r, k, &from->list.v[i], ret) < 0)
            return err_set(r->e, -EINVAL,
                           "yaml: map merge requires map or sequence of maps as the value");
    }
    if (from->tag != VALUE_LIST)
        return err_set(r->e, -EINVAL,
                       "yaml: map merge requires map or sequence of maps as the value");
    return 0;
}

static bool is_merge_key(const yaml_event_t *e) {
    return e->type == YAML_SCALAR_EVENT && e->data.scalar.length == 2 &&
           memcmp(e->data.scalar.value, "<<", 2) == 0 &&
           (has_tag(e, "merge") ||
            (!e->data.scalar.tag && e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE));
}

static int read_member(struct reader *r, struct keys *k, struct value *ret) {
    struct value key = {0};
    struct member m = {.key = STR_NONE};
    bool merges = is_merge_key(&r->event);
    int error;
    if ((error = read_node(r, &key)) < 0 || (error = next_event(r)) < 0)
        return error;
    k->line = r->event.start_mark.line + 1;
    if ((error = read_node(r, &m.value)) < 0)
        return error;
    if (merges)
        return merge(r, k, &m.value, ret);
    if ((error = key_text(r, &key, &m.key)) < 0)
        return error;
    note_key(r, k, &key);
    *list_push(r->a, &ret->object) = m;
    return 0;
}

static int read_mapping(struct reader *r, struct value *ret) {
    struct keys k = {0};
    int error;
    *ret = (struct value){.tag = VALUE_OBJECT};
    map_init(&k.seen, NULL);
    while ((error = next_event(r)) == 0 && r->event.type != YAML_MAPPING_END_EVENT)
        if ((error = read_member(r, &k, ret)) < 0)
            break;
    map_done(&k.seen);
    value_unique(ret, NULL, NULL);
    return error;
}

/* The node whose first event is at hand. */
static int read_anchored(struct reader *r, struct value *ret) {
    switch (r->event.type) {
    case YAML_ALIAS_EVENT:
        return read_alias(r, ret);
    case YAML_SCALAR_EVENT:
        return read_scalar(r, ret);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        if (++r->depth > JSON_DEPTH_MAX)
            return too_deep(r);
        int error = r->event.type == YAML_MAPPING_START_EVENT ? read_mapping(r, ret)
                                                              : read_sequence(r, ret);
        r->depth--;
        return error;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        break;
    }
    return err_set(r->e, -EINVAL, "yaml: unexpected event");
}

static const yaml_char_t *event_anchor(const yaml_event_t *e) {
    if (e->type == YAML_SCALAR_EVENT)
        return e->data.scalar.anchor;
    if (e->type == YAML_SEQUENCE_START_EVENT)
        return e->data.sequence_start.anchor;
    return e->type == YAML_MAPPING_START_EVENT ? e->data.mapping_start.anchor : NULL;
}

static int read_node(struct reader *r, struct value *ret) {
    const yaml_char_t *name = event_anchor(&r->event);
    uint32_t at = r->anchors.n, before = r->nodes;
    int error = count_nodes(r, 1);
    if (error < 0)
        return error;
    if (name) {
        if (at >= ANCHORS_MAX)
            return err_set(r->e, -EINVAL, "yaml: more than %d anchors", ANCHORS_MAX);
        struct anchor *a = list_push(r->a, &r->anchors);
        a->name = str_dup(r->a, str_of((const char *)name));
        a->open = true;
    }
    if ((error = read_anchored(r, ret)) < 0 || !name)
        return error;
    struct anchor *a = &r->anchors.v[at];
    a->nodes = r->nodes - before;
    a->height = height_of(ret);
    a->open = false;
    /* A copy: the original may be merged or changed by what stands behind. */
    if ((error = count_nodes(r, a->nodes)) == 0)
        value_copy(r->a, ret, &a->value);
    return error;
}

static int read_document(struct reader *r, struct value *ret) {
    int error = next_event(r); /* stream start */
    if (error == 0)
        error = next_event(r);
    if (error < 0)
        return error;
    if (r->event.type == YAML_STREAM_END_EVENT) {
        *ret = (struct value){.tag = VALUE_NULL};
        return 0;
    }
    if ((error = next_event(r)) < 0 || (error = read_node(r, ret)) < 0)
        return error;
    return next_event(r); /* the document must end well */
}

int yaml_parse(struct arena *a, str text, struct value *ret, struct err *e) {
    return yaml_parse_strict(a, text, ret, NULL, e);
}

int yaml_parse_strict(struct arena *a, str text, struct value *ret, str_list *duplicates,
                      struct err *e) {
    struct reader r = {.a = a, .e = e, .duplicates = duplicates};
    r.nodes_max = (uint32_t)MIN((uint64_t)YAML_NODES_MAX, 100 * (uint64_t)text.n + 100);
    if (!yaml_parser_initialize(&r.parser))
        return err_set(e, -ENOMEM, "yaml: out of memory");
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.p ? text.p : ""), text.n);
    struct value v = {0};
    int error = read_document(&r, &v);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    if (error == 0)
        *ret = v;
    return error;
}

/* Upstream splits streams by the text before parsing: a line that starts with "---". */
int yaml_document(str *rest, str *ret) {
    if (!rest->p)
        return -ENOENT;
    str all = *rest;
    for (size_t i = 0; i < all.n;) {
        ssize_t end = str_chr(str_slice(all, i, all.n), '\n');
        size_t next = end < 0 ? all.n : i + (size_t)end + 1;
        str line = str_slice(all, i, next);
        if (i > 0 && str_starts(line, STR("---"))) {
            *ret = str_slice(all, 0, i);
            *rest = str_slice(all, next, all.n);
            if (next == all.n)
                *rest = STR_NONE;
            return 0;
        }
        i = next;
    }
    *ret = all;
    *rest = STR_NONE;
    return 0;
}
