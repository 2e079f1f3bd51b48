// SPDX-License-Identifier: Apache-2.0
/* JSON texts: the fast lexer and the slow one that finds the words for errors must agree; what was
 * read must survive writing, in a tree and in a struct, and both readers must mean the same. */
#include "fuzz.h"

static bool has_float(const struct value *v) {
    if (v->tag == VALUE_LIST)
        for (uint32_t i = 0; i < v->list.n; i++)
            if (has_float(&v->list.v[i]))
                return true;
    if (v->tag == VALUE_OBJECT)
        for (uint32_t i = 0; i < v->object.n; i++)
            if (has_float(&v->object.v[i].value))
                return true;
    return v->tag == VALUE_FLOAT;
}

static void check_tree(struct arena *a, const struct value *v) {
    struct value again;
    str text = fuzz_tree_text(a, v);
    ASSERT(value_parse(a, text, &again, NULL, NULL) == 0);
    ASSERT(value_equal(v, &again));
    /* 1e3 is a float and becomes 1000, which is an integer; -0 becomes 0 in two steps. */
    text = fuzz_tree_text(a, &again);
    ASSERT(value_parse(a, text, &again, NULL, NULL) == 0);
    ASSERT(str_eq(fuzz_tree_text(a, &again), text));
}

static void check_typed(struct arena *a, Sample *obj) {
    Sample again, wire;
    struct buf b = {0};
    str text = fuzz_text(a, &Sample_type, obj);
    ASSERT(json_read(a, &Sample_type, text, &again, NULL, NULL) == 0);
    ASSERT(str_eq(fuzz_text(a, &Sample_type, &again), text));
    proto_write(&b, &Sample_type, obj);
    ASSERT(b.n == proto_size(&Sample_type, obj));
    ASSERT(proto_read(a, &Sample_type, buf_str(&b), &wire, NULL) == 0);
    ASSERT(str_eq(fuzz_text(a, &Sample_type, &wire), text));
    buf_done(&b);
}

/* The struct read from the tree is the struct read from the text, but where the tree writes the
 * same thing in another way (floats, escapes) or keeps less (repeated keys). */
static void check_both(struct arena *a, str text, const struct value *v, Sample *obj) {
    Sample other;
    if (str_chr(text, '\\') >= 0 || str_find(text, STR("-0")) >= 0 || has_float(v))
        return;
    ASSERT(json_read_value(a, &Sample_type, v, &other, NULL, NULL) == 0);
    obj->raw = other.raw = STR_NONE;
    ASSERT(str_eq(fuzz_text(a, &Sample_type, obj), fuzz_text(a, &Sample_type, &other)));
}

/* The strict walk finds something in a valid text where the parser saw a key twice, else nothing.
 */
static void check_strict(struct arena *a, str text, bool valid, bool twice) {
    struct decode_report report = {0};
    json_strict(a, text, NULL, &report);
    ASSERT(!valid || (report.all.n > 0) == twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct arena a;
    struct value v;
    struct err e = {0};
    Sample obj;
    struct decode_report report = {0};
    str text = {(const char *)data, n}, dup = STR_NONE;
    arena_init(&a, FUZZ_ARENA_MAX);
    bool valid = json_syntax(text, NULL) == 0;
    int tree = value_parse(&a, text, &v, &dup, &e);
    int typed =
        json_read(&a, &Sample_type, text, &obj, &(struct json_read_opts){.report = &report}, &e);
    a.limit = 0;
    ASSERT(tree != -EINVAL || e.text[0]);
    ASSERT(tree != 0 || valid);
    ASSERT(typed != 0 || valid);
    ASSERT(tree != -EINVAL || !valid || memmem(data, n, "e", 1) || memmem(data, n, "E", 1) ||
           n > 300); /* only a number can be too large */
    check_strict(&a, text, tree == 0, dup.p);
    if (tree == 0)
        check_tree(&a, &v);
    if (typed == 0)
        check_typed(&a, &obj);
    if (tree == 0 && typed == 0 && !dup.p)
        check_both(&a, text, &v, &obj);
    arena_done(&a);
    return 0;
}
