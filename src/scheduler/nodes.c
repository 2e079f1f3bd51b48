// SPDX-License-Identifier: Apache-2.0
#include "scheduler/nodes.h"

#include <stdlib.h>

#include "schema/ops.h"

/* ---- pods ---- */

static void add_ports(struct pod_info *p, const Container *c, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < c[i].ports.n && p->n_ports < HOST_PORTS_MAX; j++) {
            const ContainerPort *port = &c[i].ports.v[j];
            if (port->host_port > 0)
                p->ports[p->n_ports++] = (struct host_port){
                    port->host_ip, port->host_port,
                    port->protocol.n ? (uint8_t)port->protocol.p[0] : (uint8_t)'T'};
        }
}

struct pod_info *pod_info_new(struct res_names *names, struct cached *pod) {
    struct pod_info *p = xcalloc(1, sizeof(*p));
    p->pod = cached_ref(pod);
    const Pod *typed = pod->typed;
    pod_request(names, typed, &p->request);
    p->priority = opt_or(typed->spec.priority, 0);
    add_ports(p, typed->spec.containers.v, typed->spec.containers.n);
    for (uint32_t i = 0; i < typed->spec.init_containers.n; i++)
        if (str_eqc(typed->spec.init_containers.v[i].restart_policy, "Always"))
            add_ports(p, &typed->spec.init_containers.v[i], 1);
    return p;
}

struct pod_info *pod_info_free(struct pod_info *p) {
    if (p) {
        cached_unref(p->pod);
        free(p);
    }
    return NULL;
}

/* ---- the table's size ---- */

static void grow_bits(struct bits *b, uint32_t words) {
    if (b->n >= words)
        return;
    b->w = xrealloc(b->w, words * sizeof(uint64_t));
    memset(b->w + b->n, 0, (words - b->n) * sizeof(uint64_t));
    b->n = words;
}

static int64_t *grow_column(int64_t *v, uint32_t old, uint32_t cap) {
    v = xrealloc(v, cap * sizeof(int64_t));
    memset(v + old, 0, (cap - old) * sizeof(int64_t));
    return v;
}

static void grow(struct nodes *t) {
    uint32_t old = t->cap, cap = MAX(64u, old * 2);
    t->cap = cap;
    t->rows = xrealloc(t->rows, cap * sizeof(*t->rows));
    memset(t->rows + old, 0, (cap - old) * sizeof(*t->rows));
    for (int i = 0; i < RES_MAX; i++) {
        t->allocatable[i] = grow_column(t->allocatable[i], old, cap);
        t->requested[i] = grow_column(t->requested[i], old, cap);
    }
    t->score_cpu = grow_column(t->score_cpu, old, cap);
    t->score_memory = grow_column(t->score_memory, old, cap);
    grow_bits(&t->live, nodes_words(t));
    grow_bits(&t->unschedulable, nodes_words(t));
}

void nodes_init(struct nodes *t) {
    *t = (struct nodes){0};
    res_names_init(&t->names);
    map_init(&t->by_name, NULL);
    map_init(&t->label_pairs, NULL);
    map_init(&t->label_keys, NULL);
    map_init(&t->images, NULL);
    arena_init(&t->scratch, 0);
}

static void rows_free(struct map *m) {
    MAP_FOREACH (it, m) {
        struct label_row *l = it->value;
        free(l->nodes.w);
        free(l);
    }
    map_done(m);
}

void nodes_done(struct nodes *t) {
    for (uint32_t i = 0; i < t->n_rows; i++) {
        cached_unref(t->rows[i].node);
        free(t->rows[i].pods);
    }
    for (uint32_t i = 0; i < t->n_taints; i++) {
        free(t->taints[i]->nodes.w);
        free(t->taints[i]);
    }
    for (int i = 0; i < RES_MAX; i++) {
        free(t->allocatable[i]);
        free(t->requested[i]);
    }
    free(t->taints);
    free(t->rows);
    free(t->score_cpu);
    free(t->score_memory);
    free(t->live.w);
    free(t->unschedulable.w);
    rows_free(&t->label_pairs);
    rows_free(&t->label_keys);
    rows_free(&t->images);
    map_done(&t->by_name);
    res_names_done(&t->names);
    arena_done(&t->scratch);
}

/* ---- labels, taints, images: bit sets by name ---- */

static void mark(struct nodes *t, struct map *m, str key, uint32_t row, bool on, int64_t extra) {
    struct label_row *l = map_get(m, key);
    if (!l) {
        l = xcalloc(1, sizeof(*l));
        map_put(m, key, l);
    }
    grow_bits(&l->nodes, nodes_words(t));
    if (on && !bits_has(&l->nodes, row)) {
        bits_set(&l->nodes, row);
        l->n++;
        l->extra = extra;
    } else if (!on && bits_has(&l->nodes, row)) {
        bits_clear(&l->nodes, row);
        if (--l->n == 0) {
            map_del(m, key);
            free(l->nodes.w);
            free(l);
        }
    }
}

