// SPDX-License-Identifier: Apache-2.0
/* The set of fields of a struct without a tree in between. It must say what field_paths says of the
 * tree that json_write_value makes: the same members are there, null is a leaf, and an object
 * without members is one too. */
#include "schema/entry.h"
#include "schema/field_paths.h"
#include "schema/json.h"
#include "schema/scratch.h"

struct walker {
    struct arena *a;
    struct scratch scratch;
    bool all;    /* everything on the way to a leaf is a member, as in what was added whole */
    bool unsure; /* only trees tell */
};

struct found {
    bool self;        /* a leaf */
    uint32_t members; /* of an object, leaves or not */
    struct fieldset below;
};

static struct found message_paths(struct walker *w, const struct api_type *t, const char *obj,
                                  bool type_meta);

static void push(struct walker *w, struct scratch_list *l, const struct path_element *at,
                 const struct found *x) {
    if (!w->all && !x->self && !x->below.n)
        return;
    struct field_node *n = scratch_push(&w->scratch, l);
    *n = (struct field_node){*at, w->all || x->self ? FIELD_MEMBER : 0, x->below};
}

static struct fieldset end(struct walker *w, struct scratch_list *l) {
    struct fieldset s = {.n = l->n};
    if (s.n)
        s.v = arena_alloc(w->a, s.n * sizeof(*s.v));
    scratch_end(&w->scratch, l, s.v);
    return s;
}

/* A scalar as the tree would have it. Kinds that are neither keys nor items of sets are not. */
static bool scalar_value(const struct api_field *f, const char *p, struct value *ret) {
    switch ((enum api_kind)f->kind) {
    case API_BOOL:
        *ret = (struct value){.tag = VALUE_BOOL, .b = AT(bool, p)};
        return true;
    case API_I32:
        *ret = (struct value){.tag = VALUE_INT, .i = AT(int32_t, p)};
        return true;
    case API_I64:
        *ret = (struct value){.tag = VALUE_INT, .i = AT(int64_t, p)};
        return true;
    case API_STR:
        *ret = (struct value){.tag = VALUE_STR, .s = AT(str, p)};
        return true;
    case API_U32:
    case API_U64:
    case API_F64:
    case API_BYTES:
    case API_QUANTITY:
    case API_TIME:
    case API_MICROTIME:
    case API_DURATION:
    case API_INT_OR_STRING:
    case API_RAW:
    case API_STRS:
    case API_MSG:
    case API_KIND_MAX:
        break;
    }
    return false;
}

/* ---- lists ---- */

static bool key_value(const struct walker *w, const struct api_type *t, const char *obj, str name,
                      struct value *ret) {
    uint32_t offset;
    const struct api_field *f = type_field(t, name, &offset, NULL);
    const char *p = obj + offset;
    if (!f || json_omits(f, p))
        return schema_key_default(w->a, t, name, ret);
    if (f->shape == API_OPT)
        p += opt_value_offset(f->kind);
    return scalar_value(f, p, ret);
}

static bool item_element(const struct walker *w, const struct api_field *f, const char *p,
                         struct path_element *ret) {
    struct value *v;
    if (!(f->flags & LIST_MAP)) {
        v = arena_make(w->a, struct value);
        *ret = (struct path_element){.kind = ELEMENT_VALUE, .value = v};
        return scalar_value(f, p, v);
    }
    v = schema_new_keys(w->a, f->attr->keys);
    for (str left = str_of(f->attr->keys); left.n;) {
        struct member key = {.key = str_cut(&left, ',')};
        if (key_value(w, f->sub, p, key.key, &key.value))
            schema_add_key(v, key);
    }
    *ret = (struct path_element){.kind = ELEMENT_KEYS, .value = v};
    return v->object.n != 0;
}

/* Of equal elements one is left, with nothing below it. */
static void join_items(struct fieldset *s) {
    uint32_t to = 0;
    if (!fieldset_sort(s))
        return;
    for (uint32_t i = 1; i < s->n; i++) {
        if (element_cmp(&s->v[to].at, &s->v[i].at) == 0)
            s->v[to].below = (struct fieldset){0};
        else
            s->v[++to] = s->v[i];
    }
    s->n = to + 1;
}

