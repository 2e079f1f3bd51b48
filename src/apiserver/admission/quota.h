// SPDX-License-Identifier: Apache-2.0
/* What a write owes to resource quotas, once it is known how the write ended. */
#pragma once

#include "apiserver/verbs/write.h"

/* The write is in the store: what it took stays taken. */
void quota_commit(struct write *w);
/* It is not, and will not be: gives back. After quota_commit() nothing. */
void quota_revert(struct write *w);