static str pair(struct nodes *t, str key, str value) {
    arena_reset(&t->scratch);
    return str_printf(&t->scratch, STR_FMT "=" STR_FMT, STR_ARG(key), STR_ARG(value));
}

static void mark_labels(struct nodes *t, const str_map *labels, uint32_t row, bool on) {
    for (uint32_t i = 0; i < labels->n; i++) {
        mark(t, &t->label_pairs, pair(t, labels->v[i].key, labels->v[i].value), row, on, 0);
        mark(t, &t->label_keys, labels->v[i].key, row, on, 0);
    }
}

static bool same_taint(const Taint *a, const Taint *b) {
    return str_eq(a->key, b->key) && str_eq(a->value, b->value) && str_eq(a->effect, b->effect);
}

static struct taint_row *taint_row_of(struct nodes *t, const Taint *taint) {
    for (uint32_t i = 0; i < t->n_taints; i++)
        if (same_taint(&t->taints[i]->taint, taint))
            return t->taints[i];
    size_t n = taint->key.n + taint->value.n + taint->effect.n;
    struct taint_row *r = xcalloc(1, sizeof(*r) + n + 1);
    char *p = (char *)(r + 1);
    const str *from[] = {&taint->key, &taint->value, &taint->effect};
    str *to[] = {&r->taint.key, &r->taint.value, &r->taint.effect};
    for (int i = 0; i < 3; i++) {
        if (from[i]->n)
            memcpy(p, from[i]->p, from[i]->n);
        *to[i] = str_n(p, from[i]->n);
        p += from[i]->n;
    }
    if (t->n_taints == t->cap_taints) {
        t->cap_taints = MAX(8u, t->cap_taints * 2);
        t->taints = xrealloc(t->taints, t->cap_taints * sizeof(*t->taints));
    }
    t->taints[t->n_taints++] = r;
    return r;
}

static void mark_taints(struct nodes *t, const NodeSpec *spec, uint32_t row, bool on) {
    for (uint32_t i = 0; i < spec->taints.n; i++) {
        struct taint_row *r = taint_row_of(t, &spec->taints.v[i]);
        grow_bits(&r->nodes, nodes_words(t));
        if (bits_has(&r->nodes, row) == on)
            continue;
        if (on) {
            bits_set(&r->nodes, row);
            r->n++;
            continue;
        }
        bits_clear(&r->nodes, row);
        if (--r->n > 0)
            continue;
        for (uint32_t j = 0; j < t->n_taints; j++)
            if (t->taints[j] == r)
                t->taints[j--] = t->taints[--t->n_taints];
        free(r->nodes.w);
        free(r);
    }
}

static void mark_images(struct nodes *t, const NodeStatus *s, uint32_t row, bool on) {
    for (uint32_t i = 0; i < s->images.n; i++)
        for (uint32_t j = 0; j < s->images.v[i].names.n; j++)
            mark(t, &t->images, s->images.v[i].names.v[j], row, on, s->images.v[i].size_bytes);
}

static void mark_all(struct nodes *t, const Node *n, uint32_t row, bool on) {
    mark_labels(t, &n->metadata.labels, row, on);
    mark_taints(t, &n->spec, row, on);
    mark_images(t, &n->status, row, on);
    if (on && n->spec.unschedulable)
        bits_set(&t->unschedulable, row);
    else
        bits_clear(&t->unschedulable, row);
}

/* ---- nodes ---- */

int64_t nodes_row(const struct nodes *t, str name) {
    return (int64_t)(intptr_t)map_get(&t->by_name, name) - 1;
}

static uint32_t take_row(struct nodes *t, str name) {
    uint32_t row = t->n_live == t->n_rows ? t->n_rows : 0; /* a free one, if there is any */
    while (row < t->n_rows && t->rows[row].node)
        row++;
    if (row == t->cap)
        grow(t);
    t->n_rows = MAX(t->n_rows, row + 1);
    map_put(&t->by_name, name, (void *)(intptr_t)(row + 1));
    bits_set(&t->live, row);
    t->n_live++;
    return row;
}

