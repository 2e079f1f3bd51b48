// SPDX-License-Identifier: Apache-2.0
/* Strategic merge patch. A JSON merge patch can only replace lists; this form knows from the type
 * which lists are sets or maps in disguise (a row's MERGE flag and merge key) and merges them
 * element by element. Directives inside the patch ask for what plain data cannot say:
 *
 *     "$patch": "replace" | "delete" | "merge"      in an object, or in an element of a list
 *     "$retainKeys": [...]                          drop every other member
 *     "$deleteFromPrimitiveList/x": [...]           take scalars out of list x
 *     "$setElementOrder/x": [...]                   the order that list x shall have
 *
 * The result, the order of lists and the error texts are upstream's, except that upstream visits
 * members in random order and this in the order of the patch. The patch is copied first: directives
 * are taken out of it as they are obeyed. */
#include "schema/patch_index.h"
#include "schema/patch_tree.h"

static const str directive_key = {"$patch", 6}, retain_key = {"$retainKeys", 11},
                 delete_prefix = {"$deleteFromPrimitiveList", 24},
                 order_prefix = {"$setElementOrder", 16};

/* Errors upstream has no HTTP code for are its internal errors: the text alone, with 500. */
static int bad_patch(struct merge *m, const char *what) {
    return err_http(m->e, -EINVAL, 400, "BadRequest", "%s", what);
}

static int wrong_type(struct merge *m, const char *want, const struct value *got) {
    return err_http(m->e, -EINVAL, 500, NULL, "expected a %s, but received a %s", want,
                    value_go_type(got));
}

static struct value *get(struct merge *m, const struct value *object, str key) {
    m->steps += object->object.n;
    return value_get(object, key);
}

/* The Go name of a type, which stands last in its OpenAPI name. */
static const char *go_name(const struct api_type *t) {
    const char *dot = t->info->openapi ? strrchr(t->info->openapi, '.') : NULL;
    return dot ? dot + 1 : t->name;
}

/* The row of a member of an object of type t. Where t is NULL, go_kind says what the object is: a
 * map, or raw JSON, which is a struct without fields. */
static int find_row(struct merge *m, const struct api_type *t, const char *go_kind, str key,
                    const struct api_field **ret) {
    const struct api_field *f = NULL;
    if (!t && strcmp(go_kind, "struct") != 0)
        return err_http(m->e, -EINVAL, 500, NULL,
                        "merging an object in json but data type is not struct, instead is: %s",
                        go_kind);
    if (t && t->info->form == FORM_OBJECT)
        f = type_field(t, key, NULL, NULL);
    if (!f)
        return err_http(m->e, -EINVAL, 500, NULL,
                        "unable to find api field in struct %s for the json field \"" STR_FMT "\"",
                        t ? go_name(t) : "RawExtension", STR_ARG(key));
    *ret = f;
    return 0;
}

static int find_list_rule(struct merge *m, const struct api_type *t, const char *go_kind, str key,
                          struct list_rule *ret) {
    const struct api_field *f;
    int r = find_row(m, t, go_kind, key, &f);
    if (r < 0)
        return r;
    bool list =
        f->shape == API_LIST || f->kind == API_STRS || f->kind == API_BYTES || f->shape == API_OPT;
    if (!list)
        return err_http(m->e, -EINVAL, 500, NULL, "expected slice or array type, but got: struct");
    *ret = (struct list_rule){
        .t = f->kind == API_MSG ? f->sub : NULL,
        .merge_key = f->attr ? f->attr->merge_key : NULL,
        .merge = f->flags & MERGE,
    };
    return 0;
}

/* "$patch" in an object: the object as a whole is replaced or emptied. */
static int obey_directive(struct merge *m, struct value *doc, struct value *patch,
                          const struct value *directive) {
    str what = value_str(directive);
    if (str_eqc(what, "replace")) {
        value_remove(patch, directive_key);
        *doc = *patch;
        return 0;
    }
    if (str_eqc(what, "delete")) {
        *doc = (struct value){.tag = VALUE_OBJECT};
        return 0;
    }
    struct buf b;
    buf_init(&b, sizeof(m->e->text));
    value_write_go(&b, patch);
    int r = err_http(m->e, -EINVAL, 500, NULL, "unknown patch type: " STR_FMT " in map: " STR_FMT,
                     STR_ARG(what), STR_ARG(buf_str(&b)));
    buf_done(&b);
    return r;
}

