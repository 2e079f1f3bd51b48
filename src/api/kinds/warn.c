// SPDX-License-Identifier: Apache-2.0
/* Warnings that several kinds give. */
#include "api/kinds/warn.h"

#include "api/ip.h"
#include "api/names.h"
#include "api/quantity.h"
#include "api/resource_list.h"
#include "api/selector.h"
#include "base/vec.h"

bool warnings_full(const struct warnings *w) {
    return w->list.n >= WARNINGS_MAX;
}

static void add(struct warnings *w, str text) {
    if (!warnings_full(w))
        *list_push(w->arena, &w->list) = text;
}

void warn_text(struct warnings *w, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    add(w, str_vprintf(w->arena, fmt, ap));
    va_end(ap);
}

void warn_at(struct warnings *w, const struct field_path *p, const char *fmt, ...) {
    va_list ap;
    if (warnings_full(w))
        return;
    va_start(ap, fmt);
    str text = str_vprintf(w->arena, fmt, ap);
    va_end(ap);
    add(w, str_printf(w->arena, STR_FMT ": " STR_FMT, STR_ARG(field_path_str(w->arena, p)),
                      STR_ARG(text)));
}

str warn_quoted(struct warnings *w, str s) {
    return go_quoted(w->arena, s);
}

/* ---- addresses ---- */

void warn_ip(struct warnings *w, const struct field_path *p, str s) {
    struct ip ip;
    enum ip_spelling spelling = ip_spelling(s, &ip);
    if (spelling == IP_CANONICAL || spelling == IP_BAD)
        return;
    str better = ip_str(w->arena, &ip);
    if (spelling == IP_UNUSUAL)
        warn_at(w, p, "IPv6 address %s should be in RFC 5952 canonical format (\"" STR_FMT "\")",
                warn_quoted(w, s).p, STR_ARG(better));
    else
        warn_at(w, p,
                "non-standard IP address %s will be considered invalid in a future Kubernetes "
                "release: use \"" STR_FMT "\"",
                warn_quoted(w, s).p, STR_ARG(better));
}

void warn_ips(struct warnings *w, const struct field_path *p, const str_list *l) {
    for (uint32_t i = 0; i < l->n && !warnings_full(w); i++)
        warn_ip(w, PATH_INDEX(p, i), l->v[i]);
}

void warn_cidr(struct warnings *w, const struct field_path *p, str s) {
    struct cidr c;
    struct ip ip;
    enum ip_spelling spelling = cidr_spelling(s, &c, &ip);
    if (spelling == IP_BAD)
        return;
    str better = cidr_str(w->arena, &c), shown = warn_quoted(w, s);
    bool ambiguous = !ip_eq(&ip, &c.ip);
    if (ambiguous)
        warn_at(w, p,
                "CIDR value %s is ambiguous in this context (should be \"" STR_FMT "\" or "
                "\"" STR_FMT "/%d\"?)",
                shown.p, STR_ARG(better), STR_ARG(ip_str(w->arena, &ip)),
                str_chr(s, ':') >= 0 ? 128 : 32);
    if (spelling == IP_NONSTANDARD)
        warn_at(w, p,
                "non-standard CIDR value %s will be considered invalid in a future Kubernetes "
                "release: use \"" STR_FMT "\"",
                shown.p, STR_ARG(better));
    else if (spelling == IP_UNUSUAL && !ambiguous)
        warn_at(w, p, "IPv6 CIDR value %s should be in RFC 5952 canonical format (\"" STR_FMT "\")",
                shown.p, STR_ARG(better));
}

/* ---- names and labels ---- */

void warn_name(struct warnings *w, str name, const char *used) {
    struct name_errors e = {{0}, 0};
    name_dns1123_label(name, &e);
    if (e.n)
        warn_text(w,
                  "metadata.name: %s, which can result in surprising behavior; a DNS label is "
                  "recommended: [" STR_FMT "]",
                  used, STR_ARG(name_errors_join(w->arena, &e, " ")));
}

const char *node_label_deprecated(str key) {
    static const struct {
        const char *key, *text;
    } labels[] = {
        {"beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"},
        {"beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"},
        {"failure-domain.beta.kubernetes.io/region",
         "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead"},
        {"failure-domain.beta.kubernetes.io/zone",
         "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"},
        {"beta.kubernetes.io/instance-type",
         "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"},
        {"app.kubernetes.io/created-by", "deprecated since v1.9"},
        {"scheduler.alpha.kubernetes.io/preferAvoidPods",
         "deprecated since v1.22; use Taints and Tolerations instead"},
        {"node-role.kubernetes.io/master", "use \"node-role.kubernetes.io/control-plane\" instead"},
    };
    for (size_t i = 0; i < ARRAY_LEN(labels); i++)
        if (str_eqc(key, labels[i].key))
            return labels[i].text;
    return NULL;
}

bool warn_spec_changed(const ObjectMeta *m, const ObjectMeta *old) {
    return m->generation != old->generation;
}

static void warn_label_values(struct warnings *w, const struct field_path *p,
                              const str_list *values) {
    for (uint32_t i = 0; i < values->n && !warnings_full(w); i++) {
        struct name_errors e = {{0}, 0};
        name_label_value(values->v[i], &e);
        for (unsigned k = 0; k < e.n; k++)
            warn_at(w, PATH_INDEX(p, i), STR_FMT " is invalid, %s", STR_ARG(values->v[i]), e.v[k]);
    }
}

void warn_node_term(struct warnings *w, const struct field_path *p, const NodeSelectorTerm *t,
                    bool values) {
    for (uint32_t i = 0; i < t->match_expressions.n && !warnings_full(w); i++) {
        const NodeSelectorRequirement *r = &t->match_expressions.v[i];
        const struct field_path *at = PATH_INDEX(PATH(p, "matchExpressions"), i);
        const char *text = node_label_deprecated(r->key);
        if (text)
            warn_at(w, PATH(at, "key"), STR_FMT " is %s", STR_ARG(r->key), text);
        if (values)
            warn_label_values(w, PATH(at, "values"), &r->values);
    }
}

/* ---- amounts and annotations ---- */

void warn_fraction(struct warnings *w, const struct field_path *p, const str_map *amounts,
                   const char *name) {
    const Quantity *v = amounts_get(amounts, str_of(name));
    struct quantity q = quantity_of(v ? *v : STR_NONE);
    if (!quantity_is_whole(&q))
        warn_at(w, PATH_KEY(p, str_of(name)),
                "fractional byte value \"" STR_FMT "\" is invalid, must be an integer",
                STR_ARG(quantity_str(w->arena, &q)));
}

void warn_annotation(struct warnings *w, const struct field_path *meta, const str_map *annotations,
                     const char *key, const char *text) {
    if (label_has(annotations, str_of(key)))
        warn_at(w, PATH_KEY(PATH(meta, "annotations"), str_of(key)), "%s", text);
}

void warn_claim_spec(struct warnings *w, const struct field_path *p,
                     const PersistentVolumeClaimSpec *s) {
    const struct field_path *r = PATH(p, "resources");
    warn_fraction(w, PATH(r, "requests"), &s->resources.requests, "storage");
    warn_fraction(w, PATH(r, "limits"), &s->resources.limits, "storage");
}
