// SPDX-License-Identifier: Apache-2.0
/* metadata, the same for every kind. */
#include "api/kinds/kinds.h"
#include "base/time.h"
#include "schema/json.h"

#define ANNOTATIONS_MAX (256 * 1024)
#define MANAGER_MAX     128
#define SUBRESOURCE_MAX 256

static const char *const standard_finalizers[] = {"kubernetes", "orphan", "foregroundDeletion",
                                                  NULL};

static void is_subdomain(struct field_errors *fe, const struct field_path *p, str name,
                         bool prefix) {
    if (prefix)
        field_check_name_prefix(fe, p, name, name_dns1123_subdomain);
    else
        field_check_name(fe, p, name, name_dns1123_subdomain);
}

void name_is_dns_label(struct field_errors *fe, const struct field_path *p, str name, bool prefix) {
    if (prefix)
        field_check_name_prefix(fe, p, name, name_dns1123_label);
    else
        field_check_name(fe, p, name, name_dns1123_label);
}

void name_is_path_segment(struct field_errors *fe, const struct field_path *p, str name,
                          bool prefix) {
    if (prefix)
        field_check_name_prefix(fe, p, name, name_path_segment);
    else
        field_check_name(fe, p, name, name_path_segment);
}

static void check_names(struct field_errors *fe, const ObjectMeta *m, bool namespaced,
                        const struct hooks *h, const struct field_path *p) {
    void (*check)(struct field_errors *, const struct field_path *, str, bool) =
        h && h->validate_name ? h->validate_name : is_subdomain;
    if (m->generate_name.n)
        check(fe, PATH(p, "generateName"), m->generate_name, true);
    if (m->name.n)
        check(fe, PATH(p, "name"), m->name, false);
    else
        field_required(fe, PATH(p, "name"), "name or generateName is required");
    if (namespaced && !m->namespace_.n)
        field_required(fe, PATH(p, "namespace"), NULL);
    else if (namespaced)
        field_check_name(fe, PATH(p, "namespace"), m->namespace_, name_dns1123_label);
    else if (m->namespace_.n)
        field_forbidden(fe, PATH(p, "namespace"), "not allowed on this type");
}

void check_labels(struct field_errors *fe, const struct field_path *p, const str_map *labels) {
    for (uint32_t i = 0; i < labels->n; i++) {
        field_check_name(fe, p, labels->v[i].key, name_qualified);
        field_check_name(fe, p, labels->v[i].value, name_label_value);
    }
}

/* Keys are judged in lower case, and shown as they are. */
void check_annotations(struct field_errors *fe, const struct field_path *p,
                       const str_map *annotations) {
    size_t total = 0;
    for (uint32_t i = 0; i < annotations->n; i++) {
        const struct str_pair *a = &annotations->v[i];
        struct name_errors e = {{0}, 0};
        name_qualified(str_lower(fe->arena, a->key), &e);
        for (unsigned k = 0; k < e.n; k++)
            field_invalid(fe, p, a->key, "%s", e.v[k]);
        total += a->key.n + a->value.n;
    }
    if (total > ANNOTATIONS_MAX)
        field_too_long(fe, p, ANNOTATIONS_MAX);
}

