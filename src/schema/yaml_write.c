// SPDX-License-Identifier: Apache-2.0
/* goyaml.v2's emitter is a port of libyaml's, which writes here: quotes, folds and indents are its
 * own. What goyaml.v2 decides before are the order of keys and the style it asks for. */
#include "schema/yaml_write.h"

#include <yaml.h>

#include "schema/yaml_scalar.h"

/* ---- the order of keys ---- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* The number that begins at i; overflow wraps, as there. */
static uint64_t number_at(str s, size_t i, uint64_t n, size_t *ret_end) {
    for (; i < s.n && is_digit(s.p[i]); i++)
        n = n * 10 + (uint64_t)(s.p[i] - '0');
    *ret_end = i;
    return n;
}

/* Letters come last; digits count as the number they begin, and a zero within a number as a part of
 * it. */
static int differ_at(str a, str b, size_t i) {
    bool letter = is_letter(a.p[i]), other = is_letter(b.p[i]);
    if (letter != other)
        return letter ? 1 : -1;
    uint64_t lead = 0;
    size_t a_end, b_end;
    if (!letter && (a.p[i] == '0' || b.p[i] == '0'))
        for (size_t k = i; k && is_digit(a.p[k - 1]) && !lead; k--)
            lead = a.p[k - 1] != '0';
    uint64_t an = number_at(a, i, lead, &a_end), bn = number_at(b, i, lead, &b_end);
    if (!letter && an != bn)
        return an < bn ? -1 : 1;
    if (!letter && a_end != b_end)
        return a_end < b_end ? -1 : 1;
    return (unsigned char)a.p[i] < (unsigned char)b.p[i] ? -1 : 1;
}

static int by_key(const void *x, const void *y) {
    str a = ((const struct member *)x)->key, b = ((const struct member *)y)->key;
    for (size_t i = 0; i < a.n && i < b.n; i++)
        if (a.p[i] != b.p[i])
            return differ_at(a, b, i);
    return a.n < b.n ? -1 : a.n > b.n;
}

/* ---- texts that would be read as something else ---- */

/* One to max digits. */
static bool take_digits(str *s, size_t max) {
    size_t n = 0;
    while (n < s->n && n < max && is_digit(s->p[n]))
        n++;
    *s = str_slice(*s, n, s->n);
    return n > 0;
}

static bool take(str *s, char c) {
    if (!s->n || s->p[0] != c)
        return false;
    *s = str_slice(*s, 1, s->n);
    return true;
}

static bool take_zone(str *s) {
    if (take(s, 'Z'))
        return true;
    return (take(s, '+') || take(s, '-')) && take_digits(s, 2) && take(s, ':') && take_digits(s, 2);
}

/* 2006-1-2, with a time of day behind it: T or t and a zone, or a space and none. */
static bool is_timestamp(str s) {
    if (s.n < 8 || !take_digits(&s, 4) || !take(&s, '-') || !take_digits(&s, 2) || !take(&s, '-') ||
        !take_digits(&s, 2))
        return false;
    if (!s.n)
        return true;
    bool zone = take(&s, 'T') || take(&s, 't');
    if ((!zone && !take(&s, ' ')) || !take_digits(&s, 2) || !take(&s, ':') || !take_digits(&s, 2) ||
        !take(&s, ':') || !take_digits(&s, 2))
        return false;
    if (take(&s, '.') && !take_digits(&s, s.n))
        return false;
    return (!zone || take_zone(&s)) && !s.n;
}

/* 1:30 is ninety in YAML 1.1. */
static bool is_base60(str s) {
    if (!take(&s, '-'))
        take(&s, '+');
    if (!s.n || !is_digit(s.p[0]))
        return false;
    while (s.n && (is_digit(s.p[0]) || s.p[0] == '_'))
        s = str_slice(s, 1, s.n);
    bool parts = false;
    while (take(&s, ':')) {
        if (s.n > 1 && is_digit(s.p[1]) && s.p[0] > '5')
            return false;
        if (!take_digits(&s, 2))
            return false;
        parts = true;
    }
    if (take(&s, '.'))
        while (s.n && (is_digit(s.p[0]) || s.p[0] == '_'))
            s = str_slice(s, 1, s.n);
    return parts && !s.n;
}

static yaml_scalar_style_t style_of(str s) {
    struct value v;
    if (str_chr(s, '\n') >= 0)
        return YAML_LITERAL_SCALAR_STYLE;
    if (yaml_plain(s, &v, NULL) < 0 || v.tag != VALUE_STR || is_timestamp(s) || is_base60(s))
        return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    return YAML_PLAIN_SCALAR_STYLE;
}

/* ---- events ---- */

static int on_bytes(void *ctx, unsigned char *p, size_t n) {
    buf_add(ctx, str_n((const char *)p, n));
    return 1;
}

static void emit(yaml_emitter_t *e, int made, yaml_event_t *event) {
    ASSERT(made);
    int ok = yaml_emitter_emit(e, event);
    ASSERT(ok);
}

static void emit_scalar(yaml_emitter_t *e, str s, yaml_scalar_style_t style) {
    yaml_event_t event;
    emit(e,
         yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)(s.p ? s.p : ""),
                                      (int)s.n, 1, 1, style),
         &event);
}

static void emit_node(yaml_emitter_t *e, const struct value *v) {
    yaml_event_t event;
    struct buf plain = {0};
    switch (v->tag) {
    case VALUE_STR:
        emit_scalar(e, v->s, style_of(v->s));
        return;
    case VALUE_LIST:
        emit(e,
             yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE),
             &event);
        for (uint32_t i = 0; i < v->list.n; i++)
            emit_node(e, &v->list.v[i]);
        emit(e, yaml_sequence_end_event_initialize(&event), &event);
        return;
    case VALUE_OBJECT:
        if (v->object.n)
            qsort(v->object.v, v->object.n, sizeof(struct member), by_key);
        emit(e,
             yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE),
             &event);
        for (uint32_t i = 0; i < v->object.n; i++) {
            emit_scalar(e, v->object.v[i].key, style_of(v->object.v[i].key));
            emit_node(e, &v->object.v[i].value);
        }
        emit(e, yaml_mapping_end_event_initialize(&event), &event);
        return;
    default:
        value_write(&plain, v);
        emit_scalar(e, buf_str(&plain), YAML_PLAIN_SCALAR_STYLE);
        buf_done(&plain);
    }
}

void yaml_write(struct buf *b, struct value *v) {
    yaml_emitter_t e;
    yaml_event_t event;
    int made = yaml_emitter_initialize(&e);
    ASSERT(made);
    yaml_emitter_set_output(&e, on_bytes, b);
    yaml_emitter_set_unicode(&e, 1);
    emit(&e, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING), &event);
    emit(&e, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1), &event);
    emit_node(&e, v);
    emit(&e, yaml_document_end_event_initialize(&event, 1), &event);
    emit(&e, yaml_stream_end_event_initialize(&event), &event);
    yaml_emitter_delete(&e);
    /* libyaml ends a document so when its last text ends in empty lines; goyaml.v2 does not. */
    if (str_ends(buf_str(b), STR("\n...\n")))
        b->n -= strlen("...\n");
}
