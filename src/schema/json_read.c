// SPDX-License-Identifier: Apache-2.0
/* JSON text to struct in one pass: the lexer hands out keys and values, a key is looked up in the
 * rows (usually the one behind the last that was found), and the value is stored where the row
 * says. Strings are not copied, lists are collected on a scratch stack and stored once.
 *
 * Two kinds of failure differ as they do in Go: a text that is no JSON ends the reading, while a
 * value of the wrong type is noted and skipped. So of a text with both faults the first is told. */
#include "schema/json_reader.h"

#include "schema/entry.h"
#include "schema/map_sort.h"

#define SEEN_MAX 256 /* fields of a type, inlined ones too; later ones may repeat unnoticed */

struct seen {
    uint64_t bits[SEEN_MAX / 64];
};

static bool mark_seen(struct seen *s, unsigned slot) {
    if (slot >= SEEN_MAX)
        return false;
    uint64_t bit = UINT64_C(1) << slot % 64;
    bool before = s->bits[slot / 64] & bit;
    s->bits[slot / 64] |= bit;
    return before;
}

struct found {
    const struct api_field *f;
    uint32_t offset; /* from the outermost struct */
    unsigned slot;   /* a small number of this field's own */
};

static inline bool is_named(const struct api_field *f, str key) {
    return f->json_len == key.n && f->json[0] == key.p[0] && memcmp(f->json, key.p, key.n) == 0 &&
           !(f->flags & NO_JSON);
}

/* As type_field(), but tells fields apart by a number, too. Keys mostly come in row order: the
 * search starts behind the last hit. */
static bool find_field(const struct api_type *t, str key, unsigned *hint, struct found *ret) {
    unsigned n = t->n_fields, start = *hint < n ? *hint : 0;
    if (key.n == 0)
        return false;
    for (unsigned k = 0, i = start; k < n; k++, i = i + 1 == n ? 0 : i + 1) {
        const struct api_field *f = &t->fields[i];
        if (is_named(f, key)) {
            *ret = (struct found){f, f->offset, i};
            *hint = i + 1;
            return true;
        }
        unsigned inner = 0;
        if (!(f->flags & INLINED) || !find_field(f->sub, key, &inner, ret))
            continue;
        ret->offset += f->offset;
        for (unsigned j = 0; j < i; j++)
            ret->slot += t->fields[j].flags & INLINED ? t->fields[j].sub->n_fields : 0;
        ret->slot += n;
        *hint = i;
        return true;
    }
    return false;
}

/* kind and apiVersion of a root type, which its struct does not hold. */
static bool read_type_meta(struct json_reader *r, bool is_kind, const struct json_frame *at) {
    str s;
    char c = lex_peek(&r->in);
    if (c == 'n')
        return lex_literal(&r->in, "null");
    if (c != '"')
        return json_mismatch(r, at, NULL, false, "string");
    if (!lex_string(&r->in, &s))
        return false;
    if (at->up || !r->opts)
        return true;
    str *ret = is_kind ? r->opts->ret_kind : r->opts->ret_api_version;
    if (ret)
        *ret = s;
    return true;
}

/* null, or an earlier value of the same field: as if the field had not been there. */
static void clear_field(const struct api_field *f, char *p) {
    memset(p, 0, field_size(f));
}

static bool read_field(struct json_reader *r, const struct api_field *f, char *p,
                       const struct json_frame *at);

static bool read_member(struct json_reader *r, const struct api_type *t, char *obj,
                        struct json_frame *at, unsigned *hint, struct seen *seen) {
    struct found found;
    if (lex_peek(&r->in) != '"' || !lex_string(&r->in, &at->key) || !lex_take(&r->in, ':'))
        return false;
    if (find_field(t, at->key, hint, &found)) {
        if (mark_seen(seen, found.slot)) {
            json_report_duplicate(r, at);
            clear_field(found.f, obj + found.offset);
        }
        return read_field(r, found.f, obj + found.offset, at);
    }
    bool is_kind = str_eqc(at->key, "kind");
    if (type_is(t, TYPE_ROOT) && (is_kind || str_eqc(at->key, "apiVersion"))) {
        if (mark_seen(seen, SEEN_MAX - 1 - is_kind))
            json_report_duplicate(r, at);
        return read_type_meta(r, is_kind, at);
    }
    json_report_unknown(r, at);
    return lex_skip(&r->in);
}

static bool too_large(struct json_reader *r) {
    if (!r->a->limit || r->a->taken + r->scratch.taken <= r->a->limit)
        return false;
    r->error = -E2BIG;
    return true;
}

