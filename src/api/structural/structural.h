// SPDX-License-Identifier: Apache-2.0
/* Structural schemas: what the server knows of custom resources, in a form to walk value trees
 * with. The schema that a definition holds (JSONSchemaProps) is read once; then values are pruned,
 * filled in and checked against the nodes made of it.
 *
 * A node describes a value. What stands in allOf, anyOf, oneOf and not are nodes too, of which only
 * what narrows values counts. Nodes are immutable, need no lock, and live in the arena they were
 * made in; their strings and rules are those of the JSONSchemaProps, which must live as long.
 *
 * The folder: structural.c reads schemas; validate.c (numbers: validate_number.c, errors: result.c,
 * formats: formats*.c) checks values; prune.c drops what no schema names; meta.c is about metadata
 * of resources inside of resources; defaults.c checks the defaults in a schema; cel_env.c says what
 * rules may name and cel_sizes.c how large that can be. */
#pragma once

#include "api/types.h"
#include "schema/ops.h"
#include "schema/value.h"

enum structural_type {
    STRUCTURAL_ANY, /* says nothing */
    STRUCTURAL_OBJECT,
    STRUCTURAL_ARRAY,
    STRUCTURAL_STRING,
    STRUCTURAL_INTEGER,
    STRUCTURAL_NUMBER,
    STRUCTURAL_BOOLEAN,
    STRUCTURAL_TYPE_MAX
};
const char *structural_type_name(enum structural_type t); /* "object" */

/* How server-side apply and rules tell parts apart: the default is atomic for lists, granular for
 * maps. */
enum structural_list { LIST_UNSAID, LIST_TYPE_ATOMIC, LIST_TYPE_SET, LIST_TYPE_MAP };
enum structural_map { MAP_UNSAID, MAP_TYPE_GRANULAR, MAP_TYPE_ATOMIC };

struct structural;
struct structural_field {
    str name;
    const struct structural *schema;
};
struct structural_nodes {
    const struct structural **v;
    uint32_t n;
};

/* What narrows a value, beside its type. */
struct structural_values {
    struct opt_f64 maximum, minimum, multiple_of;
    struct opt_i64 max_length, min_length, max_items, min_items, max_properties, min_properties;
    bool exclusive_maximum, exclusive_minimum, unique_items;
    str format, pattern;
    str_list required;
    struct {
        struct value *v;
        uint32_t n;
    } enum_;
    struct structural_nodes all_of, any_of, one_of;
    const struct structural *not_; /* or NULL */
};

struct structural {
    uint8_t type, list, map; /* enums above */
    bool nullable, preserve_unknown, embedded_resource, int_or_string;
    bool more, no_more;            /* additionalProperties are let in; are refused */
    const struct structural *rest; /* the schema of additionalProperties, or NULL */
    const struct structural *items;
    struct {
        struct structural_field *v; /* by name */
        uint32_t n;
    } fields;
    str_list keys;                /* of a list map */
    const struct value *default_; /* or NULL */
    struct {
        const ValidationRule *v;
        uint32_t n;
    } rules;
    struct structural_values values;
};

/* Of a schema for which crd_unsupported (api/kinds/crd.h) finds nothing. */
const struct structural *structural_of(struct arena *a, const JSONSchemaProps *s);
const struct structural *structural_field(const struct structural *s, str name); /* or NULL */
/* What describes the member: its field, or all others'; NULL: nothing. */
const struct structural *structural_member(const struct structural *s, str name);

/* ---- validate.c ---- */

struct structural_check {
    struct field_errors *fe;
    const struct field_path *at; /* of the whole value */
    /* A resource, not a default: x-kubernetes-int-or-string is checked, and formats that no version
     * of the server knew are not. */
    bool resource;
};
/* A value of many parts against a schema of many alternatives multiplies: more is an error. */
#define STRUCTURAL_CHECKS_MAX 1000000
/* Checks a value. Messages name its parts by paths of their own, from its root ("spec.replicas in
 * body must be of type integer: \"string\""). */
void structural_validate(const struct structural_check *c, const struct structural *s,
                         const struct value *v);

/* ---- formats.c ---- */
/* A format for texts is known; dashes do not count. */
bool format_known(str format);
/* A text has a format; true when the format is not known. */
bool format_matches(str format, str text);

/* ---- prune.c ---- */
/* Removes what the schema does not name, of a resource (apiVersion, kind and metadata stay) or of a
 * part of one. Whether there was anything. */
bool structural_prune(struct value *v, const struct structural *s, bool resource);

/* ---- meta.c: resources that are embedded in the value, and the value itself if `resource` ---- */
/* Brings their metadata into the form of ObjectMeta, without unknown fields. False: something has
 * the wrong type; fe was told of the first. */
bool structural_coerce_meta(struct arena *a, struct field_errors *fe, const struct field_path *p,
                            struct value *v, const struct structural *s, bool resource);
void structural_validate_meta(struct field_errors *fe, const struct field_path *p,
                              const struct value *v, const struct structural *s, bool resource);

/* The schema of an object with what every resource has beside what it says: kind, apiVersion,
 * metadata.name and metadata.generateName. s itself when it says all of that. */
const struct structural *structural_as_resource(struct arena *a, const struct structural *s);

/* ---- defaults.c ---- */
/* Defaults in the schema of a resource meet it; pruned: and hold nothing that it does not name. */
void structural_check_defaults(struct field_errors *fe, const struct field_path *p,
                               const struct structural *s, bool pruned);
/* Whether a default holds what pruning would drop. */
bool structural_default_loose(struct arena *a, const struct structural *s);
