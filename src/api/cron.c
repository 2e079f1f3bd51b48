// SPDX-License-Identifier: Apache-2.0
#include "api/cron.h"

#include "base/buf.h"
#include "base/time.h"
#include "schema/go_errors.h"

struct bounds {
    uint64_t min, max;
    const char *const *names; /* of the numbers from min on; NULL: none; ends in NULL */
};
static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
                                          "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const day_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

static const struct bounds minutes = {0, 59, NULL}, hours = {0, 23, NULL}, days = {1, 31, NULL},
                           months = {1, 12, month_names}, weekdays = {0, 6, day_names};

static uint64_t bits_of(uint64_t from, uint64_t to, uint64_t step) {
    uint64_t bits = 0;
    for (uint64_t i = from; i <= to; i += step)
        bits |= 1ull << i;
    return bits;
}

static int number_of(str s, uint64_t *ret, struct err *e) {
    int64_t n;
    struct err why;
    if (go_atoi(s, &n, &why) < 0)
        return err_set(e, -EINVAL, "failed to parse int from " STR_FMT ": %s", STR_ARG(s),
                       why.text);
    if (n < 0)
        return err_set(e, -EINVAL, "negative number (%lld) not allowed: " STR_FMT, (long long)n,
                       STR_ARG(s));
    *ret = (uint64_t)n;
    return 0;
}

static int number_or_name(str s, const struct bounds *b, uint64_t *ret, struct err *e) {
    for (uint64_t i = 0; b->names && b->names[i]; i++)
        if (str_ieq(s, str_of(b->names[i]))) {
            *ret = b->min + i;
            return 0;
        }
    return number_of(s, ret, e);
}

/* "5", "1-5", "*", with "/2" behind it. */
static int parse_range(str expr, const struct bounds *b, uint64_t *bits, struct err *e) {
    str rest = expr, range = str_cut(&rest, '/'), step_text = rest, high = range;
    str low = str_cut(&high, '-');
    bool single = !high.p;
    uint64_t from = b->min, to = b->max, step = 1, star = 0;
    int r = 0;
    if (str_eqc(low, "*") || str_eqc(low, "?")) {
        star = CRON_STAR;
    } else {
        if ((r = number_or_name(low, b, &from, e)) < 0)
            return r;
        if (!single && str_chr(high, '-') >= 0)
            return err_set(e, -EINVAL, "too many hyphens: " STR_FMT, STR_ARG(expr));
        to = from;
        if (!single && (r = number_or_name(high, b, &to, e)) < 0)
            return r;
    }
    if (step_text.p) {
        if (str_chr(step_text, '/') >= 0)
            return err_set(e, -EINVAL, "too many slashes: " STR_FMT, STR_ARG(expr));
        if ((r = number_of(step_text, &step, e)) < 0)
            return r;
        if (single)
            to = b->max;
        if (step > 1)
            star = 0;
    }
    if (from < b->min)
        return err_set(e, -EINVAL, "beginning of range (%llu) below minimum (%llu): " STR_FMT,
                       (unsigned long long)from, (unsigned long long)b->min, STR_ARG(expr));
    if (to > b->max)
        return err_set(e, -EINVAL, "end of range (%llu) above maximum (%llu): " STR_FMT,
                       (unsigned long long)to, (unsigned long long)b->max, STR_ARG(expr));
    if (from > to)
        return err_set(e, -EINVAL, "beginning of range (%llu) beyond end of range (%llu): " STR_FMT,
                       (unsigned long long)from, (unsigned long long)to, STR_ARG(expr));
    if (step == 0)
        return err_set(e, -EINVAL, "step of range should be a positive number: " STR_FMT,
                       STR_ARG(expr));
    *bits |= bits_of(from, to, step) | star;
    return 0;
}

