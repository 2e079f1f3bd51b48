// SPDX-License-Identifier: Apache-2.0
/* What the server writes into a pod's spec. Labels that a term is to take from the pod become
 * requirements of its selector, so that whoever reads the pod needs to know selectors only. Fields
 * of features that are off are dropped, unless the stored pod has them: a newer server, or one that
 * had the feature on, wrote those. */
#include "api/kinds/pod_validate.h"
#include "api/kinds/warn.h"

static void require(struct arena *a, LabelSelector *s, const str_list *keys, const char *operator_,
                    const str_map *labels) {
    for (uint32_t i = 0; i < keys->n; i++) {
        str value = label_get(labels, keys->v[i]);
        if (!value.p)
            continue;
        LabelSelectorRequirement *r = list_push(a, &s->match_expressions);
        *r = (LabelSelectorRequirement){.key = keys->v[i], .operator_ = str_of(operator_)};
        *list_push(a, &r->values) = value;
    }
}

/* A selector of its own to add to; lists of objects are not shared with what was read. */
static LabelSelector *selector_copy(struct arena *a, const LabelSelector *s) {
    LabelSelector *out = arena_dup(a, s, sizeof(*s));
    uint32_t n = s->match_expressions.n;
    memset(&out->match_expressions, 0, sizeof(out->match_expressions));
    for (uint32_t i = 0; i < n; i++)
        *list_push(a, &out->match_expressions) = s->match_expressions.v[i];
    return out;
}

static void match_term(struct arena *a, PodAffinityTerm *t, const str_map *labels) {
    if (!t->label_selector || (!t->match_label_keys.n && !t->mismatch_label_keys.n))
        return;
    t->label_selector = selector_copy(a, t->label_selector);
    require(a, t->label_selector, &t->match_label_keys, "In", labels);
    require(a, t->label_selector, &t->mismatch_label_keys, "NotIn", labels);
}

void pod_match_own_labels(struct arena *a, Pod *pod) {
    const str_map *labels = &pod->metadata.labels;
    PodSpec *s = &pod->spec;
    struct pod_terms terms[POD_TERMS_MAX];
    pod_terms(s->affinity, terms);
    for (int k = 0; k < POD_TERMS_MAX; k++) {
        for (uint32_t i = 0; i < terms[k].n; i++)
            match_term(a, &terms[k].v[i], labels);
        for (uint32_t i = 0; i < terms[k].n_weighted; i++)
            match_term(a, &terms[k].weighted[i].pod_affinity_term, labels);
    }
    for (uint32_t i = 0; i < s->topology_spread_constraints.n; i++) {
        TopologySpreadConstraint *c = &s->topology_spread_constraints.v[i];
        if (!c->label_selector || !c->match_label_keys.n)
            continue;
        c->label_selector = selector_copy(a, c->label_selector);
        require(a, c->label_selector, &c->match_label_keys, "In", labels);
    }
}

/* ---- AppArmor profiles in annotations, as before there was a field ---- */

#define APPARMOR_LOCALHOST "localhost/"

/* NULL: the annotation says none that is valid. */
static AppArmorProfile *profile_of(struct arena *a, str annotation) {
    AppArmorProfile p = {0};
    str path = STR_NONE;
    if (str_starts(annotation, STR(APPARMOR_LOCALHOST)))
        path = str_slice(annotation, strlen(APPARMOR_LOCALHOST), annotation.n);
    if (str_eqc(annotation, "unconfined"))
        p.type = STR("Unconfined");
    else if (str_eqc(annotation, "runtime/default"))
        p.type = STR("RuntimeDefault");
    else if (path.n)
        p = (AppArmorProfile){.type = STR("Localhost"), .localhost_profile = path};
    struct field_errors fe = {.arena = a};
    check_apparmor(&fe, NULL, &p);
    return fe.list.n ? NULL : arena_dup(a, &p, sizeof(p));
}

/* Warns here, because afterwards nobody sees that the writer did not give the field. */
static void fill_profile(struct hook_ctx *h, Container *c, const str_map *annotations,
                         const AppArmorProfile *whole) {
    struct arena *a = h->arena;
    str key = str_concat(a, STR(APPARMOR_PREFIX), c->name), text = label_get(annotations, key);
    if (!text.p || (c->security_context && c->security_context->app_armor_profile))
        return;
    AppArmorProfile *own = profile_of(a, text);
    if (own && whole && api_equal(&AppArmorProfile_type, own, whole))
        return;
    if (h->warnings)
        warn_annotation(h->warnings, PATH(NULL, "metadata"), annotations, str_cdup(a, key),
                        APPARMOR_IS_FIELD);
    if (!own)
        return;
    SecurityContext *s = arena_make(a, SecurityContext);
    if (c->security_context)
        *s = *c->security_context;
    s->app_armor_profile = own;
    c->security_context = s;
}

