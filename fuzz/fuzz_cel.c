// SPDX-License-Identifier: Apache-2.0
/* Expressions: whatever is given compiles or is told to be wrong, and what compiles can be
 * evaluated; both soon. */
#include "fuzz.h"

#include "cel/eval.h"

#define FUZZ_COST_MAX 100000

static const char fuzz_cel_json[] =
    "{\"name\":\"web\",\"n\":3,\"f\":0.5,\"l\":[1,2,3],\"m\":{\"a\":\"x\",\"b\":\"y\"},\"z\":null}";
static const struct cel_variable fuzz_cel_vars[] = {{"o", &cel_type_dyn},
                                                    {"s", &cel_type_string},
                                                    {"n", &cel_type_int},
                                                    {"l", &cel_type_list_string},
                                                    {"m", &cel_type_map_string_dyn}};
static const struct cel_env fuzz_cel_env = {
    .libraries = CEL_LIB_KUBERNETES | CEL_LIB_BINDINGS | CEL_LIB_JSON_PATCH,
    .vars = fuzz_cel_vars,
    .n_vars = ARRAY_LEN(fuzz_cel_vars),
    .patch_types = true,
};

static void fuzz_cel_eval(struct arena *a, const struct cel_program *p) {
    struct value tree, list = {.tag = VALUE_LIST};
    struct cel_binding v[] = {{"o"}, {"s"}, {"n"}, {"l"}, {"m"}};
    struct cel_activation vars = {v, ARRAY_LEN(v)};
    struct cel_value result;
    int r;
    ASSERT(value_parse(a, str_of(fuzz_cel_json), &tree, NULL, NULL) == 0);
    v[0].value = cel_of_json(a, &tree);
    v[1].value = cel_string(STR("a-\xc3\xa9 text"));
    v[2].value = cel_int(-7);
    v[3].value = cel_of_json(a, &list);
    v[4].value = cel_of_json(a, value_getc(&tree, "m"));
    r = cel_eval(p, a, &vars, FUZZ_COST_MAX, &result, NULL);
    ASSERT((r < 0) == (result.tag == CEL_V_ERROR));
    if (r == 0)
        cel_to_json(a, &result, &tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    const struct cel_program *program = NULL;
    struct arena a;
    str errors = STR_NONE;
    arena_init(&a, 0);
    if (cel_compile(&a, &fuzz_cel_env, str_n((const char *)data, n), &program, &errors) == 0)
        fuzz_cel_eval(&a, program);
    else
        ASSERT(str_starts(errors, STR("ERROR: <input>:")));
    arena_done(&a);
    return 0;
}
