// SPDX-License-Identifier: Apache-2.0
/* Priority levels: how many requests of a kind are served at once, and how others wait. */
#include "api/kinds/flowcontrol.h"

#define QUEUES_MAX    10000000
#define HASH_BITS_MAX 60 /* a hand is drawn with the bits of one hash */
#define ROUND_TRIP    "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"

static void check_percent(struct field_errors *fe, const struct field_path *p, struct opt_i32 v) {
    if (v.set && (v.v < 0 || v.v > 100))
        field_invalid_i64(fe, p, v.v, "must be between 0 and 100, inclusive");
}

static void check_shares(struct field_errors *fe, const struct field_path *p, struct opt_i32 v) {
    if (v.set && v.v < 0)
        field_invalid_i64(fe, p, v.v, "must be a non-negative integer");
}

/* Hands of so many cards out of so many queues are more than a hash can tell apart. */
static bool too_many_hands(int32_t queues, int32_t hand) {
    uint64_t hands = 1;
    for (int32_t i = 0; i < hand && hands <= 1ULL << HASH_BITS_MAX; i++)
        if (__builtin_mul_overflow(hands, (uint64_t)queues, &hands))
            return true;
    return hands > 1ULL << HASH_BITS_MAX;
}

static void check_hand(struct field_errors *fe, const struct field_path *p, int32_t queues,
                       int32_t hand) {
    if (hand <= 0) {
        field_invalid_i64(fe, p, hand, "must be positive");
    } else if (hand > queues) {
        field_invalid_i64(
            fe, p, hand, str_printf(fe->arena, "should not be greater than queues (%d)", queues).p);
    } else if (too_many_hands(queues, hand)) {
        field_invalid_i64(fe, p, hand,
                          str_printf(fe->arena,
                                     "required entropy bits of deckSize %d and handSize %d should "
                                     "not be greater than %d",
                                     queues, hand, HASH_BITS_MAX)
                              .p);
    }
}

static void check_queuing(struct field_errors *fe, const struct field_path *p,
                          const QueuingConfiguration *q) {
    if (q->queue_length_limit <= 0)
        field_invalid_i64(fe, PATH(p, "queueLengthLimit"), q->queue_length_limit,
                          "must be positive");
    if (q->queues <= 0)
        field_invalid_i64(fe, PATH(p, "queues"), q->queues, "must be positive");
    else if (q->queues > QUEUES_MAX)
        field_invalid_i64(fe, PATH(p, "queues"), q->queues, "must not be greater than 10000000");
    check_hand(fe, PATH(p, "handSize"), q->queues, q->hand_size);
}

static void check_response(struct field_errors *fe, const struct field_path *p,
                           const LimitResponse *r) {
    const struct field_path *queuing = PATH(p, "queuing");
    check_rows(fe, p, LimitResponse, r, "type");
    if (str_eqc(r->type, "Reject") && r->queuing)
        field_forbidden(fe, queuing, "must be nil if limited.limitResponse.type is not Limited");
    else if (str_eqc(r->type, "Queue") && !r->queuing)
        field_required(fe, queuing, "must not be empty if limited.limitResponse.type is Limited");
    else if (str_eqc(r->type, "Queue"))
        check_queuing(fe, queuing, r->queuing);
}

static void check_limited(struct field_errors *fe, const struct field_path *p,
                          const LimitedPriorityLevelConfiguration *l) {
    check_shares(fe, PATH(p, "nominalConcurrencyShares"), l->nominal_concurrency_shares);
    check_response(fe, PATH(p, "limitResponse"), &l->limit_response);
    check_percent(fe, PATH(p, "lendablePercent"), l->lendable_percent);
    if (l->borrowing_limit_percent.set && l->borrowing_limit_percent.v < 0)
        field_invalid_i64(fe, PATH(p, "borrowingLimitPercent"), l->borrowing_limit_percent.v,
                          "if specified, must be a non-negative integer");
}

