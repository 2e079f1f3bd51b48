// SPDX-License-Identifier: Apache-2.0
/* Shared by the files that carry the core's decisions out: kubelet.c (start, pods in and out),
 * worker.c (one pod), pod_ops*.c (its operations), node.c (the node object), server*.c. One loop.
 */
#pragma once

#include "base/map.h"
#include "client/events.h"
#include "client/informer.h"
#include "kubelet/cri.h"
#include "kubelet/host/host.h"
#include "kubelet/kubelet.h"
#include "kubelet/objects.h"
#include "kubelet/observe.h"
#include "kubelet/pod_config.h"
#include "kubelet/pod_sync.h"

struct node;
struct kubelet_server;

struct kubelet {
    const struct kubelet_options *o;
    struct kubelet_options options; /* what o points to */
    struct env *env;
    struct loop *loop;
    struct arena arena; /* of the process */
    struct rest_client *rest;
    struct informers *informers;
    struct informer *pods, *services, *nodes;
    struct cri *cri;
    struct recorder *recorder;
    struct objects *objects;
    struct node *node;
    struct kubelet_server *server;
    struct host_facts facts;
    struct node_config config;
    str ip;
    struct map workers; /* by UID */
    bool pods_known;    /* the API's list has been seen: others may go */
    bool runtime_up, network_ready;
    str network_message, runtime_version;
    struct image_import *import;
    bool own_client;
    struct survey *survey;
    struct timer survey_timer;
};

struct token {
    str audience;
    int64_t expiration;
    str value;
    int64_t refresh_at; /* wall, seconds */
};

struct pod_watch { /* of a container's or sandbox's first process */
    struct list node;
    struct worker *worker;
    struct pid_watch *watch;
    str id;
    bool exited;
};

struct worker {
    struct kubelet *k;
    str uid, ns, name;
    struct cached *pod; /* NULL: not in the API */
    bool had_pod;
    struct pod_state state;
    int64_t added; /* mono */

    struct arena *view_arena;
    struct rt_pod *view; /* NULL: not seen yet */
    uint64_t view_seq, observing_seq;
    bool look_again;
    int64_t look_delay; /* of the next look after an exit that does not show yet */
    struct observation *observing;

    struct list ops;     /* struct operation */
    struct list watches; /* struct pod_watch */
    VEC(struct token) tokens;
    struct task task;
    struct timer timer, look_timer;

    struct rest_call *status_call;
    uint64_t status_revision; /* what our last patch became */
    int64_t status_retry;
    bool status_final;
};

/* kubelet.c */
void kubelet_forget(struct worker *w);
struct worker *kubelet_worker(struct kubelet *k, str uid);
struct worker *kubelet_worker_named(struct kubelet *k, str ns, str name);

/* worker.c */
struct worker *worker_new(struct kubelet *k, str uid, str ns, str name);
struct worker *worker_free(struct worker *w);
/* NULL: gone from the API. */
void worker_set_pod(struct worker *w, struct cached *pod);
void worker_poke(struct worker *w); /* decide again, soon */
void worker_look(struct worker *w); /* see what the runtime has, then decide */
const Pod *worker_pod(const struct worker *w);
void worker_event(struct worker *w, bool warning, const char *reason, str container,
                  const char *fmt, ...) PRINTF(5, 6);
/* The pod's addresses as far as known. */
const str *worker_ips(const struct worker *w, size_t *ret_n);
/* The status the API should show; NULL while nothing is known. */
PodStatus *worker_status(struct worker *w, struct arena *a);

/* pod_ops.c */
struct operation_need {
    struct list node;
    struct object_fetch fetch;
    struct operation *o;
};
struct operation_call {
    struct list node;
    struct rest_call *rest; /* NULL: answered */
};
struct operation {
    struct list node;
    struct worker *w;
    struct pod_op op; /* strings in the arena */
    struct arena arena;
    struct cri_call *cri;
    struct rest_call *rest;
    struct list fetches; /* struct operation_need */
    struct list calls;   /* struct operation_call: requests to the API beside `rest` */
    uint32_t pending;
    struct timer timer;
    struct task task;
    int64_t begun;  /* mono, of the step */
    const Pod *pod; /* a copy in the arena, NULL when the pod is gone */
    const Container *container;
    int fetch_r;     /* why an object could not be had */
    str fetch_error; /* in words */
    void (*fetched)(struct operation *);
};
void operation_start(struct worker *w, const struct pod_op *op);
void operation_cancel(struct worker *w, uint64_t id);
void operation_drop(struct operation *o); /* without telling the core */
/* Ends it: o is gone afterwards. */
void operation_done(struct operation *o, int r, const char *reason, str message, str value,
                    int64_t again);
/* The objects a step needs: any number of these, then operation_wait; o->fetched runs once all are
 * there, or failed (fetch_r). */
void operation_fetch(struct operation *o, bool secret, str name, int64_t since);
void operation_wait(struct operation *o, void (*fetched)(struct operation *));
/* One pending need has ended; r < 0: in vain. */
void operation_need_done(struct operation *o, int r, const Status *status);
struct pod_sources operation_sources(struct operation *o);
struct pod_surroundings operation_surroundings(struct operation *o);

/* pod_ops_image.c, pod_ops_container.c, pod_ops_volumes.c: their kinds. */
void operation_image(struct operation *o);
void operation_create(struct operation *o);
void operation_stop(struct operation *o);
void operation_volumes(struct operation *o);
void operation_teardown(struct operation *o);
void operation_forget(struct operation *o);

/* node.c */
struct node *node_new(struct kubelet *k);
struct node *node_free(struct node *n);
void node_start(struct node *n);
void node_images_changed(struct node *n);

/* server.c */
int kubelet_server_new(struct kubelet *k, struct err *e, struct kubelet_server **ret);
int kubelet_server_renew(struct kubelet_server *s, str cert, str key, str client_ca, struct err *e);
struct kubelet_server *kubelet_server_free(struct kubelet_server *s);
