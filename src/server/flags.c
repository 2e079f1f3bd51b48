// SPDX-License-Identifier: Apache-2.0
#include "server/flags.h"

#include <stdlib.h>

#include "base/time.h"
#include "schema/yaml.h"

#define CONFIG_MAX (256 * 1024)

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
    case FLAG_STRS: {
        struct flag_strs *l = at;
        if (l->n == FLAG_STRS_MAX)
            return err_set(e, -EINVAL, "--%s is given more than %d times", f->name, FLAG_STRS_MAX);
        l->v[l->n++] = text;
        return 0;
    }
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
    case FLAG_DURATION:
        if (duration_parse(s, &v) < 0 || v < 0)
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
                   f->type == FLAG_BOOL       ? "true or false"
                   : f->type == FLAG_DURATION ? "a duration"
                                              : "a number");
}

int flags_defaults(const struct flag *table, void *opts, struct err *e) {
    for (const struct flag *f = table; f->name; f++)
        if (f->def) {
            int r = set(f, opts, f->def, e);
            if (r < 0)
                return r;
        }
    return 0;
}

/* A scalar as it would be typed. The text lives as long as the process, as argv does. */
static char *typed(const struct value *v) {
    struct buf b;
    buf_init(&b, 0);
    if (v->tag == VALUE_STR)
        buf_add(&b, v->s);
    else
        value_write(&b, v);
    char *out = xstrndup(b.p ? b.p : "", b.n);
    buf_done(&b);
    return out;
}

static int set_value(const struct flag *f, void *opts, const struct value *v, struct err *e) {
    char *text = typed(v);
    int r = set(f, opts, text, e);
    if (f->type != FLAG_STR && f->type != FLAG_STRS)
        free(text);
    return r;
}

static int set_all(const struct flag *table, void *opts, const char *path, const struct value *v,
                   struct err *e) {
    if (v->tag == VALUE_NULL)
        return 0;
    if (v->tag != VALUE_OBJECT)
        return err_set(e, -EINVAL, "%s: want `flag: value` lines", path);
    for (uint32_t i = 0; i < v->object.n; i++) {
        const struct member *m = &v->object.v[i];
        const struct flag *f = find(table, m->key);
        bool several = f && f->type == FLAG_STRS && m->value.tag == VALUE_LIST;
        if (!f || (m->value.tag == VALUE_LIST && !several) || m->value.tag == VALUE_OBJECT)
            return err_set(e, -EINVAL, "%s: unknown flag: " STR_FMT, path, STR_ARG(m->key));
        int r = several ? 0 : set_value(f, opts, &m->value, e);
        for (uint32_t k = 0; r == 0 && several && k < m->value.list.n; k++)
            r = set_value(f, opts, &m->value.list.v[k], e);
        if (r < 0) {
            err_prefix(e, "%s", path);
            return r;
        }
    }
    return 0;
}

int flags_file(const struct flag *table, void *opts, struct env *env, const char *path,
               struct err *e) {
    struct arena a;
    struct buf b;
    struct value v;
    arena_init(&a, 0);
    buf_init(&b, CONFIG_MAX);
    int r = env->ops->disk.read(env, path, CONFIG_MAX, &b);
    if (r < 0)
        err_set(e, r, "%s: %s", path, strerror(-r));
    if (r == 0) {
        r = yaml_parse(&a, buf_str(&b), &v, e);
        if (r < 0)
            err_prefix(e, "%s", path);
    }
    if (r == 0)
        r = set_all(table, opts, path, &v, e);
    buf_done(&b);
    arena_done(&a);
    return r;
}

int flags_parse(const struct flag *table, void *opts, int argc, char **argv, int from,
                struct err *e) {
    int r = flags_defaults(table, opts, e);
    return r < 0 ? r : flags_argv(table, opts, argc, argv, from, e);
}

int flags_argv(const struct flag *table, void *opts, int argc, char **argv, int from,
               struct err *e) {
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
    static const char *const words[FLAG_MAX] = {[FLAG_STR] = " string",
                                                [FLAG_STRS] = " string, as often as needed",
                                                [FLAG_BOOL] = "",
                                                [FLAG_INT] = " int",
                                                [FLAG_DURATION] = " duration"};
    for (const struct flag *f = table; f->name; f++) {
        buf_printf(b, "      --%s%s\n            %s", f->name, words[f->type], f->help);
        if (f->def && f->def[0])
            buf_printf(b, " (default %s)", f->def);
        buf_addc(b, '\n');
    }
}
