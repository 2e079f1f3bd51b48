// SPDX-License-Identifier: Apache-2.0
/* What the server tells of itself at /metrics, under upstream's names, labels and buckets. Series
 * of a request are found once for each resource, verb and scope, and kept: counting one afterwards
 * is a look into a map and a few additions. Values of labels are ours, never an outsider's, so
 * their number is bounded by the table of resources; the registry's limit stands behind.
 *
 * Everything takes a server whose environment has no metrics, and then does nothing. */
#pragma once

#include "apiserver/admission/admission.h"
#include "base/metrics.h"

struct server_metrics;
struct server_metrics *server_metrics_new(struct env *env); /* NULL without env->metrics */
struct server_metrics *server_metrics_free(struct server_metrics *m);

/* A request that was routed has ended. */
void metrics_request(struct request *r);
/* The gauge of those that run without an end of their own, one higher; take one off at the end. */
struct series *metrics_running(struct request *r);

/* The server has cut it off; has refused it to save itself; has read its body. */
void metrics_aborted(struct request *r);
void metrics_terminated(struct request *r, uint16_t code);
void metrics_body(struct request *r);
/* A list has looked at so many objects and returned some. */
void metrics_list(struct request *r, uint64_t fetched, uint64_t returned);
/* It has waited for a revision to be published. */
void metrics_waited(struct request *r, int64_t ns);

/* A service was given an address of a block, or a port (cidr.p NULL), or was not. */
struct metrics_allocation {
    str cidr;
    bool asked; /* for this very one */
    bool failed;
};
void metrics_allocated(struct server_metrics *m, const struct metrics_allocation *a);

/* How the questions of a request were answered, and how long that took in ns. */
enum authn_result { AUTHN_SUCCESS, AUTHN_FAILURE, AUTHN_ERROR, AUTHN_RESULT_MAX };
void metrics_authn(struct server_metrics *m, enum authn_result result, str username, int64_t ns);
void metrics_authz(struct server_metrics *m, enum decision decision, int64_t ns);

/* Of a watch: sizes in bytes. */
struct watch_series {
    struct series *events, *sizes, *initial, *cut, *listed;
};
struct watch_series metrics_watch(const struct request *r);

/* What admission took: the plugin at that place of the ordered table, or the whole step. The series
 * are found once, as those of requests. */
struct admission_call {
    const char *plugin; /* NULL: the whole step */
    unsigned place;
    bool validates, rejected;
    enum write_op op;
    int64_t ns;
};
void metrics_admission(struct server_metrics *m, const struct admission_call *c);

/* The registry as text, with what is counted only when somebody asks: objects, requests in flight,
 * the process. */
void metrics_scrape(struct apiserver *s, struct buf *out);
