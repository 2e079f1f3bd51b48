// SPDX-License-Identifier: Apache-2.0
/* Upstream keeps a graph of all objects and walks it. Here every name that a pod mentions is one
 * 64-bit hash, keyed at random so that nobody can look for two names that agree, and a node is the
 * list of its pods: a node has at most a few hundred. References of a pod cannot change while it
 * has the same uid and node, so its many status updates are passed over unread. */
#include "apiserver/authz/node_graph.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/vec.h"

struct pod_entry {
    uint64_t uid; /* hashed */
    uint64_t *refs;
    uint32_t n_refs;
};

struct node_entry {
    VEC(struct pod_entry) pods;
};

struct node_graph {
    struct loop *loop;
    struct store *store;
    struct store_watch *watch;
    struct task task;
    uint64_t seed[2];
    struct map nodes; /* name -> struct node_entry */
};

static uint64_t hash_ref(const struct node_graph *g, enum pod_ref kind, str ns, str name) {
    char text[2 * 256 + 4];
    /* Names are at most 253 bytes; what is longer cannot be in a pod. */
    if (ns.n > 255 || name.n > 255)
        return 0;
    size_t n = 0;
    text[n++] = (char)('a' + kind);
    memcpy(text + n, ns.p ? ns.p : "", ns.n);
    n += ns.n;
    text[n++] = '/';
    memcpy(text + n, name.p ? name.p : "", name.n);
    n += name.n;
    uint64_t h = siphash(g->seed, text, n);
    return h ? h : 1;
}

/* ---- pods ---- */

struct collector {
    const struct node_graph *graph;
    str ns;
    VEC(uint64_t) refs;
};

static void collect(void *ctx, enum pod_ref kind, str name) {
    struct collector *c = ctx;
    uint64_t h = hash_ref(c->graph, kind, c->ns, name);
    for (uint32_t i = 0; i < c->refs.n; i++)
        if (c->refs.v[i] == h)
            return;
    if (h)
        *vec_push(&c->refs) = h;
}

static struct pod_entry *find(struct node_entry *n, uint64_t uid) {
    for (uint32_t i = 0; n && i < n->pods.n; i++)
        if (n->pods.v[i].uid == uid)
            return &n->pods.v[i];
    return NULL;
}

static void put(struct node_graph *g, const struct object *o) {
    str node = object_field(o, "spec.nodeName");
    uint64_t uid = siphash(g->seed, o->uid.p, o->uid.n);
    if (!node.n)
        return;
    struct node_entry *n = map_get(&g->nodes, node);
    if (find(n, uid))
        return;
    if (!n) {
        n = xcalloc(1, sizeof(*n));
        map_put(&g->nodes, node, n);
    }
    struct arena a;
    arena_init(&a, 0);
    struct collector c = {.graph = g, .ns = o->ns};
    pod_refs(&a, object_decode(&a, o), collect, &c);
    struct pod_entry *e = vec_push(&n->pods);
    *e = (struct pod_entry){.uid = uid, .n_refs = c.refs.n};
    e->refs = xcalloc(c.refs.n ? c.refs.n : 1, sizeof(*e->refs));
    if (c.refs.n)
        memcpy(e->refs, c.refs.v, c.refs.n * sizeof(*e->refs));
    vec_done(&c.refs);
    arena_done(&a);
}

static void drop(struct node_graph *g, const struct object *o) {
    str node = object_field(o, "spec.nodeName");
    struct node_entry *n = node.n ? map_get(&g->nodes, node) : NULL;
    struct pod_entry *e = find(n, siphash(g->seed, o->uid.p, o->uid.n));
    if (!e)
        return;
    free(e->refs);
    *e = n->pods.v[n->pods.n - 1];
    n->pods.n--;
    if (n->pods.n)
        return;
    vec_done(&n->pods);
    map_del(&g->nodes, node);
    free(n);
}

static void update(struct node_graph *g, const struct object *now, const struct object *before) {
    bool same = before && str_eq(now->uid, before->uid) &&
                str_eq(object_field(now, "spec.nodeName"), object_field(before, "spec.nodeName"));
    if (before && !same)
        drop(g, before);
    put(g, now);
}

/* ---- following the store ---- */

static int load(struct node_graph *g);

static void on_task(struct task *t) {
    struct node_graph *g = container_of(t, struct node_graph, task);
    const struct store_event *ev;
    int r;
    while ((r = store_watch_next(g->watch, &ev)) > 0) {
        if (ev->type == STORE_DELETED)
            drop(g, ev->object);
        else
            update(g, ev->object, ev->previous);
    }
    if (r < 0) /* the log has passed us */
        load(g);
}

static void on_events(void *ctx) {
    struct node_graph *g = ctx;
    loop_defer(g->loop, &g->task);
}

static void clear(struct node_graph *g) {
    MAP_FOREACH (it, &g->nodes) {
        struct node_entry *n = it->value;
        VEC_FOREACH (e, &n->pods)
            free(e->refs);
        vec_done(&n->pods);
        free(n);
    }
    map_done(&g->nodes);
    map_init(&g->nodes, g->seed);
}

static int load(struct node_graph *g) {
    const struct api_resource *res = RESOURCE_OF(core_v1_pods);
    struct store_snapshot *sn = NULL;
    g->watch = store_watch_free(g->watch);
    clear(g);
    int r = store_snapshot(g->store, res, 0, &sn);
    if (r < 0)
        return r;
    str prefix = str_of(res->prefix);
    for (const struct object *o = store_snapshot_seek(sn, prefix, prefix, false); o;
         o = store_snapshot_next(sn))
        put(g, o);
    struct store_watch_options wo = {
        .resource = res, .after = store_snapshot_revision(sn), .ready = on_events, .ctx = g};
    r = store_watch_new(g->store, &wo, &g->watch);
    store_snapshot_free(sn);
    return r;
}

int node_graph_new(struct loop *l, struct store *s, struct node_graph **ret) {
    struct node_graph *g = xcalloc(1, sizeof(*g));
    g->loop = l;
    g->store = s;
    g->task.run = on_task;
    list_init(&g->task.node);
    env_random(loop_env(l), g->seed, sizeof(g->seed));
    map_init(&g->nodes, g->seed);
    int r = load(g);
    if (r < 0)
        node_graph_free(g);
    else
        *ret = g;
    return r;
}

struct node_graph *node_graph_free(struct node_graph *g) {
    if (!g)
        return NULL;
    loop_cancel(g->loop, &g->task);
    store_watch_free(g->watch);
    clear(g);
    map_done(&g->nodes);
    free(g);
    return NULL;
}

bool node_graph_has(const struct node_graph *g, str node, enum pod_ref kind, str ns, str name) {
    const struct node_entry *n = map_get(&g->nodes, node);
    uint64_t h = hash_ref(g, kind, ns, name);
    for (uint32_t i = 0; n && h && i < n->pods.n; i++)
        for (uint32_t k = 0; k < n->pods.v[i].n_refs; k++)
            if (n->pods.v[i].refs[k] == h)
                return true;
    return false;
}
