// SPDX-License-Identifier: Apache-2.0
/* What is looked up when somebody asks for /metrics, rather than counted all the time: the store's
 * numbers by resource, requests in flight, service addresses and ports. The store is database and
 * watch cache in one, so it answers for both. */
#include <stdio.h>

#include "api/component_metrics.h"
#include "apiserver/alloc/alloc.h"
#include "apiserver/nonresource/metrics.h"

/* ---- by resource ---- */

struct seen {
    struct store_resource_stats of;
    uint64_t revision; /* of the store */
};

static double objects(const struct seen *s) {
    return (double)s->of.objects;
}
static double bytes(const struct seen *s) {
    return (double)s->of.bytes;
}
static double events(const struct seen *s) {
    return (double)s->of.events;
}
static double capacity(const struct seen *s) {
    return (double)s->of.log_capacity;
}
#define REVISION_SHOWN 1000000000000000 /* digits that a double holds exactly */
static double revision(const struct seen *s) {
    return (double)(s->revision % REVISION_SHOWN);
}
static double once(const struct seen *s) {
    return 1;
}

static const char *const by_name[] = {"resource", NULL};
static const char *const by_resource[] = {"group", "resource", NULL};

static const struct family {
    const char *name, *help, *type;
    const char *const *labels;
    double (*value)(const struct seen *);
} families[] = {
    {"apiserver_storage_objects",
     "[STABLE] (Deprecated since 1.34.0) Objects that are stored, by resource.group.", "gauge",
     by_name, objects},
    {"apiserver_resource_objects", "[ALPHA] Objects that are stored.", "gauge", by_resource,
     objects},
    {"apiserver_resource_size_estimate_bytes", "[ALPHA] Size of the objects that are stored.",
     "gauge", by_resource, bytes},
    {"apiserver_storage_events_received_total", "[BETA] Changes that the store has published.",
     "counter", by_resource, events},
    {"apiserver_watch_cache_events_received_total",
     "[ALPHA] Changes that came to the log which watches are told from.", "counter", by_resource,
     events},
    {"apiserver_watch_cache_events_dispatched_total",
     "[ALPHA] Changes that watches were woken for.", "counter", by_resource, events},
    {"apiserver_watch_cache_initializations_total", "[ALPHA] Times that the log was begun.",
     "counter", by_resource, once},
    {"apiserver_watch_cache_resource_version",
     "[ALPHA] Newest revision that watches are told from, its last 15 digits.", "gauge",
     by_resource, revision},
    {"watch_cache_capacity", "[ALPHA] Changes that the log has room for.", "gauge", by_resource,
     capacity},
};

static void print_family(struct apiserver *s, const struct family *f, struct buf *out) {
    struct seen seen = {.revision = store_revision(s->store)};
    metrics_text_head(out, f->name, f->help, f->type);
    for (size_t i = 0; i < RESOURCE_ID_MAX; i++) {
        const struct api_resource *res = &api_resources[i];
        char name[300];
        if (res->storage != res || !res->prefix || !served_has(&s->served, res))
            continue;
        store_resource_stats(s->store, res, &seen.of);
        snprintf(name, sizeof(name), "%s%s%s", res->plural, res->group[0] ? "." : "", res->group);
        const str grouped[] = {str_of(res->group), str_of(res->plural)}, plain[] = {str_of(name)};
        metrics_text_sample(out, f->name, f->labels, f->labels == by_name ? plain : grouped,
                            f->value(&seen));
    }
}

/* ---- the whole ---- */

static void print_one(struct buf *out, const char *name, const char *help, const char *type,
                      double v) {
    metrics_text_head(out, name, help, type);
    metrics_text_sample(out, name, NULL, NULL, v);
}

static void print_store(struct apiserver *s, struct buf *out) {
    static const char size[] = "apiserver_storage_size_bytes";
    static const char *const by_cluster[] = {"storage_cluster_id", NULL};
    struct store_stats st;
    store_stats(s->store, &st);
    metrics_text_head(out, size, "[STABLE] Bytes that the database takes.", "gauge");
    metrics_text_sample(out, size, by_cluster, &STR("embedded"), (double)st.disk_bytes);
    print_one(out, "coxswain_store_revision", "Highest revision that is published.", "gauge",
              (double)st.revision);
    print_one(out, "coxswain_store_log_bytes", "Size of the log that watches are told from.",
              "gauge", (double)st.log_bytes);
    print_one(out, "coxswain_store_commits_total", "Batches of writes that were made durable.",
              "counter", (double)st.commits);
}

static void print_requests(struct apiserver *s, struct buf *out) {
    static const char name[] = "apiserver_current_inflight_requests";
    static const char *const by_kind[] = {"request_kind", NULL};
    unsigned reads = 0, writes = 0;
    LIST_FOREACH (node, &s->requests) {
        const struct request *r = container_of(node, struct request, node);
        bool writing = r->res && r->verb != VERB_GET && r->verb != VERB_LIST;
        reads += !r->endless && !writing;
        writes += !r->endless && writing;
    }
    metrics_text_head(out, name, "[STABLE] Requests that are being answered.", "gauge");
    metrics_text_sample(out, name, by_kind, &STR("readOnly"), reads);
    metrics_text_sample(out, name, by_kind, &STR("mutating"), writes);
}

static void print_allocators(struct apiserver *s, struct buf *out) {
    static const char *const names[] = {"kube_apiserver_clusterip_allocator_allocated_ips",
                                        "kube_apiserver_clusterip_allocator_available_ips"};
    static const char *const helps[] = {"[ALPHA] Service addresses that are taken, by block.",
                                        "[ALPHA] Service addresses that are free, by block."};
    static const char *const by_block[] = {"cidr", NULL};
    struct alloc_usage u[SERVICE_USAGE_MAX];
    struct arena a;
    arena_init(&a, 0);
    unsigned n = alloc_usage(s, &a, u);
    for (int free = 0; free < 2; free++) {
        metrics_text_head(out, names[free], helps[free], "gauge");
        for (unsigned i = 0; i < n; i++)
            metrics_text_sample(out, names[free], by_block, &u[i].cidr,
                                free ? u[i].size - u[i].taken : u[i].taken);
    }
    arena_done(&a);
    unsigned ports = node_ports_taken(&s->alloc->ports);
    print_one(out, "kube_apiserver_nodeport_allocator_allocated_ports",
              "[ALPHA] Node ports that are taken.", "gauge", ports);
    print_one(out, "kube_apiserver_nodeport_allocator_available_ports",
              "[ALPHA] Node ports that are free.", "gauge", NODE_PORTS - ports);
}

void metrics_scrape(struct apiserver *s, struct buf *out) {
    if (!s->env->metrics)
        return;
    for (size_t i = 0; i < ARRAY_LEN(families); i++)
        print_family(s, &families[i], out);
    print_store(s, out);
    print_requests(s, out);
    print_one(out, "apiserver_tls_handshake_errors_total", "[ALPHA] TLS handshakes that failed.",
              "counter", s->http ? (double)http_server_tls_failures(s->http) : 0);
    if (s->alloc)
        print_allocators(s, out);
    metrics_process(s->env);
    metrics_print(s->env->metrics, out);
    component_metrics("kube-apiserver", out);
}
