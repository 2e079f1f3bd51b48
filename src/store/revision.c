// SPDX-License-Identifier: Apache-2.0
#include "store/revision.h"

#include "store/store.h"

/* A clean stop stores the exact revision as limit, so after either stop counting goes on where
 * nobody has been, and every event before it is forgotten. A start by itself raises nothing: as
 * long as nothing was issued, a crash leaves the disk as true as it was, and a machine that only
 * reads never writes. */
uint64_t revisions_start(struct revisions *r, uint64_t highest, uint64_t limit) {
    r->issued = MAX(MAX(highest, limit), 1);
    r->limit = 0;
    return r->issued;
}

uint64_t revisions_issue(struct revisions *r) {
    return ++r->issued;
}

uint64_t revisions_needed(const struct revisions *r, uint64_t last) {
    return last > r->limit ? last + STORE_REVISION_BLOCK : 0;
}

void revisions_raised(struct revisions *r, uint64_t limit) {
    ASSERT(limit >= r->limit);
    r->limit = limit;
}