static int parse_field(str text, const struct bounds *b, uint64_t *ret, struct err *e) {
    *ret = 0;
    while (text.p) {
        str expr = str_cut(&text, ',');
        int r = expr.n ? parse_range(expr, b, ret, e) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

static int parse_descriptor(str text, struct cron_schedule *ret, struct err *e) {
    static const struct {
        const char *name, *fields;
    } known[] = {
        {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
        {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
        {"@hourly", "0 * * * *"},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_eqc(text, known[i].name))
            return cron_parse(str_of(known[i].fields), ret, e);
    if (!str_starts(text, STR("@every ")))
        return err_set(e, -EINVAL, "unrecognized descriptor: " STR_FMT, STR_ARG(text));
    int64_t ns;
    struct err why;
    str duration = str_slice(text, strlen("@every "), text.n);
    if (duration_parse(duration, &ns) < 0) {
        go_duration_error(duration, &why);
        return err_set(e, -EINVAL, "failed to parse duration " STR_FMT ": %s", STR_ARG(text),
                       why.text);
    }
    *ret = (struct cron_schedule){.every = ns < 2000000000 ? 1 : ns / 1000000000};
    return 0;
}

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next word, or an empty one at the end. */
static str next_word(str *rest) {
    size_t from = 0, to;
    while (from < rest->n && is_space(rest->p[from]))
        from++;
    for (to = from; to < rest->n && !is_space(rest->p[to]);)
        to++;
    str word = str_slice(*rest, from, to);
    *rest = str_slice(*rest, to, rest->n);
    return word;
}

static int wrong_count(str text, unsigned n, struct err *e) {
    struct buf b = {0};
    for (str rest = text, word; (word = next_word(&rest)).n;) {
        if (b.n)
            buf_addc(&b, ' ');
        buf_add(&b, word);
    }
    str all = buf_str(&b);
    int r =
        err_set(e, -EINVAL, "expected exactly 5 fields, found %u: [" STR_FMT "]", n, STR_ARG(all));
    buf_done(&b);
    return r;
}

/* "TZ=Asia/Tokyo " in front. Without anything behind it upstream's parser panics, and says so. */
static int parse_zone(str *text, struct cron_schedule *ret, struct err *e) {
    if (!str_starts(*text, STR("TZ=")) && !str_starts(*text, STR("CRON_TZ=")))
        return 0;
    ssize_t space = str_chr(*text, ' '), equals = str_chr(*text, '=');
    if (space < 0)
        return err_set(e, -EINVAL,
                       "invalid schedule format: runtime error: slice bounds out of range [:-1]");
    ret->zone = str_slice(*text, (size_t)equals + 1, (size_t)space);
    if (!time_zone_known(ret->zone))
        return err_set(e, -EINVAL, "provided bad location " STR_FMT ": unknown time zone " STR_FMT,
                       STR_ARG(ret->zone), STR_ARG(ret->zone));
    size_t from = (size_t)space;
    while (from < text->n && is_space(text->p[from]))
        from++;
    *text = str_slice(*text, from, text->n);
    return 0;
}

int cron_parse(str text, struct cron_schedule *ret, struct err *e) {
    struct cron_schedule s = {0};
    const struct {
        const struct bounds *bounds;
        uint64_t *to;
    } fields[] = {{&minutes, &s.minute},
                  {&hours, &s.hour},
                  {&days, &s.day},
                  {&months, &s.month},
                  {&weekdays, &s.weekday}};
    if (!text.n)
        return err_set(e, -EINVAL, "empty spec string");
    int r = parse_zone(&text, &s, e);
    if (r < 0)
        return r;
    str zone = s.zone;
    if (str_starts(text, STR("@"))) {
        if ((r = parse_descriptor(text, &s, e)) < 0)
            return r;
        s.zone = zone;
        *ret = s;
        return 0;
    }
    unsigned n = 0;
    for (str rest = text; next_word(&rest).n;)
        n++;
    if (n != ARRAY_LEN(fields))
        return wrong_count(text, n, e);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if ((r = parse_field(next_word(&text), fields[i].bounds, fields[i].to, e)) < 0)
            return r;
    *ret = s;
    return 0;
}

bool time_zone_known(str name) {
    static const char *const zones[] = {
#define ZONE(name_) name_,
#include "api/rows/time_zones.def"
#undef ZONE
    };
    size_t low = 0, high = ARRAY_LEN(zones);
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = str_cmp(str_of(zones[mid]), name);
        if (order == 0)
            return true;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}
