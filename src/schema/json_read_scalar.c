// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"
#include "base/time.h"
#include "base/vec.h"
#include "schema/go_errors.h"
#include "schema/json_reader.h"
#include "schema/quantity.h"

/* Notes a fault of a scalar's text; the first one counts. */
static bool fault(struct json_reader *r, int (*describe)(str, struct err *), str text) {
    if (!r->error)
        r->error = describe(text, r->e);
    return true;
}

static bool is_number(char c) {
    return c == '-' || (c >= '0' && c <= '9');
}

static bool read_bool(struct json_reader *r, const struct api_field *f, bool *ret,
                      const struct json_frame *at) {
    char c = lex_peek(&r->in);
    if (c != 't' && c != 'f')
        return json_mismatch(r, at, f, true, NULL);
    *ret = c == 't';
    return lex_literal(&r->in, c == 't' ? "true" : "false");
}

/* An integer in [low, high], or a mismatch that shows the number. */
static bool read_integer(struct json_reader *r, const struct api_field *f, int64_t low,
                         int64_t high, int64_t *ret, const struct json_frame *at,
                         const char *go_type) {
    const char *from = r->in.p;
    str text;
    bool integer;
    int64_t v;
    if (!is_number(lex_peek(&r->in)))
        return json_mismatch(r, at, f, true, go_type);
    from = r->in.p;
    if (!lex_number(&r->in, &text, &integer))
        return false;
    if (integer && lex_i64(text, &v) == 0 && v >= low && v <= high) {
        *ret = v;
        return true;
    }
    r->in.p = from;
    return json_mismatch(r, at, f, true, go_type);
}

static bool read_u64(struct json_reader *r, const struct api_field *f, uint64_t *ret,
                     const struct json_frame *at) {
    const char *from;
    str text;
    bool integer;
    if (!is_number(lex_peek(&r->in)))
        return json_mismatch(r, at, f, true, NULL);
    from = r->in.p;
    if (!lex_number(&r->in, &text, &integer))
        return false;
    if (integer && str_to_u64(text, ret) == 0)
        return true;
    r->in.p = from;
    return json_mismatch(r, at, f, true, NULL);
}

static bool read_f64(struct json_reader *r, const struct api_field *f, double *ret,
                     const struct json_frame *at) {
    str text;
    bool integer;
    if (!is_number(lex_peek(&r->in)))
        return json_mismatch(r, at, f, true, NULL);
    const char *from = r->in.p;
    if (!lex_number(&r->in, &text, &integer))
        return false;
    if (lex_f64(text, ret) == 0)
        return true;
    r->in.p = from;
    return json_mismatch(r, at, f, true, NULL);
}

static bool read_bytes(struct json_reader *r, const struct api_field *f, str *ret,
                       const struct json_frame *at) {
    str text;
    if (lex_peek(&r->in) != '"')
        return json_mismatch(r, at, f, true, NULL);
    if (!lex_string(&r->in, &text))
        return false;
    return base64_decode_in(r->a, text, BASE64_LAX, ret) == 0 || fault(r, go_base64_error, text);
}

/* Upstream looks at the bytes of any value, with quotes taken off. */
static bool read_quantity(struct json_reader *r, str *ret) {
    str text;
    lex_peek(&r->in);
    const char *from = r->in.p;
    if (!lex_skip(&r->in))
        return false;
    text = (str){from, (size_t)(r->in.p - from)};
    if (text.p[0] == '"')
        text = str_slice(text, 1, text.n - 1);
    int error = quantity_canonical(r->a, str_trim(text), ret, r->error ? NULL : r->e);
    if (error < 0 && !r->error)
        r->error = error;
    return true;
}

static int time_fault(str text, struct err *e) {
    return go_time_error(text, false, e);
}

static int micro_time_fault(str text, struct err *e) {
    return go_time_error(text, true, e);
}

/* Go's zero time, which is "not set". */
#define TIME_ZERO_SEC INT64_C(-62135596800)

static bool read_time(struct json_reader *r, const struct api_field *f, Time *ret,
                      const struct json_frame *at) {
    bool micro = f->kind == API_MICROTIME;
    str text;
    Time t = {.set = true};
    if (lex_peek(&r->in) != '"')
        return json_mismatch(r, at, f, true, "string");
    if (!lex_string(&r->in, &text))
        return false;
    int error = micro ? time_parse_micro(text, &t.sec, &t.nsec) : time_parse(text, &t.sec, &t.nsec);
    if (error < 0)
        return fault(r, micro ? micro_time_fault : time_fault, text);
    t.nsec = micro ? t.nsec / 1000 * 1000 : 0;
    *ret = t.sec == TIME_ZERO_SEC && t.nsec == 0 ? (Time){0} : t;
    return true;
}

