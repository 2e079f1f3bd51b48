// SPDX-License-Identifier: Apache-2.0
/* serviceaccounts/token: a token for a service account, perhaps bound to a pod, node or secret
 * whose end is the token's end. */
#include "apiserver/access.h"
#include "apiserver/admission/node_restriction.h"
#include "apiserver/authn/service_account.h"
#include "apiserver/encoding/decode.h"
#include "apiserver/hook_env.h"
#include "apiserver/special/special.h"
#include "base/vec.h"

#define SECONDS_MIN       600
#define SECONDS_MAX       (1LL << 32)
#define SECONDS_PROJECTED 3607 /* what the kubelet asks for pods that did not say */
#define SECONDS_EXTENDED  (365LL * 24 * 60 * 60)

struct token_request {
    struct request *r;
    struct arena *arena;
    TokenRequest *t;
    str account; /* name in the path */
    struct claims claims;
    Status *status; /* refusal */
};

static bool refuse(struct token_request *q, Status *s) {
    q->status = s;
    return false;
}

static bool invalid(struct token_request *q, str name, const struct field_errors *fe) {
    return refuse(
        q, status_invalid(q->arena, STR("authentication.k8s.io"), STR("TokenRequest"), name, fe));
}

/* Metadata may be left out, but not lie. */
static bool check_meta(struct token_request *q) {
    struct field_errors fe = {.arena = q->arena};
    const ObjectMeta *m = &q->t->metadata;
    const struct field_path *p = PATH(NULL, "metadata");
    if (m->name.n && !str_eq(m->name, q->account))
        field_invalid(&fe, PATH(p, "name"), m->name,
                      "must match the service account name if specified");
    else if (m->namespace_.n && !str_eq(m->namespace_, q->r->info.ns))
        field_invalid(&fe, PATH(p, "namespace"), m->namespace_,
                      "must match the service account namespace if specified");
    return fe.list.n ? invalid(q, q->account, &fe) : true;
}

static bool check_spec(struct token_request *q) {
    struct field_errors fe = {.arena = q->arena};
    const struct field_path *p = PATH(PATH(NULL, "spec"), "expirationSeconds");
    int64_t seconds = q->t->spec.expiration_seconds.v;
    if (seconds < SECONDS_MIN)
        field_invalid_i64(&fe, p, seconds, "may not specify a duration less than 10 minutes");
    if (seconds > SECONDS_MAX)
        field_invalid_i64(&fe, p, seconds, "may not specify a duration larger than 2^32 seconds");
    return fe.list.n ? invalid(q, STR_NONE, &fe) : true;
}

static struct object *stored(struct token_request *q, const struct api_resource *res, str name) {
    str ns = resource_is(res, RESOURCE_NAMESPACED) ? q->r->info.ns : STR_NONE;
    struct object *o = store_get(q->r->server->store, res, object_key(q->arena, res, ns, name));
    if (!o)
        refuse(q, status_not_found(q->arena, res, name));
    return o;
}

static bool find_account(struct token_request *q) {
    struct object *o = stored(q, RESOURCE_OF(core_v1_serviceaccounts), q->account);
    if (!o)
        return false;
    ObjectMeta *m = &q->t->metadata;
    m->name = q->account;
    m->namespace_ = q->r->info.ns;
    q->claims.ns = m->namespace_;
    q->claims.service_account = (struct claims_ref){q->account, str_dup(q->arena, o->uid)};
    q->claims.sub = service_account_user(q->arena, m->namespace_, q->account);
    return true;
}

/* The node's uid is told when the node is known; its name in any case. */
static void tell_node(struct token_request *q, str node) {
    const struct api_resource *res = RESOURCE_OF(core_v1_nodes);
    if (!node.n)
        return;
    struct object *o =
        store_get(q->r->server->store, res, object_key(q->arena, res, STR_NONE, node));
    q->claims.node = (struct claims_ref){node, o ? str_dup(q->arena, o->uid) : STR_NONE};
}

static bool bind_pod(struct token_request *q, struct object *o) {
    const Pod *p = object_decode(q->arena, o);
    if (!str_eq(p->spec.service_account_name, q->account))
        return refuse(q, status_bad_request(q->arena,
                                            "cannot bind token for serviceaccount \"" STR_FMT
                                            "\" to pod running with different serviceaccount name.",
                                            STR_ARG(q->account)));
    tell_node(q, p->spec.node_name);
    return true;
}

