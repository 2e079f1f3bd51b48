// SPDX-License-Identifier: Apache-2.0
/* A stored object: immutable, refcounted (atomically: a committer thread may hold one), made once
 * at write or load. An index header for selection, and the JSON bytes of the storage version with a
 * hole where metadata.resourceVersion's digits belong, so that a GET, a LIST or a watch event in
 * that version is written without decoding or encoding anything. */
#pragma once

#include "api/resource.h"
#include "base/buf.h"
#include "schema/type.h"

struct object {
    _Atomic uint32_t refs;
    uint32_t size;                       /* of this allocation */
    const struct api_resource *resource; /* whose type is stored: resource->storage is itself */
    uint64_t revision;                   /* set by the store before anybody else sees the object */
    str key;                             /* "/registry/pods/default/web-0" */
    str ns, name, uid;
    const struct str_pair *labels; /* sorted by key */
    uint32_t n_labels;
    const str *fields; /* values of resource->selectable, in its order */
    uint32_t n_fields;
    uint32_t hole; /* offset in json of the resourceVersion digits */
    uint32_t item; /* offset of the first member behind kind and apiVersion */
    bool deleting; /* metadata.deletionTimestamp is set */
    str json;
    _Atomic(struct object_proto *) proto; /* encoded on first demand */
};

#define OBJECT_JSON_MAX (3 * 1024 * 1024) /* request bodies; etcd's own limit is 1.5 MiB */

/* From a decoded object of resource->type. The result has one reference. */
struct object *object_new(const struct api_resource *res, const void *typed);
/* From stored bytes (with or without resourceVersion digits): -EINVAL when they are no such
 * object. */
int object_load(const struct api_resource *res, str key, str json, uint64_t revision, struct err *e,
                struct object **ret);
/* Builds one with this index header and nothing else to be found in its JSON: for tests of what
 * only looks at headers. Everything is copied. */
struct object *object_new_raw(const struct object *header, str json);
struct object *object_ref(struct object *o);
struct object *object_unref(struct object *o); /* NULL */
DEFINE_CLEANUP(struct object *, object_unref)

/* Bytes it takes in memory, without the cached protobuf. */
size_t object_weight(const struct object *o);
/* Value of a selectable field ("spec.nodeName"); STR_NONE when the resource has no such field. */
str object_field(const struct object *o, const char *label);

/* Decodes into an arena; resourceVersion is filled in from `revision`. */
void *object_decode(struct arena *a, const struct object *o);
/* Its metadata alone, which costs a fraction. */
ObjectMeta *object_decode_meta(struct arena *a, const struct object *o);
/* Appends the JSON with this resourceVersion. As a list item: without kind and apiVersion. */
void object_write_json(struct buf *b, const struct object *o, uint64_t revision, bool as_item);
/* The protobuf message (no envelope) with o->revision, made when it is first asked for; it lives as
 * long as the object. */
str object_proto(const struct object *o);
/* Appends the same with another revision, which is made anew. */
void object_write_proto(struct buf *b, const struct object *o, uint64_t revision);

/* The resource that is stored under this key, or NULL. */
const struct api_resource *object_key_resource(str key);
/* /registry key of a resource's object; ns empty for cluster scope. */
str object_key(struct arena *a, const struct api_resource *res, str ns, str name);
str object_key_prefix(struct arena *a, const struct api_resource *res, str ns); /* ends in '/' */
