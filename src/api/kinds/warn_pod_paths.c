// SPDX-License-Identifier: Apache-2.0
/* Files that a volume would have at the same place, or one inside the other: the last one written
 * wins, or the volume cannot be made. */
#include "api/kinds/warn.h"
#include "base/vec.h"

struct file {
    str path, source; /* source: shown behind the path; empty in a volume of one source */
};
struct files {
    struct file *v;
    uint32_t n;
};

static bool is_inside(str path, str dir) {
    return str_starts(path, dir) && (path.n == dir.n || path.p[dir.n] == '/');
}

static str shown(struct warnings *w, const struct file *f) {
    str path = warn_quoted(w, f->path);
    return f->source.n
               ? str_printf(w->arena, STR_FMT " (" STR_FMT ")", STR_ARG(path), STR_ARG(f->source))
               : path;
}

/* of: the volume's name and what it is, "foo" (Projected). */
static void add(struct warnings *w, struct files *all, str of, str path, str source) {
    while (path.n && path.p[path.n - 1] == '/')
        path.n--;
    struct file f = {path, source};
    if (all->n >= WARN_COMPARED_MAX)
        return;
    for (uint32_t i = 0; path.n && i < all->n && !warnings_full(w); i++) {
        const struct file *o = &all->v[i];
        if (o->path.n && (is_inside(o->path, path) || is_inside(path, o->path)))
            warn_text(w, "volume " STR_FMT ": overlapping paths: " STR_FMT " with " STR_FMT,
                      STR_ARG(of), STR_ARG(shown(w, &f)), STR_ARG(shown(w, o)));
    }
    *list_push(w->arena, all) = f;
}

/* A kind of thing and its name: Secret "a". */
static str named(struct warnings *w, const char *kind, str name) {
    return str_printf(w->arena, "%s %s", kind, warn_quoted(w, name).p);
}

#define ADD_ITEMS(w_, all_, of_, items_, source_)                                                  \
    for (uint32_t i_ = 0; i_ < (items_).n; i_++)                                                   \
    add(w_, all_, of_, (items_).v[i_].path, source_)

static void add_source(struct warnings *w, struct files *all, str of, const VolumeProjection *s) {
    if (s->config_map && s->config_map->items.n) {
        str source = named(w, "ConfigMap", s->config_map->local_object_reference.name);
        ADD_ITEMS(w, all, of, s->config_map->items, source);
    } else if (s->secret && s->secret->items.n) {
        str source = named(w, "Secret", s->secret->local_object_reference.name);
        ADD_ITEMS(w, all, of, s->secret->items, source);
    } else if (s->downward_api && s->downward_api->items.n) {
        ADD_ITEMS(w, all, of, s->downward_api->items, STR("DownwardAPI"));
    } else if (s->service_account_token) {
        add(w, all, of, s->service_account_token->path, STR("ServiceAccountToken"));
    } else if (s->cluster_trust_bundle) {
        const ClusterTrustBundleProjection *b = s->cluster_trust_bundle;
        add(w, all, of, b->path,
            named(w, "ClusterTrustBundle", b->name.p ? b->name : b->signer_name));
    } else if (s->pod_certificate) {
        const PodCertificateProjection *c = s->pod_certificate;
        if (c->certificate_chain_path.n)
            add(w, all, of, c->certificate_chain_path, STR("PodCertificate chain"));
        if (c->key_path.n)
            add(w, all, of, c->key_path, STR("PodCertificate key"));
        if (c->credential_bundle_path.n)
            add(w, all, of, c->credential_bundle_path, STR("PodCertificate credential bundle"));
    }
}

static void warn_projected(struct warnings *w, str volume, const ProjectedVolumeSource *p) {
    struct files all = {NULL, 0};
    str of = str_printf(w->arena, STR_FMT " (Projected)", STR_ARG(volume));
    for (uint32_t i = 0; i < p->sources.n && !warnings_full(w); i++) {
        const VolumeProjection *s = &p->sources.v[i];
        if (!s->config_map && !s->secret && !s->downward_api && !s->service_account_token &&
            !s->cluster_trust_bundle && !s->pod_certificate)
            warn_text(w, "volume " STR_FMT " has no sources provided", STR_ARG(of));
        add_source(w, &all, of, s);
    }
}

void warn_pod_paths(struct warnings *w, const PodSpec *s) {
    for (uint32_t i = 0; i < s->volumes.n && !warnings_full(w); i++) {
        const VolumeSource *v = &s->volumes.v[i].volume_source;
        struct files all = {NULL, 0};
        str name = warn_quoted(w, s->volumes.v[i].name);
        if (v->config_map) {
            str of = str_printf(
                w->arena, STR_FMT " (" STR_FMT ")", STR_ARG(name),
                STR_ARG(named(w, "ConfigMap", v->config_map->local_object_reference.name)));
            ADD_ITEMS(w, &all, of, v->config_map->items, STR_NONE);
        } else if (v->secret) {
            str of = str_printf(w->arena, STR_FMT " (" STR_FMT ")", STR_ARG(name),
                                STR_ARG(named(w, "Secret", v->secret->secret_name)));
            ADD_ITEMS(w, &all, of, v->secret->items, STR_NONE);
        } else if (v->downward_api) {
            str of = str_printf(w->arena, STR_FMT " (DownwardAPI)", STR_ARG(name));
            ADD_ITEMS(w, &all, of, v->downward_api->items, STR_NONE);
        } else if (v->projected) {
            warn_projected(w, name, v->projected);
        }
    }
}