/* "v1", "Pod" as upstream prints a GroupVersionKind. */
static str kind_text(struct arena *a, const BoundObjectReference *ref) {
    str rest = ref->api_version, group = STR_NONE, version = rest;
    if (str_chr(rest, '/') >= 0) {
        group = str_cut(&rest, '/');
        version = rest;
    }
    return str_printf(a, STR_FMT "/" STR_FMT ", Kind=" STR_FMT, STR_ARG(group), STR_ARG(version),
                      STR_ARG(ref->kind));
}

static bool bind_object(struct token_request *q) {
    const BoundObjectReference *ref = q->t->spec.bound_object_ref;
    if (!ref)
        return true;
    bool core = str_chr(ref->api_version, '/') < 0;
    struct claims_ref *claim = NULL;
    const struct api_resource *res = NULL;
    if (core && str_eqc(ref->kind, "Pod")) {
        claim = &q->claims.pod;
        res = RESOURCE_OF(core_v1_pods);
    } else if (core && str_eqc(ref->kind, "Node")) {
        claim = &q->claims.node;
        res = RESOURCE_OF(core_v1_nodes);
    } else if (core && str_eqc(ref->kind, "Secret")) {
        claim = &q->claims.secret;
        res = RESOURCE_OF(core_v1_secrets);
    } else {
        return refuse(q,
                      status_bad_request(q->arena, "cannot bind token to object of type " STR_FMT,
                                         STR_ARG(kind_text(q->arena, ref))));
    }
    struct object *o = stored(q, res, ref->name);
    if (!o || (claim == &q->claims.pod && !bind_pod(q, o)))
        return false;
    if (ref->uid.n && !str_eq(ref->uid, o->uid)) {
        str why = str_printf(q->arena,
                             "the UID in the bound object reference (" STR_FMT
                             ") does not match the UID in record. The object might have been "
                             "deleted and then recreated",
                             STR_ARG(ref->uid));
        return refuse(q, status_conflict_of(q->arena, STR_NONE, ref->kind, ref->name, why.p));
    }
    *claim = (struct claims_ref){ref->name, str_dup(q->arena, o->uid)};
    return true;
}

/* Every audience is one of the server's own. */
static bool for_api_server(struct token_request *q, const str_list *own) {
    str_list both = claims_intersect(q->arena, &q->t->spec.audiences, own);
    return both.n == q->t->spec.audiences.n;
}

/* Old clients never read their token again. So one that the kubelet renews is good for a year, and
 * warnafter tells who used it longer than was asked for. */
static void set_times(struct token_request *q, int64_t now, const str_list *own) {
    int64_t seconds = q->t->spec.expiration_seconds.v;
    q->claims.iat = q->claims.nbf = now;
    q->claims.exp = now + seconds;
    if (q->claims.pod.name.n && seconds == SECONDS_PROJECTED && for_api_server(q, own)) {
        q->claims.exp = now + SECONDS_EXTENDED;
        q->claims.warn_after = now + seconds;
    }
}

static bool make(struct token_request *q, struct token_signer *signer) {
    int64_t now = loop_wall(q->r->server->loop);
    TokenRequest *t = q->t;
    const str_list *own = token_signer_audiences(signer);
    if (!t->spec.audiences.n)
        t->spec.audiences = *own;
    t->metadata.creation_timestamp = time_of_ns(now);
    set_times(q, now / NSEC_PER_SEC, own);
    q->claims.aud = t->spec.audiences;
    q->claims.jti = new_uid(q->r->server->env, q->arena);
    t->status = (TokenRequestStatus){0};
    t->status.expiration_timestamp = time_of_ns(now + t->spec.expiration_seconds.v * NSEC_PER_SEC);
    if (token_sign(signer, q->arena, &q->claims, &t->status.token) < 0)
        return refuse(q, status_new(q->arena, 500, NULL, "failed to generate token"));
    return true;
}

static bool restricted(struct token_request *q) {
    Status *s = node_restriction_token(q->r, q->t);
    return s ? refuse(q, s) : true;
}

enum phase_result special_token(struct request *r) {
    struct body_kind k = {&TokenRequest_type, "authentication.k8s.io", "v1", "TokenRequest"};
    struct access *access = r->server->access;
    void *body;
    Status *s;
    if (!access || !access->signer)
        return respond_no_resource(r);
    if (decode_body(r, &k, &body, &s) < 0)
        return respond_status(r, s);
    struct token_request q = {.r = r, .arena = r->arena, .t = body, .account = r->info.name};
    if (check_meta(&q) && find_account(&q) && check_spec(&q) && restricted(&q) && bind_object(&q) &&
        make(&q, access->signer))
        return respond_typed(r, 201, &TokenRequest_type, q.t);
    return respond_status(r, q.status);
}
