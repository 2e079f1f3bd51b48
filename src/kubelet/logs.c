// SPDX-License-Identifier: Apache-2.0
#include "kubelet/logs.h"

#include <stdlib.h>

#include "base/env.h"
#include "base/time.h"

#define TAIL_BLOCK 4096

/* Nanoseconds reach from 1678 to 2262; a log may say any year. */
static int64_t clamped_ns(int64_t sec, int32_t nsec) {
    if (sec >= INT64_MAX / NSEC_PER_SEC)
        return INT64_MAX;
    return sec <= INT64_MIN / NSEC_PER_SEC ? INT64_MIN : sec * NSEC_PER_SEC + nsec;
}

static int number(const struct query *q, const char *name, int64_t *ret, struct err *e) {
    if (!query_has(q, name))
        return 0;
    str v = query_get(q, name);
    if (str_to_i64(v, ret) < 0 || *ret < 0)
        return err_set(e, -EINVAL, "invalid %s \"" STR_FMT "\"", name, STR_ARG(v));
    return 0;
}

static bool is_true(const struct query *q, const char *name) {
    str v = query_get(q, name);
    return query_has(q, name) && !str_eqc(v, "false") && !str_eqc(v, "0");
}

int log_options_parse(const struct query *q, int64_t now, struct log_options *ret, struct err *e) {
    struct log_options o = {.tail_lines = -1, .limit_bytes = -1};
    int64_t since = -1;
    int r = number(q, "tailLines", &o.tail_lines, e);
    if (r < 0 || (r = number(q, "limitBytes", &o.limit_bytes, e)) < 0 ||
        (r = number(q, "sinceSeconds", &since, e)) < 0)
        return r;
    str time = query_get(q, "sinceTime"), stream = query_get(q, "stream");
    if (!str_empty(time)) {
        int64_t sec;
        int32_t nsec;
        if ((r = time_parse(time, &sec, &nsec)) < 0)
            return err_set(e, r, "invalid sinceTime \"" STR_FMT "\"", STR_ARG(time));
        o.since_ns = clamped_ns(sec, nsec);
    }
    if (since >= 0)
        o.since_ns = now - MIN(since, now / NSEC_PER_SEC) * NSEC_PER_SEC;
    o.follow = is_true(q, "follow");
    o.previous = is_true(q, "previous");
    o.timestamps = is_true(q, "timestamps");
    o.no_stdout = str_eqc(stream, "Stderr");
    o.no_stderr = str_eqc(stream, "Stdout");
    *ret = o;
    return 0;
}

void log_reader_init(struct log_reader *r, const struct log_options *o) {
    *r = (struct log_reader){.o = *o, .left = o->limit_bytes};
    buf_init(&r->rest, LOG_LINE_MAX);
}

void log_reader_done(struct log_reader *r) {
    buf_done(&r->rest);
}

/* Gives out at most what the limit leaves. */
static bool give(struct log_reader *r, str s, struct buf *out) {
    if (r->left >= 0 && (int64_t)s.n > r->left)
        s.n = (size_t)r->left;
    buf_add(out, s);
    if (r->left >= 0)
        r->left -= (int64_t)s.n;
    return r->left != 0;
}

static bool is_shown(const struct log_reader *r, str when, str stream) {
    if ((r->o.no_stdout && str_eqc(stream, "stdout")) ||
        (r->o.no_stderr && str_eqc(stream, "stderr")))
        return false;
    int64_t sec;
    int32_t nsec;
    return !r->o.since_ns || time_parse(when, &sec, &nsec) < 0 ||
           clamped_ns(sec, nsec) >= r->o.since_ns;
}

/* One line of the file, without its newline. What does not look like CRI is left out. */
static bool one_line(struct log_reader *r, str line, struct buf *out) {
    str when = str_cut(&line, ' '), stream = str_cut(&line, ' ');
    if (!line.p)
        return true;
    str tags = str_cut(&line, ' ');
    bool partial = str_eqc(str_cut(&tags, ':'), "P");
    if (!is_shown(r, when, stream))
        return true;
    if (r->o.timestamps && !r->midline && (!give(r, when, out) || !give(r, STR(" "), out)))
        return false;
    r->midline = partial;
    if (line.n && !give(r, line, out))
        return false;
    return partial || give(r, STR("\n"), out);
}

bool log_reader_feed(struct log_reader *r, str bytes, struct buf *out) {
    if (r->left == 0)
        return false;
    while (bytes.n) {
        ssize_t at = str_chr(bytes, '\n');
        if (at < 0) {
            buf_add(&r->rest, bytes);
            return true;
        }
        str line = str_slice(bytes, 0, (size_t)at);
        bytes = str_slice(bytes, (size_t)at + 1, bytes.n);
        bool more;
        if (r->rest.n || r->rest.over) {
            buf_add(&r->rest, line);
            more = one_line(r, buf_str(&r->rest), out);
            buf_clear(&r->rest);
        } else {
            more = one_line(r, line, out);
        }
        if (!more)
            return false;
    }
    return true;
}

int64_t log_tail_offset(int64_t size, int64_t n,
                        ssize_t (*read)(void *ctx, int64_t offset, void *p, size_t max),
                        void *ctx) {
    char block[TAIL_BLOCK];
    int64_t seen = 0;
    if (n == 0)
        return size;
    for (int64_t end = size; end > 0;) {
        int64_t from = MAX(end - TAIL_BLOCK, 0);
        ssize_t got = read(ctx, from, block, (size_t)(end - from));
        if (got <= 0)
            return from;
        for (ssize_t i = got; i-- > 0;)
            /* The newline at the very end closes the last line, it opens none. */
            if (block[i] == '\n' && from + i != size - 1 && ++seen == n)
                return from + i + 1;
        end = from;
    }
    return 0;
}

str pod_log_dir(struct arena *a, const char *root, str ns, str name, str uid) {
    return str_printf(a, "%s/" STR_FMT "_" STR_FMT "_" STR_FMT, root, STR_ARG(ns), STR_ARG(name),
                      STR_ARG(uid));
}

str container_log_file(struct arena *a, str container, uint32_t attempt) {
    return str_printf(a, STR_FMT "/%u.log", STR_ARG(container), attempt);
}