static bool has_string(struct elements *es, str s) {
    return elements_find(es, &(struct value){.tag = VALUE_STR, .s = s}) >= 0;
}

/* Whether $retainKeys names every member that the patch sets. */
static bool names_all(struct elements *keep, const struct value *patch) {
    for (uint32_t i = 0; i < patch->object.n; i++) {
        const struct member *x = &patch->object.v[i];
        bool sets = x->value.tag != VALUE_NULL && !str_starts(x->key, delete_prefix) &&
                    !str_starts(x->key, order_prefix);
        if (sets && !has_string(keep, x->key))
            return false;
    }
    return true;
}

static int retain_keys(struct merge *m, struct value *doc, struct value *patch) {
    struct value *found = get(m, patch, retain_key);
    if (!found)
        return 0;
    struct value keys = *found;
    value_remove(patch, retain_key);
    if (keys.tag != VALUE_LIST)
        return bad_patch(m, "invalid patch format of retainKeys");
    struct elements keep;
    elements_begin(&keep, &keys, NULL);
    bool good = names_all(&keep, patch);
    uint32_t n = 0;
    for (uint32_t i = 0; good && i < doc->object.n; i++)
        if (has_string(&keep, doc->object.v[i].key))
            doc->object.v[n++] = doc->object.v[i];
    elements_end(&keep);
    if (!good)
        return bad_patch(m, "invalid patch format of retainKeys");
    doc->object.n = n;
    return 0;
}

static void drop_nulls(struct value *v) {
    if (v->tag == VALUE_LIST) {
        for (uint32_t i = 0; i < v->list.n; i++)
            drop_nulls(&v->list.v[i]);
    } else if (v->tag == VALUE_OBJECT) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < v->object.n; i++) {
            if (v->object.v[i].value.tag == VALUE_NULL)
                continue;
            drop_nulls(&v->object.v[i].value);
            v->object.v[n++] = v->object.v[i];
        }
        v->object.n = n;
    }
}

/* Takes out whatever holds a "$patch"; false when that is v itself. */
static bool drop_directives(struct value *v) {
    if (v->tag == VALUE_LIST) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < v->list.n; i++)
            if (drop_directives(&v->list.v[i]))
                v->list.v[n++] = v->list.v[i];
        v->list.n = n;
    } else if (v->tag == VALUE_OBJECT) {
        if (value_get(v, directive_key))
            return false;
        uint32_t n = 0;
        for (uint32_t i = 0; i < v->object.n; i++)
            if (drop_directives(&v->object.v[i].value))
                v->object.v[n++] = v->object.v[i];
        v->object.n = n;
    }
    return true;
}

/* A value of the patch that meets nothing to merge with. live: the member it replaces, or NULL. */
static void take_value(struct members *ms, struct member *live, str key, struct value *v) {
    drop_nulls(v);
    if (!drop_directives(v)) {
        if (live)
            members_remove(live);
        return;
    }
    if (!live)
        live = members_add(ms, key);
    live->value = *v;
}

/* One "$setElementOrder/x": merges list x and puts it in order. */
static int merge_ordered(struct merge *m, struct value *doc, struct value *patch, str directive,
                         struct value *order, const struct api_type *t, const char *go_kind) {
    if (order->tag != VALUE_LIST)
        return wrong_type(m, "[]interface {}", order);
    str key = directive;
    if (!str_eq(str_cut(&key, '/'), order_prefix) || !key.p)
        return bad_patch(m, "invalid patch format of setElementOrder list");
    struct value *live = get(m, doc, key), *given = get(m, patch, key);
    if (live && live->tag != VALUE_LIST)
        return wrong_type(m, "[]interface {}", live);
    if (given && given->tag != VALUE_LIST)
        return wrong_type(m, "[]interface {}", given);
    struct list_rule rule;
    int r = find_list_rule(m, t, go_kind, key, &rule);
    if (r == 0 && given)
        r = check_element_order(m, given, order, rule.merge_key);
    if (r < 0 || (!live && !given))
        return r;

    struct value merged = {.tag = VALUE_LIST}, before = {.tag = VALUE_LIST};
    enum value_tag tag;
    if (live)
        value_copy(m->a, live, &before);
    if ((r = list_element_tag(m, &before, given ? given : &merged, &tag)) < 0)
        return r;
    if (live) {
        merged = *live;
        if (given && (r = merge_lists(m, &merged, given, &rule, false)) < 0)
            return r;
    } else {
        drop_directives(given);
        merged = *given;
    }
    if ((r = order_elements(m, &merged, order, &before, rule.merge_key)) < 0)
        return r;
    *value_set(m->a, doc, key) = merged;
    value_remove(patch, key);
    return 0;
}

