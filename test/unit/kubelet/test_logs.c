// SPDX-License-Identifier: Apache-2.0
#include "base/env.h"
#include "kubelet/logs.h"
#include "tap.h"

static const char sample[] = "2026-01-02T15:04:05.000000001Z stdout F one\n"
                             "2026-01-02T15:04:06.000000001Z stderr F two\n"
                             "2026-01-02T15:04:07.000000001Z stdout P thr\n"
                             "2026-01-02T15:04:07.000000002Z stdout F ee\n"
                             "2026-01-02T15:04:08.000000001Z stdout F \n";

static void shows(const struct log_options *o, const char *text, size_t step, const char *want) {
    struct log_reader r;
    struct buf out;
    log_reader_init(&r, o);
    buf_init(&out, 0);
    str rest = str_of(text);
    while (rest.n) {
        str piece = str_slice(rest, 0, step);
        rest = str_slice(rest, piece.n, rest.n);
        if (!log_reader_feed(&r, piece, &out))
            break;
    }
    CHECK_STRC(buf_str(&out), want);
    buf_done(&out);
    log_reader_done(&r);
}

#define ALL .tail_lines = -1, .limit_bytes = -1

TEST(lines_come_out_whatever_the_pieces) {
    struct log_options all = {ALL};
    for (size_t step = 1; step <= sizeof(sample); step++)
        shows(&all, sample, step, "one\ntwo\nthree\n\n");
}

TEST(options) {
    struct log_options out = {ALL, .no_stderr = true}, err = {ALL, .no_stdout = true};
    struct log_options stamps = {ALL, .timestamps = true};
    struct log_options since = {ALL, .since_ns = 1767366247LL * NSEC_PER_SEC};
    struct log_options bytes = {.tail_lines = -1, .limit_bytes = 5};
    shows(&out, sample, 7, "one\nthree\n\n");
    shows(&err, sample, 7, "two\n");
    shows(&stamps, sample, 7,
          "2026-01-02T15:04:05.000000001Z one\n2026-01-02T15:04:06.000000001Z two\n"
          "2026-01-02T15:04:07.000000001Z three\n2026-01-02T15:04:08.000000001Z \n");
    shows(&since, sample, 7, "three\n\n");
    shows(&bytes, sample, 7, "one\nt");
}

TEST(what_is_no_log_line_is_left_out) {
    struct log_options all = {ALL};
    shows(&all, "garbage\n\nx y\n2026-01-02T15:04:05Z stdout F ok\n \n", 3, "ok\n");
    char *big = malloc(2 * LOG_LINE_MAX + 2);
    memset(big, 'x', 2 * LOG_LINE_MAX);
    strcpy(big + 2 * LOG_LINE_MAX, "\n");
    shows(&all, big, 4096, "");
    free(big);
}

static ssize_t read_text(void *ctx, int64_t offset, void *p, size_t max) {
    str s = str_slice(str_of(ctx), (size_t)offset, (size_t)offset + max);
    memcpy(p, s.p, s.n);
    return (ssize_t)s.n;
}

TEST(tail) {
    char text[20000] = "";
    size_t n = 0;
    for (unsigned i = 0; i < 1500; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "line %u\n", i);
    static const struct {
        int64_t lines;
        const char *first;
    } cases[] = {{1, "line 1499\n"},
                 {2, "line 1498\n"},
                 {1000, "line 500\n"},
                 {1500, "line 0\n"},
                 {9999, "line 0\n"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t at = log_tail_offset((int64_t)n, cases[i].lines, read_text, text);
        CHECK(strncmp(text + at, cases[i].first, strlen(cases[i].first)) == 0);
    }
    CHECK_INT(log_tail_offset((int64_t)n, 0, read_text, text), n);
    text[n - 1] = '\0'; /* an unfinished last line counts */
    int64_t at = log_tail_offset((int64_t)n - 1, 1, read_text, text);
    CHECK_STRC(str_of(text + at), "line 1499");
}

TEST(queries) {
    static const struct {
        const char *query, *error;
    } cases[] = {
        {"follow=true&tailLines=10&timestamps=true", NULL},
        {"tailLines=-1", "invalid tailLines \"-1\""},
        {"tailLines=x", "invalid tailLines \"x\""},
        {"sinceTime=yesterday", "invalid sinceTime \"yesterday\""},
        {"sinceSeconds=99999999999999", NULL},
        {"limitBytes=0", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct query q;
        struct log_options o;
        struct err e = {0};
        arena_init(&a, 0);
        REQUIRE(query_parse(&a, str_of(cases[i].query), &q) == 0);
        int r = log_options_parse(&q, 1000 * NSEC_PER_SEC, &o, &e);
        CHECK_INT(r < 0, cases[i].error != NULL);
        if (cases[i].error)
            CHECK_STRC(str_of(e.text), cases[i].error);
        arena_done(&a);
    }
}
