// SPDX-License-Identifier: Apache-2.0
/* Entries in structs, without a tree: every write reads and writes them. */
#include "schema/entry.h"
#include "schema/managed.h"

/* Where the members of an entry are. */
enum entry_member { MANAGER, OPERATION, API_VERSION, TIME, TYPE, FIELDS, SUBRESOURCE, MEMBERS };
struct entry_members {
    uint32_t at[MEMBERS];
};

static void find_members(const struct api_type *t, struct entry_members *ret) {
    static const struct {
        const char *name;
        uint8_t kind, shape;
    } members[MEMBERS] = {
        [MANAGER] = {"manager", API_STR, API_ONE},
        [OPERATION] = {"operation", API_STR, API_ONE},
        [API_VERSION] = {"apiVersion", API_STR, API_ONE},
        [TIME] = {"time", API_TIME, API_OPT},
        [TYPE] = {"fieldsType", API_STR, API_ONE},
        [FIELDS] = {"fieldsV1", API_RAW, API_OPT},
        [SUBRESOURCE] = {"subresource", API_STR, API_ONE},
    };
    unsigned next = 0;
    for (int i = 0; i < MEMBERS; i++) {
        const struct api_field *f = type_field(t, str_of(members[i].name), &ret->at[i], &next);
        ASSERT(f && f->kind == members[i].kind && f->shape == members[i].shape);
    }
}

static str *text_at(char *entry, const struct entry_members *m, enum entry_member which) {
    return (str *)(void *)(entry + m->at[which]);
}

static const str *text_in(const char *entry, const struct entry_members *m,
                          enum entry_member which) {
    return (const str *)(const void *)(entry + m->at[which]);
}

bool managed_is_reset_struct(const struct api_field *row, const struct api_seq *list) {
    struct entry_members m;
    if (list->n != 1)
        return false;
    const char *entry = seq_value(row, list, 0);
    find_members(row->sub, &m);
    bool says = AT(Time, entry + m.at[TIME]).set;
    for (int i = 0; i < MEMBERS && !says; i++)
        says = i != TIME && text_in(entry, &m, i)->n;
    return !says;
}

bool managed_same_struct(const struct api_field *row, const struct api_seq *x,
                         const struct api_seq *y) {
    struct entry_members m;
    if (x->n != y->n)
        return false;
    find_members(row->sub, &m);
    for (uint32_t i = 0; i < x->n; i++) {
        const char *p = seq_value(row, x, i), *q = seq_value(row, y, i);
        Time at = AT(Time, p + m.at[TIME]), then = AT(Time, q + m.at[TIME]);
        if (at.set != then.set || (at.set && (at.sec != then.sec || at.nsec != then.nsec)))
            return false;
        for (int k = 0; k < MEMBERS; k++)
            if (k != TIME && !str_eq(*text_in(p, &m, k), *text_in(q, &m, k)))
                return false;
    }
    return true;
}

int managed_read_struct(struct arena *a, const struct api_field *row, const struct api_seq *list,
                        bool stored, struct managed *ret, struct err *e) {
    struct managed all = {0};
    struct entry_members m;
    bool lazy = stored && list->n < MANAGED_UPDATERS_MAX;
    if (list->n > MANAGED_ENTRIES_MAX)
        return err_set(e, -E2BIG, "too many managed fields entries");
    find_members(row->sub, &m);
    for (uint32_t i = 0; i < list->n; i++) {
        const char *entry = seq_value(row, list, i);
        struct managed_entry x = {
            .manager = *text_in(entry, &m, MANAGER),
            .api_version = *text_in(entry, &m, API_VERSION),
            .subresource = *text_in(entry, &m, SUBRESOURCE),
            .time = AT(Time, entry + m.at[TIME]),
        };
        str text = *text_in(entry, &m, FIELDS);
        int r = managed_check(&x, *text_in(entry, &m, OPERATION), *text_in(entry, &m, TYPE), i, e);
        if (r < 0)
            return r;
        if (text.n && !str_eqc(text, "null") && !str_eqc(text, "{}")) {
            x.text = text;
            x.unread = true;
        }
        if (!lazy)
            r = managed_open(a, &x, e);
        if (r < 0)
            return -EINVAL;
        if (!stored)
            x.text = STR_NONE;
        managed_add(a, &all, &x);
    }
    *ret = all;
    return 0;
}

static str text_of(struct arena *a, const struct managed_entry *x) {
    struct buf b;
    if (x->text.n && (x->unread || fieldset_equal(&x->text_of, &x->fields)))
        return x->text;
    buf_init(&b, 0);
    fieldset_write(&b, &x->fields);
    str text = str_dup(a, buf_str(&b));
    buf_done(&b);
    return text;
}

void managed_write_struct(struct arena *a, const struct api_field *row, const struct managed *m,
                          struct api_seq *ret) {
    struct managed sorted = managed_copy(a, m);
    struct entry_members at;
    size_t size = seq_stride(row);
    find_members(row->sub, &at);
    managed_sort(&sorted);
    *ret = (struct api_seq){.n = sorted.n};
    if (sorted.n)
        ret->v = arena_zalloc(a, sorted.n * size);
    for (uint32_t i = 0; i < sorted.n; i++) {
        const struct managed_entry *x = &sorted.v[i];
        char *entry = (char *)ret->v + i * size;
        *text_at(entry, &at, MANAGER) = x->manager;
        *text_at(entry, &at, OPERATION) = x->applied ? STR("Apply") : STR("Update");
        *text_at(entry, &at, API_VERSION) = x->api_version;
        *text_at(entry, &at, SUBRESOURCE) = x->subresource;
        *text_at(entry, &at, TYPE) = STR("FieldsV1");
        *text_at(entry, &at, FIELDS) = text_of(a, x);
        *(Time *)(void *)(entry + at.at[TIME]) = x->time;
    }
}
