// SPDX-License-Identifier: Apache-2.0
/* API types are data: a plain C struct per message, and beside it a const table with one row a
 * field. Struct and rows come from the same line of a .def file (schema/rows.h), so they cannot
 * drift. Every codec, default, merge, comparison and schema document is one generic function over
 * these tables.
 *
 * Presence. A Go value field is a plain member. A Go pointer to a scalar is an opt_x {set, v}; to a
 * string, bytes or quantity a str whose p is NULL when absent; to a message a pointer. Lists and
 * maps have v == NULL when absent; built-in objects do not tell absent from empty (the normal form
 * is what upstream shows after a protobuf round trip). Maps are kept sorted by key.
 *
 * Root types (objects with kind and apiVersion) do not store TypeMeta: the type knows it. Their
 * first member is `ObjectMeta metadata` (or ListMeta for lists) wherever they have metadata. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

/* ---- values ---- */
struct opt_bool {
    bool set, v;
};
struct opt_i32 {
    bool set;
    int32_t v;
};
struct opt_i64 {
    bool set;
    int64_t v;
};
struct opt_f64 {
    bool set;
    double v;
};
/* The value, or d when unset. */
#define opt_or(o, d) ((o).set ? (o).v : (d))

/* metav1.Time (whole seconds) and MicroTime (nsec a multiple of 1000). */
typedef struct {
    int64_t sec;
    int32_t nsec;
    bool set;
} Time;
typedef Time MicroTime;
typedef int64_t Duration; /* ns */
/* Canonical text, "100m"; api/quantity.h computes with it. p == NULL: absent (only under OPT);
 * a value field never given prints as "0". */
typedef str Quantity;
typedef str Bytes; /* decoded; base64 in JSON */
typedef str Raw;   /* compact, valid JSON text: RawExtension, JSON, FieldsV1 */

enum intstr_kind { INTSTR_NONE, INTSTR_INT, INTSTR_STRING };
typedef struct {
    uint8_t kind;
    int32_t i;
    str s;
} IntOrString; /* NONE: absent (OPT) or int 0 */

typedef struct {
    str *v;
    uint32_t n;
} str_list;
typedef struct {
    int32_t *v;
    uint32_t n;
} i32_list;
typedef struct {
    int64_t *v;
    uint32_t n;
} i64_list;
typedef struct {
    bool *v;
    uint32_t n;
} bool_list;
struct str_pair {
    str key, value;
};
typedef struct {
    struct str_pair *v;
    uint32_t n;
} str_map;
struct strs_pair {
    str key;
    str_list value;
};
typedef struct {
    struct strs_pair *v;
    uint32_t n;
} strs_map;
struct time_pair {
    str key;
    Time value;
};
typedef struct {
    struct time_pair *v;
    uint32_t n;
} time_map;

/* ---- rows ---- */
enum api_kind {
    API_BOOL,
    API_I32, /* and protobuf enums */
    API_I64,
    API_U32,
    API_U64,
    API_F64,
    API_STR,
    API_BYTES,
    API_QUANTITY,
    API_TIME,
    API_MICROTIME,
    API_DURATION,
    API_INT_OR_STRING,
    API_RAW,
    API_STRS, /* a named list of strings that is a message of its own in protobuf: ExtraValue */
    API_MSG,
    API_KIND_MAX,
};

enum api_shape { API_ONE, API_OPT, API_LIST, API_MAP, API_SHAPE_MAX };

enum api_flags {
    OMITEMPTY = 1 << 0,
    OMITZERO = 1 << 1,
    REQUIRED = 1 << 2, /* listed as required in OpenAPI */
    INLINED = 1 << 3,  /* JSON fields stand in the parent; a nested message in protobuf */
    LIST_MAP = 1 << 4, /* x-kubernetes-list-type map, keys in attr */
    LIST_SET = 1 << 5,
    ATOMIC = 1 << 6, /* list, map or struct type atomic */
    MERGE = 1 << 7,  /* strategic merge: patchStrategy merge (merge_key in attr for messages) */
    RETAIN_KEYS = 1 << 8,
    NO_JSON = 1 << 9,   /* protobuf only */
    NO_PROTO = 1 << 10, /* JSON only (number 0) */
    ENUM = 1 << 11,     /* attr.enums lists the values OpenAPI shows */
    GRANULAR = 1 << 12, /* said of a map or struct in so many words; OpenAPI shows it */
};

