// SPDX-License-Identifier: Apache-2.0
/* Annotations of pods with a meaning of their own, most of them older than the fields that replaced
 * them. */
#include "api/kinds/pod_validate.h"
#include "schema/json.h"

#define TOLERATIONS_ANNOTATION   "scheduler.alpha.kubernetes.io/tolerations"
#define DELETION_COST_ANNOTATION "controller.kubernetes.io/pod-deletion-cost"

/* How profiles are written in annotations. */
#define RUNTIME_DEFAULT "runtime/default"
#define DOCKER_DEFAULT  "docker/default"
#define UNCONFINED      "unconfined"
#define LOCALHOST       "localhost/"

static void check_tolerations_annotation(struct field_errors *fe, const struct field_path *p,
                                         str text) {
    struct value v;
    struct err e = {0};
    struct {
        Toleration *v;
        uint32_t n;
    } list = {0};
    int r = value_parse(fe->arena, text, &v, NULL, &e);
    for (uint32_t i = 0; r >= 0 && v.tag == VALUE_LIST && i < v.list.n; i++)
        r = json_read_value(fe->arena, &Toleration_type, &v.list.v[i], list_push(fe->arena, &list),
                            NULL, &e);
    if (r < 0)
        field_invalid(fe, p, STR(TOLERATIONS_ANNOTATION), "%s", e.text);
    else
        check_tolerations(fe, PATH(p, TOLERATIONS_ANNOTATION), list.v, list.n);
}

/* A 32 bit integer without plus sign or leading zeros. */
static bool is_cost(str s) {
    int64_t v;
    bool first = s.n && (s.p[0] == '-' || str_eqc(s, "0") || (s.p[0] >= '1' && s.p[0] <= '9'));
    return first && str_to_i64(s, &v) == 0 && v >= INT32_MIN && v <= INT32_MAX;
}

bool is_deletion_cost(const str_map *annotations) {
    str cost = label_get(annotations, STR(DELETION_COST_ANNOTATION));
    return !cost.p || is_cost(cost);
}

static void check_seccomp_profile(struct field_errors *fe, const struct field_path *p,
                                  str profile) {
    if (str_eqc(profile, RUNTIME_DEFAULT) || str_eqc(profile, DOCKER_DEFAULT) ||
        str_eqc(profile, UNCONFINED))
        return;
    if (str_starts(profile, STR(LOCALHOST)))
        check_local_path(fe, p, str_slice(profile, strlen(LOCALHOST), profile.n), false);
    else
        field_invalid(fe, p, profile, "must be a valid seccomp profile");
}

static struct name_index container_names(struct arena *a, const PodSpec *s) {
    struct container_list lists[CONTAINERS_MAX];
    str_list names = {0};
    container_lists(s, lists);
    for (int l = 0; l < CONTAINERS_MAX; l++)
        for (uint32_t i = 0; i < lists[l].n; i++)
            *list_push(a, &names) = container_at(&lists[l], i)->name;
    return name_index_of(a, names.v, names.n, sizeof(str));
}

static void check_apparmor_annotation(struct field_errors *fe, const struct field_path *p, str key,
                                      str profile, const struct name_index *containers) {
    str container = str_slice(key, strlen(APPARMOR_PREFIX), key.n);
    const struct field_path *at = PATH_KEY(p, key);
    if (!name_index_has(containers, container))
        field_invalid(fe, at, container, "container not found");
    if (profile.n && !str_eqc(profile, RUNTIME_DEFAULT) && !str_eqc(profile, UNCONFINED) &&
        !str_starts(profile, STR(LOCALHOST)))
        field_invalid(fe, at, profile, "invalid AppArmor profile name: \"" STR_FMT "\"",
                      STR_ARG(profile));
}

void check_pod_annotations(struct field_errors *fe, const struct field_path *p, const str_map *m,
                           const PodSpec *s) {
    str mirror = label_get(m, STR(MIRROR_ANNOTATION));
    str tolerations = label_get(m, STR(TOLERATIONS_ANNOTATION));
    str cost = label_get(m, STR(DELETION_COST_ANNOTATION));
    if (mirror.p && !s->node_name.n)
        field_invalid(fe, PATH_KEY(p, STR(MIRROR_ANNOTATION)), mirror,
                      "must set spec.nodeName if mirror pod annotation is set");
    if (tolerations.n)
        check_tolerations_annotation(fe, p, tolerations);
    if (!is_deletion_cost(m) && !(fe->kept & KEPT_DELETION_COST))
        field_invalid(fe, PATH_KEY(p, STR(DELETION_COST_ANNOTATION)), cost,
                      "must be a 32bit integer");
    for (uint32_t i = 0; i < m->n && !field_errors_full(fe); i++) {
        str key = m->v[i].key;
        if (str_eqc(key, SECCOMP_ANNOTATION) || str_starts(key, STR(SECCOMP_PREFIX)))
            check_seccomp_profile(fe, PATH(p, str_cdup(fe->arena, key)), m->v[i].value);
    }
    struct name_index containers = {0};
    if (m->n)
        containers = container_names(fe->arena, s);
    for (uint32_t i = 0; i < m->n && !field_errors_full(fe); i++)
        if (str_starts(m->v[i].key, STR(APPARMOR_PREFIX)))
            check_apparmor_annotation(fe, p, m->v[i].key, m->v[i].value, &containers);
}

