// SPDX-License-Identifier: Apache-2.0
#include "schema/managed.h"

#include <stdlib.h>

#include "base/time.h"
#include "base/vec.h"

/* ---- entries ---- */

static void add_text(struct buf *b, const char *key, str text) {
    if (!text.n)
        return;
    if (b->n > 1)
        buf_addc(b, ',');
    buf_addc(b, '"');
    buf_add(b, str_of(key));
    buf_adds(b, "\":");
    json_quote(b, text);
}

str managed_id(struct arena *a, const struct managed_entry *x) {
    struct buf b;
    buf_init(&b, 0);
    buf_addc(&b, '{');
    add_text(&b, "manager", x->manager);
    add_text(&b, "operation", x->applied ? STR("Apply") : STR("Update"));
    add_text(&b, "apiVersion", x->applied ? STR_NONE : x->api_version);
    add_text(&b, "subresource", x->subresource);
    buf_addc(&b, '}');
    str id = str_dup(a, buf_str(&b));
    buf_done(&b);
    return id;
}

static bool same_writer(const struct managed_entry *x, const struct managed_entry *y) {
    return x->applied == y->applied && str_eq(x->manager, y->manager) &&
           str_eq(x->subresource, y->subresource) &&
           (x->applied || str_eq(x->api_version, y->api_version));
}

struct managed_entry *managed_find(const struct managed *m, const struct managed_entry *who) {
    for (uint32_t i = 0; i < m->n; i++)
        if (same_writer(&m->v[i], who))
            return &m->v[i];
    return NULL;
}

struct managed_entry *managed_get(struct arena *a, struct managed *m,
                                  const struct managed_entry *who) {
    struct managed_entry *x = managed_find(m, who);
    if (x)
        return x;
    m->v = arena_grow(a, m->v, m->n * sizeof(*m->v), (m->n + 1) * sizeof(*m->v));
    x = &m->v[m->n++];
    *x = *who;
    x->fields = x->text_of = (struct fieldset){0};
    x->text = STR_NONE;
    x->unread = false;
    return x;
}

int managed_open(struct arena *a, struct managed_entry *x, struct err *e) {
    if (!x->unread)
        return 0;
    if (fieldset_parse(a, x->text, &x->fields, e) < 0)
        return -EBADMSG;
    x->text_of = x->fields;
    x->unread = false;
    return 0;
}

struct managed managed_copy(struct arena *a, const struct managed *m) {
    return (struct managed){m->n ? arena_dup(a, m->v, m->n * sizeof(*m->v)) : NULL, m->n};
}

void managed_drop_empty(struct managed *m) {
    uint32_t to = 0;
    for (uint32_t i = 0; i < m->n; i++)
        if (m->v[i].unread || !fieldset_empty(&m->v[i].fields))
            m->v[to++] = m->v[i];
    m->n = to;
}

/* ---- reading ---- */

int managed_check(struct managed_entry *x, str operation, str fields_type, uint32_t place,
                  struct err *e) {
    x->applied = str_eqc(operation, "Apply");
    if (!x->applied && !str_eqc(operation, "Update"))
        return err_set(e, -EINVAL, "operation must be `Apply` or `Update`");
    if (!x->api_version.n)
        return err_set(e, -EINVAL, "apiVersion must not be empty");
    if (!fields_type.n)
        return err_set(e, -EINVAL, "missing fieldsType in managed fields entry %u", place);
    if (!str_eqc(fields_type, "FieldsV1"))
        return err_set(e, -EINVAL, "invalid fieldsType \"" STR_FMT "\" in managed fields entry %u",
                       STR_ARG(str_slice(fields_type, 0, 100)), place);
    return 0;
}

/* Of two entries of one writer the later stands. */
void managed_add(struct arena *a, struct managed *m, const struct managed_entry *x) {
    *managed_get(a, m, x) = *x;
}

static int read_entry(struct arena *a, const struct value *v, uint32_t i, struct managed_entry *ret,
                      struct err *e) {
    const struct value *fields = value_getc(v, "fieldsV1");
    str time = value_str(value_getc(v, "time"));
    *ret = (struct managed_entry){.manager = value_str(value_getc(v, "manager")),
                                  .api_version = value_str(value_getc(v, "apiVersion")),
                                  .subresource = value_str(value_getc(v, "subresource"))};
    int r = managed_check(ret, value_str(value_getc(v, "operation")),
                          value_str(value_getc(v, "fieldsType")), i, e);
    if (r == 0 && fields && fields->tag != VALUE_NULL)
        r = fieldset_read(a, fields, &ret->fields, e);
    if (r < 0)
        return r;
    ret->time.set = time.n && time_parse(time, &ret->time.sec, &ret->time.nsec) == 0;
    return 0;
}

