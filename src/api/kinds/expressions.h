// SPDX-License-Identifier: Apache-2.0
/* The CEL expressions that kinds hold: what they may name, what they must give, and what is told of
 * those that do not compile. An expression compiles while errors are collected and is then thrown
 * away: what runs expressions compiles them again, once.
 *
 * Rules: k8s.io/apiserver/pkg/admission/plugin/cel and k8s.io/dynamic-resource-allocation/cel. */
#pragma once

#include "api/kinds/kinds.h"
#include "cel/cel.h"

/* What an expression of a policy or webhook must give. */
enum expression_result {
    EXPRESSION_BOOL,
    EXPRESSION_STRING,         /* a message */
    EXPRESSION_STRING_OR_NULL, /* an audit annotation */
    EXPRESSION_OBJECT,         /* ApplyConfiguration: Object{...} */
    EXPRESSION_JSON_PATCH,     /* [JSONPatch{...}] */
    EXPRESSION_RESULT_MAX
};

/* What the expressions of one policy or webhook may name beside object, oldObject, request and
 * namespaceObject. */
struct expression_scope {
    bool has_params;       /* params */
    bool has_authorizer;   /* authorizer, authorizer.requestResource */
    bool has_variables;    /* variables.NAME */
    struct map *variables; /* the names so far -> struct cel_type */
};

/* Tells at p of an expression that is wrong; shown is the value that the message shows. */
void check_expression(struct field_errors *fe, const struct field_path *p, str shown, str source,
                      const struct expression_scope *s, enum expression_result wanted);
/* As above, of anything. The variable is known to what comes next, as dyn when it is wrong. Its
 * type is in the arena of fe. */
void check_variable_expression(struct field_errors *fe, const struct field_path *p, str name,
                               str source, const struct expression_scope *s);
/* Of a device: must give a bool. */
void check_device_expression(struct field_errors *fe, const struct field_path *p, str source);
