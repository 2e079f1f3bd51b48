// SPDX-License-Identifier: Apache-2.0
/* Tolerations against taints (core/v1 Toleration.ToleratesTaint). */
#pragma once

#include "api/types.h"

static inline bool tolerates_one(const Toleration *t, const Taint *taint) {
    if (t->effect.n && !str_eq(t->effect, taint->effect))
        return false;
    if (t->key.n && !str_eq(t->key, taint->key))
        return false;
    if (str_eqc(t->operator_, "Exists"))
        return true;
    return (!t->operator_.n || str_eqc(t->operator_, "Equal")) && str_eq(t->value, taint->value);
}

static inline bool tolerates(const PodSpec *s, const Taint *taint) {
    for (uint32_t i = 0; i < s->tolerations.n; i++)
        if (tolerates_one(&s->tolerations.v[i], taint))
            return true;
    return false;
}