int managed_read(struct arena *a, const struct value *list, struct managed *ret, struct err *e) {
    struct managed m = {0};
    uint32_t n = list && list->tag == VALUE_LIST ? list->list.n : 0;
    if (n > MANAGED_ENTRIES_MAX)
        return err_set(e, -E2BIG, "too many managed fields entries");
    for (uint32_t i = 0; i < n; i++) {
        struct managed_entry x;
        int r = read_entry(a, &list->list.v[i], i, &x, e);
        if (r < 0)
            return r;
        managed_add(a, &m, &x);
    }
    *ret = m;
    return 0;
}

bool managed_is_reset(const struct value *list) {
    if (!list || list->tag != VALUE_LIST || list->list.n > 1)
        return false;
    if (!list->list.n)
        return true;
    const struct value *only = &list->list.v[0];
    if (only->tag != VALUE_OBJECT)
        return only->tag == VALUE_NULL;
    for (uint32_t i = 0; i < only->object.n; i++) {
        const struct value *v = &only->object.v[i].value;
        if (v->tag != VALUE_NULL && !(v->tag == VALUE_STR && !v->s.n))
            return false;
    }
    return true;
}

/* ---- writing ---- */

static int64_t seconds(const struct managed_entry *x) {
    return x->time.set ? x->time.sec : 0;
}

static int entry_cmp(const void *p, const void *q) {
    const struct managed_entry *x = p, *y = q;
    if (x->applied != y->applied)
        return x->applied ? -1 : 1;
    if (seconds(x) != seconds(y))
        return seconds(x) < seconds(y) ? -1 : 1;
    int c = str_cmp(x->manager, y->manager);
    if (!c)
        c = str_cmp(x->api_version, y->api_version);
    return c ? c : str_cmp(x->subresource, y->subresource);
}

void managed_sort(struct managed *m) {
    if (m->n)
        qsort(m->v, m->n, sizeof(*m->v), entry_cmp);
}

static struct value text_value(str s) {
    return (struct value){.tag = VALUE_STR, .s = s};
}

static void put(struct value *object, const char *key, struct value v) {
    object->object.v[object->object.n++] = (struct member){str_of(key), v};
}

static void write_entry(struct arena *a, const struct managed_entry *x, struct value *ret) {
    struct value fields;
    fieldset_to_value(a, &x->fields, &fields);
    *ret = (struct value){.tag = VALUE_OBJECT};
    ret->object.v = arena_array(a, 7, sizeof(struct member));
    if (x->manager.n)
        put(ret, "manager", text_value(x->manager));
    put(ret, "operation", text_value(x->applied ? STR("Apply") : STR("Update")));
    put(ret, "apiVersion", text_value(x->api_version));
    if (x->time.set) {
        char text[TIME_TEXT_MAX];
        put(ret, "time", text_value(str_dup(a, time_format(text, x->time.sec, 0, 0))));
    }
    put(ret, "fieldsType", text_value(STR("FieldsV1")));
    put(ret, "fieldsV1", fields);
    if (x->subresource.n)
        put(ret, "subresource", text_value(x->subresource));
}

void managed_write(struct arena *a, const struct managed *m, struct value *ret) {
    struct managed sorted = managed_copy(a, m);
    managed_sort(&sorted);
    *ret = (struct value){.tag = VALUE_LIST};
    ret->list.v = arena_array(a, sorted.n, sizeof(struct value));
    ret->list.n = sorted.n;
    for (uint32_t i = 0; i < sorted.n; i++)
        write_entry(a, &sorted.v[i], &ret->list.v[i]);
}

/* ---- too many ---- */

struct aged {
    struct managed_entry *x;
    str id;
};

static int by_age(const void *p, const void *q) {
    const struct aged *x = p, *y = q;
    if (seconds(x->x) != seconds(y->x))
        return seconds(x->x) < seconds(y->x) ? -1 : 1;
    return str_cmp(x->id, y->id);
}