static bool read_fields(struct json_reader *r, const struct api_type *t, char *obj,
                        const struct json_frame *up) {
    struct json_frame at = {.up = up, .type = t};
    struct seen seen = {0};
    unsigned hint = 0;
    if (++r->in.depth > JSON_DEPTH_MAX || too_large(r))
        return false;
    r->in.p++;
    if (!lex_take(&r->in, '}'))
        for (;;) {
            if (!read_member(r, t, obj, &at, &hint, &seen))
                return false;
            char c = lex_peek(&r->in);
            r->in.p++;
            if (c == '}')
                break;
            if (c != ',')
                return false;
        }
    r->in.depth--;
    return true;
}

/* ---- the forms that are no plain objects ---- */

static const struct api_field *field_of_shape(const struct api_type *t, enum api_kind kind,
                                              enum api_shape shape) {
    for (unsigned i = 0; i < t->n_fields; i++)
        if (t->fields[i].shape == shape && (kind == API_KIND_MAX || t->fields[i].kind == kind))
            return &t->fields[i];
    ASSERT(!"form without its field");
}

/* Upstream reads these with a decoder of its own that does not report unknown fields. */
static bool read_form(struct json_reader *r, const struct api_type *t, char *p,
                      const struct json_frame *at) {
    const struct api_field *schema = field_of_shape(t, API_MSG, API_OPT), *list, *allows;
    struct decode_report *report = r->report;
    char c = lex_peek(&r->in);
    bool ok = false;
    r->report = NULL;
    memset(p, 0, t->size);
    if (t->info->form == FORM_OR_BOOL) {
        allows = field_of_shape(t, API_BOOL, API_ONE);
        if (c == '{') {
            ok = read_field(r, schema, p + schema->offset, at);
            *(bool *)(void *)(p + allows->offset) = true;
        } else if (c == 't' || c == 'f') {
            ok = read_field(r, allows, p + allows->offset, at);
        } else {
            ok = lex_skip(&r->in);
            if (ok && !r->error)
                r->error = err_set(r->e, -EINVAL, "boolean or JSON schema expected");
        }
    } else {
        list = field_of_shape(t, API_KIND_MAX, API_LIST);
        if (c == '{')
            ok = read_field(r, schema, p + schema->offset, at);
        else if (c == '[')
            ok = read_field(r, list, p + list->offset, at);
        else
            ok = lex_skip(&r->in);
    }
    r->report = report;
    return ok;
}

static bool read_message(struct json_reader *r, const struct api_type *t, char *p,
                         const struct json_frame *at) {
    if (t->info->form != FORM_OBJECT)
        return read_form(r, t, p, at);
    if (lex_peek(&r->in) != '{')
        return json_mismatch_type(r, at, t);
    return read_fields(r, t, p, at);
}

/* ---- shapes ---- */

static bool read_element(struct json_reader *r, const struct api_field *f, char *p,
                         const struct json_frame *at) {
    if (lex_peek(&r->in) == 'n') {
        if (f->shape == API_MAP && f->kind == API_BYTES)
            *(str *)(void *)p = STR("");
        return lex_literal(&r->in, "null");
    }
    return f->kind == API_MSG ? read_message(r, f->sub, p, at) : json_read_scalar(r, f, p, at);
}

bool json_read_seq(struct json_reader *r, const struct api_field *f, size_t size,
                   json_element element, struct api_seq *ret, const struct json_frame *up) {
    struct scratch_list l;
    struct json_frame at = {.up = up};
    *ret = (struct api_seq){0};
    if (++r->in.depth > JSON_DEPTH_MAX || too_large(r))
        return false;
    r->in.p++;
    scratch_begin(&r->scratch, &l, size);
    if (!lex_take(&r->in, ']'))
        for (;; at.index++) {
            char *p = scratch_push(&r->scratch, &l);
            if (too_large(r) || !element(r, f, p, &at))
                return false;
            if (lex_take(&r->in, ']'))
                break;
            if (!lex_take(&r->in, ','))
                return false;
        }
    r->in.depth--;
    if (l.n) {
        *ret = (struct api_seq){arena_alloc(r->a, l.n * size), l.n};
        scratch_end(&r->scratch, &l, ret->v);
    }
    return true;
}

struct drop {
    struct json_reader *r;
    const struct json_frame *up;
};

static void report_dropped(void *ctx, str key) {
    struct drop *d = ctx;
    json_report_duplicate(d->r, &(struct json_frame){.up = d->up, .key = key});
}

