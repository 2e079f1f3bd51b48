// SPDX-License-Identifier: Apache-2.0
/* What the three controllers that keep storage objects in use from going have in common: the
 * finalizer. Admission gives it to new objects; those that are older get it here. */
#pragma once

#include "controllers/common.h"

/* Would go, but for our finalizer. */
static inline bool wants_to_go(const ObjectMeta *m, const char *finalizer) {
    return m->deletion_timestamp.set && has_finalizer(m, finalizer);
}
static inline bool lacks_protection(const ObjectMeta *m, const char *finalizer) {
    return !m->deletion_timestamp.set && !has_finalizer(m, finalizer);
}
/* Whether an event of the object is worth a look. */
static inline bool protection_asks(const void *new_, const char *finalizer) {
    return new_ && (wants_to_go(new_, finalizer) || lacks_protection(new_, finalizer));
}