/* What is wrong with a name: constant texts, none when it is right. */
#define NAME_ERRORS_MAX 8
struct name_errors {
    const char *v[NAME_ERRORS_MAX];
    unsigned n;
};
/* A form of names (api/names.h has them). Adds to what is there already. */
typedef void name_check(str name, struct name_errors *ret);

/* Further facts of a field; most have none. */
struct api_attr {
    const char *keys;         /* list-map keys: "containerPort,protocol" */
    const char *merge_key;    /* strategic merge key */
    const char *def;          /* default as JSON text, applied when absent */
    const char *openapi_def;  /* the default OpenAPI shows, where it names one */
    const char *const *enums; /* ends in NULL, sorted */
    const char *go_type;      /* Go's name of a named scalar, for texts that show it */
    const char *gate;         /* feature gate */
    /* What a value must be that is there; schema/ops.h applies it. */
    enum api_rule {
        RULE_NONE,
        RULE_NAME,     /* name finds nothing wrong with it */
        RULE_MIN,      /* at least min */
        RULE_POSITIVE, /* greater than 0 */
        RULE_RANGE,    /* min to max */
        RULE_ONE_OF,   /* one of one_of */
        RULE_LENGTH,   /* at most max bytes */
        RULE_MAX
    } rule;
    bool needed; /* absence is an error */
    name_check *name;
    const char *const *one_of; /* ends in NULL, in the order that texts list them */
    int64_t min, max;
};

struct api_type;

struct api_field {
    const char *json;
    const struct api_type *sub; /* API_MSG */
    const struct api_attr *attr;
    uint32_t offset;
    uint16_t number; /* protobuf; 0 = not in protobuf */
    uint16_t flags;
    uint8_t json_len, kind, shape;
};

/* How a message looks in JSON when it is not an object of its fields. Each such type has the
 * fields that its protobuf message has. */
enum api_form {
    FORM_OBJECT,
    FORM_OR_ARRAY,   /* JSONSchemaPropsOrArray */
    FORM_OR_BOOL,    /* JSONSchemaPropsOrBool */
    FORM_OR_STRINGS, /* JSONSchemaPropsOrStringArray */
};

enum api_type_flags {
    TYPE_ROOT = 1 << 0,      /* has kind and apiVersion */
    TYPE_LIST = 1 << 1,      /* ...List with `items` */
    TYPE_PROTO3 = 1 << 2,    /* CRI, etcd: zero scalars are not written, repeated scalars packed */
    TYPE_UNORDERED = 1 << 3, /* protobuf numbers do not ascend in row order */
    TYPE_ANY_VERSION = 1 << 4, /* DeleteOptions and the like: registered in every group version */
    TYPE_ATOMIC = 1 << 5,      /* x-kubernetes-map-type atomic wherever it stands */
};

struct api_info {
    const char *openapi;                /* "io.k8s.api.core.v1.PodSpec" */
    const char *group, *version, *kind; /* root types */
    const char *unions;                 /* x-kubernetes-unions as JSON, or NULL */
    uint16_t flags;
    uint8_t form;
};

struct api_type {
    const char *name; /* the C name */
    const struct api_info *info;
    const struct api_field *fields;
    uint16_t n_fields;
    uint32_t size;
};

static inline bool type_is(const struct api_type *t, uint16_t flag) {
    return t->info->flags & flag;
}

/* Looks for a field by its JSON name, through inlined messages. *ret_offset is from the start of
 * the outermost struct. `hint` (may be NULL) makes in-order look-ups O(1). */
const struct api_field *type_field(const struct api_type *t, str json, uint32_t *ret_offset,
                                   unsigned *hint);

/* Size of one element of a list, or of a map's value; a map entry is {str key; value}. */
size_t field_element_size(const struct api_field *f);
#define MAP_VALUE_OFFSET sizeof(str)
/* The generic view of any list or map member. */
struct api_seq {
    void *v;
    uint32_t n;
};

/* Visits every type reachable from t, t first, each once. */
void type_walk(const struct api_type *t, void (*visit)(const struct api_type *, void *), void *ctx);