static int merge_all_ordered(struct merge *m, struct value *doc, struct value *patch,
                             const struct api_type *t, const char *go_kind) {
    for (uint32_t i = 0; i < patch->object.n;) {
        struct member x = patch->object.v[i];
        if (!str_starts(x.key, order_prefix)) {
            i++;
            continue;
        }
        value_remove(patch, x.key);
        int r = merge_ordered(m, doc, patch, x.key, &x.value, t, go_kind);
        if (r < 0)
            return r;
        i -= i > 0; /* the list itself may have gone, from in front of here */
    }
    return 0;
}

static int merge_values(struct merge *m, struct value *live, struct value *given, str key,
                        bool deletes, const struct api_type *t, const char *go_kind) {
    int r;
    if (given->tag == VALUE_OBJECT) {
        const struct api_field *f;
        if ((r = find_row(m, t, go_kind, key, &f)) < 0)
            return r;
        const struct api_type *sub = f->kind == API_MSG && f->shape <= API_OPT ? f->sub : NULL;
        return merge_objects(m, live, given, sub,
                             f->shape == API_MAP  ? "map"
                             : f->kind == API_RAW ? "struct"
                                                  : "slice");
    }
    if (given->tag == VALUE_LIST) {
        struct list_rule rule;
        if ((r = find_list_rule(m, t, go_kind, key, &rule)) < 0)
            return r;
        if (rule.merge)
            return merge_lists(m, live, given, &rule, deletes);
    }
    *live = *given;
    return 0;
}

static int merge_member(struct merge *m, struct members *ms, struct member *x,
                        const struct api_type *t, const char *go_kind) {
    str key = x->key;
    bool deletes = str_starts(key, delete_prefix);
    if (deletes) {
        str rest = key;
        if (!str_eq(str_cut(&rest, '/'), delete_prefix) || !rest.p)
            return bad_patch(m, "invalid patch format of primitive list");
        if (rest.n)
            key = rest;
    }
    struct member *live = members_get(ms, key);
    if (x->value.tag == VALUE_NULL) {
        if (live)
            members_remove(live);
        return 0;
    }
    if (!live || live->value.tag != x->value.tag) {
        if (!deletes)
            take_value(ms, live, key, &x->value);
        return 0;
    }
    return merge_values(m, &live->value, &x->value, key, deletes, t, go_kind);
}

int merge_objects(struct merge *m, struct value *doc, struct value *patch, const struct api_type *t,
                  const char *go_kind) {
    const struct value *directive = get(m, patch, directive_key);
    if (directive)
        return obey_directive(m, doc, patch, directive);
    int r = retain_keys(m, doc, patch);
    if (r == 0)
        r = merge_all_ordered(m, doc, patch, t, go_kind);
    if (r < 0)
        return r;
    struct members ms;
    members_begin(&ms, m->a, doc, patch->object.n);
    for (uint32_t i = 0; r == 0 && i < patch->object.n; i++) {
        r = merge_member(m, &ms, &patch->object.v[i], t, go_kind);
        if (r == 0)
            r = merge_spend(m, 1);
    }
    members_end(&ms);
    return r;
}

int patch_strategic(struct arena *a, const struct api_type *t, struct value *doc,
                    const struct value *patch, struct err *e) {
    struct merge m = {.a = a, .e = e};
    if (patch->tag != VALUE_OBJECT)
        return err_http(e, -EINVAL, 400, "BadRequest",
                        "json: cannot unmarshal %s into Go value of type map[string]interface {}",
                        value_json_type(patch));
    struct value own;
    value_copy(a, patch, &own);
    int r = merge_spend(&m, 0);
    return r < 0 ? r : merge_objects(&m, doc, &own, t, "struct");
}
