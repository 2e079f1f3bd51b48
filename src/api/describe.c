// SPDX-License-Identifier: Apache-2.0
/* All texts are one string in the program: no pointers, hence no page that the loader writes to.
 * One pass over it makes the index of types; a type's fields follow it and are looked for in
 * order. */
#include "api/describe.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

enum { RECORD_PACKAGE = '\1', RECORD_TYPE, RECORD_LIKE, RECORD_FIELD };

#define PACKAGE(prefix)   "\1" prefix "\0"
#define TYPE(name, text)  "\2" name "\0" text "\0"
#define LIKE(name)        "\3" name "\0"
#define FIELD(name, text) "\4" name "\0" text "\0"
static const char texts[] =
#include "api/descriptions/all.def"
    ;
#undef PACKAGE
#undef TYPE
#undef LIKE
#undef FIELD

struct description {
    str type; /* whole OpenAPI name */
    const char *text;
    const char *records; /* what follows the type */
};

#define SIBLING_NAME_MAX 256

static const char *behind(const char *s) {
    return s + strlen(s) + 1;
}

static int by_type(const void *x, const void *y) {
    const struct description *a = x, *b = y;
    return str_cmp(a->type, b->type);
}

static const struct description *find(const struct descriptions *d, str type) {
    struct description key = {.type = type};
    return d->n ? bsearch(&key, d->v, d->n, sizeof(key), by_type) : NULL;
}

static str word_of(const struct openapi_words *w, str type, const char *field) {
    return description_of(container_of(w, struct descriptions, words), type, field);
}

void descriptions_init(struct descriptions *d, struct arena *a) {
    const char *package = "";
    struct {
        struct description *v;
        uint32_t n;
    } all = {0};
    for (const char *p = texts; *p;) {
        char kind = *p;
        const char *name = p + 1;
        p = behind(name);
        if (kind == RECORD_PACKAGE)
            package = name;
        if (kind == RECORD_TYPE) {
            const char *text = p;
            p = behind(text);
            *list_push(a, &all) = (struct description){
                .type = str_printf(a, "%s%s", package, name), .text = text, .records = p};
        }
        if (kind == RECORD_FIELD)
            p = behind(p);
    }
    qsort(all.v, all.n, sizeof(*all.v), by_type);
    *d = (struct descriptions){.words = {.of = word_of}, .v = all.v, .n = all.n};
}

/* One record of a type's own; false behind the last. */
struct record {
    bool like;
    const char *name, *text;
};

static bool next_record(const char **p, struct record *ret) {
    if (**p != RECORD_LIKE && **p != RECORD_FIELD)
        return false;
    *ret = (struct record){.like = **p == RECORD_LIKE, .name = *p + 1};
    *p = behind(ret->name);
    if (!ret->like) {
        ret->text = *p;
        *p = behind(*p);
    }
    return true;
}

/* *ret_like: the type that this one is like, or NULL. */
static const char *own_text(const struct description *t, const char *field, const char **ret_like) {
    struct record r;
    *ret_like = NULL;
    for (const char *p = t->records; next_record(&p, &r);) {
        if (r.like)
            *ret_like = r.name;
        else if (strcmp(r.name, field) == 0)
            return r.text;
    }
    return NULL;
}

/* Another type of the same package. */
static const struct description *sibling(const struct descriptions *d, const struct description *t,
                                         const char *name) {
    char whole[SIBLING_NAME_MAX];
    size_t n = t->type.n, add = strlen(name);
    while (n > 0 && t->type.p[n - 1] != '.')
        n--;
    if (n + add > sizeof(whole))
        return NULL;
    memcpy(whole, t->type.p, n);
    memcpy(whole + n, name, add);
    return find(d, str_n(whole, n + add));
}

str description_of(const struct descriptions *d, str type, const char *field) {
    const struct description *t = find(d, type);
    if (!field)
        return t ? str_of(t->text) : STR_NONE;
    while (t) {
        const char *like, *text = own_text(t, field, &like);
        if (text)
            return str_of(text);
        t = like ? sibling(d, t, like) : NULL;
    }
    return STR_NONE;
}

void descriptions_each(const struct descriptions *d,
                       void (*see)(void *ctx, str type, const char *field, const char *text),
                       void *ctx) {
    for (uint32_t i = 0; i < d->n; i++) {
        struct record r;
        see(ctx, d->v[i].type, NULL, d->v[i].text);
        for (const char *p = d->v[i].records; next_record(&p, &r);)
            if (!r.like)
                see(ctx, d->v[i].type, r.name, r.text);
    }
}
