// SPDX-License-Identifier: Apache-2.0
/* metadata.managedFields: who wrote which fields, by which kind of request, when. A writer is known
 * by name, operation, subresource and, unless it applies, version. */
#pragma once

#include "schema/fieldset.h"
#include "schema/type.h"

struct managed_entry {
    str manager, api_version, subresource;
    bool applied; /* operation Apply; else Update */
    Time time;
    struct fieldset fields;
    /* The canonical text of a stored set, NULL: none. It is what is written for as long as the
     * fields are text_of, or are not read yet: only managed_open makes them to be looked at. */
    str text;
    struct fieldset text_of;
    bool unread;
};
struct managed {
    struct managed_entry *v;
    uint32_t n;
};
#define MANAGED_ENTRIES_MAX  10000 /* of one object */
#define MANAGED_UPDATERS_MAX 10    /* entries of updates that are kept apart */

/* From metadata.managedFields as a tree (NULL and null: none); shares its memory. -EINVAL with
 * upstream's text. */
int managed_read(struct arena *a, const struct value *list, struct managed *ret, struct err *e);
/* Sorted as upstream sorts: Apply before Update, then by time, manager, version, subresource. */
void managed_write(struct arena *a, const struct managed *m, struct value *ret);

/* The same of the list of entries in a struct; `row` is its row, whose type has the members of
 * ManagedFieldsEntry. stored: the sets are in canonical form, so those which stay as they are need
 * not be written again, and of a list of less than MANAGED_UPDATERS_MAX they are left unread. The
 * struct must live as long as what is read, and the other way round. */
int managed_read_struct(struct arena *a, const struct api_field *row, const struct api_seq *list,
                        bool stored, struct managed *ret, struct err *e);
void managed_write_struct(struct arena *a, const struct api_field *row, const struct managed *m,
                          struct api_seq *ret);
bool managed_same_struct(const struct api_field *row, const struct api_seq *x,
                         const struct api_seq *y);
/* managed_is_reset, of which a struct knows the half: one entry that says nothing. */
bool managed_is_reset_struct(const struct api_field *row, const struct api_seq *list);
/* For files that read or write entries: in order, and with what an entry must have. */
void managed_sort(struct managed *m);
int managed_check(struct managed_entry *x, str operation, str fields_type, uint32_t place,
                  struct err *e);
void managed_add(struct arena *a, struct managed *m, const struct managed_entry *x);
/* Reads the fields of an unread entry. -EBADMSG: they are no set. */
int managed_open(struct arena *a, struct managed_entry *x, struct err *e);
/* Upstream's identifier of a writer, by which messages are ordered. */
str managed_id(struct arena *a, const struct managed_entry *x);

/* Whether a request gives a list that asks for all entries to be dropped: [] or [{}]. */
bool managed_is_reset(const struct value *list);

/* The entry of this writer, or NULL. */
struct managed_entry *managed_find(const struct managed *m, const struct managed_entry *who);
/* The same, made if there is none. */
struct managed_entry *managed_get(struct arena *a, struct managed *m,
                                  const struct managed_entry *who);
/* A copy whose entries may be changed. */
struct managed managed_copy(struct arena *a, const struct managed *m);
/* Drops entries without fields; unread ones have some. */
void managed_drop_empty(struct managed *m);
/* Joins the oldest entries of updates, a version at a time, until MANAGED_UPDATERS_MAX are left.
 * None of more is unread. */
void managed_cap(struct arena *a, struct managed *m);

/* Whether two objects differ in nothing but times of managedFields: such a write is not carried
 * out. Both are whole objects. */
bool managed_same_but_times(const struct value *x, const struct value *y);

/* The scale subresource sees the entries that own the replicas of its resource as owners of
 * spec.replicas of autoscaling/v1. `paths` says where replicas are in a version of the resource;
 * a path without elements: versions that have none; false: no such version. */
struct replicas_path {
    struct path_element v[8];
    unsigned n;
};
struct managed_scale {
    str api_version; /* that is being written */
    bool (*path)(void *ctx, str api_version, struct replicas_path *ret);
    void *ctx;
};
struct managed managed_to_scale(struct arena *a, const struct managed_scale *s,
                                const struct managed *parent);
struct managed managed_from_scale(struct arena *a, const struct managed_scale *s,
                                  const struct managed *parent, const struct managed *scale);