static unsigned differences(const Node *a, const Node *b) {
    unsigned d = 0;
    bool spec =
        a->spec.unschedulable == b->spec.unschedulable && a->spec.taints.n == b->spec.taints.n;
    for (uint32_t i = 0; spec && i < a->spec.taints.n; i++)
        spec = same_taint(&a->spec.taints.v[i], &b->spec.taints.v[i]);
    if (!spec)
        d |= NODE_TAINTS;
    if (!api_equal(&ObjectMeta_type, &(ObjectMeta){.labels = a->metadata.labels},
                   &(ObjectMeta){.labels = b->metadata.labels}))
        d |= NODE_LABELS;
    if (!api_equal(&NodeStatus_type, &(NodeStatus){.allocatable = a->status.allocatable},
                   &(NodeStatus){.allocatable = b->status.allocatable}))
        d |= NODE_ALLOCATABLE;
    return d;
}

unsigned nodes_put(struct nodes *t, struct cached *node) {
    const Node *n = node->typed;
    int64_t found = nodes_row(t, n->metadata.name);
    unsigned changes = NODE_ADDED;
    uint32_t row = found >= 0 ? (uint32_t)found : take_row(t, n->metadata.name);
    struct node_row *r = &t->rows[row];
    if (r->node) {
        changes = differences(r->node->typed, n);
        mark_all(t, r->node->typed, row, false);
        cached_unref(r->node);
    }
    r->node = cached_ref(node);
    mark_all(t, n, row, true);
    int64_t v[RES_MAX] = {0};
    res_of_map(&t->names, n->status.allocatable.n ? &n->status.allocatable : &n->status.capacity,
               v);
    for (int i = 0; i < RES_MAX; i++)
        t->allocatable[i][row] = v[i];
    return changes;
}

void nodes_drop(struct nodes *t, str name) {
    int64_t row = nodes_row(t, name);
    if (row < 0)
        return;
    struct node_row *r = &t->rows[row];
    while (r->n_pods)
        nodes_remove_pod(t, (uint32_t)row, r->pods[r->n_pods - 1]);
    mark_all(t, r->node->typed, (uint32_t)row, false);
    bits_clear(&t->live, (uint32_t)row);
    map_del(&t->by_name, name);
    r->node = cached_unref(r->node);
    free(TAKE(r->pods));
    r->cap_pods = 0;
    t->n_live--;
}

/* ---- pods on nodes ---- */

static void account(struct nodes *t, uint32_t row, const struct request *r, int sign) {
    for (unsigned i = 0; i < t->names.n; i++)
        t->requested[i][row] += sign * r->v[i];
    t->requested[RES_PODS][row] += sign;
    t->score_cpu[row] += sign * r->score_cpu;
    t->score_memory[row] += sign * r->score_memory;
}

void nodes_add_pod(struct nodes *t, uint32_t row, struct pod_info *p) {
    struct node_row *r = &t->rows[row];
    if (r->n_pods == r->cap_pods) {
        r->cap_pods = MAX(8u, r->cap_pods * 2);
        r->pods = xrealloc(r->pods, r->cap_pods * sizeof(*r->pods));
    }
    r->pods[r->n_pods++] = p;
    account(t, row, &p->request, 1);
}

void nodes_remove_pod(struct nodes *t, uint32_t row, struct pod_info *p) {
    struct node_row *r = &t->rows[row];
    for (uint32_t i = 0; i < r->n_pods; i++)
        if (r->pods[i] == p) {
            r->pods[i] = r->pods[--r->n_pods];
            account(t, row, &p->request, -1);
            return;
        }
}

/* ---- look-ups ---- */

const struct bits *nodes_with_label(const struct nodes *t, str key, str value) {
    char text[1024];
    size_t n = key.n + 1 + value.n;
    if (n > sizeof(text)) /* longer than any label can be */
        return NULL;
    memcpy(text, key.p, key.n);
    text[key.n] = '=';
    if (value.n)
        memcpy(text + key.n + 1, value.p, value.n);
    const struct label_row *l = map_get(&t->label_pairs, str_n(text, n));
    return l ? &l->nodes : NULL;
}

const struct bits *nodes_with_key(const struct nodes *t, str key) {
    const struct label_row *l = map_get(&t->label_keys, key);
    return l ? &l->nodes : NULL;
}

bool nodes_ok(const struct nodes *t) {
    uint32_t live = 0;
    for (uint32_t row = 0; row < t->n_rows; row++) {
        const struct node_row *r = &t->rows[row];
        int64_t sum[RES_MAX] = {0};
        live += r->node != NULL;
        if (bits_has(&t->live, row) != (r->node != NULL))
            return false;
        for (uint32_t i = 0; i < r->n_pods; i++)
            for (int k = 0; k < RES_MAX; k++)
                sum[k] += r->pods[i]->request.v[k] + (k == RES_PODS);
        for (int k = 0; k < RES_MAX; k++)
            if (sum[k] != t->requested[k][row])
                return false;
    }
    return live == t->n_live && live == bits_count(&t->live);
}
