// SPDX-License-Identifier: Apache-2.0
/* What a kind does beyond its rows: defaults that depend on other fields, what create and update
 * reset or keep (the strategy), cross-field validation. Ordinary C functions, one file a kind or a
 * family under src/api/kinds/, named in one table. Any pointer may be NULL: the generic rule then
 * holds alone.
 *
 * Generic, for every kind (the API server does it around the hooks): uid, creationTimestamp,
 * generateName, resourceVersion checks, metadata validation (names, labels, annotations, owner
 * references, finalizers), `generation` for kinds that count it, status kept from the stored object
 * on a main-resource update and everything but status on a status update. Facts: storage.tsv,
 * defaults-typed.tsv, validation.md. */
#pragma once

#include "api/resource.h"
#include "api/types.h"
#include "schema/ops.h"

/* Texts for the Warning headers of the answer, in the arena. More than the maximum are dropped. */
struct warnings {
    struct arena *arena;
    str_list list;
};
#define WARNINGS_MAX 100

struct hook_ctx {
    struct arena *arena;
    int64_t now; /* wall clock, ns */
    void (*random)(void *ctx, void *p, size_t n);
    void *random_ctx;
    str sub;                      /* subresource that is written; empty: the object itself */
    const struct hook_user *user; /* who writes; NULL: the server itself */
    struct warnings *warnings;    /* what preparing has to tell the writer; NULL: nobody listens */
};

struct hook_user {
    str name, uid;
    str_list groups;
    strs_map extra;
};

Time hook_now(const struct hook_ctx *h);
str hook_uid(struct hook_ctx *h); /* a new random UUID (RFC 9562, version 4), in the arena */

struct hooks {
    const char *group, *resource;
    /* At decode and again before validation, after the row defaults; must be idempotent. */
    void (*defaults)(struct hook_ctx *h, void *obj);
    void (*prepare_create)(struct hook_ctx *h, void *obj);
    void (*prepare_update)(struct hook_ctx *h, void *obj, const void *old);
    void (*prepare_status)(struct hook_ctx *h, void *obj, const void *old);
    /* Beside its own checks it applies the rules of the rows (api_validate_rows), each in its place
     * among the errors. Without it and validate_write the rules of all rows hold. */
    void (*validate)(struct field_errors *fe, const void *obj);
    /* Instead of validate, of new objects: on updates validate_update is all. */
    void (*validate_create)(struct field_errors *fe, const void *obj);
    void (*validate_update)(struct field_errors *fe, const void *obj,
                            const void *old); /* validate runs first */
    /* Instead of validate, where checks or their order depend on the old object (NULL: create).
     * Of a version that is stored as another: what it asks of the stored form, instead of what the
     * stored version does. */
    void (*validate_write)(struct field_errors *fe, const void *obj, const void *old);
    void (*validate_status)(struct field_errors *fe, const void *obj, const void *old);
    /* Updates through a subresource other than status ("resize"), instead of validate_update, and
     * of validate_status for those that show the status ("approval"). */
    void (*validate_sub)(struct field_errors *fe, str sub, const void *obj, const void *old);
    /* What the writer is told though the object is valid; old NULL: create. warn also judges
     * updates by way of "scale", and no other subresource; warn_status those of the status. */
    void (*warn)(struct warnings *w, const void *obj, const void *old);
    void (*warn_status)(struct warnings *w, const void *obj, const void *old);
    /* Object names of this kind: error texts for a bad one (default: DNS subdomain). */
    void (*validate_name)(struct field_errors *fe, const struct field_path *p, str name,
                          bool prefix);
    bool counts_generation; /* spec changes raise metadata.generation, create sets 1 */
    bool no_status;         /* has no status to reset */
};

/* The template of what makes pods; NULL for every other kind. */
PodTemplateSpec *pod_template_of(const struct api_resource *r, void *obj);
/* Of pods and of what carries a pod template: clears the fields of features that are off, but for
 * those that the stored object uses (NULL: none). */
void hooks_drop_disabled(struct arena *a, const struct api_resource *r, void *obj, const void *old);
const struct hooks *hooks_of(const struct api_resource *r); /* never NULL */
/* An object of r but for its metadata, as written in the version of `asked` (r, or one stored as
 * r); old NULL: create. validate_update and validate_sub are the caller's. */
void hooks_validate(struct field_errors *fe, const struct api_resource *r,
                    const struct api_resource *asked, const void *obj, const void *old);
/* metadata of every object; p is "metadata". */
void validate_object_meta(struct field_errors *fe, const ObjectMeta *m, bool namespaced,
                          const struct hooks *h, const struct field_path *p);
void validate_object_meta_update(struct field_errors *fe, const ObjectMeta *m,
                                 const ObjectMeta *old, const struct field_path *p);
