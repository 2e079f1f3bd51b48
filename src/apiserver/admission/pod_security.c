// SPDX-License-Identifier: Apache-2.0
/* PodSecurity: labels of a namespace say which standard its pods keep to (enforce), and of which
 * its writers are warned (warn). What is to be noted in the audit log alone (audit) changes no
 * answer. */
#include "apiserver/admission/pod_security.h"
#include "api/hooks.h"

#include "apiserver/admission/admission.h"
#include "apiserver/verbs/view.h"

#define LABEL        "pod-security.kubernetes.io/"
#define PODS_MAX     3000 /* looked at when a namespace becomes stricter */
#define MINOR_DIGITS 9

struct standard {
    enum security_level level;
    unsigned minor;
    str version; /* as it is shown */
};

struct policy {
    struct standard enforce, warn;
};

static const char *const level_names[] = {"privileged", "baseline", "restricted"};

struct labels {
    const struct str_pair *v;
    uint32_t n;
};

static const str *label(const struct labels *l, const char *key) {
    for (uint32_t i = 0; i < l->n; i++)
        if (str_eqc(l->v[i].key, key))
            return &l->v[i].value;
    return NULL;
}

static bool parse_level(str s, enum security_level *ret) {
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++)
        if (str_eqc(s, level_names[i])) {
            *ret = (enum security_level)i;
            return true;
        }
    return false;
}

/* "latest", or "v1." and a number without leading zeros. */
static bool parse_version(str s, struct standard *ret) {
    if (str_eqc(s, "latest"))
        return true;
    str digits = str_slice(s, 3, s.n);
    uint64_t minor;
    if (!str_starts(s, STR("v1.")) || !digits.n || digits.n > MINOR_DIGITS ||
        str_to_u64(digits, &minor) < 0 || (digits.n > 1 && digits.p[0] == '0'))
        return false;
    ret->minor = MIN((unsigned)minor, SECURITY_LATEST);
    ret->version = s;
    return true;
}

static void bad_label(struct field_errors *fe, const char *key, str value, const char *why) {
    if (fe)
        field_invalid(fe, PATH_KEY(PATH(PATH(NULL, "metadata"), "labels"), str_of(key)), value,
                      "%s", why);
}

/* A mode's standard; what cannot be read is `fallback`. fe may be NULL. */
static struct standard read_standard(const struct labels *l, const char *level_key,
                                     const char *version_key, enum security_level fallback,
                                     struct field_errors *fe) {
    struct standard s = {LEVEL_PRIVILEGED, SECURITY_LATEST, STR("latest")};
    const str *level = label(l, level_key), *version = label(l, version_key);
    if (level && !parse_level(*level, &s.level)) {
        bad_label(fe, level_key, *level, "must be one of privileged, baseline, restricted");
        s.level = fallback;
    }
    if (version && !parse_version(*version, &s))
        bad_label(fe, version_key, *version, "must be \"latest\" or \"v1.x\"");
    return s;
}

static struct policy read_policy(const struct labels *l, struct field_errors *fe) {
    struct policy p;
    p.enforce = read_standard(l, LABEL "enforce", LABEL "enforce-version", LEVEL_RESTRICTED, fe);
    (void)read_standard(l, LABEL "audit", LABEL "audit-version", LEVEL_PRIVILEGED, fe);
    p.warn = read_standard(l, LABEL "warn", LABEL "warn-version", LEVEL_PRIVILEGED, fe);
    /* Who is refused later should know now. */
    if (label(l, LABEL "enforce") && !label(l, LABEL "warn") && p.enforce.level > p.warn.level)
        p.warn = p.enforce;
    return p;
}

static str standard_text(struct arena *a, const struct standard *s) {
    return str_printf(a, "%s:" STR_FMT, level_names[s->level], STR_ARG(s->version));
}

static str violations(struct arena *a, const struct security_result *r) {
    str_list l = {0};
    for (uint32_t i = 0; i < r->reasons.n; i++)
        *list_push(a, &l) = str_printf(a, STR_FMT " (" STR_FMT ")", STR_ARG(r->reasons.v[i]),
                                       STR_ARG(r->details.v[i]));
    return str_join(a, l.v, l.n, STR(", "));
}

