// SPDX-License-Identifier: Apache-2.0
/* --feature-gates: every gate of 1.36 is known (rows/feature_gates.def), with its default. What
 * this program does is what the defaults say, where it does it at all; it has no switches. So a
 * gate may be named with its default value, as configurations of clusters often do, and with
 * another one it is refused rather than believed. */
#pragma once

#include "base/err.h"
#include "base/str.h"

/* "Name=true,Other=false"; empty is fine. -EINVAL with upstream's text for what upstream refuses
 * too: unknown names, values that are none, gates that are locked. */
int feature_gates_check(str gates, struct err *e);

struct feature_gate {
    const char *name, *stage; /* "Alpha", "Beta", "GA", "Deprecated" */
    bool on;
};
bool feature_gate_at(unsigned i, struct feature_gate *ret); /* false: there are no more */
