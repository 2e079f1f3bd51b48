// SPDX-License-Identifier: Apache-2.0
/* What every answer of /metrics must be: families told once, HELP then TYPE then samples; samples
 * told once; buckets that rise and end in the count. */
#pragma once

#include "base/map.h"
#include "tap.h"

struct metrics_text {
    struct map seen;
    str family, type;
    str labels; /* of the histogram whose buckets are being read, without le */
    double last;
};

#define METRICS_FAIL(what_, line_)                                                                 \
    tap_fail(__FILE__, __LINE__, "metrics: %s: " STR_FMT, what_, STR_ARG(line_))

UNUSED static void metrics_once(struct metrics_text *t, str what, str line) {
    if (map_put(&t->seen, what, t))
        METRICS_FAIL("told twice", line);
}

/* "name{labels} value" */
UNUSED static void metrics_split(str line, str *name, str *labels, double *value) {
    ptrdiff_t open = str_chr(line, '{');
    size_t end = line.n;
    while (end && line.p[end - 1] != ' ')
        end--;
    char text[64] = "";
    str number = str_slice(line, end, line.n);
    memcpy(text, number.p, MIN(number.n, sizeof(text) - 1));
    *value = strtod(text, NULL);
    *name = str_slice(line, 0, open >= 0 ? (size_t)open : end - 1);
    *labels = open >= 0 ? str_slice(line, (size_t)open + 1, end - 2) : STR("");
}

UNUSED static void metrics_bucket(struct metrics_text *t, str labels, double v, str line) {
    ptrdiff_t le = str_find(labels, STR("le=\""));
    if (le < 0) {
        METRICS_FAIL("bucket without le", line);
        return;
    }
    str rest = str_slice(labels, 0, (size_t)le);
    if (!str_eq(rest, t->labels) || !t->labels.p)
        t->last = 0;
    if (v < t->last)
        METRICS_FAIL("bucket falls", line);
    t->labels = rest;
    t->last = v;
}

UNUSED static void metrics_sample(struct metrics_text *t, str line) {
    str name, labels;
    double v;
    metrics_split(line, &name, &labels, &v);
    metrics_once(t, str_slice(line, 0, (size_t)(labels.p - line.p) + labels.n), line);
    if (!str_starts(name, t->family)) {
        METRICS_FAIL("sample of another family", line);
        return;
    }
    str suffix = str_slice(name, t->family.n, name.n);
    if (!str_eqc(t->type, "histogram")) {
        if (suffix.n)
            METRICS_FAIL("sample of another family", line);
        if (str_eqc(t->type, "counter") && v < 0)
            METRICS_FAIL("counter below 0", line);
    } else if (str_eqc(suffix, "_bucket")) {
        metrics_bucket(t, labels, v, line);
    } else if (str_eqc(suffix, "_count")) {
        if (v != t->last)
            METRICS_FAIL("count is not the last bucket", line);
        t->labels = STR_NONE;
    } else if (!str_eqc(suffix, "_sum")) {
        METRICS_FAIL("sample of no histogram", line);
    }
}

UNUSED static void metrics_check(str text) {
    struct metrics_text t = {.family = STR_NONE};
    map_init(&t.seen, NULL);
    if (!text.n || text.p[text.n - 1] != '\n')
        METRICS_FAIL("no end of line", text);
    while (text.n) {
        str line = str_cut(&text, '\n'), rest = line;
        if (str_starts(line, STR("# HELP "))) {
            rest = str_slice(line, 7, line.n);
            t.family = str_cut(&rest, ' ');
            t.type = STR_NONE;
            metrics_once(&t, str_slice(line, 0, 7 + t.family.n), line);
        } else if (str_starts(line, STR("# TYPE "))) {
            rest = str_slice(line, 7, line.n);
            if (!str_eq(str_cut(&rest, ' '), t.family))
                METRICS_FAIL("TYPE without HELP", line);
            t.type = rest;
        } else if (!t.type.n) {
            METRICS_FAIL("sample without TYPE", line);
        } else {
            metrics_sample(&t, line);
        }
    }
    map_done(&t.seen);
}

/* The value of a sample, "name{labels}" as printed; -1: it is not there. */
UNUSED static double metrics_value(str text, str sample) {
    while (text.n) {
        str line = str_cut(&text, '\n');
        if (!str_starts(line, sample) || line.n <= sample.n || line.p[sample.n] != ' ')
            continue;
        str name, labels;
        double v;
        metrics_split(line, &name, &labels, &v);
        return v;
    }
    return -1;
}
