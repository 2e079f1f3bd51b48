// SPDX-License-Identifier: Apache-2.0
#include "client/delegate.h"

#include <stdlib.h>

#include "base/vec.h"

struct review {
    struct list node;
    struct delegation *d;
    struct exchange *x;
    struct rest_call *call;
    struct delegate_user user;
    unsigned attempt;
};

static void review_free(struct review *v) {
    list_remove(&v->node);
    if (v->call)
        rest_cancel(v->call);
    free(v);
}

static void on_abort(struct exchange *x) {
    review_free(x->ctx);
}

static void refuse(struct review *v, enum refusal why) {
    struct delegation *d = v->d;
    struct exchange *x = v->x;
    struct delegate_user user = v->user;
    x->on_abort = NULL;
    review_free(v);
    d->ops->refuse(d->ctx, x, why, &user);
}

static void serve(struct review *v) {
    struct delegation *d = v->d;
    struct exchange *x = v->x;
    x->on_abort = NULL;
    review_free(v);
    d->ops->serve(d->ctx, x);
}

/* ---- may they ---- */

static void ask_right(struct review *v);

static void on_right(void *ctx, const struct rest_result *res) {
    struct review *v = ctx;
    const SubjectAccessReview *a = res->r == 0 && res->code < 300 ? res->object : NULL;
    v->call = NULL;
    if (!a) {
        refuse(v, REFUSED_FAILED);
    } else if (a->status.allowed) {
        serve(v);
    } else {
        v->attempt++;
        ask_right(v);
    }
}

static void ask_right(struct review *v) {
    SubjectAccessReview q = {.spec = {.user = v->user.name, .groups = v->user.groups}};
    if (!v->d->ops->right(v->d->ctx, v->x, v->attempt, &q.spec)) {
        refuse(v, REFUSED_RIGHT);
        return;
    }
    v->call =
        rest_send(v->d->client, &(struct rest_request){
                                    .verb = REST_CREATE,
                                    .resource = RESOURCE_OF(authorization_v1_subjectaccessreviews),
                                    .body_type = &SubjectAccessReview_type,
                                    .body = &q,
                                    .done = on_right,
                                    .ctx = v,
                                });
}

/* ---- who ---- */

static void add_group(struct review *v, str group) {
    *list_push(v->x->arena, &v->user.groups) = str_dup(v->x->arena, group);
}

static void on_token(void *ctx, const struct rest_result *res) {
    struct review *v = ctx;
    const TokenReview *t = res->r == 0 && res->code < 300 ? res->object : NULL;
    v->call = NULL;
    if (!t || !t->status.authenticated) {
        refuse(v, REFUSED_UNKNOWN);
        return;
    }
    v->user.name = str_dup(v->x->arena, t->status.user.username);
    for (uint32_t i = 0; i < t->status.user.groups.n; i++)
        add_group(v, t->status.user.groups.v[i]);
    ask_right(v);
}

static void ask_token(struct review *v, str token) {
    TokenReview q = {.spec = {.token = token}};
    v->call = rest_send(v->d->client, &(struct rest_request){
                                          .verb = REST_CREATE,
                                          .resource = RESOURCE_OF(authentication_v1_tokenreviews),
                                          .body_type = &TokenReview_type,
                                          .body = &q,
                                          .done = on_token,
                                          .ctx = v,
                                      });
}

void delegate(struct delegation *d, struct exchange *x) {
    str auth = http_header_get(&x->headers, "Authorization");
    struct review *v = xcalloc(1, sizeof(*v));
    *v = (struct review){.d = d, .x = x};
    list_append(&d->reviews, &v->node);
    x->ctx = v;
    x->on_abort = on_abort;
    if (x->peer && x->peer->verified && !str_empty(x->peer->cn)) {
        v->user.name = str_dup(x->arena, x->peer->cn);
        for (size_t i = 0; i < x->peer->n_orgs; i++)
            add_group(v, x->peer->orgs[i]);
        add_group(v, STR("system:authenticated"));
        ask_right(v);
    } else if (str_starts(auth, STR("Bearer "))) {
        ask_token(v, str_trim(str_slice(auth, 7, auth.n)));
    } else if (d->anonymous) {
        v->user.name = STR("system:anonymous");
        add_group(v, STR("system:unauthenticated"));
        ask_right(v);
    } else {
        refuse(v, REFUSED_UNKNOWN);
    }
}

void delegation_init(struct delegation *d, struct rest_client *client,
                     const struct delegate_ops *ops, void *ctx) {
    *d = (struct delegation){.client = client, .ops = ops, .ctx = ctx};
    list_init(&d->reviews);
}

void delegation_done(struct delegation *d) {
    LIST_FOREACH (n, &d->reviews)
        review_free(container_of(n, struct review, node));
}

const char *delegate_verb(str method) {
    return str_eqc(method, "POST")     ? "create"
           : str_eqc(method, "PUT")    ? "update"
           : str_eqc(method, "PATCH")  ? "patch"
           : str_eqc(method, "DELETE") ? "delete"
                                       : "get";
}
