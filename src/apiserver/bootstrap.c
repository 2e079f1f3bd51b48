// SPDX-License-Identifier: Apache-2.0
/* What must be there before anybody asks: namespaces and priority classes. Each is proposed as new;
 * one that exists is left as it is. */
#include <stdlib.h>

#include "apiserver/apiserver.h"
#include "apiserver/hook_env.h"
#include "apiserver/verbs/track.h"

struct seed {
    struct list node;
    struct apiserver *server;
    struct store_write sw;
    struct object *object;
    str key;
};

static void done(struct store_write *sw, int e, uint64_t revision, struct object *current) {
    struct seed *s = container_of(sw, struct seed, sw);
    if (e < 0 && e != -EEXIST && e != -ESTALE && e != -ENOENT)
        log_error(s->server->env, "bootstrap: " STR_FMT ": %s", STR_ARG(s->key), strerror(-e));
    else
        s->server->bootstrapping--;
    struct apiserver *server = s->server;
    void (*ready)(void *ctx) = server->bootstrapping || server->stopping ? NULL : server->ready;
    object_unref(s->object);
    list_remove(&s->node);
    free(s);
    if (ready) {
        server->ready = NULL;
        ready(server->ready_ctx);
    }
    apiserver_drop(server);
}

static void propose(struct apiserver *s, struct object *o, uint64_t expected) {
    struct seed *seed = xcalloc(1, sizeof(*seed));
    seed->server = s;
    seed->object = o;
    seed->key = o->key;
    seed->sw = (struct store_write){
        .resource = o->resource, .key = seed->key, .expected = expected, .object = o, .done = done};
    list_append(&s->seeds, &seed->node);
    s->bootstrapping++;
    store_propose(s->store, &seed->sw);
}

void bootstrap_replace(struct apiserver *s, const struct object *there, const void *obj) {
    struct arena *a = arena_new(0);
    void *now = api_clone(a, there->resource->type, obj);
    track_own(s->env, a, there->resource, NULL, object_decode(a, there), now);
    propose(s, object_new(there->resource, now), there->revision);
    arena_free(a);
}

void bootstrap_object(struct apiserver *s, const struct api_resource *res, void *obj) {
    struct arena *a = arena_new(0);
    const struct hooks *h = hooks_of(res);
    struct hook_ctx c = hook_ctx_of(s->env, a);
    ObjectMeta *m = obj = api_clone(a, res->type, obj);
    api_defaults(a, res->type, obj);
    if (h->defaults)
        h->defaults(&c, obj);
    track_own(s->env, a, res, NULL, NULL, obj);
    m->uid = new_uid(s->env, a);
    m->creation_timestamp = time_of_ns(c.now);
    if (h->counts_generation)
        m->generation = 1;
    if (h->prepare_create)
        h->prepare_create(&c, obj);
    propose(s, object_new(res, obj), STORE_ABSENT);
    arena_free(a);
}

void bootstrap_ensure(struct apiserver *s, struct arena *a, const struct api_resource *res,
                      void *obj, bool (*same)(const void *, const void *)) {
    ObjectMeta *m = obj;
    struct object *o = store_get(s->store, res, object_key(a, res, m->namespace_, m->name));
    if (!o) {
        bootstrap_object(s, res, obj);
        return;
    }
    const ObjectMeta *there = object_decode(a, o);
    if (same(there, obj))
        return;
    m->uid = there->uid;
    m->creation_timestamp = there->creation_timestamp;
    m->generation = there->generation + (there->generation > 0);
    bootstrap_replace(s, o, obj);
}

static void seed_namespace(struct apiserver *s, const char *name) {
    struct str_pair label = {STR("kubernetes.io/metadata.name"), str_of(name)};
    Namespace ns = {.metadata = {.name = str_of(name), .labels = {&label, 1}}};
    str finalizer = STR("kubernetes");
    ns.spec.finalizers = (str_list){&finalizer, 1};
    ns.status.phase = STR("Active");
    bootstrap_object(s, RESOURCE_OF(core_v1_namespaces), &ns);
}

static void seed_priority(struct apiserver *s, const char *name, int32_t value, const char *text) {
    PriorityClass c = {
        .metadata = {.name = str_of(name)}, .value = value, .description = str_of(text)};
    bootstrap_object(s, RESOURCE_OF(scheduling_v1_priorityclasses), &c);
}

void bootstrap_start(struct apiserver *s) {
    static const char *const namespaces[] = {"kube-system", "kube-public", "kube-node-lease",
                                             "default"};
    for (size_t i = 0; i < ARRAY_LEN(namespaces); i++)
        seed_namespace(s, namespaces[i]);
    seed_priority(s, "system-node-critical", 2000001000,
                  "Used for system critical pods that must not be moved from their current node.");
    seed_priority(s, "system-cluster-critical", 2000000000,
                  "Used for system critical pods that must run in the cluster, but can be moved to "
                  "another node if necessary.");
}
