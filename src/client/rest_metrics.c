// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/metrics.h"

#define CODES_MAX 8 /* whose series a method keeps; others are looked for again */

static const char *const by_code[] = {"code", "method", "host", NULL};
static const char *const by_verb[] = {"verb", "host", NULL};
static const double seconds[] = {0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60};
static const double sizes[] = {64,    256,    512,     1024,    4096,    16384,
                               65536, 262144, 1048576, 4194304, 16777216};
static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
#define METHODS ARRAY_LEN(methods)

struct of_method {
    struct series *took, *limited, *sent, *received;
    int codes[CODES_MAX];
    struct series *answers[CODES_MAX];
    unsigned n;
};

struct rest_metrics {
    struct metrics *registry;
    char *host;
    struct metric *requests;
    struct of_method of[METHODS];
};

static struct series *histogram(const struct rest_metrics *m, const char *name, const char *help,
                                const double *bounds, size_t n, const char *method) {
    const str values[] = {str_of(method), str_of(m->host)};
    return metric_series(metric_histogram(m->registry, name, help, by_verb, bounds, n), values);
}

struct rest_metrics *rest_metrics_new(const struct env *env, str host) {
    if (!env->metrics)
        return NULL;
    struct rest_metrics *m = xcalloc(1, sizeof(*m));
    m->registry = env->metrics;
    m->host = xstrndup(host.p, host.n);
    m->requests = metric_counter(m->registry, "rest_client_requests_total",
                                 "[ALPHA] Requests, by code, method and host.", by_code);
    return m;
}

struct rest_metrics *rest_metrics_free(struct rest_metrics *m) {
    if (!m)
        return NULL;
    free(m->host);
    free(m);
    return NULL;
}

static struct of_method *method_of(struct rest_metrics *m, const char *method) {
    size_t i = 0;
    while (i + 1 < METHODS && strcmp(methods[i], method) != 0)
        i++;
    struct of_method *o = &m->of[i];
    if (o->took)
        return o;
    o->took = histogram(m, "rest_client_request_duration_seconds",
                        "[ALPHA] How long requests took.", seconds, ARRAY_LEN(seconds), methods[i]);
    o->limited = histogram(m, "rest_client_rate_limiter_duration_seconds",
                           "[ALPHA] How long requests waited for their turn.", seconds,
                           ARRAY_LEN(seconds), methods[i]);
    o->sent = histogram(m, "rest_client_request_size_bytes", "[ALPHA] Bytes of requests' bodies.",
                        sizes, ARRAY_LEN(sizes), methods[i]);
    o->received =
        histogram(m, "rest_client_response_size_bytes", "[ALPHA] Bytes of answers' bodies.", sizes,
                  ARRAY_LEN(sizes), methods[i]);
    return o;
}

static void count(struct rest_metrics *m, struct of_method *o, int code) {
    unsigned i = 0;
    while (i < o->n && o->codes[i] != code)
        i++;
    if (i < o->n) {
        series_add(o->answers[i], 1);
        return;
    }
    char text[16];
    snprintf(text, sizeof(text), "%d", code);
    const str values[] = {code ? str_of(text) : STR("<error>"), str_of(methods[o - m->of]),
                          str_of(m->host)};
    struct series *s = metric_series(m->requests, values);
    series_add(s, 1);
    if (i < CODES_MAX) {
        o->codes[i] = code;
        o->answers[i] = s;
        o->n++;
    }
}

void rest_metrics_call(struct rest_metrics *m, const struct rest_measure *c) {
    if (!m)
        return;
    struct of_method *o = method_of(m, c->method);
    count(m, o, c->code);
    series_observe(o->limited, metrics_seconds(c->limited_ns));
    series_observe(o->took, metrics_seconds(c->took_ns));
    series_observe(o->sent, (double)c->sent);
    series_observe(o->received, (double)c->received);
}

void rest_metrics_watch(struct rest_metrics *m, int code) {
    if (m)
        count(m, method_of(m, "GET"), code);
}