/* In this direction only: nodes too old to know the field are no longer supported. */
void pod_apparmor_fields(struct hook_ctx *h, Pod *pod) {
    PodSpec *s = &pod->spec;
    const str_map *m = &pod->metadata.annotations;
    const AppArmorProfile *whole =
        s->security_context ? s->security_context->app_armor_profile : NULL;
    if (!m->n || (s->os && str_eqc(s->os->name, "windows")))
        return;
    for (uint32_t i = 0; i < s->init_containers.n; i++)
        fill_profile(h, &s->init_containers.v[i], m, whole);
    for (uint32_t i = 0; i < s->containers.n; i++)
        fill_profile(h, &s->containers.v[i], m, whole);
}

/* ---- features that are off: alpha, or beta and not yet on by default ---- */

enum {
    USES_TRUST_BUNDLE = 1 << 0,    /* ClusterTrustBundleProjection */
    USES_POD_CERTIFICATE = 1 << 1, /* PodCertificateRequest */
    USES_STOP_SIGNAL = 1 << 2,     /* ContainerStopSignals */
    USES_GROUP = 1 << 3,           /* GenericWorkload */
};

/* Which of them s uses; those in `drop` are cleared. */
static unsigned features(PodSpec *s, unsigned drop) {
    unsigned used = s->scheduling_group ? USES_GROUP : 0;
    struct container_list lists[CONTAINERS_MAX];
    if (drop & USES_GROUP)
        s->scheduling_group = NULL;
    for (uint32_t i = 0; i < s->volumes.n; i++) {
        ProjectedVolumeSource *v = s->volumes.v[i].volume_source.projected;
        for (uint32_t k = 0; v && k < v->sources.n; k++) {
            VolumeProjection *p = &v->sources.v[k];
            used |= (p->cluster_trust_bundle ? USES_TRUST_BUNDLE : 0u) |
                    (p->pod_certificate ? USES_POD_CERTIFICATE : 0u);
            if (drop & USES_TRUST_BUNDLE)
                p->cluster_trust_bundle = NULL;
            if (drop & USES_POD_CERTIFICATE)
                p->pod_certificate = NULL;
        }
    }
    container_lists(s, lists);
    for (int l = 0; l < CONTAINERS_MAX; l++)
        for (uint32_t i = 0; i < lists[l].n; i++) {
            Lifecycle *c = container_at(&lists[l], i)->lifecycle;
            if (!c || !c->stop_signal.p)
                continue;
            used |= USES_STOP_SIGNAL;
            if (drop & USES_STOP_SIGNAL)
                c->stop_signal = STR_NONE;
        }
    return used;
}

PodTemplateSpec *pod_template_of(const struct api_resource *r, void *obj) {
    if (r == RESOURCE_OF(core_v1_podtemplates))
        return &((PodTemplate *)obj)->template_;
    if (r == RESOURCE_OF(core_v1_replicationcontrollers))
        return ((ReplicationController *)obj)->spec.template_;
    if (r == RESOURCE_OF(apps_v1_replicasets))
        return &((ReplicaSet *)obj)->spec.template_;
    if (r == RESOURCE_OF(apps_v1_deployments))
        return &((Deployment *)obj)->spec.template_;
    if (r == RESOURCE_OF(apps_v1_statefulsets))
        return &((StatefulSet *)obj)->spec.template_;
    if (r == RESOURCE_OF(apps_v1_daemonsets))
        return &((DaemonSet *)obj)->spec.template_;
    if (r == RESOURCE_OF(batch_v1_jobs))
        return &((Job *)obj)->spec.template_;
    if (r == RESOURCE_OF(batch_v1_cronjobs))
        return &((CronJob *)obj)->spec.job_template.spec.template_;
    return NULL;
}

static PodSpec *spec_of(const struct api_resource *r, void *obj) {
    PodTemplateSpec *t = pod_template_of(r, obj);
    if (r == RESOURCE_OF(core_v1_pods))
        return &((Pod *)obj)->spec;
    return t ? &t->spec : NULL;
}

void hooks_drop_disabled(struct arena *a, const struct api_resource *r, void *obj,
                         const void *old) {
    unsigned all = USES_TRUST_BUNDLE | USES_POD_CERTIFICATE | USES_STOP_SIGNAL | USES_GROUP;
    PodSpec *s = spec_of(r, obj);
    unsigned used = s ? features(s, 0) : 0;
    if (!used)
        return;
    PodSpec *was = old ? spec_of(r, arena_dup(a, old, r->type->size)) : NULL;
    unsigned keep = was ? features(was, 0) : 0;
    if (used & ~keep)
        features(s, all & ~keep);
}