/* ---- pods and what makes them ---- */

static enum step_result evaluate(struct write *w, const ObjectMeta *meta, const PodSpec *spec,
                                 bool enforce) {
    const struct api_resource *res = RESOURCE_OF(core_v1_namespaces);
    struct arena *a = w->r->arena;
    struct object *ns = store_get(w->r->server->store, res, object_key(a, res, STR_NONE, w->ns));
    if (!ns)
        return STEP_NEXT;
    struct labels l = {ns->labels, ns->n_labels};
    struct policy p = read_policy(&l, NULL);
    if (enforce) {
        struct security_result r =
            pod_security_check(a, p.enforce.level, p.enforce.minor, meta, spec);
        if (r.reasons.n)
            return admission_forbid(
                w, str_printf(a, "violates PodSecurity \"" STR_FMT "\": " STR_FMT,
                              STR_ARG(standard_text(a, &p.enforce)), STR_ARG(violations(a, &r))));
    }
    struct security_result r = pod_security_check(a, p.warn.level, p.warn.minor, meta, spec);
    if (r.reasons.n)
        request_warn(w->r,
                     str_printf(a, "would violate PodSecurity \"" STR_FMT "\": " STR_FMT,
                                STR_ARG(standard_text(a, &p.warn)), STR_ARG(violations(a, &r))));
    return STEP_NEXT;
}

static str annotation(const Pod *p, str key) {
    for (uint32_t i = 0; i < p->metadata.annotations.n; i++)
        if (str_eq(p->metadata.annotations.v[i].key, key))
            return p->metadata.annotations.v[i].value;
    return STR_NONE;
}

static bool other_images(struct arena *a, const Pod *p, const Pod *old, const Container *v,
                         const Container *was, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        str key = str_concat(a, STR("container.seccomp.security.alpha.kubernetes.io/"), v[i].name);
        if (!str_eq(v[i].image, was[i].image) || !str_eq(annotation(p, key), annotation(old, key)))
            return true;
    }
    return false;
}

static bool other_ephemeral(const Pod *p, const Pod *old) {
    for (uint32_t i = 0; i < p->spec.ephemeral_containers.n; i++) {
        const EphemeralContainerCommon *c =
            &p->spec.ephemeral_containers.v[i].ephemeral_container_common;
        bool same = false;
        for (uint32_t j = 0; j < old->spec.ephemeral_containers.n; j++) {
            const EphemeralContainerCommon *o =
                &old->spec.ephemeral_containers.v[j].ephemeral_container_common;
            same |= str_eq(o->name, c->name) && str_eq(o->image, c->image);
        }
        if (!same)
            return true;
    }
    return false;
}

/* An update of what the standards look at. */
static bool significant(struct arena *a, const Pod *p, const Pod *old) {
    str key = STR("seccomp.security.alpha.kubernetes.io/pod");
    if (!str_eq(annotation(p, key), annotation(old, key)) ||
        p->spec.containers.n != old->spec.containers.n ||
        p->spec.init_containers.n != old->spec.init_containers.n)
        return true;
    return other_images(a, p, old, p->spec.containers.v, old->spec.containers.v,
                        p->spec.containers.n) ||
           other_images(a, p, old, p->spec.init_containers.v, old->spec.init_containers.v,
                        p->spec.init_containers.n) ||
           other_ephemeral(p, old);
}

static enum step_result validate_pod(struct write *w) {
    const Pod *p = w->obj;
    if (w->sub && (!w->view || w->view->is_status))
        return STEP_NEXT;
    if (w->current && !significant(w->r->arena, p, w->old))
        return STEP_NEXT;
    return evaluate(w, &p->metadata, &p->spec, true);
}

/* ---- namespaces ---- */

struct violators {
    str reasons, first;
    unsigned n;
};

struct violator_list {
    struct violators *v;
    uint32_t n;
};

static void add_violator(struct arena *a, struct violator_list *l, str reasons, str pod) {
    for (uint32_t i = 0; i < l->n; i++)
        if (str_eq(l->v[i].reasons, reasons)) { /* pods come by name */
            l->v[i].n++;
            return;
        }
    *list_push(a, l) = (struct violators){reasons, pod, 1};
}

