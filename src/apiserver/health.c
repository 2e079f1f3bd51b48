// SPDX-License-Identifier: Apache-2.0
/* /healthz, /livez and /readyz: named checks, in upstream's format. */
#include "apiserver/health.h"

#include "apiserver/options.h"

static bool excluded(struct request *r, const char *name) {
    for (uint32_t i = 0; i < r->query.n; i++)
        if (str_eqc(r->query.v[i].name, "exclude") && str_eqc(r->query.v[i].value, name))
            return true;
    return false;
}

static enum phase_result one(struct request *r, str name, bool ready) {
    for (unsigned i = 0; i < r->server->n_checks; i++) {
        const struct health_check *c = &r->server->checks[i];
        if (!str_eqc(name, c->name) || (c->ready_only && !ready))
            continue;
        if (c->ok(c->ctx))
            return respond_text(r, 200, STR("ok"));
        return respond_text(r, 500, STR("internal server error: not ready\n"));
    }
    return respond_text(r, 404, STR("404 page not found\n"));
}

static enum phase_result all(struct request *r, const char *what, bool ready) {
    struct buf b;
    buf_init(&b, 0);
    bool failed = false;
    for (unsigned i = 0; i < r->server->n_checks; i++) {
        const struct health_check *c = &r->server->checks[i];
        if (c->ready_only && !ready)
            continue;
        if (excluded(r, c->name)) {
            buf_printf(&b, "[+]%s excluded: ok\n", c->name);
            continue;
        }
        bool ok = c->ok(c->ctx);
        failed |= !ok;
        buf_printf(&b, ok ? "[+]%s ok\n" : "[-]%s failed: reason withheld\n", c->name);
    }
    buf_printf(&b, "%s check %s\n", what, failed ? "failed" : "passed");
    bool verbose = query_has(&r->query, "verbose");
    respond_text(r, failed ? 500 : 200, failed || verbose ? buf_str(&b) : STR("ok"));
    buf_done(&b);
    return PHASE_DONE;
}

static enum phase_result serve(struct request *r, str rest, const char *what, bool ready) {
    return rest.n > 1 ? one(r, str_slice(rest, 1, rest.n), ready) : all(r, what, ready);
}

enum phase_result serve_healthz(struct request *r, str rest) {
    return serve(r, rest, "healthz", false);
}

enum phase_result serve_livez(struct request *r, str rest) {
    return serve(r, rest, "livez", false);
}

enum phase_result serve_readyz(struct request *r, str rest) {
    return serve(r, rest, "readyz", true);
}