/* {str key; value} entries; sorted only if they did not come so. */
static bool read_entries(struct json_reader *r, const struct api_field *f, struct scratch_list *l,
                         const struct json_frame *up, bool *ret_sorted) {
    str last = STR_NONE;
    *ret_sorted = true;
    for (;;) {
        char *entry = scratch_push(&r->scratch, l);
        str *key = (str *)(void *)entry;
        if (lex_peek(&r->in) != '"' || !lex_string(&r->in, key) || !lex_take(&r->in, ':'))
            return false;
        if (l->n > 1 && str_cmp(last, *key) >= 0)
            *ret_sorted = false;
        last = *key;
        struct json_frame at = {.up = up, .key = *key};
        if (too_large(r) || !read_element(r, f, entry + MAP_VALUE_OFFSET, &at))
            return false;
        if (lex_take(&r->in, '}'))
            return true;
        if (!lex_take(&r->in, ','))
            return false;
    }
}

static bool read_map(struct json_reader *r, const struct api_field *f, struct api_seq *ret,
                     const struct json_frame *up) {
    struct scratch_list l;
    size_t stride = map_stride(f);
    bool sorted;
    *ret = (struct api_seq){0};
    if (++r->in.depth > JSON_DEPTH_MAX || too_large(r))
        return false;
    r->in.p++;
    if (!lex_take(&r->in, '}')) {
        scratch_begin(&r->scratch, &l, stride);
        if (!read_entries(r, f, &l, up, &sorted))
            return false;
        *ret = (struct api_seq){arena_alloc(r->a, l.n * stride), l.n};
        scratch_end(&r->scratch, &l, ret->v);
        if (!sorted)
            ret->n = map_sort(ret->v, l.n, stride, report_dropped, &(struct drop){r, up});
    }
    r->in.depth--;
    return true;
}

/* ONE and OPT. An OPT scalar is struct {bool set; v}, its v aligned to its own size. */
static bool read_single(struct json_reader *r, const struct api_field *f, char *p,
                        const struct json_frame *at) {
    if (f->kind == API_MSG) {
        if (f->shape == API_ONE)
            return read_message(r, f->sub, p, at);
        char *sub = arena_zalloc(r->a, f->sub->size);
        *(void **)(void *)p = sub;
        return read_message(r, f->sub, sub, at);
    }
    if (f->shape == API_OPT && opt_value_offset(f->kind)) {
        *(bool *)(void *)p = true;
        p += opt_value_offset(f->kind);
    }
    return json_read_scalar(r, f, p, at);
}

static bool read_field(struct json_reader *r, const struct api_field *f, char *p,
                       const struct json_frame *at) {
    char c = lex_peek(&r->in);
    if (c == 'n' && !(f->kind == API_MSG && f->shape == API_ONE && f->sub->info->form)) {
        clear_field(f, p);
        return lex_literal(&r->in, "null");
    }
    if (f->shape == API_LIST)
        return c == '[' ? json_read_seq(r, f, field_element_size(f), read_element,
                                        (struct api_seq *)(void *)p, at)
                        : json_mismatch(r, at, f, false, NULL);
    if (f->shape == API_MAP)
        return c == '{' ? read_map(r, f, (struct api_seq *)(void *)p, at)
                        : json_mismatch(r, at, f, false, NULL);
    return read_single(r, f, p, at);
}

int json_read(struct arena *a, const struct api_type *t, str json, void *ret,
              const struct json_read_opts *opts, struct err *e) {
    json.p = json.p ? json.p : "";
    struct json_reader r;
    r.in = (struct json_in){.p = json.p, .end = json.p + json.n, .a = a};
    r.a = a;
    r.opts = opts;
    r.report = opts ? opts->report : NULL;
    r.e = e;
    r.error = 0;
    scratch_init(&r.scratch);
    memset(ret, 0, t->size);
    bool ok;
    if (lex_peek(&r.in) == 'n')
        ok = lex_literal(&r.in, "null");
    else
        ok = read_message(&r, t, ret, NULL);
    ok = ok && lex_peek(&r.in) == 0 && r.in.p == r.in.end;
    scratch_done(&r.scratch);
    if (r.error == -E2BIG || (ok && arena_over(a)))
        return err_set(e, -E2BIG, "object needs more than %zu bytes of memory", a->limit);
    if (ok)
        return r.error;
    int error = json_syntax(json, e);
    return error < 0 ? error : err_set(e, -EINVAL, "invalid JSON");
}
