// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/map.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM, METRIC_KIND_MAX };

static const char *const kind_names[METRIC_KIND_MAX] = {
    [METRIC_COUNTER] = "counter",
    [METRIC_GAUGE] = "gauge",
    [METRIC_HISTOGRAM] = "histogram",
};

struct series {
    const struct metric *family;
    str labels;                 /* printed: a="x",b="y" */
    _Atomic uint64_t value;     /* bits of a double; of a histogram its sum */
    _Atomic uint64_t buckets[]; /* not cumulative; the last is +Inf */
};

struct metric {
    struct metrics *registry;
    enum metric_kind kind;
    const char *name, *help;
    const char *const *labels;
    size_t n_labels;
    const double *bounds;
    size_t n_bounds;
    struct map series;
};

struct metrics {
    pthread_mutex_t lock;
    struct arena memory;
    struct map families;
    struct list hooks;
    size_t n_series;
    _Atomic uint64_t dropped;
};

static double from_bits(uint64_t u) {
    double d;
    memcpy(&d, &u, sizeof(d));
    return d;
}

static uint64_t to_bits(double d) {
    uint64_t u;
    memcpy(&u, &d, sizeof(u));
    return u;
}

struct metrics *metrics_new(void) {
    struct metrics *m = xcalloc(1, sizeof(*m));
    pthread_mutex_init(&m->lock, NULL);
    arena_init(&m->memory, 0);
    map_init(&m->families, NULL);
    list_init(&m->hooks);
    return m;
}

struct metrics *metrics_free(struct metrics *m) {
    if (!m)
        return NULL;
    MAP_FOREACH (it, &m->families)
        map_done(&((struct metric *)it->value)->series);
    while (!list_empty(&m->hooks))
        list_remove(m->hooks.next);
    map_done(&m->families);
    arena_done(&m->memory);
    pthread_mutex_destroy(&m->lock);
    free(m);
    return NULL;
}

static size_t count_labels(const char *const *labels) {
    size_t n = 0;
    while (labels && labels[n])
        n++;
    return n;
}

static struct metric *declare(struct metrics *m, const struct metric *want) {
    if (!m)
        return NULL;
    pthread_mutex_lock(&m->lock);
    struct metric *f = map_get(&m->families, str_of(want->name));
    if (f) {
        ASSERT(f->kind == want->kind && f->n_labels == want->n_labels &&
               f->n_bounds == want->n_bounds);
    } else {
        ASSERT(m->families.n < METRICS_FAMILIES_MAX); /* names are ours, not an outsider's */
        f = arena_dup(&m->memory, want, sizeof(*want));
        f->registry = m;
        map_init(&f->series, NULL);
        map_put(&m->families, str_of(f->name), f);
    }
    pthread_mutex_unlock(&m->lock);
    return f;
}

static struct metric *simple(struct metrics *m, enum metric_kind kind, const char *name,
                             const char *help, const char *const *labels) {
    struct metric want = {.kind = kind,
                          .name = name,
                          .help = help,
                          .labels = labels,
                          .n_labels = count_labels(labels)};
    ASSERT(want.n_labels <= METRIC_LABELS_MAX);
    return declare(m, &want);
}

struct metric *metric_counter(struct metrics *m, const char *name, const char *help,
                              const char *const *labels) {
    return simple(m, METRIC_COUNTER, name, help, labels);
}

struct metric *metric_gauge(struct metrics *m, const char *name, const char *help,
                            const char *const *labels) {
    return simple(m, METRIC_GAUGE, name, help, labels);
}

struct metric *metric_histogram(struct metrics *m, const char *name, const char *help,
                                const char *const *labels, const double *bounds, size_t n) {
    struct metric want = {.kind = METRIC_HISTOGRAM,
                          .name = name,
                          .help = help,
                          .labels = labels,
                          .n_labels = count_labels(labels),
                          .bounds = bounds,
                          .n_bounds = n};
    ASSERT(want.n_labels <= METRIC_LABELS_MAX && n <= METRIC_BUCKETS_MAX);
    for (size_t i = 1; i < n; i++)
        ASSERT(bounds[i - 1] < bounds[i]);
    return declare(m, &want);
}

static void add_escaped(struct buf *b, str s) {
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\n') {
            buf_adds(b, "\\n");
            continue;
        }
        if (s.p[i] == '\\' || s.p[i] == '"')
            buf_addc(b, '\\');
        buf_addc(b, s.p[i]);
    }
}

/* The printed labels are the key: two sets of values print alike only when they are equal. */
static void print_labels(const char *const *labels, const str *values, struct buf *b) {
    for (size_t i = 0; labels && labels[i]; i++) {
        buf_printf(b, "%s%s=\"", i ? "," : "", labels[i]);
        add_escaped(b, values[i]);
        buf_addc(b, '"');
    }
}

static struct series *find_or_add(struct metric *f, str key) {
    struct metrics *m = f->registry;
    struct series *s = map_get(&f->series, key);
    if (s)
        return s;
    if (m->n_series >= METRICS_SERIES_MAX) {
        atomic_fetch_add(&m->dropped, 1);
        return NULL;
    }
    size_t n = f->kind == METRIC_HISTOGRAM ? f->n_bounds + 1 : 0;
    s = arena_zalloc(&m->memory, sizeof(*s) + n * sizeof(s->buckets[0]));
    s->family = f;
    s->labels = str_dup(&m->memory, key);
    map_put(&f->series, key, s);
    m->n_series++;
    return s;
}

