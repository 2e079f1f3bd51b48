// SPDX-License-Identifier: Apache-2.0
/* Metrics of one process, printed as Prometheus reads them. The registry hangs on env->metrics;
 * every function takes NULL where it is absent, and does nothing.
 *
 * Declaring and finding take a lock and may be done by any thread; adding to a series that was
 * found is lock-free. Families and series live as long as the registry, so a pointer is found once
 * and kept. Their number is bounded: past METRICS_SERIES_MAX finding gives NULL, and what was not
 * counted is counted in coxswain_metrics_dropped_total. */
#pragma once

#include "base/buf.h"
#include "base/list.h"

#define METRICS_FAMILIES_MAX 512
#define METRICS_SERIES_MAX   20000
#define METRIC_LABELS_MAX    12
#define METRIC_BUCKETS_MAX   32

struct metrics;
struct metric; /* a family: name, help, label names */
struct series; /* one set of label values of it */

struct metrics *metrics_new(void);
struct metrics *metrics_free(struct metrics *m);
DEFINE_CLEANUP(struct metrics *, metrics_free)

/* The same name gives the same family; its kind and labels must then agree. `labels` ends in NULL
 * (NULL: none) and, like name, help and bounds, must live as long as the registry. */
struct metric *metric_counter(struct metrics *m, const char *name, const char *help,
                              const char *const *labels);
struct metric *metric_gauge(struct metrics *m, const char *name, const char *help,
                            const char *const *labels);
/* bounds: n ascending upper limits, without +Inf. */
struct metric *metric_histogram(struct metrics *m, const char *name, const char *help,
                                const char *const *labels, const double *bounds, size_t n);

/* As many values as the family has labels. */
struct series *metric_series(struct metric *f, const str *values);

void series_add(struct series *s, double v);     /* counter (v >= 0), gauge */
void series_set(struct series *s, double v);     /* gauge */
void series_raise(struct series *s, double v);   /* counter that others count: never falls */
void series_observe(struct series *s, double v); /* histogram */

/* Called before each print, on its thread, for gauges that nobody keeps up to date. Removing it is
 * nothing where it was not added, or when the registry is gone. */
struct metrics_hook {
    struct list node;
    void (*refresh)(struct metrics_hook *);
};
void metrics_hook_add(struct metrics *m, struct metrics_hook *h);
void metrics_hook_remove(struct metrics_hook *h);

/* In Prometheus' text format 0.0.4: families in the order they were declared, those without series
 * left out; series in the order they were first found. */
void metrics_print(struct metrics *m, struct buf *out);
/* The same for what is looked up when somebody asks and needs no series: first a family's head, of
 * type "gauge" or "counter", then its samples; as many values as labels. */
void metrics_text_head(struct buf *out, const char *name, const char *help, const char *type);
void metrics_text_sample(struct buf *out, const char *name, const char *const *labels,
                         const str *values, double v);
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"

/* Sets process_*, as Prometheus' client libraries name them: processor time, memory, descriptors,
 * start. What /proc of env does not tell is left out. The clock's unit is that of every Linux
 * (USER_HZ is 100). */
struct env;
void metrics_process(struct env *env);
#define METRICS_PROC_MAX (64 * 1024) /* of a file of /proc */