static struct fieldset list_paths(struct walker *w, const struct api_field *f,
                                  const struct api_seq *s, bool type_meta) {
    struct scratch_list l;
    scratch_begin(&w->scratch, &l, sizeof(struct field_node));
    for (uint32_t i = 0; i < s->n; i++) {
        const char *p = seq_value(f, s, i);
        struct path_element at;
        struct found x = {0};
        if (!item_element(w, f, p, &at))
            continue;
        if (f->kind == API_MSG && f->sub->info->form == FORM_OBJECT &&
            !type_is(f->sub, TYPE_ATOMIC))
            x = message_paths(w, f->sub, p, type_meta);
        x.self = true;
        push(w, &l, &at, &x);
    }
    struct fieldset set = end(w, &l);
    join_items(&set);
    return set;
}

static struct fieldset map_paths(struct walker *w, const struct api_field *f,
                                 const struct api_seq *s, bool type_meta) {
    struct scratch_list l;
    scratch_begin(&w->scratch, &l, sizeof(struct field_node));
    for (uint32_t i = 0; i < s->n; i++) {
        struct found x = {0};
        if (f->kind == API_MSG && f->sub->info->form == FORM_OBJECT &&
            !type_is(f->sub, TYPE_ATOMIC))
            x = message_paths(w, f->sub, seq_value(f, s, i), type_meta);
        x.self = true;
        push(w, &l, &FIELD_ELEMENT(seq_key(f, s, i)), &x);
    }
    struct fieldset set = end(w, &l);
    fieldset_finish(w->a, &set);
    return set;
}

static struct found seq_paths(struct walker *w, const struct api_type *t, const struct api_field *f,
                              const struct api_seq *s) {
    bool items = type_is(t, TYPE_LIST) && strcmp(f->json, "items") == 0;
    struct found x = {0};
    if (schema_of_row(f).atomic || (!s->v && !s->n && !items))
        x.self = true;
    else if (f->shape == API_LIST)
        x.below = list_paths(w, f, s, !items);
    else
        x.below = map_paths(w, f, s, !items);
    x.self |= f->shape == API_MAP && !s->n;
    return x;
}

/* ---- messages ---- */

/* Raw JSON that is owned by its parts. */
static struct found raw_paths(struct walker *w, str json) {
    struct found x = {.self = true};
    struct value *v = arena_make(w->a, struct value);
    w->unsure = true;
    if (value_parse(w->a, json, v, NULL, NULL) < 0 || v->tag != VALUE_OBJECT || !v->object.n)
        return x;
    x.self = false;
    x.below = field_paths(w->a, (struct field_schema){.shape = SHAPE_ANY}, v);
    return x;
}

static struct found member_paths(struct walker *w, const struct api_type *t,
                                 const struct api_field *f, const char *p) {
    struct found leaf = {.self = true};
    struct field_schema s = schema_of_row(f);
    if (f->shape == API_LIST || f->shape == API_MAP)
        return seq_paths(w, t, f, &AT(struct api_seq, p));
    if (f->shape == API_OPT && !opt_is_set(f, p))
        return leaf;
    if (f->kind == API_RAW && !s.atomic && AT(str, p).n)
        return raw_paths(w, AT(str, p));
    if (f->kind != API_MSG || s.atomic)
        return leaf;
    struct found x = message_paths(w, f->sub, f->shape == API_OPT ? AT(char *, p) : p, false);
    x.self |= !x.members;
    return x;
}

static uint32_t add_fields(struct walker *w, struct scratch_list *l, const struct api_type *t,
                           const char *obj) {
    uint32_t members = 0;
    for (unsigned i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        const char *p = obj + f->offset;
        if (f->flags & INLINED) {
            members += add_fields(w, l, f->sub, p);
        } else if (!(f->flags & NO_JSON) && !json_omits(f, p)) {
            struct found x = member_paths(w, t, f, p);
            push(w, l, &FIELD_ELEMENT(((str){f->json, f->json_len})), &x);
            members++;
        }
    }
    return members;
}

