// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/regexp_impl.h"
#include "base/vec.h"

/* ---- Unicode ---- */

#define TABLE(name_)   static const struct rune_range name_##_ranges[] = {
#define R(low_, high_) {low_, high_},
#define END                                                                                        \
    }                                                                                              \
    ;
#include "base/regexp_unicode.def"
#undef TABLE
#undef R
#undef END

static const struct named_table {
    const char *name;
    const struct rune_range *v;
    size_t n;
} unicode[] = {
#define TABLE(name_) {#name_, name_##_ranges, ARRAY_LEN(name_##_ranges)},
#define R(low_, high_)
#define END
#include "base/regexp_unicode.def"
#undef TABLE
#undef R
#undef END
};

/* Characters that differ by case only form rings. */
static const struct fold {
    uint32_t rune, next;
} folds[] = {
#define FOLD(rune_, next_) {rune_, next_},
#include "base/regexp_unicode.def"
#undef FOLD
};

uint32_t rune_at(str s, size_t *ret_n) {
    const unsigned char *p = (const unsigned char *)s.p;
    *ret_n = 1;
    if (p[0] < 0x80)
        return p[0];
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || n > s.n || !utf8_valid(str_n(s.p, n)))
        return 0xfffd;
    uint32_t rune = p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        rune = rune << 6 | (p[i] & 0x3f);
    *ret_n = n;
    return rune;
}

/* ---- sets ---- */

void class_add(struct arena *a, struct rune_class *c, uint32_t low, uint32_t high) {
    struct rune_range *last = c->n ? &c->v[c->n - 1] : NULL;
    if (last && low >= last->low && low <= last->high + 1) {
        last->high = MAX(last->high, high);
        return;
    }
    *list_push(a, c) = (struct rune_range){low, high};
}

void class_add_class(struct arena *a, struct rune_class *c, const struct rune_class *from) {
    for (uint32_t i = 0; i < from->n; i++)
        class_add(a, c, from->v[i].low, from->v[i].high);
}

static int by_low(const void *x, const void *y) {
    const struct rune_range *a = x, *b = y;
    return (a->low > b->low) - (a->low < b->low);
}

void class_done(struct rune_class *c) {
    uint32_t n = 0;
    if (c->n)
        qsort(c->v, c->n, sizeof(*c->v), by_low);
    for (uint32_t i = 0; i < c->n; i++) {
        if (n && c->v[i].low <= c->v[n - 1].high + 1)
            c->v[n - 1].high = MAX(c->v[n - 1].high, c->v[i].high);
        else
            c->v[n++] = c->v[i];
    }
    c->n = n;
    c->ascii[0] = c->ascii[1] = 0;
    for (uint32_t i = 0; i < n && c->v[i].low < 128; i++)
        for (uint32_t r = c->v[i].low; r <= MIN(c->v[i].high, 127u); r++)
            c->ascii[r / 64] |= UINT64_C(1) << (r % 64);
}

bool class_has(const struct rune_class *c, uint32_t rune) {
    if (rune < 128)
        return c->ascii[rune / 64] >> (rune % 64) & 1;
    uint32_t low = 0, high = c->n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (c->v[mid].high < rune)
            low = mid + 1;
        else
            high = mid;
    }
    return low < c->n && c->v[low].low <= rune;
}

/* The first fold at or behind a character. */
static size_t fold_from(uint32_t rune) {
    size_t low = 0, high = ARRAY_LEN(folds);
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (folds[mid].rune < rune)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void class_add_cases(struct arena *a, struct rune_class *c) {
    struct rune_class more = {0};
    for (uint32_t i = 0; i < c->n; i++) {
        size_t at = fold_from(c->v[i].low);
        for (; at < ARRAY_LEN(folds) && folds[at].rune <= c->v[i].high; at++) {
            uint32_t rune = folds[at].next;
            for (; rune != folds[at].rune; rune = folds[fold_from(rune)].next)
                class_add(a, &more, rune, rune);
        }
    }
    class_add_class(a, c, &more);
    class_done(c);
}

void class_negate(struct arena *a, struct rune_class *c) {
    struct rune_class rest = {0};
    uint32_t low = 0;
    class_done(c);
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->v[i].low > low)
            class_add(a, &rest, low, c->v[i].low - 1);
        low = c->v[i].high + 1;
    }
    if (low <= RUNE_MAX)
        class_add(a, &rest, low, RUNE_MAX);
    *c = rest;
    class_done(c);
}

/* ---- sets with names ---- */

struct ascii_class {
    const char *name, *ranges; /* pairs of ends */
};

static bool add_ascii(struct arena *a, struct rune_class *c, const struct ascii_class *table,
                      size_t n, str name) {
    for (size_t i = 0; i < n; i++) {
        if (!str_eqc(name, table[i].name))
            continue;
        for (const char *r = table[i].ranges; *r; r += 2)
            class_add(a, c, (unsigned char)r[0], (unsigned char)r[1]);
        return true;
    }
    return false;
}

bool class_add_posix(struct arena *a, struct rune_class *c, str name) {
    static const struct ascii_class table[] = {
        {"alnum", "09AZaz"}, {"alpha", "AZaz"}, {"blank", "\t\t  "},  {"digit", "09"},
        {"graph", "!~"},     {"lower", "az"},   {"print", " ~"},      {"punct", "!/:@[`{~"},
        {"space", "\t\r  "}, {"upper", "AZ"},   {"word", "09AZaz__"}, {"xdigit", "09AFaf"}};
    if (str_eqc(name, "ascii"))
        class_add(a, c, 0, 0x7f);
    else if (str_eqc(name, "cntrl"))
        class_add(a, c, 0, 0x1f), class_add(a, c, 0x7f, 0x7f);
    else
        return add_ascii(a, c, table, ARRAY_LEN(table), name);
    return true;
}

bool class_add_perl(struct arena *a, struct rune_class *c, char name) {
    static const struct ascii_class table[] = {{"d", "09"}, {"s", "\t\n\f\r  "}, {"w", "09AZaz__"}};
    return add_ascii(a, c, table, ARRAY_LEN(table), str_n(&name, 1));
}

bool class_add_unicode(struct arena *a, struct rune_class *c, str name) {
    if (str_eqc(name, "Any")) {
        class_add(a, c, 0, RUNE_MAX);
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(unicode); i++) {
        if (!str_eqc(name, unicode[i].name))
            continue;
        for (size_t k = 0; k < unicode[i].n; k++)
            class_add(a, c, unicode[i].v[k].low, unicode[i].v[k].high);
        return true;
    }
    return false;
}
