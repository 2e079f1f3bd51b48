// SPDX-License-Identifier: Apache-2.0
/* What the store does a second: durable writes by 1, 16 and 256 at a time on SQLite, writes in
 * memory, reads, watches; and what 200,000 objects take.
 *
 *     build/bench/store [folder for the database, default .] */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/env.h"
#include "store/btree.h"
#include "store/store.h"

#define PODS       RESOURCE_OF(core_v1_pods)
#define OBJECTS    200000
#define WRITERS    256
#define VALUE_SIZE 2000
#define KEY_BYTES  64

struct writer {
    struct store_write w;
    struct bench *b;
    char key[KEY_BYTES];
    unsigned n;
};

struct bench {
    struct env env;
    struct loop *loop;
    struct work_pool *pool;
    struct store *store;
    struct writer writers[WRITERS];
    unsigned running, done, goal, keys;
    char padding[VALUE_SIZE];
};

static double seconds(struct bench *b, int64_t since) {
    return (double)(env_mono(&b->env) - since) / NSEC_PER_SEC;
}

/* A pod's size and shape of header, without the cost of encoding one. */
static struct object *make_pod(struct bench *b, unsigned n) {
    char key[KEY_BYTES], name[32], node[32];
    str fields[16] = {0}, json = str_n(b->padding, VALUE_SIZE);
    snprintf(name, sizeof(name), "pod-%07u", n);
    snprintf(node, sizeof(node), "node-%05u", n % 1000);
    snprintf(key, sizeof(key), "/registry/pods/default/%s", name);
    struct object h = {.resource = PODS,
                       .key = str_of(key),
                       .ns = STR("default"),
                       .name = str_of(name),
                       .fields = fields};
    while (PODS->selectable[h.n_fields].label)
        h.n_fields++;
    fields[0] = str_of(node);
    return object_new_raw(&h, json);
}

static void on_done(struct store_write *sw, int r, uint64_t revision, struct object *current);

static void write_next(struct writer *w) {
    struct bench *b = w->b;
    struct object *o CLEANUP(object_unrefp) = make_pod(b, w->n % b->keys);
    snprintf(w->key, sizeof(w->key), STR_FMT, STR_ARG(o->key));
    w->w = (struct store_write){.resource = PODS,
                                .key = str_of(w->key),
                                .expected = STORE_ANY,
                                .object = o,
                                .done = on_done};
    w->n += WRITERS;
    store_propose(b->store, &w->w);
}

static void on_done(struct store_write *sw, int r, uint64_t revision, struct object *current) {
    struct writer *w = container_of(sw, struct writer, w);
    if (r < 0)
        abort();
    if (++w->b->done + w->b->running <= w->b->goal)
        write_next(w);
    else
        w->b->running--;
}

static bool all_done(void *ctx) {
    return ((struct bench *)ctx)->running == 0;
}

/* `width` writers, each with one write on its way. */
static double write_rate(struct bench *b, unsigned width, unsigned goal) {
    int64_t start = env_mono(&b->env);
    b->done = 0;
    b->goal = goal;
    b->running = width;
    for (unsigned i = 0; i < width; i++) {
        b->writers[i].b = b;
        b->writers[i].n = i;
        write_next(&b->writers[i]);
    }
    loop_run_until(b->loop, all_done, b, 600 * NSEC_PER_SEC);
    return b->done / seconds(b, start);
}

static void on_fatal(void *ctx, const struct err *e) {
    fprintf(stderr, "%s\n", e->text);
    abort();
}

static void open_store(struct bench *b, const struct store_disk_ops *ops, void *disk) {
    struct store_options o = {
        .ops = ops, .disk = disk, .workers = b->pool, .fatal = on_fatal, .log_bytes = 0};
    struct err e = {0};
    if (store_open(b->loop, &o, &e, &b->store) < 0)
        on_fatal(NULL, &e);
}

static void bench_sqlite(struct bench *b, const char *dir) {
    static const unsigned widths[] = {1, 16, 256};
    static const char *const files[] = {"", "-wal", "-shm", "-lock"};
    char path[4000];
    struct err e = {0};
    void *disk;
    snprintf(path, sizeof(path), "%s/bench-%d.db", dir, (int)getpid());
    if (store_disk_sqlite(&b->env, path, &e, &disk) < 0)
        on_fatal(NULL, &e);
    open_store(b, &store_sqlite_ops, disk);
    b->keys = 10000;
    for (unsigned i = 0; i < ARRAY_LEN(widths); i++)
        printf("sqlite: %9.0f durable puts/s of %d bytes, %u at a time\n",
               write_rate(b, widths[i], widths[i] * 800 + 2000), VALUE_SIZE, widths[i]);
    b->store = store_close(b->store);
    for (unsigned i = 0; i < ARRAY_LEN(files); i++) {
        char file[4096];
        snprintf(file, sizeof(file), "%s%s", path, files[i]);
        unlink(file);
    }
}