static bool read_duration(struct json_reader *r, const struct api_field *f, Duration *ret,
                          const struct json_frame *at) {
    str text;
    if (lex_peek(&r->in) != '"')
        return json_mismatch(r, at, f, true, "string");
    if (!lex_string(&r->in, &text))
        return false;
    return duration_parse(text, ret) == 0 || fault(r, go_duration_error, text);
}

static bool read_int_or_string(struct json_reader *r, const struct api_field *f, IntOrString *ret,
                               const struct json_frame *at) {
    int64_t v = 0;
    if (lex_peek(&r->in) == '"') {
        *ret = (IntOrString){.kind = INTSTR_STRING};
        return lex_string(&r->in, &ret->s);
    }
    bool ok = read_integer(r, f, INT32_MIN, INT32_MAX, &v, at, "int32");
    *ret = (IntOrString){.kind = INTSTR_INT, .i = (int32_t)v};
    return ok;
}

static bool read_raw(struct json_reader *r, str *ret) {
    lex_peek(&r->in);
    const char *from = r->in.p;
    r->in.spaced = false;
    if (!lex_skip(&r->in))
        return false;
    *ret = (str){from, (size_t)(r->in.p - from)};
    if (r->in.spaced)
        *ret = json_compact(r->a, *ret);
    return true;
}

static bool read_str(struct json_reader *r, const struct api_field *f, char *p,
                     const struct json_frame *at) {
    char c = lex_peek(&r->in);
    return c == 'n'   ? lex_literal(&r->in, "null")
           : c == '"' ? lex_string(&r->in, (str *)(void *)p)
                      : json_mismatch(r, at, f, true, "string");
}

static bool read_strs(struct json_reader *r, const struct api_field *f, char *p,
                      const struct json_frame *at) {
    if (lex_peek(&r->in) == '[')
        return json_read_seq(r, f, sizeof(str), read_str, (struct api_seq *)(void *)p, at);
    *(str_list *)(void *)p = (str_list){0};
    return json_mismatch(r, at, f, true, NULL);
}

static bool read_i32(struct json_reader *r, const struct api_field *f, int32_t *ret,
                     const struct json_frame *at) {
    int64_t v = 0;
    bool ok = read_integer(r, f, INT32_MIN, INT32_MAX, &v, at, NULL);
    *ret = (int32_t)v;
    return ok;
}

static bool read_u32(struct json_reader *r, const struct api_field *f, uint32_t *ret,
                     const struct json_frame *at) {
    int64_t v = 0;
    bool ok = read_integer(r, f, 0, UINT32_MAX, &v, at, NULL);
    *ret = (uint32_t)v;
    return ok;
}

bool json_read_scalar(struct json_reader *r, const struct api_field *f, char *at_p,
                      const struct json_frame *at) {
    void *p = at_p;
    switch ((enum api_kind)f->kind) {
    case API_BOOL:
        return read_bool(r, f, p, at);
    case API_I32:
        return read_i32(r, f, p, at);
    case API_I64:
        return read_integer(r, f, INT64_MIN, INT64_MAX, p, at, NULL);
    case API_U32:
        return read_u32(r, f, p, at);
    case API_U64:
        return read_u64(r, f, p, at);
    case API_F64:
        return read_f64(r, f, p, at);
    case API_STR:
        if (lex_peek(&r->in) != '"')
            return json_mismatch(r, at, f, true, NULL);
        return lex_string(&r->in, p);
    case API_BYTES:
        return read_bytes(r, f, p, at);
    case API_QUANTITY:
        return read_quantity(r, p);
    case API_TIME:
    case API_MICROTIME:
        return read_time(r, f, p, at);
    case API_DURATION:
        return read_duration(r, f, p, at);
    case API_INT_OR_STRING:
        return read_int_or_string(r, f, p, at);
    case API_RAW:
        return read_raw(r, p);
    case API_STRS:
        return read_strs(r, f, p, at);
    case API_MSG:
    case API_KIND_MAX:
        break;
    }
    ASSERT(!"not a scalar");
}
