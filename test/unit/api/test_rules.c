// SPDX-License-Identifier: Apache-2.0
/* test/rules/GROUP.tsv against the index of upstream's checks: every check stands in a table, what
 * the table names exists, and each case, played on its base object, is refused with the reason and
 * the words of the table. The format is told in test/rules/README.md. */
#include <dirent.h>

#include "rule_objects.h"
#include "schema/patch.h"

#define INDEX       "tools/facts/validation-index.tsv"
#define GROUP_PARTS 2
#define RECORDED    "test/data/recorded/status-errors.jsonl"
#define UNMATCHED   "test/unit/apiserver/status_unmatched.h"

struct rule {
    str function, reason, path, where, kind, verb, change, error;
};

static bool is_word(char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether the word stands in the file, as a word. */
static bool file_names(struct arena *a, const char *path, str word) {
    str text = exists(path) ? file_read(a, path) : STR("");
    for (size_t at = 0; word.n && at + word.n <= text.n; at++) {
        if (memcmp(text.p + at, word.p, word.n))
            continue;
        bool before = at && is_word(text.p[at - 1]);
        bool after = at + word.n < text.n && is_word(text.p[at + word.n]);
        if (!before && !after)
            return true;
    }
    return false;
}

/* ---- changes ---- */

static str replaced(struct arena *a, str s, str what, str with) {
    struct buf b = {0};
    for (size_t i = 0; i < s.n;) {
        bool here = i + what.n <= s.n && memcmp(s.p + i, what.p, what.n) == 0;
        buf_add(&b, here ? with : str_n(s.p + i, 1));
        i += here ? what.n : 1;
    }
    str out = str_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}

/* "@N*text" and ["@N", x]: how often, or 0. */
static int64_t times_of(str s, char end, str *ret_rest) {
    int64_t n = 0;
    ssize_t at = end ? str_chr(s, end) : (ssize_t)s.n;
    if (s.n < 2 || s.p[0] != '@' || at < 2 || str_to_i64(str_slice(s, 1, (size_t)at), &n) < 0)
        return 0;
    *ret_rest = end ? str_slice(s, (size_t)at + 1, s.n) : STR("");
    return n;
}

static void expand(struct arena *a, struct value *v, str index);

static void expand_text(struct arena *a, str *s, str index) {
    str rest;
    int64_t n = times_of(*s, '*', &rest);
    if (index.n)
        *s = replaced(a, *s, STR("%d"), index);
    if (!n)
        return;
    struct buf b = {0};
    for (int64_t i = 0; i < n; i++)
        buf_add(&b, rest);
    *s = str_dup(a, buf_str(&b));
    buf_done(&b);
}

static void expand_list(struct arena *a, struct value *v, str index) {
    str rest;
    int64_t n =
        v->list.n == 2 && v->list.v[0].tag == VALUE_STR ? times_of(v->list.v[0].s, 0, &rest) : 0;
    if (!n) {
        for (uint32_t i = 0; i < v->list.n; i++)
            expand(a, &v->list.v[i], index);
        return;
    }
    struct value *many = arena_array(a, (size_t)n, sizeof(*many));
    for (int64_t i = 0; i < n; i++) {
        value_copy(a, &v->list.v[1], &many[i]);
        expand(a, &many[i], str_printf(a, "%lld", (long long)i));
    }
    v->list.v = many;
    v->list.n = (uint32_t)n;
}

static void expand(struct arena *a, struct value *v, str index) {
    if (v->tag == VALUE_STR)
        expand_text(a, &v->s, index);
    else if (v->tag == VALUE_LIST)
        expand_list(a, v, index);
    else if (v->tag == VALUE_OBJECT)
        for (uint32_t i = 0; i < v->object.n; i++)
            expand(a, &v->object.v[i].value, index);
}

static bool apply(struct arena *a, struct value *doc, const struct value *change) {
    struct err e = {0};
    int r = !change                     ? 0
            : change->tag == VALUE_LIST ? patch_json(a, doc, change, &e)
                                        : patch_merge(a, doc, change);
    if (r < 0)
        tap_diag("the change does not apply: %s", e.text);
    return r == 0;
}

static void check_meta(struct subject *s, struct field_errors *fe, const void *obj) {
    if (!is_stored(s))
        return;
    validate_object_meta(fe, obj, resource_is(s->resource, RESOURCE_NAMESPACED), s->hooks,
                         PATH(NULL, "metadata"));
}

static void check_all(struct subject *s, struct field_errors *fe, const void *obj,
                      const void *old) {
    hooks_validate(fe, s->resource, s->resource, obj, old);
}

static void check_created(struct subject *s, struct field_errors *fe, void *obj) {
    created(s, obj, false);
    check_meta(s, fe, obj);
    check_all(s, fe, obj, NULL);
}

static void keep_system_fields(ObjectMeta *m, const ObjectMeta *old) {
    if (!m->uid.n)
        m->uid = old->uid;
    if (!m->creation_timestamp.set)
        m->creation_timestamp = old->creation_timestamp;
}

static void check_updated(struct subject *s, struct field_errors *fe, void *obj, void *old,
                          str verb) {
    struct hook_ctx c = context(s->arena);
    bool main = str_eqc(verb, "update"), status = str_eqc(verb, "status");
    size_t n = 0;
    void *to = status_of(s, obj, &n);
    keep_system_fields(obj, old);
    if (main && to)
        memcpy(to, status_of(s, old, &n), n);
    if (main && s->hooks->prepare_update)
        s->hooks->prepare_update(&c, obj, old);
    if (status && s->hooks->prepare_status)
        s->hooks->prepare_status(&c, obj, old);
    check_meta(s, fe, obj);
    validate_object_meta_update(fe, obj, old, PATH(NULL, "metadata"));
    if (status) {
        if (s->hooks->validate_status)
            s->hooks->validate_status(fe, obj, old);
        return;
    }
    check_all(s, fe, obj, old);
    if (main && s->hooks->validate_update)
        s->hooks->validate_update(fe, obj, old);
    if (!main && s->hooks->validate_sub)
        s->hooks->validate_sub(fe, verb, obj, old);
}

/* ---- cases ---- */

/* Plays the change; false when it cannot be played. after and before: NULL for none. */
static bool play(struct subject *s, str verb, const struct value *before, const struct value *after,
                 struct field_errors *fe) {
    str name = str_cut(&verb, ' ');
    bool raw = str_eqc(verb, "raw"), create = str_eqc(name, "create");
    struct value doc;
    if (!apply(s->arena, &s->sent, before) || (create && !raw && !apply(s->arena, &s->sent, after)))
        return false;
    void *obj = decode(s, &s->sent, true);
    if (!obj)
        return false;
    if (create && !raw) {
        check_created(s, fe, obj);
        return true;
    }
    void *old = obj;
    created(s, old, true);
    if (json_write_value(s->arena, s->resource->type, old, &doc) < 0 ||
        !apply(s->arena, &doc, after) || !(obj = decode(s, &doc, !raw)))
        return false;
    if (create)
        check_created(s, fe, obj);
    else
        check_updated(s, fe, obj, old, name);
    return true;
}

static bool has_error(struct arena *a, const struct field_errors *fe, const struct rule *r) {
    for (uint32_t i = 0; i < fe->list.n; i++)
        if (str_eqc(r->reason, field_error_reason(fe->list.v[i].type)) &&
            str_starts(field_error_str(a, &fe->list.v[i]), r->error))
            return true;
    return false;
}

static bool check_case(struct arena *a, const struct rule *r) {
    struct subject s;
    struct value change;
    struct err e;
    struct field_errors fe = {.arena = a};
    if (!subject_of(a, r->kind, &s))
        return false;
    if (value_parse(a, r->change, &change, NULL, &e) < 0) {
        tap_diag("the change: %s", e.text);
        return false;
    }
    expand(a, &change, STR(""));
    const struct value *before = value_getc(&change, "before");
    const struct value *after = before ? value_getc(&change, "after") : &change;
    if (!play(&s, r->verb, before, after, &fe))
        return false;
    if (r->error.n && has_error(a, &fe, r))
        return true;
    for (uint32_t i = 0; i < fe.list.n; i++)
        tap_diag("  got " STR_FMT, STR_ARG(field_error_str(a, &fe.list.v[i])));
    tap_diag("  want " STR_FMT ", " STR_FMT, STR_ARG(r->error), STR_ARG(r->reason));
    return false;
}

/* "row Type.field" */
static bool row_has_rule(str name) {
    str type = str_cut(&name, '.');
    for (unsigned i = 0; i < n_api_types; i++) {
        if (!str_eqc(type, api_types[i]->name))
            continue;
        const struct api_field *f = type_field(api_types[i], name, &(uint32_t){0}, NULL);
        return f && f->attr && (f->attr->needed || f->attr->rule != RULE_NONE);
    }
    return false;
}

static bool check_where(struct arena *a, str where) {
    if (str_starts(where, STR("row ")))
        return row_has_rule(str_slice(where, 4, where.n));
    str file = str_cut(&where, ':');
    return file_names(a, str_printf(a, "src/" STR_FMT, STR_ARG(file)).p, where);
}

/* An answer recorded from upstream shows a rule when ours is known to match it. */
static bool check_shown(struct arena *a, str change) {
    str file = str_cut(&change, ':');
    bool missed = str_eqc(file, RECORDED) && file_names(a, UNMATCHED, change);
    return !missed && file_names(a, str_cdup(a, file), change);
}

struct totals {
    unsigned shown, elsewhere, absent, not_applying;
};

static bool check_rule(struct arena *a, const struct rule *r, struct totals *t) {
    if (str_eqc(r->where, "-") || str_eqc(r->where, "!")) {
        *(str_eqc(r->where, "-") ? &t->not_applying : &t->absent) += 1;
        return r->kind.n > 0;
    }
    if (!check_where(a, r->where)) {
        tap_diag("nothing of that name: " STR_FMT, STR_ARG(r->where));
        return false;
    }
    if (str_eqc(r->verb, "test")) {
        t->elsewhere++;
        return check_shown(a, r->change);
    }
    t->shown++;
    return check_case(a, r);
}

/* ---- tables ---- */

static bool rule_next(str *text, struct rule *ret) {
    while (text->n) {
        str line = str_cut(text, '\n');
        if (!line.n || line.p[0] == '#')
            continue;
        str *const columns[] = {&ret->function, &ret->reason, &ret->path,   &ret->where,
                                &ret->kind,     &ret->verb,   &ret->change, &ret->error};
        for (size_t i = 0; i < ARRAY_LEN(columns); i++)
            *columns[i] = str_cut(&line, '\t');
        return true;
    }
    return false;
}

/* "meta(object)" -> test/rules/meta_object.tsv */
static const char *table_path(struct arena *a, str group, const char *part) {
    char *name = arena_dup(a, str_cdup(a, group), group.n + 1);
    for (char *c = name; *c; c++)
        *c = *c == '/' || *c == '(' ? '_' : *c;
    if (name[strlen(name) - 1] == ')')
        name[strlen(name) - 1] = 0;
    return str_printf(a, "test/rules/%s%s.tsv", name, part).p;
}

/* A group is one table, or one of its pods and one of the rest: each keeps the index's order. */
struct group {
    const char *path;
    str text;
    struct rule next;
    bool has_next;
};

static unsigned group_open(struct arena *a, str name, struct group *ret) {
    static const char *const parts[GROUP_PARTS] = {"_pod", ""};
    unsigned n = 0;
    for (size_t i = 0; i < GROUP_PARTS; i++) {
        struct group g = {.path = table_path(a, name, parts[i])};
        if (!exists(g.path))
            continue;
        g.text = file_read(a, g.path);
        g.has_next = rule_next(&g.text, &g.next);
        ret[n++] = g;
    }
    return n;
}

static bool is_rule(const struct rule *r, str function, str reason, str path) {
    return str_eq(r->function, function) && str_eq(r->reason, reason) && str_eq(r->path, path);
}

/* Each line of one group in the index against the next of its tables. */
static void check_table(str index, str name, struct totals *t) {
    struct arena a, scratch;
    struct group parts[GROUP_PARTS];
    arena_init(&a, 0);
    arena_init(&scratch, 0);
    unsigned n = group_open(&a, name, parts);
    if (!n)
        tap_fail(__FILE__, __LINE__, "no %s", table_path(&a, name, ""));
    while (n && index.n) {
        str line = str_cut(&index, '\n'), rest = line;
        if (!str_eq(str_cut(&rest, '\t'), name))
            continue;
        str function = str_cut(&rest, '\t'), reason = str_cut(&rest, '\t');
        struct group *g = parts;
        while (g < parts + n && !(g->has_next && is_rule(&g->next, function, reason, rest)))
            g++;
        if (g == parts + n) {
            tap_fail(__FILE__, __LINE__, "in no table, or not in its place: " STR_FMT,
                     STR_ARG(line));
            continue;
        }
        if (!check_rule(&scratch, &g->next, t))
            tap_fail(__FILE__, __LINE__, "%s: " STR_FMT, g->path, STR_ARG(line));
        g->has_next = rule_next(&g->text, &g->next);
        arena_reset(&scratch);
    }
    for (struct group *g = parts; g < parts + n; g++)
        if (g->has_next)
            tap_fail(__FILE__, __LINE__, "%s: upstream has none, or not here: " STR_FMT " " STR_FMT,
                     g->path, STR_ARG(g->next.function), STR_ARG(g->next.path));
    arena_done(&scratch);
    arena_done(&a);
}

TEST(every_rule_of_upstream_stands_in_a_table) {
    struct arena a;
    struct totals t = {0};
    arena_init(&a, 0);
    str index = file_read(&a, INDEX), rest = index, last = STR("");
    while (rest.n) {
        str line = str_cut(&rest, '\n'), group = str_cut(&line, '\t');
        if (!group.n || group.p[0] == '#' || str_eq(group, last))
            continue;
        check_table(index, group, &t);
        last = group;
    }
    CHECK(t.shown > 1300);
    tap_diag("%u rules played, %u shown by other tests, %u do not apply, %u are absent", t.shown,
             t.elsewhere, t.not_applying, t.absent);
    arena_done(&a);
}

/* A case that fails by its base object shows nothing. */
static void check_base(struct arena *a, str name) {
    static const char *const verbs[] = {"create", "update", "status"};
    struct subject s;
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        struct field_errors fe = {.arena = a};
        if (!subject_of(a, name, &s) || !play(&s, str_of(verbs[i]), NULL, NULL, &fe))
            tap_fail(__FILE__, __LINE__, STR_FMT " cannot be read", STR_ARG(name));
        else if (fe.list.n)
            tap_fail(__FILE__, __LINE__, STR_FMT " is refused on %s: " STR_FMT, STR_ARG(name),
                     verbs[i], STR_ARG(field_error_str(a, &fe.list.v[0])));
        if (!is_stored(&s))
            return;
    }
}

TEST(base_objects_are_valid) {
    struct arena a;
    arena_init(&a, 0);
    DIR *d = opendir(OBJECTS);
    unsigned n = 0;
    REQUIRE(d);
    for (struct dirent *e; (e = readdir(d));) {
        str name = str_of(e->d_name);
        if (!str_ends(name, STR(".json")))
            continue;
        n++;
        check_base(&a, str_slice(name, 0, name.n - strlen(".json")));
        arena_reset(&a);
    }
    closedir(d);
    CHECK(n > 0);
    arena_done(&a);
}
