// SPDX-License-Identifier: Apache-2.0
/* What pods, and templates that make pods, are warned of. The order is upstream's. */
#include "api/kinds/pod_validate.h"
#include "api/kinds/warn.h"

#define FRACTIONS_WARNED(w_, p_, amounts_)                                                         \
    (warn_fraction(w_, p_, amounts_, "memory"),                                                    \
     warn_fraction(w_, p_, amounts_, "ephemeral-storage"))

/* ---- where it may run ---- */

static void warn_node_affinity(struct warnings *w, const struct field_path *p,
                               const NodeAffinity *a) {
    const NodeSelector *required = a->required_during_scheduling_ignored_during_execution;
    const struct field_path *terms = PATH(PATH(p, REQUIRED_TERMS), "nodeSelectorTerms");
    for (uint32_t i = 0; required && i < required->node_selector_terms.n; i++)
        warn_node_term(w, PATH_INDEX(terms, i), &required->node_selector_terms.v[i], false);
    const struct field_path *preferred = PATH(p, PREFERRED_TERMS);
    __auto_type l = &a->preferred_during_scheduling_ignored_during_execution;
    for (uint32_t i = 0; i < l->n; i++)
        warn_node_term(w, PATH(PATH_INDEX(preferred, i), "preference"), &l->v[i].preference, true);
}

#define MATCHES_NO_POD "a null labelSelector results in matching no pod"

static void warn_spread(struct warnings *w, const struct field_path *p, const PodSpec *s) {
    for (uint32_t i = 0; i < s->topology_spread_constraints.n && !warnings_full(w); i++) {
        const TopologySpreadConstraint *t = &s->topology_spread_constraints.v[i];
        const struct field_path *at = PATH_INDEX(PATH(p, "topologySpreadConstraints"), i);
        const char *text = node_label_deprecated(t->topology_key);
        if (text)
            warn_at(w, PATH(at, "topologyKey"), STR_FMT " is %s", STR_ARG(t->topology_key), text);
        if (!t->label_selector)
            warn_at(w, PATH(at, "labelSelector"), MATCHES_NO_POD);
    }
}

static void warn_nodes(struct warnings *w, const struct field_path *p, const PodSpec *s) {
    for (uint32_t i = 0; i < s->node_selector.n; i++) {
        const char *text = node_label_deprecated(s->node_selector.v[i].key);
        if (text)
            warn_at(w, PATH_KEY(PATH(p, "nodeSelector"), s->node_selector.v[i].key), "%s", text);
    }
    if (s->affinity && s->affinity->node_affinity)
        warn_node_affinity(w, PATH(PATH(p, "affinity"), "nodeAffinity"),
                           s->affinity->node_affinity);
    warn_spread(w, p, s);
}

static void warn_pod_affinity(struct warnings *w, const struct field_path *p, const Affinity *a) {
    struct pod_terms terms[POD_TERMS_MAX];
    pod_terms(a, terms);
    for (int k = 0; k < POD_TERMS_MAX; k++) {
        const struct pod_terms *t = &terms[k];
        const struct field_path *required = PATH(PATH(p, t->name), REQUIRED_TERMS);
        const struct field_path *preferred = PATH(PATH(p, t->name), PREFERRED_TERMS);
        for (uint32_t i = 0; i < t->n && !warnings_full(w); i++)
            if (!t->v[i].label_selector)
                warn_at(w, PATH(PATH_INDEX(required, i), "labelSelector"), MATCHES_NO_POD);
        for (uint32_t i = 0; i < t->n_weighted && !warnings_full(w); i++)
            if (!t->weighted[i].pod_affinity_term.label_selector)
                warn_at(w, PATH(PATH(PATH_INDEX(preferred, i), "podAffinityTerm"), "labelSelector"),
                        MATCHES_NO_POD);
    }
}

/* ---- volumes ---- */

