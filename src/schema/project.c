// SPDX-License-Identifier: Apache-2.0
/* A projection: what remains of an object when only some of its fields will ever be read. */
#include "schema/entry.h"
#include "schema/ops.h"

struct paths {
    str v[PROJECT_PATHS_MAX];
    unsigned n;
};

/* Bytes of the member itself. */
static size_t member_size(const struct api_field *f) {
    if (f->shape == API_LIST || f->shape == API_MAP)
        return sizeof(struct api_seq);
    if (f->shape == API_OPT && f->kind == API_MSG)
        return sizeof(void *);
    size_t value = field_element_size(f);
    return f->shape == API_OPT ? opt_value_offset(f->kind) + value : value;
}

/* What the paths say about field f: true when all of it stays; else *ret has what stands behind its
 * name in the paths that go on below it. */
static bool whole(const struct paths *p, const struct api_field *f, struct paths *ret) {
    str name = str_n(f->json, f->json_len);
    ret->n = 0;
    for (unsigned i = 0; i < p->n; i++) {
        str rest = p->v[i], first = str_cut(&rest, '.');
        if (!str_eq(first, name))
            continue;
        if (!rest.p)
            return true;
        ret->v[ret->n++] = rest;
    }
    return ret->n > 0 && f->kind != API_MSG;
}

static void project(const struct api_type *t, char *obj, const struct paths *p) {
    for (uint16_t i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        char *at = obj + f->offset;
        struct paths below;
        if (f->flags & INLINED) {
            project(f->sub, at, p);
            continue;
        }
        if (whole(p, f, &below))
            continue;
        if (below.n == 0) {
            memset(at, 0, member_size(f));
            continue;
        }
        if (f->shape == API_ONE) {
            project(f->sub, at, &below);
        } else if (f->shape == API_OPT) {
            char *sub = *(char **)(void *)at;
            if (sub)
                project(f->sub, sub, &below);
        } else {
            const struct api_seq *s = (const void *)at;
            for (uint32_t j = 0; j < s->n; j++)
                project(f->sub, (char *)(uintptr_t)seq_value(f, s, j), &below);
        }
    }
}

void api_project(const struct api_type *t, void *obj, const char *const *paths) {
    struct paths p = {.n = 0};
    for (; *paths; paths++) {
        ASSERT(p.n < PROJECT_PATHS_MAX);
        p.v[p.n++] = str_of(*paths);
    }
    project(t, obj, &p);
}