static void forbid_change(struct field_errors *fe, const struct field_path *p, str key,
                          const char *what) {
    if (str_starts(key, STR(APPARMOR_PREFIX)))
        field_forbidden(fe, PATH_KEY(p, key), "may not %s AppArmor annotations", what);
    if (str_eqc(key, MIRROR_ANNOTATION))
        field_forbidden(fe, PATH_KEY(p, key), "may not %s mirror pod annotation", what);
}

void check_pod_annotations_update(struct field_errors *fe, const struct field_path *p,
                                  const str_map *m, const str_map *old) {
    for (uint32_t i = 0; i < old->n; i++) {
        str now = label_get(m, old->v[i].key);
        if (!now.p || !str_eq(now, old->v[i].value))
            forbid_change(fe, p, old->v[i].key, "remove or update");
    }
    for (uint32_t i = 0; i < m->n; i++)
        if (!label_has(old, m->v[i].key))
            forbid_change(fe, p, m->v[i].key, "add");
}

/* ---- annotation and field say the same ---- */

/* A profile of a field: which of the two of its members differs from the annotation. */
static const char *differs(str annotation, str type, str local, bool docker) {
    if (str_eqc(type, "Unconfined"))
        return str_eqc(annotation, UNCONFINED) ? NULL : "type";
    if (str_eqc(type, "RuntimeDefault"))
        return str_eqc(annotation, RUNTIME_DEFAULT) ||
                       (docker && str_eqc(annotation, DOCKER_DEFAULT))
                   ? NULL
                   : "type";
    if (!str_eqc(type, "Localhost"))
        return NULL;
    if (!str_starts(annotation, STR(LOCALHOST)))
        return "type";
    str profile = str_slice(annotation, strlen(LOCALHOST), annotation.n);
    return local.p && str_eq(profile, local) ? NULL : "localhostProfile";
}

static void check_match(struct field_errors *fe, const struct field_path *p, const char *what,
                        const char *member) {
    if (member)
        field_forbidden(fe, PATH(p, member), "%s %s in annotation and field must match", what,
                        strcmp(member, "type") ? "profile" : "type");
}

void check_seccomp_match(struct field_errors *fe, const struct field_path *spec, const str_map *m,
                         const PodSpec *s) {
    struct container_list lists[CONTAINERS_MAX];
    const SeccompProfile *own = s->security_context ? s->security_context->seccomp_profile : NULL;
    str annotation = label_get(m, STR(SECCOMP_ANNOTATION));
    if (own && annotation.p)
        check_match(fe, PATH(PATH(spec, "securityContext"), "seccompProfile"), "seccomp",
                    differs(annotation, own->type, own->localhost_profile, true));
    container_lists(s, lists);
    for (int l = 0; m->n && l < CONTAINERS_MAX; l++)
        for (uint32_t i = 0; i < lists[l].n && !field_errors_full(fe); i++) {
            const Container *c = container_at(&lists[l], i);
            const struct field_path *p = PATH_INDEX(PATH(spec, lists[l].name), i);
            own = c->security_context ? c->security_context->seccomp_profile : NULL;
            annotation = label_get(m, str_concat(fe->arena, STR(SECCOMP_PREFIX), c->name));
            if (own && annotation.p)
                check_match(fe, PATH(PATH(p, "securityContext"), "seccompProfile"), "seccomp",
                            differs(annotation, own->type, own->localhost_profile, true));
        }
}

void check_apparmor_match(struct field_errors *fe, const struct field_path *spec, const str_map *m,
                          const PodSpec *s) {
    struct container_list lists[CONTAINERS_MAX];
    const AppArmorProfile *pod =
        s->security_context ? s->security_context->app_armor_profile : NULL;
    if (s->os && str_eqc(s->os->name, "windows"))
        return;
    container_lists(s, lists);
    for (int l = 0; m->n && l < CONTAINERS_MAX; l++)
        for (uint32_t i = 0; i < lists[l].n && !field_errors_full(fe); i++) {
            const Container *c = container_at(&lists[l], i);
            const struct field_path *p = PATH_INDEX(PATH(spec, lists[l].name), i);
            const AppArmorProfile *own =
                c->security_context ? c->security_context->app_armor_profile : NULL;
            str annotation = label_get(m, str_concat(fe->arena, STR(APPARMOR_PREFIX), c->name));
            own = own ? own : pod;
            if (own && annotation.p)
                check_match(fe, PATH(PATH(p, "securityContext"), "appArmorProfile"), "apparmor",
                            differs(annotation, own->type, own->localhost_profile, false));
        }
}
