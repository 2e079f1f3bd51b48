// SPDX-License-Identifier: Apache-2.0
/* A strategic merge patch, so that what others write into the same status meanwhile (readiness
 * gates, disruption targets) is not overwritten: conditions merge by type, addresses by ip with a
 * directive to replace, all other lists are whole. */
#include "kubelet/status.h"

#include "schema/ops.h"

static struct value *add_member(struct arena *a, struct value *object, str key,
                                const struct value *v) {
    struct value *at = value_set(a, object, key);
    *at = *v;
    return at;
}

static struct value *append(struct arena *a, struct value *list) {
    struct value *v = arena_array(a, list->list.n + 1, sizeof(*v));
    if (list->list.n)
        memcpy(v, list->list.v, list->list.n * sizeof(*v));
    list->list.v = v;
    return &v[list->list.n++];
}

static const struct value *element(const struct value *list, const char *key, str name) {
    for (uint32_t i = 0; list && list->tag == VALUE_LIST && i < list->list.n; i++)
        if (str_eq(value_str(value_getc(&list->list.v[i], key)), name))
            return &list->list.v[i];
    return NULL;
}

static void conditions(struct arena *a, const struct value *from, const struct value *to,
                       struct value *patch) {
    struct value changed = {.tag = VALUE_LIST};
    for (uint32_t i = 0; i < to->list.n; i++) {
        const struct value *c = &to->list.v[i];
        str type = value_str(value_getc(c, "type"));
        const struct value *old = element(from, "type", type);
        if (!pod_condition_is_ours(type) || (old && value_equal(old, c)))
            continue;
        struct value *out = append(a, &changed);
        value_copy(a, c, out);
        for (uint32_t j = 0; old && j < old->object.n; j++)
            if (!value_get(c, old->object.v[j].key))
                value_set(a, out, old->object.v[j].key)->tag = VALUE_NULL;
    }
    if (changed.list.n)
        add_member(a, patch, STR("conditions"), &changed);
}

static void replaced(struct arena *a, str key, const struct value *from, const struct value *to,
                     struct value *patch) {
    struct value list = *to;
    if (from && (str_eq(key, STR("podIPs")) || str_eq(key, STR("hostIPs")))) {
        struct value *directive = append(a, &list);
        directive->tag = VALUE_OBJECT;
        *value_set(a, directive, STR("$patch")) =
            (struct value){.tag = VALUE_STR, .s = STR("replace")};
    }
    add_member(a, patch, key, &list);
}

static void difference(struct arena *a, const struct value *from, const struct value *to,
                       struct value *patch) {
    for (uint32_t i = 0; i < to->object.n; i++) {
        str key = to->object.v[i].key;
        const struct value *v = &to->object.v[i].value, *old = value_get(from, key);
        if (old && value_equal(old, v))
            continue;
        if (str_eq(key, STR("conditions")))
            conditions(a, old, v, patch);
        else if (v->tag == VALUE_LIST)
            replaced(a, key, old, v, patch);
        else
            add_member(a, patch, key, v);
    }
    for (uint32_t i = 0; i < from->object.n; i++)
        if (!value_get(to, from->object.v[i].key))
            value_set(a, patch, from->object.v[i].key)->tag = VALUE_NULL;
}

str pod_status_patch(struct arena *a, str uid, const PodStatus *from, const PodStatus *to) {
    struct value old = {0}, new_ = {0}, root = {.tag = VALUE_OBJECT};
    if (json_write_value(a, &PodStatus_type, from, &old) < 0 ||
        json_write_value(a, &PodStatus_type, to, &new_) < 0)
        return STR_NONE;
    struct value patch = {.tag = VALUE_OBJECT};
    difference(a, &old, &new_, &patch);
    if (patch.object.n == 0)
        return STR_NONE;
    struct value meta = {.tag = VALUE_OBJECT};
    *value_set(a, &meta, STR("uid")) = (struct value){.tag = VALUE_STR, .s = uid};
    add_member(a, &root, STR("metadata"), &meta);
    add_member(a, &root, STR("status"), &patch);
    struct buf b;
    buf_init(&b, 0);
    value_write(&b, &root);
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}