static str violators_text(struct arena *a, const struct violators *v) {
    if (v->n == 1)
        return str_printf(a, STR_FMT ": " STR_FMT, STR_ARG(v->first), STR_ARG(v->reasons));
    return str_printf(a, STR_FMT " (and %u other pod%s): " STR_FMT, STR_ARG(v->first), v->n - 1,
                      v->n == 2 ? "" : "s", STR_ARG(v->reasons));
}

static void warn_of_pods(struct write *w, const struct standard *s) {
    struct arena *a = w->r->arena;
    struct admission_list pods = admission_list(w, RESOURCE_OF(core_v1_pods), w->name);
    struct violator_list l = {0};
    for (uint32_t i = 0; i < pods.n && i < PODS_MAX; i++) {
        const Pod *p = pods.v[i];
        struct security_result r =
            pod_security_check(a, s->level, s->minor, &p->metadata, &p->spec);
        if (r.reasons.n)
            add_violator(a, &l, str_join(a, r.reasons.v, r.reasons.n, STR(", ")), p->metadata.name);
    }
    if (pods.n > PODS_MAX)
        request_warn(
            w->r,
            str_printf(a,
                       "new PodSecurity enforce level only checked against the first %d of %u "
                       "existing pods",
                       PODS_MAX, pods.n));
    if (!l.n)
        return;
    request_warn(w->r, str_printf(a,
                                  "existing pods in namespace \"" STR_FMT
                                  "\" violate the new PodSecurity enforce level \"" STR_FMT "\"",
                                  STR_ARG(w->name), STR_ARG(standard_text(a, s))));
    str_list texts = {0};
    for (uint32_t i = 0; i < l.n; i++)
        *list_push(a, &texts) = violators_text(a, &l.v[i]);
    for (uint32_t i = 1; i < texts.n; i++)
        for (uint32_t j = i; j > 0 && str_cmp(texts.v[j], texts.v[j - 1]) < 0; j--) {
            str t = texts.v[j];
            texts.v[j] = texts.v[j - 1];
            texts.v[j - 1] = t;
        }
    for (uint32_t i = 0; i < texts.n; i++)
        request_warn(w->r, texts.v[i]);
}

static bool same_errors(const struct field_errors *x, const struct field_errors *y) {
    if (x->list.n != y->list.n)
        return false;
    for (uint32_t i = 0; i < x->list.n; i++)
        if (!str_eq(x->list.v[i].field, y->list.v[i].field) ||
            !str_eq(x->list.v[i].value, y->list.v[i].value))
            return false;
    return true;
}

static enum step_result validate_namespace(struct write *w) {
    struct arena *a = w->r->arena;
    const ObjectMeta *m = w->obj, *old = w->current ? w->old : NULL;
    struct field_errors fe = {.arena = a}, was = {.arena = a};
    struct labels l = {m->labels.v, m->labels.n};
    struct policy now = read_policy(&l, &fe);
    if (!old)
        return fe.list.n ? write_invalid(w, &fe) : STEP_NEXT;
    struct labels ol = {old->labels.v, old->labels.n};
    struct policy before = read_policy(&ol, &was);
    if (fe.list.n && !same_errors(&fe, &was))
        return write_invalid(w, &fe);
    bool same_version = str_eq(now.enforce.version, before.enforce.version);
    if (now.enforce.level == LEVEL_PRIVILEGED ||
        (same_version && now.enforce.level <= before.enforce.level))
        return STEP_NEXT;
    warn_of_pods(w, &now.enforce);
    return STEP_NEXT;
}

static enum step_result validate(struct write *w) {
    if (w->op == WRITE_DELETE || !w->obj)
        return STEP_NEXT;
    if (w->st == RESOURCE_OF(core_v1_pods))
        return validate_pod(w);
    if (w->sub)
        return STEP_NEXT;
    if (w->st == RESOURCE_OF(core_v1_namespaces))
        return validate_namespace(w);
    const PodTemplateSpec *t = pod_template_of(w->st, w->obj);
    return t ? evaluate(w, &t->metadata, &t->spec, false) : STEP_NEXT;
}

const struct admission_plugin admission_pod_security = {"PodSecurity", NULL, validate};
