// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include "api/intstr.h"
#include "controllers/deployment.h"
#include "schema/ops.h"

#define HISTORY_MAX 2000 /* characters of the revision history annotation */

bool is_rolling(const Deployment *d) {
    return !str_eqc(d->spec.strategy.type, "Recreate");
}

bool has_progress_deadline(const Deployment *d) {
    return d->spec.progress_deadline_seconds.set &&
           d->spec.progress_deadline_seconds.v != INT32_MAX;
}

/* Surge is rounded up, unavailability down; both 0 would leave no way forward. */
static void fenceposts(const Deployment *d, int32_t *ret_surge, int32_t *ret_unavailable) {
    const RollingUpdateDeployment *ru = d->spec.strategy.rolling_update;
    int32_t n = opt_or(d->spec.replicas, 1);
    *ret_surge = *ret_unavailable = 0;
    if (ru) {
        intstr_scaled(ru->max_surge, n, true, ret_surge, NULL);
        intstr_scaled(ru->max_unavailable, n, false, ret_unavailable, NULL);
    }
    if (*ret_surge == 0 && *ret_unavailable == 0)
        *ret_unavailable = 1;
}

int32_t max_surge(const Deployment *d) {
    int32_t surge, unavailable;
    fenceposts(d, &surge, &unavailable);
    return is_rolling(d) ? surge : 0;
}

int32_t max_unavailable(const Deployment *d) {
    int32_t surge, unavailable, n = opt_or(d->spec.replicas, 1);
    if (!is_rolling(d) || n == 0)
        return 0;
    fenceposts(d, &surge, &unavailable);
    return MIN(unavailable, n);
}

/* ---- hash and template ---- */

static uint32_t fnv1a(uint32_t h, const void *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        h = (h ^ ((const uint8_t *)p)[i]) * 16777619u;
    return h;
}

/* Upstream's form: the hash in decimal, each digit replaced so that no word can arise. */
str template_hash(struct arena *a, const PodTemplateSpec *t, struct opt_i32 collisions) {
    static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
    struct buf b;
    buf_init(&b, 0);
    json_write(&b, &PodTemplateSpec_type, t, 0, NULL);
    uint32_t h = fnv1a(2166136261u, b.p, b.n);
    buf_done(&b);
    if (collisions.set) {
        uint64_t n = (uint32_t)collisions.v;
        h = fnv1a(h, &n, sizeof(n));
    }
    char digits[16];
    int n = snprintf(digits, sizeof(digits), "%u", h);
    for (int i = 0; i < n; i++)
        digits[i] = alphabet[(unsigned char)digits[i] % (sizeof(alphabet) - 1)];
    return str_dup(a, str_n(digits, (size_t)n));
}

bool same_template(struct arena *a, const PodTemplateSpec *x, const PodTemplateSpec *y) {
    PodTemplateSpec p = *x, q = *y;
    map_unset(a, &p.metadata.labels, STR(LABEL_HASH));
    map_unset(a, &q.metadata.labels, STR(LABEL_HASH));
    return api_equal(&PodTemplateSpec_type, &p, &q);
}

/* ---- annotations ---- */

bool annotation_number(const ObjectMeta *m, const char *key, int64_t *ret) {
    str text = label_get(&m->annotations, str_of(key));
    return text.p && str_to_i64(text, ret) == 0;
}

int64_t revision_of(const ObjectMeta *m) {
    int64_t v = 0;
    annotation_number(m, ANN_REVISION, &v);
    return v;
}

static bool is_own(str key) {
    return str_in(key, (const char *const[]){ANN_LAST, ANN_REVISION, ANN_HISTORY, ANN_DESIRED,
                                             ANN_MAX, ANN_ROLLBACK, NULL});
}

static void annotate(struct deployment_sync *y, struct set_work *w, const char *key, str value) {
    w->changed |= map_set(y->p->arena, &w->now.metadata.annotations, str_of(key), value);
}