struct series *metric_series(struct metric *f, const str *values) {
    if (!f)
        return NULL;
    struct buf key;
    buf_init(&key, 0);
    print_labels(f->labels, values, &key);
    pthread_mutex_lock(&f->registry->lock);
    struct series *s = find_or_add(f, buf_str(&key));
    pthread_mutex_unlock(&f->registry->lock);
    buf_done(&key);
    return s;
}

static void add(struct series *s, double v) {
    uint64_t old = atomic_load_explicit(&s->value, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&s->value, &old, to_bits(from_bits(old) + v),
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
}

void series_add(struct series *s, double v) {
    if (!s)
        return;
    ASSERT(s->family->kind == METRIC_GAUGE || (s->family->kind == METRIC_COUNTER && v >= 0));
    add(s, v);
}

void series_set(struct series *s, double v) {
    if (!s)
        return;
    ASSERT(s->family->kind == METRIC_GAUGE);
    atomic_store_explicit(&s->value, to_bits(v), memory_order_relaxed);
}

void series_raise(struct series *s, double v) {
    if (!s)
        return;
    ASSERT(s->family->kind == METRIC_COUNTER);
    uint64_t old = atomic_load_explicit(&s->value, memory_order_relaxed);
    while (from_bits(old) < v &&
           !atomic_compare_exchange_weak_explicit(&s->value, &old, to_bits(v), memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

void series_observe(struct series *s, double v) {
    if (!s)
        return;
    ASSERT(s->family->kind == METRIC_HISTOGRAM);
    size_t i = 0;
    while (i < s->family->n_bounds && v > s->family->bounds[i])
        i++;
    atomic_fetch_add_explicit(&s->buckets[i], 1, memory_order_relaxed);
    add(s, v);
}

/* The shortest decimal that reads back as the same number. */
static void add_double(struct buf *b, double v) {
    char text[32];
    if (isnan(v) || isinf(v)) {
        buf_add(b, isnan(v) ? STR("NaN") : v > 0 ? STR("+Inf") : STR("-Inf"));
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    buf_add(b, str_of(text));
}

void metrics_text_head(struct buf *b, const char *name, const char *help, const char *type) {
    buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_text_sample(struct buf *b, const char *name, const char *const *labels,
                         const str *values, double v) {
    buf_add(b, str_of(name));
    if (labels && labels[0]) {
        buf_addc(b, '{');
        print_labels(labels, values, b);
        buf_addc(b, '}');
    }
    buf_addc(b, ' ');
    add_double(b, v);
    buf_addc(b, '\n');
}

static void print_line(struct buf *b, const struct series *s, const char *suffix, double v) {
    buf_printf(b, "%s%s", s->family->name, suffix);
    if (s->labels.n)
        buf_printf(b, "{" STR_FMT "}", STR_ARG(s->labels));
    buf_addc(b, ' ');
    add_double(b, v);
    buf_addc(b, '\n');
}

static void print_histogram(struct buf *b, const struct series *s) {
    const struct metric *f = s->family;
    uint64_t total = 0;
    for (size_t i = 0; i <= f->n_bounds; i++) {
        total += atomic_load_explicit(&s->buckets[i], memory_order_relaxed);
        buf_printf(b, "%s_bucket{" STR_FMT "%sle=\"", f->name, STR_ARG(s->labels),
                   s->labels.n ? "," : "");
        add_double(b, i < f->n_bounds ? f->bounds[i] : INFINITY);
        buf_printf(b, "\"} %llu\n", (unsigned long long)total);
    }
    print_line(b, s, "_sum", from_bits(atomic_load_explicit(&s->value, memory_order_relaxed)));
    print_line(b, s, "_count", (double)total);
}

static void print_family(struct buf *b, const struct metric *f) {
    if (!f->series.n)
        return;
    metrics_text_head(b, f->name, f->help, kind_names[f->kind]);
    MAP_FOREACH (it, &f->series) {
        const struct series *s = it->value;
        if (f->kind == METRIC_HISTOGRAM)
            print_histogram(b, s);
        else
            print_line(b, s, "", from_bits(atomic_load_explicit(&s->value, memory_order_relaxed)));
    }
}

void metrics_hook_add(struct metrics *m, struct metrics_hook *h) {
    list_init(&h->node);
    if (m)
        list_append(&m->hooks, &h->node);
}

void metrics_hook_remove(struct metrics_hook *h) {
    if (h->node.next)
        list_remove(&h->node);
}

void metrics_print(struct metrics *m, struct buf *out) {
    if (!m)
        return;
    LIST_FOREACH (node, &m->hooks) {
        struct metrics_hook *h = container_of(node, struct metrics_hook, node);
        h->refresh(h);
    }
    pthread_mutex_lock(&m->lock);
    MAP_FOREACH (it, &m->families)
        print_family(out, it->value);
    pthread_mutex_unlock(&m->lock);
    buf_printf(out,
               "# HELP coxswain_metrics_dropped_total Series not kept for want of room.\n"
               "# TYPE coxswain_metrics_dropped_total counter\n"
               "coxswain_metrics_dropped_total %llu\n",
               (unsigned long long)atomic_load(&m->dropped));
}
