// SPDX-License-Identifier: Apache-2.0
/* Revisions that never repeat. A durable limit runs ahead of what is shown to anybody by up to
 * STORE_REVISION_BLOCK; after an unclean stop counting goes on at the limit, because how far it had
 * come is not known. */
#pragma once

#include "base/base.h"

struct revisions {
    uint64_t issued;
    uint64_t limit; /* durable; nothing above it may be published */
};

/* From what a back end has loaded: gives where counting goes on, which is also the floor of all
 * history. Until the first raise nothing may be published. */
uint64_t revisions_start(struct revisions *r, uint64_t highest, uint64_t limit);
uint64_t revisions_issue(struct revisions *r);
/* The limit that has to be made durable before `last` is published, or 0. */
uint64_t revisions_needed(const struct revisions *r, uint64_t last);
void revisions_raised(struct revisions *r, uint64_t limit);
