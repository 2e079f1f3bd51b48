// SPDX-License-Identifier: Apache-2.0
/* What the files of the store share. Private to store/. */
#pragma once

#include "base/map.h"
#include "store/btree.h"
#include "store/log.h"
#include "store/revision.h"
#include "store/store.h"
#include "store/watch.h"

/* The field whose values make the scope SCOPE_NODE. */
#define WATCH_NODE_FIELD "spec.nodeName"
/* Answers, and ready watchers, given in one callback. */
#define DELIVER_MAX 128

/* One resource as it is published. */
struct table {
    struct store *store;
    const struct api_resource *resource;
    struct btree tree;
    uint64_t bytes; /* of the objects' JSON */
    struct event_log log;
    struct watch_index watches;
};

/* A proposal from store_propose() to done(). */
struct op {
    struct list node; /* queue, batch, answers, or `refused` of another one */
    struct store_write *w;
    struct table *table;
    struct object *object;  /* to be published; NULL: delete, or refused */
    struct object *current; /* what was there */
    uint64_t revision;
    int r;
    bool is_volatile;
    struct list refused; /* answers that wait until this one is published */
};

/* What a worker does for one batch. It owns all that it touches. */
struct job {
    struct work work;
    struct store *store; /* NULL: the store was closed meanwhile */
    const struct store_disk_ops *ops;
    void *disk;
    uint64_t new_limit; /* 0: none */
    struct store_record *records;
    struct object **held; /* a reference for each record, whose key and value point into it */
    size_t n_records;
    int r;
    struct err e;
};

/* The local writer (local.c). */
struct local {
    struct store *store;
    struct revisions revisions;
    struct map tip;    /* key -> the newest struct op that is not yet published */
    struct list queue; /* accepted, not yet in a batch */
    struct list batch; /* being committed */
    struct job *job;   /* NULL: the disk is idle */
    uint32_t pending;
    struct map dirty; /* keys whose newest value is not on disk -> their table */
    struct task start;
    bool failed;
    bool was_clean; /* the stop before */
};

struct store {
    struct loop *loop;
    struct store_options o;
    VEC(struct table *) tables;
    uint64_t published;
    uint64_t first; /* revision it was opened at; nothing is known of the time before */
    uint64_t seed[2];
    struct local local;
    struct list answers; /* struct op */
    struct list ready;   /* struct store_watch */
    struct list waits;
    struct task deliver;
    struct timer trim; /* on while any log holds anything */
    uint64_t commits, committed_writes;
    bool closing;
};

/* store.c */
struct table *store_table(struct store *s, const struct api_resource *r); /* made on first use */
/* Makes a write visible: tree, log, watchers. object NULL: delete. */
void store_apply(struct store *s, struct table *t, str key, struct object *object,
                 uint64_t revision);
/* After the last of a batch: waits are looked at, answers and watchers get their turn. */
void store_published(struct store *s);
void store_answer(struct store *s, struct op *op);
void store_ready(struct store *s, struct store_watch *w);

/* local.c */
void local_init(struct local *l, struct store *s, uint64_t highest, uint64_t limit, bool was_clean);
/* What cannot be answered any more gets -ECANCELED; closes the disk. */
void local_done(struct local *l);
struct op *op_free(struct op *op);

/* wait.c */
void waits_wake(struct store *s);
void waits_done(struct store *s);
