// SPDX-License-Identifier: Apache-2.0
/* The longest common subsequence of the lines between the first and the last that differ. That
 * window is small in honest requests; in a larger one everything is shown as replaced. */
#include "api/kinds/kinds.h"
#include "schema/json.h"

#define CONTEXT    3
#define WINDOW_MAX 512 /* lines, each side */

struct lines {
    str *v;
    uint32_t n;
};

static struct lines lines_of(struct arena *a, const struct api_type *t, const void *obj) {
    struct lines l = {0};
    struct buf b;
    buf_init(&b, 0);
    json_indent(&b, go_json(a, t, obj), 1);
    str text = str_dup(a, buf_str(&b));
    buf_done(&b);
    while (text.p)
        *list_push(a, &l) = str_cut(&text, '\n');
    return l;
}

/* One line of the result: ' ' in both, '-' old, '+' new. */
struct step {
    char sign;
    uint32_t old, new; /* lines before it */
    str text;
};
struct script {
    struct step *v;
    uint32_t n;
};

static void push(struct arena *a, struct script *s, char sign, str text) {
    uint32_t old = 0, new = 0;
    if (s->n) {
        const struct step *last = &s->v[s->n - 1];
        old = last->old + (last->sign != '+');
        new = last->new + (last->sign != '-');
    }
    *list_push(a, s) = (struct step){sign, old, new, text};
}

/* x[i..] and y[k..] have at least table[i][k] lines in common, in order. */
static uint16_t *common_table(struct arena *a, struct lines x, struct lines y) {
    size_t w = y.n + 1;
    uint16_t *t = arena_array(a, (x.n + 1) * w, sizeof(*t));
    for (uint32_t i = x.n; i-- > 0;)
        for (uint32_t k = y.n; k-- > 0;)
            t[i * w + k] = str_eq(x.v[i], y.v[k]) ? (uint16_t)(t[(i + 1) * w + k + 1] + 1)
                                                  : MAX(t[(i + 1) * w + k], t[i * w + k + 1]);
    return t;
}

static void middle(struct arena *a, struct script *s, struct lines x, struct lines y) {
    uint32_t i = 0, k = 0;
    size_t w = y.n + 1;
    bool small = x.n <= WINDOW_MAX && y.n <= WINDOW_MAX;
    uint16_t *t = small ? common_table(a, x, y) : NULL;
    while (i < x.n || k < y.n) {
        if (small && i < x.n && k < y.n && str_eq(x.v[i], y.v[k])) {
            push(a, s, ' ', x.v[i]);
            i++, k++;
        } else if (i < x.n && (k == y.n || !small || t[(i + 1) * w + k] >= t[i * w + k + 1])) {
            push(a, s, '-', x.v[i++]);
        } else {
            push(a, s, '+', y.v[k++]);
        }
    }
}

static struct script script_of(struct arena *a, struct lines x, struct lines y) {
    struct script s = {0};
    uint32_t head = 0, tail = 0;
    while (head < x.n && head < y.n && str_eq(x.v[head], y.v[head]))
        head++;
    while (tail < x.n - head && tail < y.n - head &&
           str_eq(x.v[x.n - 1 - tail], y.v[y.n - 1 - tail]))
        tail++;
    for (uint32_t i = 0; i < head; i++)
        push(a, &s, ' ', x.v[i]);
    middle(a, &s, (struct lines){x.v + head, x.n - head - tail},
           (struct lines){y.v + head, y.n - head - tail});
    for (uint32_t i = x.n - tail; i < x.n; i++)
        push(a, &s, ' ', x.v[i]);
    return s;
}

static void hunk(struct buf *b, const struct step *v, uint32_t n) {
    uint32_t old = 0, new = 0;
    for (uint32_t i = 0; i < n; i++) {
        old += v[i].sign != '+';
        new += v[i].sign != '-';
    }
    buf_printf(b, "@@ -%u,%u +%u,%u @@\n", v->old + 1, old, v->new + 1, new);
    for (uint32_t i = 0; i < n; i++)
        buf_printf(b, "%c" STR_FMT "\n", v[i].sign, STR_ARG(v[i].text));
}

str go_diff(struct arena *a, const struct api_type *t, const void *old, const void *obj) {
    struct script s = script_of(a, lines_of(a, t, old), lines_of(a, t, obj));
    struct buf b;
    buf_init(&b, 0);
    for (uint32_t i = 0; i < s.n;) {
        if (s.v[i].sign == ' ') {
            i++;
            continue;
        }
        uint32_t from = i > CONTEXT ? i - CONTEXT : 0, last = i;
        for (uint32_t k = i; k < s.n && k <= last + 2 * CONTEXT; k++)
            if (s.v[k].sign != ' ')
                last = k;
        uint32_t end = MIN(last + 1 + CONTEXT, s.n);
        hunk(&b, s.v + from, end - from);
        i = end;
    }
    str text = str_dup(a, buf_str(&b));
    buf_done(&b);
    return text;
}