static void warn_volume(struct warnings *w, const struct field_path *p, const VolumeSource *v) {
    const struct {
        const void *source;
        const char *name, *text;
    } gone[] = {
        {v->photon_persistent_disk, "photonPersistentDisk",
         "deprecated in v1.11, non-functional in v1.16+"},
        {v->git_repo, "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"},
        {v->scale_io, "scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
        {v->flocker, "flocker", "deprecated in v1.22, non-functional in v1.25+"},
        /* Not the name of the field, but what upstream says. */
        {v->storage_os, "storageOS", "deprecated in v1.22, non-functional in v1.25+"},
        {v->quobyte, "quobyte", "deprecated in v1.22, non-functional in v1.25+"},
        {v->glusterfs, "glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
        {v->ceph_fs, "cephfs", "deprecated in v1.28, non-functional in v1.31+"},
        {v->rbd, "rbd", "deprecated in v1.28, non-functional in v1.31+"},
    };
    for (size_t i = 0; i < ARRAY_LEN(gone); i++)
        if (gone[i].source)
            warn_at(w, PATH(p, gone[i].name), "%s", gone[i].text);
    if (v->ephemeral && v->ephemeral->volume_claim_template)
        warn_claim_spec(w, PATH(PATH(PATH(p, "ephemeral"), "volumeClaimTemplate"), "spec"),
                        &v->ephemeral->volume_claim_template->spec);
}

/* ---- lists whose elements should differ ---- */

static void warn_duplicates(struct warnings *w, const struct field_path *p, const PodSpec *s) {
    __auto_type aliases = &s->host_aliases;
    __auto_type secrets = &s->image_pull_secrets;
    struct name_index ips = name_index_of(w->arena, aliases->n ? &aliases->v[0].ip : NULL,
                                          aliases->n, sizeof(*aliases->v));
    struct name_index names = name_index_of(w->arena, secrets->n ? &secrets->v[0].name : NULL,
                                            secrets->n, sizeof(*secrets->v));
    for (uint32_t i = 0; i < aliases->n && !warnings_full(w); i++)
        if (name_index_first(&ips, aliases->v[i].ip) < i)
            warn_at(w, PATH(PATH_INDEX(PATH(p, "hostAliases"), i), "ip"), "duplicate ip %s",
                    warn_quoted(w, aliases->v[i].ip).p);
    for (uint32_t i = 0; i < secrets->n && !warnings_full(w); i++)
        if (name_index_first(&names, secrets->v[i].name) < i)
            warn_at(w, PATH(PATH_INDEX(PATH(p, "imagePullSecrets"), i), "name"),
                    "duplicate name %s", warn_quoted(w, secrets->v[i].name).p);
    for (uint32_t i = 0; i < secrets->n && !warnings_full(w); i++)
        if (!secrets->v[i].name.n)
            warn_at(w, PATH(PATH_INDEX(PATH(p, "imagePullSecrets"), i), "name"),
                    "invalid empty name \"\"");
}

/* A variable may be given anew in terms of what it was: X="a", X="$(X)b". */
static void warn_env(struct warnings *w, const struct field_path *p, const Container *c) {
    struct name_index names =
        name_index_of(w->arena, c->env.n ? &c->env.v[0].name : NULL, c->env.n, sizeof(*c->env.v));
    for (uint32_t i = 0; i < c->env.n && !warnings_full(w); i++) {
        const EnvVar *e = &c->env.v[i];
        if (name_index_first(&names, e->name) == i)
            continue;
        str ref = str_printf(w->arena, "$(" STR_FMT ")", STR_ARG(e->name));
        if (e->value_from || str_eq(e->value, ref) || str_find(e->value, ref) < 0)
            warn_at(w, PATH_INDEX(PATH(p, "env"), i),
                    "hides previous definition of %s, which may be dropped when using apply",
                    warn_quoted(w, e->name).p);
    }
}

/* ---- annotations that became fields ---- */

#define SECCOMP_IS_FIELD "non-functional in v1.27+; use the \"seccompProfile\" field instead"

static void warn_annotations(struct warnings *w, const struct field_path *meta,
                             const str_map *annotations) {
    static const char sysctls[] = "non-functional in v1.11+; use the \"sysctls\" field instead";
    warn_annotation(w, meta, annotations, "scheduler.alpha.kubernetes.io/critical-pod",
                    "non-functional in v1.16+; use the \"priorityClassName\" field instead");
    warn_annotation(w, meta, annotations, "security.alpha.kubernetes.io/sysctls", sysctls);
    warn_annotation(w, meta, annotations, "security.alpha.kubernetes.io/unsafe-sysctls", sysctls);
}

/* Of templates; in pods the annotation becomes the field (pod_apparmor_fields). */
static void warn_apparmor(struct warnings *w, const struct field_path *meta,
                          const str_map *annotations, const PodSpec *s, const Container *c) {
    bool pod = s->security_context && s->security_context->app_armor_profile;
    bool own = c->security_context && c->security_context->app_armor_profile;
    str key = str_concat(w->arena, STR(APPARMOR_PREFIX), c->name);
    if (!pod && !own)
        warn_annotation(w, meta, annotations, str_cdup(w->arena, key), APPARMOR_IS_FIELD);
}

static void warn_container(struct warnings *w, const struct field_path *p,
                           const struct field_path *meta, const str_map *annotations,
                           const Container *c) {
    const struct field_path *r = PATH(p, "resources");
    str key = str_concat(w->arena, STR(SECCOMP_PREFIX), c->name);
    if (!c->security_context || !c->security_context->seccomp_profile)
        warn_annotation(w, meta, annotations, str_cdup(w->arena, key), SECCOMP_IS_FIELD);
    FRACTIONS_WARNED(w, PATH(r, "limits"), &c->resources.limits);
    FRACTIONS_WARNED(w, PATH(r, "requests"), &c->resources.requests);
    warn_env(w, p, c);
}

static void warn_containers(struct warnings *w, const struct field_path *p,
                            const struct field_path *meta, bool template_,
                            const str_map *annotations, const PodSpec *s) {
    struct container_list lists[CONTAINERS_MAX];
    container_lists(s, lists);
    for (unsigned k = 0; k < CONTAINERS_MAX; k++)
        for (uint32_t i = 0; i < lists[k].n && !warnings_full(w); i++) {
            const Container *c = container_at(&lists[k], i);
            if (template_)
                warn_apparmor(w, meta, annotations, s, c);
            warn_container(w, PATH_INDEX(PATH(p, lists[k].name), i), meta, annotations, c);
        }
}

/* ---- the whole ---- */

static void warn_spec_addresses(struct warnings *w, const struct field_path *p, const PodSpec *s) {
    if (s->dns_config)
        warn_ips(w, PATH(PATH(p, "dnsConfig"), "nameservers"), &s->dns_config->nameservers);
    for (uint32_t i = 0; i < s->host_aliases.n && !warnings_full(w); i++)
        warn_ip(w, PATH(PATH_INDEX(PATH(p, "hostAliases"), i), "ip"), s->host_aliases.v[i].ip);
}

void warn_pod_spec(struct warnings *w, const struct field_path *p, const ObjectMeta *m,
                   const PodSpec *s) {
    const struct field_path *spec = PATH(p, "spec"), *meta = PATH(p, "metadata");
    warn_nodes(w, spec, s);
    warn_annotations(w, meta, &m->annotations);
    for (uint32_t i = 0; i < s->volumes.n && !warnings_full(w); i++)
        warn_volume(w, PATH_INDEX(PATH(spec, "volumes"), i), &s->volumes.v[i].volume_source);
    warn_pod_paths(w, s);
    warn_duplicates(w, spec, s);
    FRACTIONS_WARNED(w, PATH(spec, "overhead"), &s->overhead);
    if (!s->security_context || !s->security_context->seccomp_profile)
        warn_annotation(w, meta, &m->annotations, SECCOMP_ANNOTATION, SECCOMP_IS_FIELD);
    warn_containers(w, spec, meta, p != NULL, &m->annotations, s);
    warn_pod_ports(w, spec, s);
    if (s->termination_grace_period_seconds.set && s->termination_grace_period_seconds.v < 0)
        warn_at(w, PATH(spec, "terminationGracePeriodSeconds"),
                "must be >= 0; negative values are invalid and will be treated as 1");
    warn_pod_affinity(w, PATH(spec, "affinity"), s->affinity);
    warn_spec_addresses(w, spec, s);
}

void warn_pod_template(struct warnings *w, const struct field_path *p, const PodTemplateSpec *t) {
    warn_pod_spec(w, p, &t->metadata, &t->spec);
}

void warn_pod(struct warnings *w, const void *obj, const void *old) {
    const Pod *pod = obj;
    if (old) /* by machines, mostly */
        return;
    warn_name(w, pod->metadata.name, "this is used in the Pod's hostname");
    warn_pod_spec(w, NULL, &pod->metadata, &pod->spec);
}

void warn_pod_status(struct warnings *w, const void *obj, const void *old) {
    const PodStatus *s = &((const Pod *)obj)->status;
    const struct field_path *p = PATH(NULL, "status");
    (void)old;
    for (uint32_t i = 0; i < s->pod_ips.n && !warnings_full(w); i++)
        warn_ip(w, PATH(PATH_INDEX(PATH(p, "podIPs"), i), "ip"), s->pod_ips.v[i].ip);
    for (uint32_t i = 0; i < s->host_ips.n && !warnings_full(w); i++)
        warn_ip(w, PATH(PATH_INDEX(PATH(p, "hostIPs"), i), "ip"), s->host_ips.v[i].ip);
}

void warn_podtemplate(struct warnings *w, const void *obj, const void *old) {
    const PodTemplate *t = obj;
    if (!old || warn_spec_changed(obj, old))
        warn_pod_template(w, PATH(NULL, "template"), &t->template_);
}
