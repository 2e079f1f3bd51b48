// SPDX-License-Identifier: Apache-2.0
#include "cel/cel.h"

#include "cel/check.h"
#include "cel/parse.h"

static unsigned macros_of(const struct cel_env *env) {
    unsigned m = CEL_MACROS_STANDARD;
    if (env->libraries & CEL_LIB_TWO_VAR)
        m |= CEL_MACROS_TWO_VAR;
    if (env->libraries & CEL_LIB_BINDINGS)
        m |= CEL_MACROS_BIND;
    return m;
}

int cel_compile(struct arena *a, const struct cel_env *env, str source,
                const struct cel_program **ret, str *ret_errors) {
    struct cel_errors errors = {.arena = a, .source = source};
    struct cel_program *p = arena_make(a, struct cel_program);
    struct cel_expr *root = cel_parse(a, source, macros_of(env), &errors);
    if (root)
        cel_check(a, env, root, &errors);
    if (root && !errors.total)
        cel_check_literals(a, root, &errors);
    if (errors.total) {
        *ret_errors = cel_errors_text(&errors);
        return -EINVAL;
    }
    *p = (struct cel_program){env, root, root->type, source};
    *ret = p;
    return 0;
}