static void bench_reads(struct bench *b) {
    char key[KEY_BYTES];
    int64_t start = env_mono(&b->env);
    unsigned found = 0;
    for (unsigned i = 0; i < 1000000; i++) {
        snprintf(key, sizeof(key), "/registry/pods/default/pod-%07u", i * 7919u % OBJECTS);
        found += store_get(b->store, PODS, str_of(key)) != NULL;
    }
    printf("memory: %9.0f gets/s at random (%u found)\n", 1e6 / seconds(b, start), found);
    start = env_mono(&b->env);
    struct store_snapshot *sn;
    if (store_snapshot(b->store, PODS, 0, &sn) < 0)
        abort();
    uint64_t n = 0;
    str prefix = STR("/registry/pods/");
    for (const struct object *o = store_snapshot_seek(sn, prefix, prefix, false); o;
         o = store_snapshot_next(sn))
        n += o->json.n > 0;
    printf("memory: %9.0f objects/s listed from a snapshot\n", (double)n / seconds(b, start));
    start = env_mono(&b->env);
    for (unsigned i = 0; i < 100000; i++)
        n += store_snapshot_count(sn, prefix, STR("/registry/pods/default/pod-0100000"));
    printf("memory: %9.0f counts/s of what a list has left\n", 1e5 / seconds(b, start));
    printf("memory: %9.0f puts/s while a snapshot is held\n", write_rate(b, 256, 200000));
    store_snapshot_free(sn);
}

struct watcher {
    struct store_watch *w;
    uint64_t *events;
};

static void on_ready(void *ctx) {
    struct watcher *w = ctx;
    const struct store_event *ev;
    while (store_watch_next(w->w, &ev) == 1)
        ++*w->events;
}

static void bench_watches(struct bench *b, unsigned n, bool by_node, unsigned writes) {
    uint64_t events = 0;
    struct watcher *w = xcalloc(n, sizeof(*w));
    for (unsigned i = 0; i < n; i++) {
        char node[32];
        snprintf(node, sizeof(node), "node-%05u", i);
        struct store_watch_options o = {.resource = PODS,
                                        .node = by_node ? str_of(node) : STR_NONE,
                                        .after = store_revision(b->store),
                                        .ready = on_ready,
                                        .ctx = &w[i]};
        w[i].events = &events;
        if (store_watch_new(b->store, &o, &w[i].w) < 0)
            abort();
    }
    int64_t start = env_mono(&b->env);
    double rate = write_rate(b, 256, writes);
    printf("memory: %9.0f puts/s under %u watches of %s, %.0f events/s\n", rate, n,
           by_node ? "one node each" : "everything", (double)events / seconds(b, start));
    for (unsigned i = 0; i < n; i++)
        store_watch_free(w[i].w);
    free(w);
}

static void bench_memory(struct bench *b) {
    open_store(b, &store_memory_ops, store_disk_memory(&b->env));
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    b->keys = OBJECTS;
    printf("memory: %9.0f creates/s, 256 at a time\n", write_rate(b, 256, OBJECTS));
    struct store_stats st;
    store_stats(b->store, &st);
    size_t used = mallinfo2().uordblks + mallinfo2().hblkhd - before;
    printf("memory: %9.0f bytes an object of %d bytes JSON (%llu objects; event log: %.0f of it)\n",
           (double)used / (double)st.objects, VALUE_SIZE, (unsigned long long)st.objects,
           (double)(st.log_events * sizeof(struct store_event)) / (double)st.objects);
    printf("memory: %9.0f puts/s, 256 at a time\n", write_rate(b, 256, 500000));
    bench_reads(b);
    bench_watches(b, 100, false, 20000);
    bench_watches(b, 100000, true, 200000);
    b->store = store_close(b->store);
}

int main(int argc, char **argv) {
    static struct bench b;
    env_real_init(&b.env, "bench");
    setvbuf(stdout, NULL, _IOLBF, 0);
    memset(b.padding, 'x', sizeof(b.padding));
    if (loop_new(&b.env, &b.loop) < 0 || work_pool_new(&b.env, 1, &b.pool) < 0)
        return 1;
    bench_sqlite(&b, argc > 1 ? argv[1] : ".");
    bench_memory(&b);
    work_pool_free(b.pool);
    loop_free(b.loop);
    return 0;
}
