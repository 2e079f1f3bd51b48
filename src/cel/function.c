// SPDX-License-Identifier: Apache-2.0
#include "cel/function.h"

#include "cel/functions.h"

#define OBJECT_TYPE(id, name_)                                                                     \
    const struct cel_type cel_type_##id = {.kind = CEL_OBJECT, .nodes = 1, .name = name_}
OBJECT_TYPE(quantity, "kubernetes.Quantity");
OBJECT_TYPE(url, "kubernetes.URL");
OBJECT_TYPE(ip, "net.IP");
OBJECT_TYPE(cidr, "net.CIDR");
OBJECT_TYPE(format, "kubernetes.NamedFormat");
OBJECT_TYPE(semver, "kubernetes.Semver");
OBJECT_TYPE(image, "kubernetes.Image");
OBJECT_TYPE(authorizer, "kubernetes.authorization.Authorizer");
OBJECT_TYPE(path_check, "kubernetes.authorization.PathCheck");
OBJECT_TYPE(group_check, "kubernetes.authorization.GroupCheck");
OBJECT_TYPE(resource_check, "kubernetes.authorization.ResourceCheck");
OBJECT_TYPE(decision, "kubernetes.authorization.Decision");

#define LIST_OF(t, nodes_)                                                                         \
    {                                                                                              \
        CEL_LIST, 1, nodes_, 0, "list", {                                                          \
            t, NULL                                                                                \
        }                                                                                          \
    }
#define OPTIONAL_OF(t, nodes_)                                                                     \
    {                                                                                              \
        CEL_OPAQUE, 1, nodes_, 0, "optional_type", {                                               \
            t, NULL                                                                                \
        }                                                                                          \
    }
static const struct cel_type param_a = {.kind = CEL_PARAM, .nodes = 1, .name = "A"},
                             param_b = {.kind = CEL_PARAM, .nodes = 1, .name = "B"},
                             list_a = LIST_OF(&param_a, 2),
                             map_ab = {CEL_MAP, 2, 3, 0, "map", {&param_a, &param_b}},
                             type_a = {CEL_TYPE, 1, 2, 0, "type", {&param_a, NULL}},
                             opt_a = OPTIONAL_OF(&param_a, 2), opt_b = OPTIONAL_OF(&param_b, 2),
                             opt_list_a = OPTIONAL_OF(&list_a, 3),
                             opt_map_ab = OPTIONAL_OF(&map_ab, 4), list_opt_a = LIST_OF(&opt_a, 3),
                             list_int = LIST_OF(&cel_type_int, 2),
                             list_uint = LIST_OF(&cel_type_uint, 2),
                             list_double = LIST_OF(&cel_type_double, 2),
                             list_bool = LIST_OF(&cel_type_bool, 2),
                             list_duration = LIST_OF(&cel_type_duration, 2),
                             list_timestamp = LIST_OF(&cel_type_timestamp, 2),
                             list_bytes = LIST_OF(&cel_type_bytes, 2),
                             opt_list_string = OPTIONAL_OF(&cel_type_list_string, 3),
                             opt_format = OPTIONAL_OF(&cel_type_format, 2),
                             map_string_list = {CEL_MAP, 2,
                                                4,       0,
                                                "map",   {&cel_type_string, &cel_type_list_string}};

#define BOOL            &cel_type_bool
#define BYTES           &cel_type_bytes
#define DOUBLE          &cel_type_double
#define DURATION        &cel_type_duration
#define DYN             &cel_type_dyn
#define INT             &cel_type_int
#define STRING          &cel_type_string
#define TIMESTAMP       &cel_type_timestamp
#define UINT            &cel_type_uint
#define A               &param_a
#define B               &param_b
#define LIST_A          &list_a
#define MAP_AB          &map_ab
#define TYPE_A          &type_a
#define OPT_A           &opt_a
#define OPT_B           &opt_b
#define OPT_LIST_A      &opt_list_a
#define OPT_MAP_AB      &opt_map_ab
#define LIST_OPT_A      &list_opt_a
#define LIST_DYN        &cel_type_list_dyn
#define LIST_STRING     &cel_type_list_string
#define LIST_INT        &list_int
#define LIST_UINT       &list_uint
#define LIST_DOUBLE     &list_double
#define LIST_BOOL       &list_bool
#define LIST_DURATION   &list_duration
#define LIST_TIMESTAMP  &list_timestamp
#define LIST_BYTES      &list_bytes
#define OPT_LIST_STRING &opt_list_string
#define OPT_FORMAT      &opt_format
#define MAP_STRING_LIST &map_string_list
#define QUANTITY        &cel_type_quantity
#define URL             &cel_type_url
#define IP              &cel_type_ip
#define CIDR            &cel_type_cidr
#define FORMAT          &cel_type_format
#define SEMVER          &cel_type_semver
#define IMAGE           &cel_type_image
#define AUTHORIZER      &cel_type_authorizer
#define PATH_CHECK      &cel_type_path_check
#define GROUP_CHECK     &cel_type_group_check
#define RESOURCE_CHECK  &cel_type_resource_check
#define DECISION        &cel_type_decision

#define COUNT(...) (sizeof((const struct cel_type *[]){NULL, ##__VA_ARGS__}) / sizeof(void *) - 1)
#define ROW(library_, name_, call_, member, result_, ...)                                          \
    {.name = name_,                                                                                \
     .library = library_,                                                                          \
     .is_member = member,                                                                          \
     .n = COUNT(__VA_ARGS__),                                                                      \
     .result = result_,                                                                            \
     .args = {__VA_ARGS__},                                                                        \
     .call = call_},
#define GLOBAL(library_, name_, call_, result_, ...)                                               \
    ROW(CEL_LIB_##library_, name_, call_, false, result_, ##__VA_ARGS__)
#define MEMBER(library_, name_, call_, result_, ...)                                               \
    ROW(CEL_LIB_##library_, name_, call_, true, result_, ##__VA_ARGS__)

const struct cel_overload cel_overloads[] = {
#include "cel/functions.def"
};
const uint32_t cel_overloads_n = ARRAY_LEN(cel_overloads);

const struct cel_overload *cel_function(str name, unsigned libraries) {
    for (uint32_t i = 0; i < cel_overloads_n; i++) {
        const struct cel_overload *o = &cel_overloads[i];
        if (name.n && o->name[0] == name.p[0] && (o->library & libraries) && str_eqc(name, o->name))
            return o;
    }
    return NULL;
}

const struct cel_overload *cel_function_next(const struct cel_overload *o, unsigned libraries) {
    const struct cel_overload *end = cel_overloads + cel_overloads_n, *next = o + 1;
    while (next < end && strcmp(next->name, o->name) == 0 && !(next->library & libraries))
        next++;
    return next < end && strcmp(next->name, o->name) == 0 ? next : NULL;
}
