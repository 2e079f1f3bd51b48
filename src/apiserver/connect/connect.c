// SPDX-License-Identifier: Apache-2.0
/* exec, attach and port-forward up to the point where the node takes over: options, rights, which
 * container on which node. What follows is between client and kubelet (upgrade.c); the protocols,
 * WebSocket or SPDY, are theirs, unless the client speaks WebSocket as clients do since 1.30 and
 * the kubelet is one that has not said it knows that: then we speak SPDY for it.
 *
 * A GET asks for a WebSocket, a POST for SPDY, and authorisation has seen only "get" for the first:
 * so that reading is not acting, "create" is asked for too (upstream since 1.35). Admission of
 * CONNECT has its place behind the options; none of the built-in plugins looks at it. */
#include "apiserver/connect/kubelet_proxy.h"
#include "apiserver/connect/proxy.h"
#include "apiserver/special/special.h"
#include "apiserver/verbs/options.h"

static bool may_create(struct request *r) {
    if (str_eqc(r->info.verb, "create"))
        return true;
    struct attributes at = request_attributes(r);
    at.verb = STR("create");
    str reason;
    if (request_may(r, &at, &reason))
        return true;
    respond_status(r, status_forbidden_of(r->arena, at.group, at.resource, at.name, reason));
    return false;
}

static bool wants_websocket(const struct request *r, const char *protocol) {
    const char *const known[] = {protocol, NULL};
    str chosen;
    return websocket_wanted(&r->x->headers) &&
           websocket_choose(&r->x->headers, known, &chosen) == 0 && chosen.n;
}

/* translated: how a WebSocket of this protocol is joined with SPDY. */
static enum phase_result stream(struct request *r, const Pod *p, str path, str query,
                                const char *protocol, enum proxy_join translated) {
    struct kubelet_location at;
    if (!p->spec.node_name.n)
        return respond_status(r, status_bad_request(r->arena,
                                                    "pod " STR_FMT " does not have a host assigned",
                                                    STR_ARG(p->metadata.name)));
    if (!kubelet_locate(r, p->spec.node_name, &at))
        return PHASE_DONE;
    bool spdy = !at.websockets && wants_websocket(r, protocol);
    const struct query *q = &r->query;
    return proxy_start(r, &(struct proxy_target){.ip = at.ip,
                                                 .port = at.port,
                                                 .tls = at.tls,
                                                 .path = path,
                                                 .query = query,
                                                 .stream = true,
                                                 .join = spdy ? translated : PROXY_JOIN_BYTES,
                                                 .channels = {.in = query_bool(q, "stdin"),
                                                              .out = query_bool(q, "stdout"),
                                                              .err = query_bool(q, "stderr"),
                                                              .tty = query_bool(q, "tty")}});
}

/* "&name=value", the first without '&'. */
static void add_param(struct buf *b, struct arena *a, const char *name, str value) {
    str text = url_encode(a, value);
    buf_printf(b, "%s%s=" STR_FMT, b->n ? "&" : "", name, STR_ARG(text));
}

/* The kubelet's names for the options, in the order Go encodes them. */
static str stream_query(struct request *r, bool command) {
    static const struct {
        const char *option, *param;
    } flags[] = {{"stderr", "error"}, {"stdin", "input"}, {"stdout", "output"}, {"tty", "tty"}};
    struct buf b;
    buf_init(&b, 0);
    str_list words = query_all(r->arena, &r->query, "command");
    for (uint32_t i = 0; command && i < words.n; i++)
        add_param(&b, r->arena, "command", words.v[i]);
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (query_bool(&r->query, flags[i].option))
            add_param(&b, r->arena, flags[i].param, STR("1"));
    str out = str_dup(r->arena, buf_str(&b));
    buf_done(&b);
    return out;
}

static enum phase_result to_container(struct request *r, const char *verb, bool command) {
    str container;
    if (!may_create(r))
        return PHASE_DONE;
    const Pod *p = kubelet_pod(r);
    if (!p || !kubelet_container(r, p, query_get(&r->query, "container"), &container))
        return PHASE_DONE;
    str path =
        str_printf(r->arena, "/%s/" STR_FMT "/" STR_FMT "/" STR_FMT, verb,
                   STR_ARG(p->metadata.namespace_), STR_ARG(p->metadata.name), STR_ARG(container));
    return stream(r, p, path, stream_query(r, command), CHANNELS_PROTOCOL, PROXY_JOIN_CHANNELS);
}

enum phase_result special_exec(struct request *r) {
    return to_container(r, "exec", true);
}

enum phase_result special_attach(struct request *r) {
    return to_container(r, "attach", false);
}

/* ports=80,443 or several of them; empty when there is none. -EINVAL: answered. */
static int read_ports(struct request *r, str *ret) {
    str_list values = query_all(r->arena, &r->query, "ports");
    str rest = str_join(r->arena, values.v, values.n, STR(","));
    *ret = rest;
    while (rest.n) {
        int64_t port;
        str one = str_cut(&rest, ','), error;
        int e = go_parse_int(r->arena, one, &port, &error);
        if (e == 0 && port == (int32_t)port)
            continue;
        if (e == 0)
            error = str_printf(r->arena,
                               "strconv.ParseInt: parsing \"" STR_FMT "\": value out of range",
                               STR_ARG(one));
        respond_status(r, status_bad_request(r->arena, STR_FMT, STR_ARG(error)));
        return -EINVAL;
    }
    return 0;
}

enum phase_result special_port_forward(struct request *r) {
    str ports;
    if (read_ports(r, &ports) < 0 || !may_create(r))
        return PHASE_DONE;
    const Pod *p = kubelet_pod(r);
    if (!p)
        return PHASE_DONE;
    str path = str_printf(r->arena, "/portForward/" STR_FMT "/" STR_FMT,
                          STR_ARG(p->metadata.namespace_), STR_ARG(p->metadata.name));
    str query = ports.n ? str_concat(r->arena, STR("port="), url_encode(r->arena, ports)) : ports;
    return stream(r, p, path, query, "SPDY/3.1+" PORT_FORWARD_PROTOCOL, PROXY_JOIN_MESSAGES);
}
