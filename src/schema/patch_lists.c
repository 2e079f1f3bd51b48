// SPDX-License-Identifier: Apache-2.0
/* Lists under strategic merge: elements found by merge key (or, of scalars, by value), merged, and
 * put in an order that keeps both the patch's and the live list's as far as they agree. */
#include <stdlib.h>

#include "schema/patch_index.h"
#include "schema/patch_tree.h"

const char *value_go_type(const struct value *v) {
    static const char *const names[VALUE_TAG_MAX] = {
        [VALUE_NULL] = "%!s(<nil>)",
        [VALUE_BOOL] = "bool",
        [VALUE_INT] = "int64",
        [VALUE_FLOAT] = "float64",
        [VALUE_STR] = "string",
        [VALUE_LIST] = "[]interface {}",
        [VALUE_OBJECT] = "map[string]interface {}",
    };
    return names[v->tag];
}

static int internal(struct merge *m, const char *text) {
    return err_http(m->e, -EINVAL, 500, NULL, "%s", text);
}

static int no_key(struct merge *m, const struct value *element, const char *merge_key) {
    struct buf b;
    buf_init(&b, sizeof(m->e->text));
    value_write_go(&b, element);
    int r = err_http(m->e, -EINVAL, 500, NULL,
                     "map: " STR_FMT " does not contain declared merge key: %s",
                     STR_ARG(buf_str(&b)), merge_key);
    buf_done(&b);
    return r;
}

/* The value by which an element is found: its merge key, or itself. */
static int identity(struct merge *m, const struct value *element, const char *merge_key,
                    const struct value **ret) {
    if (!merge_key) {
        *ret = element;
        return 0;
    }
    if (element->tag != VALUE_OBJECT)
        return err_http(m->e, -EINVAL, 500, NULL,
                        "expected a map[string]interface {}, but received a %s",
                        value_go_type(element));
    const struct value *v = value_getc(element, merge_key);
    if (!v)
        return no_key(m, element, merge_key);
    *ret = v;
    return 0;
}

static bool marked_for_deletion(const struct value *element) {
    return str_eqc(value_str(value_getc(element, "$patch")), "delete");
}

int list_element_tag(struct merge *m, const struct value *x, const struct value *y,
                     enum value_tag *ret) {
    const struct value *lists[] = {x, y};
    int tag = -1;
    for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
        for (uint32_t i = 0; i < lists[k]->list.n; i++) {
            int t = lists[k]->list.v[i].tag;
            if (t == VALUE_LIST && tag < 0)
                return err_http(m->e, -EINVAL, 422, "Invalid",
                                "the server rejected our request due to an error in our request");
            if (tag >= 0 && t != tag) {
                struct buf b;
                buf_init(&b, sizeof(m->e->text));
                value_write_go(&b, x);
                buf_addc(&b, ' ');
                value_write_go(&b, y);
                int r = err_http(m->e, -EINVAL, 500, NULL,
                                 "list element types are not identical: [" STR_FMT "]",
                                 STR_ARG(buf_str(&b)));
                buf_done(&b);
                return r;
            }
            tag = t;
        }
    }
    if (tag < 0)
        return internal(m, "no elements in any of the given slices");
    *ret = (enum value_tag)tag;
    return 0;
}