static void check_spec(struct field_errors *fe, const struct field_path *p, str name,
                       const PriorityLevelConfigurationSpec *s) {
    bool exempt = str_eqc(s->type, "Exempt"), limited = str_eqc(s->type, "Limited");
    if (str_eqc(name, "exempt") != exempt)
        field_invalid(fe, PATH(p, "type"), s->type,
                      "must be 'Exempt' if and only if `name` is 'exempt'");
    check_rows(fe, p, PriorityLevelConfigurationSpec, s, "type");
    if (exempt && s->limited)
        field_forbidden(fe, PATH(p, "limited"), "must be nil if the type is not Limited");
    if (exempt && s->exempt) {
        check_shares(fe, PATH(PATH(p, "exempt"), "nominalConcurrencyShares"),
                     s->exempt->nominal_concurrency_shares);
        check_percent(fe, PATH(PATH(p, "exempt"), "lendablePercent"), s->exempt->lendable_percent);
    }
    if (limited && s->exempt)
        field_forbidden(fe, PATH(p, "exempt"), "must be nil if the type is Limited");
    if (limited && !s->limited)
        field_required(fe, PATH(p, "limited"), "must not be empty when type is Limited");
    else if (limited)
        check_limited(fe, PATH(p, "limited"), s->limited);
}

/* The levels that every server has: of "exempt" only the shares may change. */
static void check_fixed(struct field_errors *fe, const struct field_path *p, str name,
                        const PriorityLevelConfigurationSpec *s) {
    const struct api_type *t = &PriorityLevelConfigurationSpec_type;
    PriorityLevelConfigurationSpec rest = *s;
    rest.exempt = NULL;
    if (str_eqc(name, "exempt") && flowcontrol_differs(fe, t, "{\"type\":\"Exempt\"}", &rest))
        field_invalid_printed(fe, p, go_json(fe->arena, t, s),
                              "spec of 'exempt' except the 'spec.exempt' field must equal the "
                              "fixed value");
    if (str_eqc(name, "catch-all") &&
        flowcontrol_differs(fe, t,
                            "{\"type\":\"Limited\",\"limited\":{\"nominalConcurrencyShares\":5,"
                            "\"limitResponse\":{\"type\":\"Reject\"},\"lendablePercent\":0}}",
                            s))
        field_invalid_printed(fe, p, go_json(fe->arena, t, s),
                              "spec of 'catch-all' must equal the fixed value");
}

static void validate_status(struct field_errors *fe, const void *obj, const void *old) {
    const PriorityLevelConfigurationStatus *s = &((const PriorityLevelConfiguration *)obj)->status;
    const PriorityLevelConfigurationCondition *v = s->conditions.v;
    uint32_t n = s->conditions.n;
    struct name_index x = name_index_of(fe->arena, n ? &v->type : NULL, n, sizeof(*v));
    (void)old;
    for (uint32_t i = 0; i < n; i++)
        flowcontrol_check_type(fe, &x, i, v[i].type);
}

static void validate(struct field_errors *fe, const void *obj) {
    const PriorityLevelConfiguration *l = obj;
    const struct field_path *p = PATH(NULL, "spec");
    if (label_has(&l->metadata.annotations, STR(ROUND_TRIP)))
        field_forbidden(fe, PATH(PATH(NULL, "metadata"), "annotations"),
                        "annotation '" ROUND_TRIP "' is forbidden");
    check_spec(fe, p, l->metadata.name, &l->spec);
    check_fixed(fe, p, l->metadata.name, &l->spec);
    validate_status(fe, obj, NULL);
}

const struct hooks hooks_flowcontrol_v1_prioritylevelconfigurations = {
    .group = "flowcontrol.apiserver.k8s.io",
    .resource = "prioritylevelconfigurations",
    .validate = validate,
    .validate_status = validate_status,
    .counts_generation = true,
};
