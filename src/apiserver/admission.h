// SPDX-License-Identifier: Apache-2.0
/* Admission: an ordered table of plugins, one file each under admission/. A plugin may change the
 * object (mutate) or only look at it (validate), refuse the write by write_fail(), or wait. */
#pragma once

#include "apiserver/hook_env.h"
#include "apiserver/write.h"

struct admission_plugin {
    const char *name;
    enum step_result (*mutate)(struct write *w);
    enum step_result (*validate)(struct write *w);
};

enum step_result admission_mutate(struct write *w);
enum step_result admission_validate(struct write *w);

extern const struct admission_plugin admission_namespace_lifecycle, admission_service_account,
    admission_node_restriction, admission_escalation, admission_taint_nodes, admission_priority,
    admission_default_tolerations;

/* 403 'pods "x" is forbidden: why' */
enum step_result admission_forbid(struct write *w, str why);
static inline bool write_is(const struct write *w, const struct api_resource *st,
                            enum write_op op) {
    return w->st == st && w->op == op && !w->sub;
}
