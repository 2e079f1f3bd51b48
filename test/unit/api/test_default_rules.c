// SPDX-License-Identifier: Apache-2.0
/* test/rules/defaults.tsv against the list of upstream's defaults: every one stands in the table,
 * in order, and what the table says of it is played. The format is told in test/rules/README.md. */
#include "recorded.h"

#include "api/hooks.h"
#include "schema/json.h"
#include "schema/patch.h"

#define FACTS   "tools/facts/defaults-typed.tsv"
#define TABLE   "test/rules/defaults.tsv"
#define COLUMNS 5 /* apiVersion, kind, path, value, condition: the key, as in the facts */

struct line {
    str key[COLUMNS];
    str where, change, got;
};

struct play {
    struct arena *arena;
    const struct api_type *type;
    const struct api_resource *resource; /* NULL: a part, PodSpec */
};

static bool line_next(str *text, struct line *ret) {
    while (text->n) {
        str line = str_cut(text, '\n');
        if (!line.n || line.p[0] == '#')
            continue;
        for (size_t i = 0; i < COLUMNS; i++)
            ret->key[i] = str_cut(&line, '\t');
        ret->where = str_cut(&line, '\t');
        ret->change = str_cut(&line, '\t');
        ret->got = line;
        return true;
    }
    return false;
}

static bool file_has(struct arena *a, const char *path, str text) {
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    fclose(f);
    return text.n && str_find(file_read(a, path), text) >= 0;
}

static bool row_has_default(str name) {
    str type = str_cut(&name, '.');
    for (unsigned i = 0; i < n_api_types; i++) {
        const struct api_field *f = NULL;
        if (str_eqc(type, api_types[i]->name))
            f = type_field(api_types[i], name, &(uint32_t){0}, NULL);
        if (f)
            return f->attr && f->attr->def;
    }
    return false;
}

static bool where_exists(struct arena *a, str where) {
    if (str_starts(where, STR("row ")))
        return row_has_default(str_slice(where, 4, where.n));
    str file = str_cut(&where, ':');
    return file_has(a, str_printf(a, "src/" STR_FMT, STR_ARG(file)).p, where);
}

/* The first step of a path: its name, and what stands in brackets behind it ("" for [], p == NULL
 * for none). */
static str step_of(str *path, str *ret_in) {
    size_t n = 0;
    while (n < path->n && path->p[n] != '.' && path->p[n] != '[')
        n++;
    str name = str_slice(*path, 0, n);
    *path = str_slice(*path, n, path->n);
    *ret_in = STR_NONE;
    if (path->n && path->p[0] == '[') {
        ssize_t end = str_chr(*path, ']');
        *ret_in = str_slice(*path, 1, (size_t)end);
        *path = str_slice(*path, (size_t)end + 1, path->n);
    }
    if (path->n && path->p[0] == '.')
        *path = str_slice(*path, 1, path->n);
    return name;
}

/* Makes what stands above the last step: {"a":{"b":[{}]}} of a.b[].c. */
static void make_parents(struct arena *a, struct value *v, str path) {
    str in, name = step_of(&path, &in);
    if (!path.n)
        return;
    struct value *next = value_set(a, v, name);
    *next = (struct value){.tag = VALUE_OBJECT};
    if (in.p) {
        struct value *item = arena_zalloc(a, sizeof(*item));
        item->tag = VALUE_OBJECT;
        next->tag = VALUE_LIST;
        next->list.v = item;
        next->list.n = 1;
        next = item;
    }
    make_parents(a, next, path);
}

/* The value at a path; of [] and [*] the first, ["x"] the one of that key. */
static const struct value *value_at(const struct value *v, str path) {
    while (v && path.n) {
        str in, name = step_of(&path, &in);
        v = value_get(v, name);
        if (!v || !in.p)
            continue;
        if (in.n > 2 && in.p[0] == '"')
            v = value_get(v, str_slice(in, 1, in.n - 1));
        else if (v->tag == VALUE_OBJECT)
            v = v->object.n ? &v->object.v[0].value : NULL;
        else if (in.n || path.n) /* a list itself is the value of a last [] */
            v = v->tag == VALUE_LIST && v->list.n ? &v->list.v[0] : NULL;
    }
    return v;
}

static void draw(void *ctx, void *p, size_t n) {
    memset(p, 7, n);
}

