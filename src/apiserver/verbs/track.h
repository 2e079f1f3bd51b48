// SPDX-License-Identifier: Apache-2.0
/* metadata.managedFields around a write: who the writer is, what tracking and server-side apply are
 * told about the object's versions and subresource, and where they leave what they say.
 *
 * An update is tracked as the client sent it and the decoder defaulted it: before admission, before
 * the strategy and the allocators have their say. What they change has no owner; what a strategy
 * puts back is excluded by name (api/reset_fields.h). Through scale it is the Scale whose fields
 * are owned. */
#pragma once

#include "apiserver/verbs/write.h"
#include "schema/value.h"

#define TRACK_SELF STR("kube-apiserver") /* the server as a writer */

/* The step behind `build`. Deletions are not tracked, nor are the server's own changes unless
 * w->manager says who makes them. A failure costs a line in the log and leaves the entries as they
 * were, as upstream. */
enum step_result write_track(struct write *w);
/* Whether metadata.managedFields of the request's body is a list without items, which a struct
 * cannot tell from none: the client wants all owners forgotten. m is the decoded body's. */
bool track_is_reset(struct request *r, const ObjectMeta *m);

/* Server-side apply: the configuration merged into what is stored, or into nothing. *ret is of the
 * body's type (body_kind_of), not defaulted yet; *ret_entries has managedFields only, which w->obj
 * gets once it is made of *ret. */
enum step_result track_apply(struct write *w, const struct value *config, void **ret,
                             ObjectMeta *ret_entries);

/* A write that would change nothing but times of managedFields keeps those too, so that the store
 * sees no change. Behind `prepare`. */
void track_keep_times(struct write *w);

/* Entries of an object that the server itself writes, beside requests: obj is of res->type, live
 * the same before (NULL: there is none), sub the subresource it would use or NULL. */
void track_own(struct env *env, struct arena *a, const struct api_resource *res, const char *sub,
               const void *live, void *obj);