int check_element_order(struct merge *m, const struct value *patch, const struct value *order,
                        const char *merge_key) {
    if (patch->list.n == 0 || order->list.n == 0)
        return 0;
    uint32_t i = 0, k = 0;
    while (i < patch->list.n && k < order->list.n) {
        const struct value *x = &patch->list.v[i], *id, *want;
        if (merge_key && x->tag == VALUE_OBJECT && value_getc(x, "$patch")) {
            i++;
            continue;
        }
        int r = identity(m, x, merge_key, &id);
        if (r == 0)
            r = identity(m, &order->list.v[k], merge_key, &want);
        if (r < 0)
            return r;
        i += scalar_equal(id, want);
        k++;
    }
    while (merge_key && i < patch->list.n && marked_for_deletion(&patch->list.v[i]))
        i++;
    if (i == patch->list.n)
        return 0;
    struct buf b;
    buf_init(&b, sizeof(m->e->text));
    buf_adds(&b, "The order in patch list:\n");
    value_write_go(&b, patch);
    buf_adds(&b, "\n doesn't match $setElementOrder list:\n");
    value_write_go(&b, order);
    buf_adds(&b, "\n");
    int r = err_http(m->e, -EINVAL, 500, NULL, STR_FMT, STR_ARG(buf_str(&b)));
    buf_done(&b);
    return r;
}

/* An element with the places it has in the lists that decide about order; -1 = in none. */
struct ranked {
    struct value v;
    int64_t rank, live;
    uint32_t at;
};

static int by_rank(const void *x, const void *y) {
    const struct ranked *a = x, *b = y;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return a->at < b->at ? -1 : a->at > b->at;
}

/* Two ordered runs become one. An element of the live list goes in front of one of the patch only
 * where the live list had them so. */
static void interleave(const struct ranked *server, uint32_t n_server, const struct ranked *given,
                       uint32_t n_given, struct value *to) {
    uint32_t i = 0, k = 0;
    while (i < n_server || k < n_given) {
        bool first = k == n_given;
        if (!first && i < n_server)
            first = server[i].live >= 0 && given[k].live >= 0 && server[i].live < given[k].live;
        *to++ = first ? server[i++].v : given[k++].v;
    }
}

int order_elements(struct merge *m, struct value *merged, const struct value *order,
                   const struct value *live, const char *merge_key) {
    uint32_t n = merged->list.n, n_given = 0, n_server = 0;
    struct ranked *given = arena_array(m->a, n, sizeof(*given));
    struct ranked *server = arena_array(m->a, n, sizeof(*server));
    struct elements in_order, in_live;
    int r = merge_spend(m, n);
    elements_begin(&in_order, order, merge_key);
    elements_begin(&in_live, live, merge_key);
    for (uint32_t i = 0; r == 0 && i < n; i++) {
        struct value *v = &merged->list.v[i];
        const struct value *id;
        if ((r = identity(m, v, merge_key, &id)) < 0)
            break;
        int64_t rank = elements_find(&in_order, id), place = elements_find(&in_live, id);
        if (rank >= 0)
            given[n_given++] = (struct ranked){*v, rank, place, i};
        else
            server[n_server++] = (struct ranked){*v, place, place, i};
    }
    elements_end(&in_order);
    elements_end(&in_live);
    if (r < 0)
        return r;
    /* elements that are not in `order` stand in live order already */
    qsort(given, n_given, sizeof(*given), by_rank);
    interleave(server, n_server, given, n_given, merged->list.v);
    return 0;
}

/* Takes out of the list what `gone` names. */
static void remove_matching(struct value *list, const struct value *gone, const char *merge_key) {
    struct elements es;
    uint32_t n = 0;
    elements_begin(&es, gone, merge_key);
    for (uint32_t i = 0; i < list->list.n; i++) {
        const struct value *v = &list->list.v[i];
        if (merge_key)
            v = value_getc(v, merge_key);
        if (!v || elements_find(&es, v) < 0)
            list->list.v[n++] = list->list.v[i];
    }
    list->list.n = n;
    elements_end(&es);
}

