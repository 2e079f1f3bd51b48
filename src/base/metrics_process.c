// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "base/env.h"
#include "base/metrics.h"

#define USER_HZ 100.0

static void set(struct env *env, const char *name, const char *help, double v) {
    series_set(metric_series(metric_gauge(env->metrics, name, help, NULL), NULL), v);
}

/* The file as a text in b; empty where there is none. */
static str proc(struct env *env, const char *path, struct buf *b) {
    buf_clear(b);
    return env->ops->disk.read(env, path, METRICS_PROC_MAX, b) == 0 ? buf_str(b) : STR("");
}

static uint64_t number(str text) {
    uint64_t v = 0;
    str_to_u64(str_trim(text), &v);
    return v;
}

/* The number behind "key" in lines "key ... 123 unit". */
static bool find_number(str text, str key, unsigned column, uint64_t *ret) {
    while (text.n) {
        str line = str_cut(&text, '\n');
        if (!str_starts(line, key))
            continue;
        line = str_slice(line, key.n, line.n);
        for (unsigned at = 0; line.n;) {
            str word = str_cut(&line, ' ');
            if (!word.n || at++ != column)
                continue;
            *ret = number(word);
            return true;
        }
    }
    return false;
}

/* Fields of /proc/self/stat behind the name, which may hold anything; 0 is the state. */
enum { STAT_UTIME = 11, STAT_STIME = 12, STAT_START = 19, STAT_VIRTUAL = 20, STAT_RESIDENT = 21 };

static void stat_metrics(struct env *env, struct buf *b) {
    uint64_t v[STAT_RESIDENT + 1] = {0}, boot;
    str text = proc(env, "/proc/self/stat", b);
    size_t end = text.n;
    while (end && text.p[end - 1] != ')')
        end--;
    if (!end || end + 1 > text.n)
        return;
    text = str_slice(text, end + 1, text.n);
    for (size_t i = 0; i < ARRAY_LEN(v) && text.n; i++)
        v[i] = number(str_cut(&text, ' '));
    struct metric *cpu = metric_counter(env->metrics, "process_cpu_seconds_total",
                                        "Processor time of user and system.", NULL);
    series_raise(metric_series(cpu, NULL), (double)(v[STAT_UTIME] + v[STAT_STIME]) / USER_HZ);
    set(env, "process_virtual_memory_bytes", "Size of the address space.", (double)v[STAT_VIRTUAL]);
    set(env, "process_resident_memory_bytes", "Memory that is resident.",
        (double)v[STAT_RESIDENT] * (double)sysconf(_SC_PAGESIZE));
    if (find_number(proc(env, "/proc/stat", b), STR("btime"), 0, &boot))
        set(env, "process_start_time_seconds", "When the process began, since 1970.",
            (double)boot + (double)v[STAT_START] / USER_HZ);
}

static void descriptor_metrics(struct env *env, struct buf *b) {
    uint64_t limit;
    if (find_number(proc(env, "/proc/self/limits", b), STR("Max open files"), 0, &limit))
        set(env, "process_max_fds", "How many descriptors it may have open.", (double)limit);
    buf_clear(b);
    if (env->ops->disk.list(env, "/proc/self/fd", b) < 0)
        return;
    str names = buf_str(b);
    unsigned n = 0;
    while (names.n) {
        str_cut(&names, '\n');
        n++;
    }
    set(env, "process_open_fds", "Descriptors that are open.", n ? n - 1 : 0); /* but the list's */
}

void metrics_process(struct env *env) {
    struct buf b;
    if (!env->metrics)
        return;
    buf_init(&b, 0);
    stat_metrics(env, &b);
    descriptor_metrics(env, &b);
    buf_done(&b);
}