/* Entries of updates, the oldest first; NULL when they need not be fewer. */
static struct aged *too_many(struct arena *a, const struct managed *m, uint32_t *ret_n) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n; i++)
        n += !m->v[i].applied;
    if (n <= MANAGED_UPDATERS_MAX)
        return NULL;
    struct aged *sorted = arena_array(a, n, sizeof(*sorted));
    n = 0;
    for (uint32_t i = 0; i < m->n; i++) {
        ASSERT(!m->v[i].unread);
        if (!m->v[i].applied)
            sorted[n++] = (struct aged){&m->v[i], managed_id(a, &m->v[i])};
    }
    qsort(sorted, n, sizeof(*sorted), by_age);
    *ret_n = n;
    return sorted;
}

/* The first of the sorted entries before `end` that has this version and is still its own. */
static struct managed_entry *first_of(const struct aged *sorted, uint32_t end, str version) {
    for (uint32_t i = 0; i < end; i++)
        if (str_eq(sorted[i].x->api_version, version))
            return sorted[i].x;
    return NULL;
}

/* The oldest entry of a version waits for another of that version; both become "ancient-changes",
 * and later ones join them. Their time is that of the youngest. */
void managed_cap(struct arena *a, struct managed *m) {
    uint32_t n;
    struct aged *sorted = too_many(a, m, &n);
    if (!sorted)
        return;
    for (uint32_t i = 0, left = n; i < n && left > MANAGED_UPDATERS_MAX; i++) {
        struct managed_entry *x = sorted[i].x, *first = first_of(sorted, i, x->api_version);
        struct managed_entry who = {.manager = STR("ancient-changes"),
                                    .api_version = x->api_version};
        struct managed_entry *bucket = managed_find(m, &who);
        if (!first || x == bucket)
            continue;
        if (!bucket) {
            bucket = first;
            bucket->manager = who.manager;
            bucket->subresource = STR_NONE;
        }
        bucket->fields = fieldset_union(a, &x->fields, &bucket->fields);
        bucket->time = x->time;
        x->fields = (struct fieldset){0};
        left--;
    }
    managed_drop_empty(m);
}

/* ---- times ---- */

static bool same_entry(const struct value *x, const struct value *y) {
    uint32_t i = 0, k = 0;
    if (x->tag != VALUE_OBJECT || y->tag != VALUE_OBJECT)
        return value_equal(x, y);
    for (;; i++, k++) {
        i += i < x->object.n && str_eqc(x->object.v[i].key, "time");
        k += k < y->object.n && str_eqc(y->object.v[k].key, "time");
        if (i >= x->object.n || k >= y->object.n)
            return i >= x->object.n && k >= y->object.n;
        if (!str_eq(x->object.v[i].key, y->object.v[k].key) ||
            !value_equal(&x->object.v[i].value, &y->object.v[k].value))
            return false;
    }
}

static bool same_entries(const struct value *x, const struct value *y) {
    uint32_t n = x && x->tag == VALUE_LIST ? x->list.n : 0,
             m = y && y->tag == VALUE_LIST ? y->list.n : 0;
    if (n != m)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (!same_entry(&x->list.v[i], &y->list.v[i]))
            return false;
    return true;
}

/* The members of x but for one are those of y. */
static bool same_but(const struct value *x, const struct value *y, const char *but) {
    uint32_t n = 0, m = 0;
    for (uint32_t i = 0; i < x->object.n; i++) {
        if (str_eqc(x->object.v[i].key, but))
            continue;
        const struct value *other = value_get(y, x->object.v[i].key);
        if (!other || !value_equal(&x->object.v[i].value, other))
            return false;
        n++;
    }
    for (uint32_t i = 0; i < y->object.n; i++)
        m += !str_eqc(y->object.v[i].key, but);
    return n == m;
}

bool managed_same_but_times(const struct value *x, const struct value *y) {
    const struct value *mx = value_getc(x, "metadata"), *my = value_getc(y, "metadata");
    if (!mx || !my || mx->tag != VALUE_OBJECT || my->tag != VALUE_OBJECT)
        return value_equal(x, y);
    return same_entries(value_getc(mx, "managedFields"), value_getc(my, "managedFields")) &&
           same_but(x, y, "metadata") && same_but(mx, my, "managedFields");
}
