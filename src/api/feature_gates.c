// SPDX-License-Identifier: Apache-2.0
#include "api/feature_gates.h"

static const struct gate {
    const char *name, *stage;
    bool on, locked;
} gates[] = {
#define GATE(name_, stage_, on_, locked_) {#name_, #stage_, on_, locked_},
#include "api/rows/feature_gates.def"
#undef GATE
    {"AllAlpha", "Alpha", false, false},
    {"AllBeta", "Beta", false, false},
};

static const struct gate *find(str name) {
    for (size_t i = 0; i < ARRAY_LEN(gates); i++)
        if (str_eqc(name, gates[i].name))
            return &gates[i];
    return NULL;
}

/* As Go's strconv.ParseBool. */
static int parse_bool(str s, bool *ret) {
    static const char *const words[][6] = {{"0", "f", "F", "false", "FALSE", "False"},
                                           {"1", "t", "T", "true", "TRUE", "True"}};
    for (int v = 0; v < 2; v++)
        for (int i = 0; i < 6; i++)
            if (str_eqc(s, words[v][i])) {
                *ret = v;
                return 0;
            }
    return -EINVAL;
}

/* AllBeta=false is a change: it switches gates off that are on by default. */
static bool changes(const struct gate *g, bool value) {
    return value != g->on || strcmp(g->name, "AllBeta") == 0;
}

static int check_one(str name, str text, struct err *e) {
    bool value;
    if (!text.p)
        return err_set(e, -EINVAL, "missing bool value for " STR_FMT, STR_ARG(name));
    if (parse_bool(text, &value) < 0)
        return err_set(e, -EINVAL,
                       "invalid value of " STR_FMT "=" STR_FMT
                       ", err: strconv.ParseBool: parsing \"" STR_FMT "\": invalid syntax",
                       STR_ARG(name), STR_ARG(text), STR_ARG(text));
    const struct gate *g = find(name);
    if (!g)
        return err_set(e, -EINVAL, "unrecognized feature gate: " STR_FMT, STR_ARG(name));
    const char *wanted = value ? "true" : "false";
    if (g->locked && value != g->on)
        return err_set(e, -EINVAL, "cannot set feature gate %s to %s, feature is locked to %s",
                       g->name, wanted, g->on ? "true" : "false");
    if (changes(g, value))
        return err_set(e, -EINVAL,
                       "cannot set feature gate %s (%s) to %s: it has no switch in this program",
                       g->name, g->stage, wanted);
    return 0;
}

int feature_gates_check(str text, struct err *e) {
    int r = 0;
    while (r == 0 && text.n) {
        str value = str_cut(&text, ',');
        if (!value.n)
            continue;
        bool has_value = str_chr(value, '=') >= 0;
        str name = str_trim(str_cut(&value, '='));
        r = check_one(name, has_value ? str_trim(value.p ? value : STR("")) : STR_NONE, e);
    }
    return r;
}

bool feature_gate_at(unsigned i, struct feature_gate *ret) {
    if (i >= ARRAY_LEN(gates))
        return false;
    *ret = (struct feature_gate){gates[i].name, gates[i].stage, gates[i].on};
    return true;
}
