// SPDX-License-Identifier: Apache-2.0
/* Parts of apply, shared by its files only. */
#pragma once

#include "schema/apply.h"

/* An object in one of the versions that its writers use. */
struct view {
    struct value object;
    struct apply_version version;
};
/* 0; -ENOENT: there is no such version; -EALREADY: it is not to be looked at, as there is no
 * converter; or a failure. */
int view_in(const struct apply_request *q, const struct value *object, str api_version,
            struct view *ret, struct err *e);

/* Fields that have another owner than the one who changes them. */
struct conflict {
    struct managed_entry with;
    struct fieldset fields;
    str id; /* conflicts_error's: what they are sorted by */
};
struct conflict_list {
    struct conflict *v;
    uint32_t n;
};

/* Takes from every writer but `but` (NULL: from all) what changed from live to now; *ret is that,
 * in the request's version. Without force, a field that changed and has another owner is a
 * conflict: -EEXIST, and m is what it was. */
int managed_take(const struct apply_request *q, const struct value *live, const struct value *now,
                 struct managed *m, const struct managed_entry *but, bool force,
                 struct field_changes *ret, struct conflict_list *conflicts, struct err *e);
/* What is left of a set without what the strategy puts back. */
struct fieldset apply_ownable(struct arena *a, const struct apply_version *v,
                              const struct fieldset *s);
/* The writer of an update gets what it changed, but for what identifies the object. */
int managed_give(const struct apply_request *q, const struct fieldset *changed, struct managed *m,
                 struct err *e);
/* Brings sets in line with a schema that has changed since they were made; unread ones when they
 * are read. */
int managed_reconcile(const struct apply_request *q, const struct value *live, struct managed *m,
                      struct err *e);
/* The entries that a write is tracked in, given those of the stored object and of the request. */
struct managed managed_to_track(struct arena *a, const struct value *live, const struct value *now,
                                bool subresource);
/* Takes out of merged what `last` owns, its writer does not apply now, and nobody else owns. m has
 * the writer's new set already. */
int apply_prune(const struct apply_request *q, const struct value *merged, const struct managed *m,
                const struct managed_entry *last, struct value *ret, struct err *e);

/* ---- apply_conflict.c ---- */
/* -EEXIST with upstream's message; ret may be NULL. */
int conflicts_error(struct arena *a, struct conflict_list *c, struct apply_conflicts *ret,
                    struct err *e);

/* ---- apply_last.c: kubectl's annotation of client-side apply ---- */
/* The fields that client-side apply owned and that still are what it made them; false when the
 * annotation is not there or not usable. */
bool last_applied_fields(const struct apply_request *q, const struct value *live,
                         struct fieldset *ret);
/* The annotation, where an object has it, follows what was applied. */
void last_applied_update(struct arena *a, const struct value *config, struct value *object);
/* The merged object is none of the type: why not, put into upstream's words. */
void apply_unconvertible(struct arena *a, const struct value *config, struct err *e);
