// SPDX-License-Identifier: Apache-2.0
/* Container logs in CRI's format, "2026-01-02T15:04:05.123456789Z stdout F text", made into what
 * `kubectl logs` shows. The reader is fed with bytes; it opens nothing itself. */
#pragma once

#include "base/buf.h"
#include "net/http.h"

#define LOG_LINE_MAX (256 * 1024) /* longer pieces are cut here; the runtime splits at 16 kB */

struct log_options {
    bool follow, previous, timestamps, no_stdout, no_stderr;
    int64_t tail_lines;  /* -1: all */
    int64_t limit_bytes; /* -1: all */
    int64_t since_ns;    /* wall; 0: all */
};
/* From the query of /containerLogs; now is wall time. -EINVAL with upstream's text. */
int log_options_parse(const struct query *q, int64_t now, struct log_options *ret, struct err *e);

struct log_reader {
    struct log_options o;
    struct buf rest; /* an unfinished line */
    int64_t left;    /* bytes that may still be given out; -1: any */
    bool midline;    /* the last piece given out was partial */
};
void log_reader_init(struct log_reader *r, const struct log_options *o);
void log_reader_done(struct log_reader *r);
/* Takes what was read next; appends what is to be shown. False when the byte limit is reached. */
bool log_reader_feed(struct log_reader *r, str bytes, struct buf *out);

/* Where the last n lines begin in a file of `size` bytes. read gives bytes at an offset. */
int64_t log_tail_offset(int64_t size, int64_t n,
                        ssize_t (*read)(void *ctx, int64_t offset, void *p, size_t max), void *ctx);

/* The folder of a pod's logs and a container's file in it. */
str pod_log_dir(struct arena *a, const char *root, str ns, str name, str uid);
str container_log_file(struct arena *a, str container, uint32_t attempt); /* "c/0.log" */