static struct found message_paths(struct walker *w, const struct api_type *t, const char *obj,
                                  bool type_meta) {
    static const struct found leaf = {.self = true};
    struct found x = {0};
    struct scratch_list l;
    scratch_begin(&w->scratch, &l, sizeof(struct field_node));
    if (type_meta && type_is(t, TYPE_ROOT)) {
        push(w, &l, &FIELD_ELEMENT(STR("kind")), &leaf);
        push(w, &l, &FIELD_ELEMENT(STR("apiVersion")), &leaf);
        x.members = 2;
    }
    x.members += add_fields(w, &l, t, obj);
    x.below = end(w, &l);
    fieldset_finish(w->a, &x.below);
    return x;
}

struct fieldset field_paths_struct(struct arena *a, const struct api_type *t, const void *obj) {
    struct walker w = {.a = a};
    if (schema_root(t).atomic)
        return (struct fieldset){0};
    scratch_init(&w.scratch);
    struct found x = message_paths(&w, t, obj, true);
    scratch_done(&w.scratch);
    return x.below;
}

/* ---- what a new object adds to a zero one ---- */

static struct found whole(struct walker *w, const struct api_type *t, const struct api_field *f,
                          const char *p) {
    w->all = true;
    struct found x = member_paths(w, t, f, p);
    w->all = false;
    return x;
}

static bool same_text(const struct api_type *t, const struct api_field *f, const char *p,
                      const char *zero) {
    struct buf x, y;
    buf_init(&x, 0);
    buf_init(&y, 0);
    json_write_member(&x, t, f, p);
    json_write_member(&y, t, f, zero);
    bool same = str_eq(buf_str(&x), buf_str(&y));
    buf_done(&x);
    buf_done(&y);
    return same;
}

static struct fieldset message_added(struct walker *w, const struct api_type *t, const char *obj,
                                     const char *zero);

/* A member that both have: null or nothing there, perhaps something here. */
static struct found member_changed(struct walker *w, const struct api_type *t,
                                   const struct api_field *f, const char *p, const char *zero) {
    struct found x = {0};
    bool atomic = schema_of_row(f).atomic, list = f->shape == API_LIST || f->shape == API_MAP;
    if (!atomic && list && AT(struct api_seq, p).n) {
        x.below = whole(w, t, f, p).below;
    } else if (!atomic && f->kind == API_MSG && f->shape == API_ONE) {
        w->unsure |= f->sub->info->form != FORM_OBJECT;
        x.below = message_added(w, f->sub, p, zero);
    } else if (!atomic && f->kind == API_MSG && f->shape == API_OPT && opt_is_set(f, p)) {
        x = whole(w, t, f, p);
        x.self = !x.members;
    } else {
        x.self = !same_text(t, f, p, zero);
    }
    return x;
}

static void fields_added(struct walker *w, struct scratch_list *l, const struct api_type *t,
                         const char *obj, const char *zero) {
    for (unsigned i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        const char *p = obj + f->offset, *z = zero + f->offset;
        if (f->flags & INLINED) {
            fields_added(w, l, f->sub, p, z);
        } else if (!(f->flags & NO_JSON) && !json_omits(f, p)) {
            bool added = json_omits(f, z);
            struct found x = added ? whole(w, t, f, p) : member_changed(w, t, f, p, z);
            x.self |= added;
            push(w, l, &FIELD_ELEMENT(((str){f->json, f->json_len})), &x);
        }
    }
}

static struct fieldset message_added(struct walker *w, const struct api_type *t, const char *obj,
                                     const char *zero) {
    struct scratch_list l;
    scratch_begin(&w->scratch, &l, sizeof(struct field_node));
    fields_added(w, &l, t, obj, zero);
    struct fieldset set = end(w, &l);
    fieldset_finish(w->a, &set);
    return set;
}

bool field_paths_added(struct arena *a, const struct api_type *t, const void *obj,
                       struct fieldset *ret) {
    struct walker w = {.a = a};
    if (schema_root(t).atomic)
        return false;
    scratch_init(&w.scratch);
    struct fieldset set = message_added(&w, t, obj, arena_zalloc(a, t->size));
    scratch_done(&w.scratch);
    if (!w.unsure)
        *ret = set;
    return !w.unsure;
}
