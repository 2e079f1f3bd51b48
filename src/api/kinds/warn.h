// SPDX-License-Identifier: Apache-2.0
/* What the warnings of the kinds (hooks.warn) are made of. Rules and texts: upstream's pkg/api/X/
 * and pkg/registry/X/strategy.go, WarningsOnCreate and WarningsOnUpdate. Objects have been
 * validated before, and lists may still be long: each with each is compared up to
 * WARN_COMPARED_MAX elements. */
#pragma once

#include "api/hooks.h"

#define WARN_COMPARED_MAX 1024

void warn_text(struct warnings *w, const char *fmt, ...) PRINTF(2, 3);
/* "path: text" */
void warn_at(struct warnings *w, const struct field_path *p, const char *fmt, ...) PRINTF(3, 4);
bool warnings_full(const struct warnings *w);
str warn_quoted(struct warnings *w, str s); /* as Go's %q */

/* Addresses and blocks in other than their canonical spelling. */
void warn_ip(struct warnings *w, const struct field_path *p, str s);
void warn_ips(struct warnings *w, const struct field_path *p, const str_list *l);
void warn_cidr(struct warnings *w, const struct field_path *p, str s);

/* The object's name is no DNS label though something named after it wants one: `used` says what. */
void warn_name(struct warnings *w, str name, const char *used);
#define NAMES_PODS "this is used in Pod names and hostnames"

/* What is wrong with a node label; NULL: nothing. */
const char *node_label_deprecated(str key);
/* values: those of the requirements are looked at, too. */
void warn_node_term(struct warnings *w, const struct field_path *p, const NodeSelectorTerm *t,
                    bool values);

/* The amount of `name` in a list of resources is no whole number of bytes. */
void warn_fraction(struct warnings *w, const struct field_path *p, const str_map *amounts,
                   const char *name);
/* Annotations that fields have replaced. */
void warn_annotation(struct warnings *w, const struct field_path *meta, const str_map *annotations,
                     const char *key, const char *text);
#define APPARMOR_IS_FIELD "deprecated since v1.30; use the \"appArmorProfile\" field instead"
void warn_claim_spec(struct warnings *w, const struct field_path *p,
                     const PersistentVolumeClaimSpec *s);

/* The update made another generation of the object: those who do not touch its spec are not told of
 * what is wrong there. */
bool warn_spec_changed(const ObjectMeta *m, const ObjectMeta *old);

/* warn_pod.c: meta of the pod or template, which stand at p (NULL: a pod, at the root). */
void warn_pod_spec(struct warnings *w, const struct field_path *p, const ObjectMeta *meta,
                   const PodSpec *s);
void warn_pod_template(struct warnings *w, const struct field_path *p, const PodTemplateSpec *t);
/* Its parts; p is the spec. */
void warn_pod_ports(struct warnings *w, const struct field_path *p, const PodSpec *s);
void warn_pod_paths(struct warnings *w, const PodSpec *s); /* files of volumes that overlap */

/* hooks.warn of the kinds that have no place for it in their own file. warn_workloads.c: */
void warn_deployment(struct warnings *w, const void *obj, const void *old);
void warn_replicaset(struct warnings *w, const void *obj, const void *old);
void warn_statefulset(struct warnings *w, const void *obj, const void *old);
void warn_daemonset(struct warnings *w, const void *obj, const void *old);
void warn_job(struct warnings *w, const void *obj, const void *old);
void warn_cronjob(struct warnings *w, const void *obj, const void *old);
void warn_replication_controller(struct warnings *w, const void *obj, const void *old);
/* warn_pod.c */
void warn_pod(struct warnings *w, const void *obj, const void *old);
void warn_pod_status(struct warnings *w, const void *obj, const void *old);
void warn_podtemplate(struct warnings *w, const void *obj, const void *old);
/* warn_network.c */
void warn_service(struct warnings *w, const void *obj, const void *old);
void warn_service_status(struct warnings *w, const void *obj, const void *old);
void warn_network_policy(struct warnings *w, const void *obj, const void *old);
void warn_endpoints(struct warnings *w, const void *obj, const void *old);
void warn_endpoint_slice(struct warnings *w, const void *obj, const void *old);
/* warn_storage.c */
void warn_persistent_volume(struct warnings *w, const void *obj, const void *old);
void warn_claim(struct warnings *w, const void *obj, const void *old);
void warn_storage_class(struct warnings *w, const void *obj, const void *old);
void warn_storage_capacity(struct warnings *w, const void *obj, const void *old);