/* Appends the revision a set had; the oldest ones make room. */
static void remember_revision(struct deployment_sync *y, struct set_work *w, str old) {
    str list = label_get(&w->now.metadata.annotations, STR(ANN_HISTORY));
    while (list.n && list.n + 1 + old.n > HISTORY_MAX)
        str_cut(&list, ',');
    if (old.n <= HISTORY_MAX)
        annotate(y, w, ANN_HISTORY,
                 list.n ? str_printf(y->p->arena, STR_FMT "," STR_FMT, STR_ARG(list), STR_ARG(old))
                        : old);
}

void annotate_set(struct deployment_sync *y, struct set_work *w, int64_t revision) {
    struct arena *a = y->p->arena;
    const str_map *from = &y->now.metadata.annotations;
    for (uint32_t i = 0; i < from->n; i++)
        if (!is_own(from->v[i].key))
            w->changed |=
                map_set(a, &w->now.metadata.annotations, from->v[i].key, from->v[i].value);
    str old = label_get(&w->now.metadata.annotations, STR(ANN_REVISION));
    if (revision_of(&w->now.metadata) < revision) {
        annotate(y, w, ANN_REVISION, str_printf(a, "%lld", (long long)revision));
        if (old.p)
            remember_revision(y, w, old);
    }
    if (!w->was)
        annotate_replicas(y, w);
}

void annotate_replicas(struct deployment_sync *y, struct set_work *w) {
    int32_t n = wanted_replicas(y);
    annotate(y, w, ANN_DESIRED, str_printf(y->p->arena, "%d", n));
    annotate(y, w, ANN_MAX, str_printf(y->p->arena, "%d", n + max_surge(&y->now)));
}

/* ---- sets of sets ---- */

static int by_creation(const void *x, const void *y) {
    const ObjectMeta *a = &(*(struct set_work *const *)x)->now.metadata;
    const ObjectMeta *b = &(*(struct set_work *const *)y)->now.metadata;
    int d = time_cmp(a->creation_timestamp, b->creation_timestamp);
    return d ? d : str_cmp(a->name, b->name);
}

static int by_revision(const void *x, const void *y) {
    int64_t a = revision_of(&(*(struct set_work *const *)x)->now.metadata);
    int64_t b = revision_of(&(*(struct set_work *const *)y)->now.metadata);
    return a != b ? (a < b ? -1 : 1) : by_creation(x, y);
}

static int by_size_older(const void *x, const void *y) {
    int32_t a = set_replicas(*(struct set_work *const *)x);
    int32_t b = set_replicas(*(struct set_work *const *)y);
    return a != b ? (a > b ? -1 : 1) : by_creation(x, y);
}

static int by_size_newer(const void *x, const void *y) {
    int32_t a = set_replicas(*(struct set_work *const *)x);
    int32_t b = set_replicas(*(struct set_work *const *)y);
    return a != b ? (a > b ? -1 : 1) : -by_creation(x, y);
}

static void sort(struct sets *s, int (*order)(const void *, const void *)) {
    if (s->n > 1)
        qsort(s->v, s->n, sizeof(struct set_work *), order);
}

void sort_by_creation(struct sets *s) {
    sort(s, by_creation);
}
void sort_by_revision(struct sets *s) {
    sort(s, by_revision);
}
void sort_by_size(struct sets *s, bool newer_first) {
    sort(s, newer_first ? by_size_newer : by_size_older);
}

struct sets active_sets(struct arena *a, const struct sets *s) {
    struct sets out = {0};
    for (uint32_t i = 0; i < s->n; i++)
        if (set_replicas(s->v[i]) > 0)
            *list_push(a, &out) = s->v[i];
    return out;
}

int32_t sum_replicas(const struct sets *s) {
    int32_t n = 0;
    for (uint32_t i = 0; i < s->n; i++)
        n += set_replicas(s->v[i]);
    return n;
}

int32_t sum_actual(const struct sets *s) {
    int32_t n = 0;
    for (uint32_t i = 0; i < s->n; i++)
        n += s->v[i]->now.status.replicas;
    return n;
}

int32_t sum_available(const struct sets *s) {
    int32_t n = 0;
    for (uint32_t i = 0; i < s->n; i++)
        n += s->v[i]->now.status.available_replicas;
    return n;
}
