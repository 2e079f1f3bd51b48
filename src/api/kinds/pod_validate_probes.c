// SPDX-License-Identifier: Apache-2.0
/* Probes and lifecycle handlers. */
#include <stdio.h>

#include "api/kinds/pod_validate.h"

static void check_http(struct field_errors *fe, const struct field_path *p,
                       const HTTPGetAction *a) {
    check_rows(fe, p, HTTPGetAction, a, "path");
    check_port_or_name(fe, PATH(p, "port"), a->port);
    check_rows(fe, p, HTTPGetAction, a, "scheme");
    for (uint32_t i = 0; i < a->http_headers.n; i++)
        field_check_name(fe, PATH(p, "httpHeaders"), a->http_headers.v[i].name, name_http_header);
}

struct handler {
    const ExecAction *exec;
    const HTTPGetAction *http;
    const TCPSocketAction *tcp;
    const GRPCAction *grpc;
    const SleepAction *sleep;
};

static bool second(struct field_errors *fe, const struct field_path *p, const char *name,
                   unsigned *n) {
    if ((*n)++ == 0)
        return false;
    field_forbidden(fe, PATH(p, name), "may not specify more than 1 handler type");
    return true;
}

static void check_sleep(struct field_errors *fe, const struct field_path *p, const SleepAction *s,
                        struct opt_i64 grace) {
    char text[128];
    if (!grace.set || (s->seconds >= 0 && s->seconds <= grace.v))
        return;
    snprintf(text, sizeof(text),
             "must be non-negative and less than terminationGracePeriodSeconds (%lld)",
             (long long)grace.v);
    field_invalid_i64(fe, p, s->seconds, text);
}

static void check_handler(struct field_errors *fe, const struct field_path *p, struct handler h,
                          struct opt_i64 grace) {
    unsigned n = 0;
    if (h.exec && !second(fe, p, "exec", &n) && !h.exec->command.n)
        field_required(fe, PATH(PATH(p, "exec"), "command"), NULL);
    if (h.http && !second(fe, p, "httpGet", &n))
        check_http(fe, PATH(p, "httpGet"), h.http);
    if (h.tcp && !second(fe, p, "tcpSocket", &n))
        check_port_or_name(fe, PATH(PATH(p, "tcpSocket"), "port"), h.tcp->port);
    if (h.grpc && !second(fe, p, "grpc", &n))
        check_rows(fe, PATH(p, "grpc"), GRPCAction, h.grpc, "port");
    if (h.sleep && !second(fe, p, "sleep", &n))
        check_sleep(fe, PATH(p, "sleep"), h.sleep, grace);
    if (!n)
        field_required(fe, p, "must specify a handler type");
}

static void check_probe(struct field_errors *fe, const struct field_path *p, const Probe *pr) {
    const ProbeHandler *h = &pr->probe_handler;
    check_handler(fe, p, (struct handler){h->exec, h->http_get, h->tcp_socket, h->grpc, NULL},
                  (struct opt_i64){0});
    check_rows(fe, p, Probe, pr,
               "initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold "
               "terminationGracePeriodSeconds");
}

static void check_once(struct field_errors *fe, const struct field_path *p, const Probe *pr) {
    if (!pr)
        return;
    check_probe(fe, p, pr);
    if (pr->success_threshold != 1)
        field_invalid_i64(fe, PATH(p, "successThreshold"), pr->success_threshold, "must be 1");
}

void check_probes(struct field_errors *fe, const struct field_path *p, const Container *c) {
    check_once(fe, PATH(p, "livenessProbe"), c->liveness_probe);
    if (c->readiness_probe) {
        const struct field_path *at = PATH(p, "readinessProbe");
        check_probe(fe, at, c->readiness_probe);
        if (c->readiness_probe->termination_grace_period_seconds.set)
            field_invalid_i64(fe, PATH(at, "terminationGracePeriodSeconds"),
                              c->readiness_probe->termination_grace_period_seconds.v,
                              "must not be set for readinessProbes");
    }
    check_once(fe, PATH(p, "startupProbe"), c->startup_probe);
}

void check_lifecycle(struct field_errors *fe, const struct field_path *p, const Lifecycle *l,
                     struct opt_i64 grace) {
    const LifecycleHandler *v[] = {l->post_start, l->pre_stop};
    static const char *const names[] = {"postStart", "preStop"};
    for (int i = 0; i < 2; i++)
        if (v[i])
            check_handler(
                fe, PATH(p, names[i]),
                (struct handler){v[i]->exec, v[i]->http_get, v[i]->tcp_socket, NULL, v[i]->sleep},
                grace);
}
