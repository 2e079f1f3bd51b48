// SPDX-License-Identifier: Apache-2.0
#include "store/disk_memory.h"

#include <stdlib.h>

struct memory_record {
    uint64_t revision;
    size_t n;
    char value[];
};

void *store_disk_memory(struct env *env) {
    struct store_disk_memory *d = xcalloc(1, sizeof(*d));
    d->env = env;
    d->refs = 1;
    d->before = d->after = d->limit_fault = FAULT_NONE;
    map_init(&d->records, NULL);
    return d;
}

struct store_disk_memory *store_disk_memory_keep(void *disk) {
    struct store_disk_memory *d = disk;
    d->refs++;
    d->is_kept = true;
    return d;
}

struct store_disk_memory *store_disk_memory_free(struct store_disk_memory *d) {
    if (!d || --d->refs)
        return NULL;
    MAP_FOREACH (it, &d->records)
        free(it->value);
    map_done(&d->records);
    free(d);
    return NULL;
}

static void memory_close(void *disk) {
    store_disk_memory_free(disk);
}

static int memory_load(void *disk, int (*each)(void *ctx, const struct store_record *), void *ctx,
                       uint64_t *ret_revision, uint64_t *ret_limit, bool *ret_clean,
                       struct err *e) {
    struct store_disk_memory *d = disk;
    MAP_FOREACH (it, &d->records) {
        const struct memory_record *m = it->value;
        struct store_record rec = {it->key, str_n(m->value, m->n), m->revision};
        int r = each(ctx, &rec);
        if (r < 0)
            return r;
    }
    *ret_revision = d->highest;
    *ret_limit = d->limit;
    *ret_clean = d->clean;
    return 0;
}

static void write_record(struct store_disk_memory *d, const struct store_record *rec) {
    d->highest = MAX(d->highest, rec->revision);
    if (!rec->value.p) {
        free(map_del(&d->records, rec->key));
        return;
    }
    struct memory_record *m = xmalloc(sizeof(*m) + rec->value.n);
    m->revision = rec->revision;
    m->n = rec->value.n;
    memcpy(m->value, rec->value.p, rec->value.n);
    free(map_put(&d->records, rec->key, m));
}

static int memory_commit(void *disk, const struct store_record *records, size_t n, struct err *e) {
    struct store_disk_memory *d = disk;
    int r = fault_hit(&d->before);
    if (r < 0)
        return err_set(e, r, "memory disk: injected failure before the commit");
    d->clean = false;
    d->commits++;
    for (size_t i = 0; d->is_kept && i < n; i++)
        write_record(d, &records[i]);
    r = fault_hit(&d->after);
    return r < 0 ? err_set(e, r, "memory disk: injected failure behind the commit") : 0;
}

static int memory_set_limit(void *disk, uint64_t limit, bool clean, struct err *e) {
    struct store_disk_memory *d = disk;
    int r = fault_hit(&d->limit_fault);
    if (r < 0)
        return err_set(e, r, "memory disk: injected failure at the limit");
    d->limit = limit;
    d->clean = clean;
    d->limits++;
    return 0;
}

const struct store_disk_ops store_memory_ops = {
    .name = "memory",
    .load = memory_load,
    .commit = memory_commit,
    .set_limit = memory_set_limit,
    .close = memory_close,
};