/* Decoded, defaulted and prepared as an object that is created. */
static bool made(struct play *p, const struct value *sent, struct value *ret) {
    struct err e = {0};
    str groups[] = {STR("staff")};
    const struct hook_user user = {.name = STR("ann"), .uid = STR("u1"), .groups = {groups, 1}};
    struct hook_ctx c = {
        .arena = p->arena, .now = 1767225600000000000, .random = draw, .user = &user};
    void *obj = arena_zalloc(p->arena, p->type->size);
    if (json_read_value(p->arena, p->type, sent, obj, NULL, &e) < 0) {
        tap_diag("%s", e.text);
        return false;
    }
    api_defaults(p->arena, p->type, obj);
    const struct hooks *h = p->resource ? hooks_of(p->resource) : NULL;
    if (h && h->defaults)
        h->defaults(&c, obj);
    if (h && h->prepare_create) {
        ((ObjectMeta *)obj)->uid = STR("the-uid");
        h->prepare_create(&c, obj);
    }
    return json_write_value(p->arena, p->type, obj, ret) == 0;
}

/* Nothing, null and an empty text are one. */
static bool is_nothing(const struct value *v) {
    return !v || v->tag == VALUE_NULL || (v->tag == VALUE_STR && !v->s.n);
}

static bool check_value(struct play *p, const struct value *obj, str path, str want) {
    struct value w;
    struct err e;
    const struct value *got = value_at(obj, path);
    if (value_parse(p->arena, want, &w, NULL, &e) < 0) {
        tap_diag("what is wanted: %s", e.text);
        return false;
    }
    if ((is_nothing(&w) && is_nothing(got)) || (got && value_equal(got, &w)))
        return true;
    if (got && got->tag == VALUE_LIST && got->list.n == 1 && value_equal(&got->list.v[0], &w))
        return true;
    struct buf b = {0};
    if (got)
        value_write(&b, got);
    tap_diag("  got " STR_FMT ", want " STR_FMT, STR_ARG(buf_str(&b)), STR_ARG(want));
    buf_done(&b);
    return false;
}

static bool play_line(struct play *p, const struct line *l, str path) {
    struct value sent = {.tag = VALUE_OBJECT}, change, obj;
    struct err e;
    if (!l->change.n) {
        make_parents(p->arena, &sent, path);
    } else if (value_parse(p->arena, l->change, &change, NULL, &e) < 0 ||
               patch_merge(p->arena, &sent, &change) < 0) {
        tap_diag("the object: %s", e.text);
        return false;
    }
    return made(p, &sent, &obj) && check_value(p, &obj, path, l->got.n ? l->got : l->key[3]);
}

static const struct api_type *type_of(str version, str kind, const struct api_resource **ret) {
    str group = STR("");
    if (str_chr(version, '/') >= 0)
        group = str_cut(&version, '/');
    *ret = resource_of_kind(group, version, kind);
    return type_of_kind(group, version, kind);
}

static bool check_line(struct arena *a, const struct line *l) {
    struct play p = {.arena = a};
    str path = l->key[2];
    if (str_eqc(l->where, "-") || str_eqc(l->where, "!"))
        return l->change.n > 0;
    if (!where_exists(a, l->where)) {
        tap_diag("nothing of that name: " STR_FMT, STR_ARG(l->where));
        return false;
    }
    if (str_starts(l->change, STR("test/"))) {
        str name = l->change, file = str_cut(&name, ':');
        return file_has(a, str_cdup(a, file), name);
    }
    if (str_eqc(l->key[1], "PodSpec")) {
        p.type = type_of(STR("v1"), STR("Pod"), &p.resource);
        path = str_concat(a, STR("spec."), path);
    } else {
        p.type = type_of(l->key[0], l->key[1], &p.resource);
    }
    return p.type && play_line(&p, l, path);
}

TEST(every_default_of_upstream_stands_in_the_table) {
    struct arena a, scratch;
    struct line want, have;
    unsigned n = 0;
    arena_init(&a, 0);
    arena_init(&scratch, 0);
    str facts = file_read(&a, FACTS), table = file_read(&a, TABLE);
    while (line_next(&facts, &want)) {
        if (!line_next(&table, &have)) {
            tap_fail(__FILE__, __LINE__, TABLE " ends before " STR_FMT, STR_ARG(want.key[2]));
            break;
        }
        for (size_t i = 0; i < COLUMNS; i++)
            CHECK_STR(have.key[i], want.key[i]);
        if (!check_line(&scratch, &have))
            tap_fail(__FILE__, __LINE__, STR_FMT " " STR_FMT " (" STR_FMT ")", STR_ARG(have.key[1]),
                     STR_ARG(have.key[2]), STR_ARG(have.key[4]));
        n++;
        arena_reset(&scratch);
    }
    CHECK(!line_next(&table, &have));
    CHECK(n > 350);
    arena_done(&scratch);
    arena_done(&a);
}