/* JSON of a list of messages, as errors show it. */
static str list_json(struct arena *a, const struct api_type *t, const void *v, size_t n) {
    struct buf b;
    buf_init(&b, 0);
    for (size_t i = 0; i < n; i++) {
        buf_add(&b, i ? STR(",") : STR("["));
        json_write(&b, t, (const char *)v + i * t->size, 0, NULL);
    }
    buf_addc(&b, ']');
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

static void check_owner(struct field_errors *fe, const OwnerReference *r,
                        const struct field_path *p) {
    ssize_t slash = str_chr(r->api_version, '/');
    if (slash >= 0 ? (size_t)slash + 1 == r->api_version.n : !r->api_version.n)
        field_invalid(fe, PATH(p, "apiVersion"), r->api_version, "version must not be empty");
    if (!r->kind.n)
        field_invalid(fe, PATH(p, "kind"), r->kind, "must not be empty");
    if (!r->name.n)
        field_invalid(fe, PATH(p, "name"), r->name, "must not be empty");
    if (!r->uid.n)
        field_invalid(fe, PATH(p, "uid"), r->uid, "must not be empty");
    if (str_eqc(r->api_version, "v1") && str_eqc(r->kind, "Event"))
        field_invalid_printed(fe, p, list_json(fe->arena, &OwnerReference_type, r, 1),
                              "/v1, Kind=Event is disallowed from being an owner");
}

static void check_owners(struct field_errors *fe, const ObjectMeta *m, const struct field_path *p) {
    const OwnerReference *first = NULL;
    str all = STR_NONE;
    for (uint32_t i = 0; i < m->owner_references.n; i++) {
        const OwnerReference *r = &m->owner_references.v[i];
        check_owner(fe, r, p);
        if (!opt_or(r->controller, false))
            continue;
        if (first && !all.p)
            all = list_json(fe->arena, &OwnerReference_type, m->owner_references.v,
                            m->owner_references.n);
        if (first)
            field_invalid_printed(
                fe, p, all,
                "Only one reference can have Controller set to true. Found "
                "\"true\" in references for " STR_FMT "/" STR_FMT " and " STR_FMT "/" STR_FMT,
                STR_ARG(first->kind), STR_ARG(first->name), STR_ARG(r->kind), STR_ARG(r->name));
        else
            first = r;
    }
}

static void check_finalizers(struct field_errors *fe, const ObjectMeta *m,
                             const struct field_path *p) {
    bool orphan = false, foreground = false;
    for (uint32_t i = 0; i < m->finalizers.n; i++) {
        str f = m->finalizers.v[i];
        field_check_name(fe, PATH_INDEX(p, i), f, name_qualified);
        orphan |= str_eqc(f, "orphan");
        foreground |= str_eqc(f, "foregroundDeletion");
    }
    if (orphan && foreground)
        field_invalid_printed(fe, p, strings_json(fe->arena, &m->finalizers),
                              "finalizer orphan and foregroundDeletion cannot be both set");
}

static void check_standard_finalizers(struct field_errors *fe, const ObjectMeta *m,
                                      const struct field_path *p) {
    for (uint32_t i = 0; i < m->finalizers.n; i++) {
        str f = m->finalizers.v[i];
        if (str_chr(f, '/') < 0 && !str_in(f, standard_finalizers))
            field_invalid(fe, PATH_INDEX(p, i), f,
                          "name is neither a standard finalizer name nor is it fully qualified");
    }
}

static void check_managed_fields(struct field_errors *fe, const ObjectMeta *m,
                                 const struct field_path *list) {
    for (uint32_t i = 0; i < m->managed_fields.n; i++) {
        const ManagedFieldsEntry *f = &m->managed_fields.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        if (!str_eqc(f->operation, "Apply") && !str_eqc(f->operation, "Update"))
            field_invalid(fe, PATH(p, "operation"), f->operation, "must be `Apply` or `Update`");
        if (f->fields_type.n && !str_eqc(f->fields_type, "FieldsV1"))
            field_invalid(fe, PATH(p, "fieldsType"), f->fields_type, "must be `FieldsV1`");
        if (f->manager.n > MANAGER_MAX)
            field_too_long(fe, PATH(p, "manager"), MANAGER_MAX);
        if (f->subresource.n > SUBRESOURCE_MAX)
            field_too_long(fe, PATH(p, "subresource"), SUBRESOURCE_MAX);
    }
}

void validate_object_meta(struct field_errors *fe, const ObjectMeta *m, bool namespaced,
                          const struct hooks *h, const struct field_path *p) {
    check_names(fe, m, namespaced, h, p);
    field_check_not_negative(fe, PATH(p, "generation"), m->generation);
    check_labels(fe, PATH(p, "labels"), &m->labels);
    check_annotations(fe, PATH(p, "annotations"), &m->annotations);
    check_owners(fe, m, PATH(p, "ownerReferences"));
    check_finalizers(fe, m, PATH(p, "finalizers"));
    check_managed_fields(fe, m, PATH(p, "managedFields"));
    check_standard_finalizers(fe, m, PATH(p, "finalizers"));
}

/* ---- updates ---- */

static void check_no_new_finalizers(struct field_errors *fe, const ObjectMeta *m,
                                    const ObjectMeta *old, const struct field_path *p) {
    const struct name_index now =
        name_index_of(fe->arena, m->finalizers.v, m->finalizers.n, sizeof(str));
    const struct name_index had =
        name_index_of(fe->arena, old->finalizers.v, old->finalizers.n, sizeof(str));
    struct buf b;
    buf_init(&b, 0);
    for (uint32_t i = 0; i < now.n; i++) {
        str name = now.v[i].name;
        if (name_index_has(&had, name) || (i && str_eq(name, now.v[i - 1].name)))
            continue;
        if (b.n)
            buf_adds(&b, ", ");
        go_quote(&b, name);
    }
    if (b.n)
        field_forbidden(fe, p,
                        "no new finalizers can be added if the object is being deleted, found new "
                        "finalizers []string{" STR_FMT "}",
                        STR_ARG(buf_str(&b)));
    buf_done(&b);
}

static void check_same_time(struct field_errors *fe, const struct field_path *p, Time t, Time old) {
    if (t.set == old.set && (!t.set || t.sec == old.sec))
        return;
    char text[TIME_TEXT_MAX];
    str s = t.set
                ? str_printf(fe->arena, "\"" STR_FMT "\"", STR_ARG(time_format(text, t.sec, 0, 0)))
                : STR("null");
    field_invalid_printed(fe, p, s, FIELD_IMMUTABLE);
}

void check_same(struct field_errors *fe, const struct field_path *p, str s, str old) {
    if (!str_eq(s, old))
        field_invalid(fe, p, s, FIELD_IMMUTABLE);
}

void check_same_opt(struct field_errors *fe, const struct field_path *p, str s, str old) {
    if (!s.p && old.p)
        field_invalid_printed(fe, p, STR("null"), FIELD_IMMUTABLE);
    else if (!str_eq(s, old) || !s.p != !old.p)
        field_invalid(fe, p, s, FIELD_IMMUTABLE);
}

void check_same_number(struct field_errors *fe, const struct field_path *p, struct opt_i32 v,
                       struct opt_i32 old) {
    if (v.set != old.set || v.v != old.v)
        field_invalid_printed(fe, p, v.set ? str_printf(fe->arena, "%d", v.v) : STR("null"),
                              FIELD_IMMUTABLE);
}

void validate_object_meta_update(struct field_errors *fe, const ObjectMeta *m,
                                 const ObjectMeta *old, const struct field_path *p) {
    if (old->deletion_timestamp.set)
        check_no_new_finalizers(fe, m, old, PATH(p, "finalizers"));
    if (m->generation < old->generation)
        field_invalid_i64(fe, PATH(p, "generation"), m->generation, "must not be decremented");
    check_same(fe, PATH(p, "name"), m->name, old->name);
    check_same(fe, PATH(p, "namespace"), m->namespace_, old->namespace_);
    check_same(fe, PATH(p, "uid"), m->uid, old->uid);
    check_same_time(fe, PATH(p, "creationTimestamp"), m->creation_timestamp,
                    old->creation_timestamp);
    check_same_time(fe, PATH(p, "deletionTimestamp"), m->deletion_timestamp,
                    old->deletion_timestamp);
    if (m->deletion_grace_period_seconds.set != old->deletion_grace_period_seconds.set ||
        m->deletion_grace_period_seconds.v != old->deletion_grace_period_seconds.v)
        field_invalid_i64(fe, PATH(p, "deletionGracePeriodSeconds"),
                          m->deletion_grace_period_seconds.v, FIELD_IMMUTABLE);
}
