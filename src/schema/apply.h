// SPDX-License-Identifier: Apache-2.0
/* Server-side apply and the tracking of who writes which field, as upstream's field manager does
 * both: pure functions from the stored object, what a request says, and the time. */
#pragma once

#include "schema/field_merge.h"
#include "schema/managed.h"

/* A version of the kind: how its objects look, and what its writers never own, as the strategy puts
 * it back. */
struct apply_version {
    struct field_schema schema;
    const struct fieldset *reset; /* NULL: none */
    str only; /* patterns (fieldset_matching) of all that it lets through; empty: anything */
};

struct apply_request {
    struct arena *a;
    str api_version, kind; /* of the trees: "apps/v1" */
    struct apply_version version;
    /* What a new object of the kind is before anything is said of it. NULL: without any member. */
    const struct value *empty;
    str manager;     /* empty: "unknown" */
    str subresource; /* or empty */
    bool force;
    int64_t now; /* s since 1970 */
    /* The object in another version of its kind. -ENOENT: there is none of that name; writers who
     * own fields in it are forgotten. NULL: their entries are kept as they are. */
    int (*convert)(void *ctx, struct arena *a, const struct value *object, str api_version,
                   struct value *ret, struct apply_version *ret_version, struct err *e);
    void *ctx;
};

/* A Status cause of reason FieldManagerConflict: message "conflict with " and who, field path. */
struct apply_conflict {
    str who;  /* "a" using v1 */
    str path; /* .spec.replicas */
};
struct apply_conflicts {
    struct apply_conflict *v;
    uint32_t n;
    str message; /* of the Status, whole: a struct err may have to cut it */
};

/* The applied configuration merged into live; metadata.managedFields in both trees is what it is in
 * an object. For a create, live is q->empty. *ret_changed is false when the
 * object stays what it is but for managedFields. -EEXIST is a conflict: e has upstream's message,
 * conflicts (may be NULL) each field, sorted by writer. */
int apply_object(const struct apply_request *q, const struct value *live,
                 const struct value *config, struct value *ret, bool *ret_changed,
                 struct apply_conflicts *conflicts, struct err *e);

/* now is what will be stored after a create, update or patch; its managedFields are replaced by
 * what they become. For a create, live is q->empty. A request that wants
 * ownership forgotten says so by managed_is_reset; typed objects cannot tell, hence `reset`. */
int apply_track(const struct apply_request *q, const struct value *live, const struct value *now,
                bool reset, struct value *ret, struct err *e);

/* ---- on structs: both ways through trees ---- */
int apply_struct(const struct apply_request *q, const struct api_type *t, const void *live,
                 const struct value *config, void *ret, bool *ret_changed,
                 struct apply_conflicts *conflicts, struct err *e);
int apply_track_struct(const struct apply_request *q, const struct api_type *t, const void *live,
                       const void *now, bool reset, void *ret, struct err *e);

/* ---- the steps, for tests and for callers that keep managedFields apart ---- */

/* Updates m for an object that went from live to now, both without managedFields. */
int managed_update(const struct apply_request *q, const struct value *live, const struct value *now,
                   struct managed *m, struct err *e);
/* Merges config into live, both without managedFields, and updates m (only on success). */
int managed_apply(const struct apply_request *q, const struct value *live,
                  const struct value *config, struct managed *m, struct value *ret,
                  bool *ret_changed, struct apply_conflicts *conflicts, struct err *e);
