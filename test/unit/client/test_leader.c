// SPDX-License-Identifier: Apache-2.0
#include "client/leader.h"
#include "double.h"

#define LEASES "/apis/coordination.k8s.io/v1/leases"

struct candidate {
    struct leader *l;
    unsigned started, stopped;
};
static void on_started(void *ctx) {
    ((struct candidate *)ctx)->started++;
}
static void on_stopped(void *ctx) {
    ((struct candidate *)ctx)->stopped++;
}
static void stand(struct candidate *c, struct api_double *d, const char *identity) {
    *c = (struct candidate){0};
    c->l = leader_new(&(struct leader_options){.client = d->client,
                                               .ns = "kube-system",
                                               .name = "test",
                                               .identity = identity,
                                               .started = on_started,
                                               .stopped = on_stopped,
                                               .ctx = c});
}

TEST(one_leads_until_it_lets_go) {
    struct api_double d;
    struct candidate a, b;
    double_start(&d, tap_seed());
    stand(&a, &d, "a");
    run_for(&d, NSEC_PER_SEC);
    stand(&b, &d, "b");
    run_for(&d, 60 * NSEC_PER_SEC);
    CHECK(leader_is(a.l) && !leader_is(b.l));
    CHECK_INT(a.started, 1);
    leader_free(a.l);
    run_for(&d, 5 * NSEC_PER_SEC);
    CHECK(leader_is(b.l));
    CHECK(strstr(d.things.v[0].json, "\"leaseTransitions\":1"));
    leader_free(b.l);
    run_for(&d, NSEC_PER_SEC);
    CHECK(strstr(d.things.v[0].json, "\"holderIdentity\":\"\""));
    double_stop(&d);
}

static bool is_from(struct exchange *x, str body, const char *who) {
    char text[64];
    snprintf(text, sizeof(text), "\"holderIdentity\":\"%s\"", who);
    return str_find(body, str_of(text)) >= 0;
}

static struct verdict lose_all_of_a(struct api_double *d, struct exchange *x, str body) {
    return (struct verdict){.kind =
                                d->countdown && is_from(x, body, "a") ? LOSE_REQUEST : CARRY_OUT};
}

/* A holder whose renewals fail steps down before anybody else may step up. */
TEST(never_two_at_a_time) {
    struct api_double d;
    struct candidate a, b;
    double_start(&d, tap_seed());
    d.verdict = lose_all_of_a;
    stand(&a, &d, "a");
    run_for(&d, 3 * NSEC_PER_SEC);
    stand(&b, &d, "b");
    run_for(&d, 20 * NSEC_PER_SEC);
    REQUIRE(leader_is(a.l));
    d.countdown = 1;
    for (int i = 0; i < 300; i++) {
        run_for(&d, NSEC_PER_SEC / 10);
        CHECK(!(leader_is(a.l) && leader_is(b.l)));
    }
    CHECK(leader_is(b.l));
    CHECK_INT(a.stopped, 1);
    d.countdown = 0;
    leader_free(a.l);
    leader_free(b.l);
    double_stop(&d);
}

static struct verdict lose_some_answers(struct api_double *d, struct exchange *x, str body) {
    bool lose = !str_eqc(x->method, "GET") && d->countdown-- > 0;
    return (struct verdict){.kind = lose ? LOSE_ANSWER : CARRY_OUT};
}

/* A renewal that was written but not answered makes our own record look foreign once. */
TEST(a_lost_answer_does_not_end_a_term) {
    struct api_double d;
    struct candidate a;
    double_start(&d, tap_seed());
    stand(&a, &d, "a");
    run_for(&d, 5 * NSEC_PER_SEC);
    d.verdict = lose_some_answers;
    d.countdown = 2;
    run_for(&d, 30 * NSEC_PER_SEC);
    CHECK(leader_is(a.l));
    CHECK_INT(a.stopped, 0);
    leader_free(a.l);
    double_stop(&d);
}
