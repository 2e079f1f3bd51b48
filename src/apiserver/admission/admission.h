// SPDX-License-Identifier: Apache-2.0
/* Admission: an ordered table of plugins, one file each under admission/. A plugin may change the
 * object (mutate) or only look at it (validate), refuse the write by write_fail(), or wait. */
#pragma once

#include "apiserver/hook_env.h"
#include "apiserver/verbs/write.h"

struct admission_plugin {
    const char *name;
    enum step_result (*mutate)(struct write *w);
    enum step_result (*validate)(struct write *w);
    bool off;    /* unless it is asked for */
    bool always; /* no plugin of upstream's: no flag names it */
};
#define ADMISSION_PLUGINS_MAX 64

/* Which plugins take part: the default ones, and those named in `on` but not in `off` (names with
 * commas between; NULL: none). -EINVAL with upstream's text when there is no such plugin. */
int admission_choose(struct apiserver *s, const char *on, const char *off, struct err *e);

enum step_result admission_mutate(struct write *w);
enum step_result admission_validate(struct write *w);

extern const struct admission_plugin admission_namespace_lifecycle, admission_service_account,
    admission_node_restriction, admission_escalation, admission_taint_nodes, admission_priority,
    admission_default_tolerations, admission_limit_ranger, admission_default_storage_class,
    admission_default_ingress_class, admission_storage_protection, admission_claim_resize,
    admission_runtime_class, admission_extended_resources, admission_pod_security, admission_quota,
    admission_certificate_approval, admission_certificate_signing, admission_certificate_subject;

/* Objects of a kind in a namespace (STR_NONE: in all), by name, decoded in the request's arena. */
struct admission_list {
    void **v;
    uint32_t n;
};
struct admission_list admission_list(struct write *w, const struct api_resource *res, str ns);
/* One object, decoded in the request's arena; NULL when there is none. */
void *admission_find(struct write *w, const struct api_resource *res, str ns, str name);
/* Adds it unless it is there. */
void admission_tolerate(struct arena *a, Pod *p, const Toleration *t);

/* 403 'pods "x" is forbidden: why' */
enum step_result admission_forbid(struct write *w, str why);
static inline bool write_is(const struct write *w, const struct api_resource *st,
                            enum write_op op) {
    return w->st == st && w->op == op && !w->sub;
}