/* Obeys and takes out the elements of the patch that carry "$patch". */
static int special_elements(struct merge *m, struct value *doc, struct value *patch,
                            const char *merge_key) {
    struct value gone = {.tag = VALUE_LIST};
    uint32_t n = 0;
    bool replace = false;
    gone.list.v = arena_array(m->a, patch->list.n, sizeof(struct value));
    for (uint32_t i = 0; i < patch->list.n; i++) {
        struct value *x = &patch->list.v[i];
        const struct value *directive = value_getc(x, "$patch");
        str what = directive ? value_str(directive) : STR_NONE;
        if (!directive) {
            patch->list.v[n++] = *x;
        } else if (str_eqc(what, "delete")) {
            if (!value_getc(x, merge_key))
                return no_key(m, x, merge_key);
            gone.list.v[gone.list.n++] = *x;
        } else if (str_eqc(what, "replace")) {
            replace = true;
        } else if (str_eqc(what, "merge")) {
            return internal(m, "merging lists cannot yet be specified in the patch");
        } else {
            struct value used = {.tag = VALUE_OBJECT};
            return merge_objects(m, &used, x, NULL, "struct"); /* words the error */
        }
    }
    patch->list.n = n;
    if (replace) {
        *doc = *patch;
        patch->list.n = 0;
    } else if (gone.list.n) {
        remove_matching(doc, &gone, merge_key);
    }
    return merge_spend(m, 0);
}

/* doc's elements, then those of patch that are new; doc gets an array of its own. */
static void make_room(struct merge *m, struct value *doc, uint32_t more) {
    struct value *v = arena_array(m->a, (size_t)doc->list.n + more, sizeof(*v));
    if (doc->list.n)
        memcpy(v, doc->list.v, doc->list.n * sizeof(*v));
    doc->list.v = v;
}

static int merge_element(struct merge *m, struct elements *es, struct value *doc, struct value *x,
                         const struct list_rule *rule) {
    const struct value *id;
    int r = identity(m, x, rule->merge_key, &id);
    if (r < 0)
        return r;
    int64_t at = elements_find(es, id);
    if (at < 0) {
        doc->list.v[doc->list.n++] = *x;
        return 0;
    }
    if (!rule->merge_key)
        return 0;
    struct value copy; /* merging uses the element up, and its key is still needed for order */
    value_copy(m->a, x, &copy);
    return merge_objects(m, &doc->list.v[at], &copy, rule->t, "struct");
}

static int merge_elements(struct merge *m, struct value *doc, const struct value *patch,
                          const struct list_rule *rule) {
    struct elements es;
    int r = 0;
    make_room(m, doc, patch->list.n);
    elements_begin(&es, doc, rule->merge_key);
    for (uint32_t i = 0; r == 0 && i < patch->list.n; i++) {
        r = merge_element(m, &es, doc, &patch->list.v[i], rule);
        if (r == 0)
            r = merge_spend(m, 1);
    }
    elements_end(&es);
    return r;
}

static void drop_duplicates(struct value *list) {
    struct elements es;
    uint32_t n = list->list.n;
    list->list.n = 0;
    elements_begin(&es, list, NULL);
    for (uint32_t i = 0; i < n; i++)
        if (elements_find(&es, &list->list.v[i]) < 0)
            list->list.v[list->list.n++] = list->list.v[i];
    elements_end(&es);
}

int merge_lists(struct merge *m, struct value *doc, struct value *patch,
                const struct list_rule *rule, bool deletes) {
    if (!rule->merge) {
        *doc = *patch;
        return 0;
    }
    if (doc->list.n == 0 && patch->list.n == 0)
        return 0;
    enum value_tag tag;
    int r = list_element_tag(m, doc, patch, &tag);
    if (r < 0)
        return r;
    if (tag != VALUE_OBJECT) {
        if (deletes) {
            remove_matching(doc, patch, NULL);
            return 0;
        }
        make_room(m, doc, 0); /* duplicates are squeezed out in place */
        drop_duplicates(doc);
    } else {
        if (!rule->merge_key)
            return internal(m, "cannot merge lists without merge key for struct");
        r = special_elements(m, doc, patch, rule->merge_key);
    }
    struct value live = *doc;
    if (r == 0)
        r = merge_elements(m, doc, patch, rule);
    return r < 0 ? r : order_elements(m, doc, patch, &live, rule->merge_key);
}
