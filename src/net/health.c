// SPDX-License-Identifier: Apache-2.0
#include "net/health.h"

#include <string.h>

static const char *const kind_names[HEALTH_KIND_MAX] = {
    [HEALTHZ] = "healthz",
    [LIVEZ] = "livez",
    [READYZ] = "readyz",
};

static bool always(void *ctx) {
    return true;
}

void health_init(struct health *h) {
    *h = (struct health){.slis = metrics_new()};
    health_add(h, &(struct health_check){.name = "ping", .kinds = HEALTH_ALL, .ok = always});
    health_add(h, &(struct health_check){.name = "log", .kinds = HEALTH_ALL, .ok = always});
}

void health_done(struct health *h) {
    h->slis = metrics_free(h->slis);
}

void health_add(struct health *h, const struct health_check *c) {
    ASSERT(h->n < HEALTH_CHECKS_MAX);
    h->checks[h->n++] = *c;
}

static bool part_of(const struct health_check *c, enum health_kind kind) {
    return c->kinds >> kind & 1;
}

bool health_ok(const struct health *h, enum health_kind kind) {
    for (unsigned i = 0; i < h->n; i++)
        if (part_of(&h->checks[i], kind) && !h->checks[i].ok(h->checks[i].ctx))
            return false;
    return true;
}

/* The kind, and what stands behind it: nothing, or "/name". */
static enum health_kind split(str path, str *ret_rest) {
    if (!path.n || path.p[0] != '/')
        return HEALTH_KIND_MAX;
    path = str_slice(path, 1, path.n);
    for (int k = 0; k < HEALTH_KIND_MAX; k++) {
        str name = str_of(kind_names[k]);
        if (!str_starts(path, name))
            continue;
        *ret_rest = str_slice(path, name.n, path.n);
        if (!ret_rest->n || ret_rest->p[0] == '/')
            return (enum health_kind)k;
    }
    return HEALTH_KIND_MAX;
}

enum health_kind health_of_path(str path) {
    str rest;
    return split(path, &rest);
}

static bool run(struct health *h, const struct health_check *c, enum health_kind kind) {
    static const char *const by_check[] = {"name", "type", NULL};
    static const char *const by_status[] = {"name", "status", "type", NULL};
    bool ok = c->ok(c->ctx);
    str name = str_of(c->name), type = str_of(kind_names[kind]);
    str status = ok ? STR("success") : STR("error");
    series_set(metric_series(metric_gauge(h->slis, "kubernetes_healthcheck",
                                          "[STABLE] What a check last said: 1 for good.", by_check),
                             (const str[]){name, type}),
               ok);
    series_add(metric_series(metric_counter(h->slis, "kubernetes_healthchecks_total",
                                            "[STABLE] What checks said.", by_status),
                             (const str[]){name, status, type}),
               1);
    return ok;
}

static int one(struct health *h, enum health_kind kind, str name, struct buf *out) {
    for (unsigned i = 0; i < h->n; i++) {
        const struct health_check *c = &h->checks[i];
        if (!str_eqc(name, c->name) || !part_of(c, kind))
            continue;
        if (run(h, c, kind)) {
            buf_adds(out, "ok");
            return 200;
        }
        buf_printf(out, "internal server error: %s\n", c->failure ? c->failure : "not ready");
        return 500;
    }
    buf_adds(out, "404 page not found\n");
    return 404;
}

static bool excluded(const struct query *q, str name) {
    for (uint32_t i = 0; i < q->n; i++)
        if (str_eqc(q->v[i].name, "exclude") && str_eq(q->v[i].value, name))
            return true;
    return false;
}

static bool is_check(const struct health *h, enum health_kind kind, str name) {
    for (unsigned i = 0; i < h->n; i++)
        if (part_of(&h->checks[i], kind) && str_eqc(name, h->checks[i].name))
            return true;
    return false;
}

#define EXCLUDES_MAX 32 /* unknown names that a warning tells; the rest is not told */

/* Names that were to be left out and are no checks: sorted, each once. */
static unsigned unknown_names(const struct health *h, enum health_kind kind, const struct query *q,
                              str ret[EXCLUDES_MAX]) {
    unsigned n = 0;
    for (uint32_t i = 0; i < q->n && n < EXCLUDES_MAX; i++) {
        str name = q->v[i].value;
        if (!str_eqc(q->v[i].name, "exclude") || is_check(h, kind, name))
            continue;
        unsigned at = n;
        while (at && str_cmp(name, ret[at - 1]) < 0)
            at--;
        if (at && str_eq(name, ret[at - 1]))
            continue;
        memmove(ret + at + 1, ret + at, (n - at) * sizeof(*ret));
        ret[at] = name;
        n++;
    }
    return n;
}

static void add_quoted(struct buf *out, str s) {
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < ' ' || c == 0x7f)
            buf_printf(out, "\\x%02x", c);
        else
            buf_addc(out, (char)c);
    }
    buf_addc(out, '"');
}

static void warn_unknown(const struct health *h, enum health_kind kind, const struct query *q,
                         struct buf *out) {
    str names[EXCLUDES_MAX];
    unsigned n = unknown_names(h, kind, q, names);
    for (unsigned i = 0; i < n; i++) {
        buf_add(out,
                i ? STR(",") : STR("warn: some health checks cannot be excluded: no matches for "));
        add_quoted(out, names[i]);
    }
    if (n)
        buf_addc(out, '\n');
}

static int all(struct health *h, enum health_kind kind, const struct query *q, struct buf *out) {
    bool failed = false;
    for (unsigned i = 0; i < h->n; i++) {
        const struct health_check *c = &h->checks[i];
        if (!part_of(c, kind))
            continue;
        if (excluded(q, str_of(c->name))) {
            buf_printf(out, "[+]%s excluded: ok\n", c->name);
            continue;
        }
        bool ok = run(h, c, kind);
        failed |= !ok;
        buf_printf(out, ok ? "[+]%s ok\n" : "[-]%s failed: reason withheld\n", c->name);
    }
    warn_unknown(h, kind, q, out);
    buf_printf(out, "%s check %s\n", kind_names[kind], failed ? "failed" : "passed");
    if (!failed && !query_has(q, "verbose")) {
        buf_clear(out);
        buf_adds(out, "ok");
    }
    return failed ? 500 : 200;
}

int health_answer(struct health *h, str path, const struct query *q, struct buf *out) {
    str rest;
    enum health_kind kind = split(path, &rest);
    if (kind == HEALTH_KIND_MAX) {
        buf_adds(out, "404 page not found\n");
        return 404;
    }
    return rest.n > 1 ? one(h, kind, str_slice(rest, 1, rest.n), out) : all(h, kind, q, out);
}

void health_slis(struct health *h, struct buf *out) {
    metrics_print(h->slis, out);
}
