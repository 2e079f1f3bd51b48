// SPDX-License-Identifier: Apache-2.0
#include "server/flags.h"

static const struct flag *find(const struct flag *table, str name) {
    for (const struct flag *f = table; f->name; f++)
        if (str_eqc(name, f->name))
            return f;
    return NULL;
}

static int set(const struct flag *f, void *opts, const char *text, struct err *e) {
    void *at = (char *)opts + f->offset;
    str s = str_of(text);
    int64_t v;
    switch (f->type) {
    case FLAG_STR:
        *(const char **)at = text;
        return 0;
    case FLAG_BOOL:
        if (!str_eqc(s, "true") && !str_eqc(s, "false"))
            break;
        *(bool *)at = str_eqc(s, "true");
        return 0;
    case FLAG_INT:
        if (str_to_i64(s, &v) < 0 || ((f->min || f->max) && (v < f->min || v > f->max)))
            break;
        *(int64_t *)at = v;
        return 0;
    case FLAG_MAX:
        break;
    }
    if (f->type == FLAG_INT && (f->min || f->max))
        return err_set(e, -EINVAL,
                       "invalid argument \"%s\" for \"--%s\" flag: want a number from %lld to %lld",
                       text, f->name, (long long)f->min, (long long)f->max);
    return err_set(e, -EINVAL, "invalid argument \"%s\" for \"--%s\" flag: want %s", text, f->name,
                   f->type == FLAG_BOOL ? "true or false" : "a number");
}

int flags_parse(const struct flag *table, void *opts, int argc, char **argv, int from,
                struct err *e) {
    for (const struct flag *f = table; f->name; f++)
        if (f->def) {
            int r = set(f, opts, f->def, e);
            if (r < 0)
                return r;
        }
    for (int i = from; i < argc; i++) {
        str word = str_of(argv[i]);
        if (!str_starts(word, STR("--")))
            return i;
        if (word.n == 2)
            return i + 1;
        ssize_t eq = str_chr(word, '=');
        str name = str_slice(word, 2, eq < 0 ? word.n : (size_t)eq);
        const struct flag *f = find(table, name);
        if (!f)
            return err_set(e, -EINVAL, "unknown flag: --" STR_FMT, STR_ARG(name));
        const char *value = eq >= 0 ? argv[i] + eq + 1 : NULL;
        if (!value && f->type == FLAG_BOOL)
            value = "true";
        if (!value && ++i == argc)
            return err_set(e, -EINVAL, "flag needs an argument: --%s", f->name);
        int r = set(f, opts, value ? value : argv[i], e);
        if (r < 0)
            return r;
    }
    return argc;
}

void flags_help(struct buf *b, const struct flag *table) {
    static const char *const words[FLAG_MAX] = {" string", "", " int"};
    for (const struct flag *f = table; f->name; f++) {
        buf_printf(b, "      --%s%s\n            %s", f->name, words[f->type], f->help);
        if (f->def && f->def[0])
            buf_printf(b, " (default %s)", f->def);
        buf_addc(b, '\n');
    }
}
