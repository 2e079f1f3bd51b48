// SPDX-License-Identifier: Apache-2.0
/* What single deletion and deletion of a collection share. */
#pragma once

#include "apiserver/hook_env.h"
#include "apiserver/verbs/options.h"
#include "apiserver/verbs/write.h"

/* From body or query; answers by itself when they are bad. */
enum phase_result read_delete_options(struct request *r, DeleteOptions *ret);
/* write.build of a deletion; write.data is its DeleteOptions. */
enum step_result build_delete(struct write *w);
