// SPDX-License-Identifier: Apache-2.0
/* What the kinds share: their hooks, helpers of strategies, and the checks that several kinds make.
 * A check adds to fe; p is the path of what it is given.
 *
 * The folder: a kind's hooks stand in KIND.c, at the end of the file, or in that of its family
 * (apps.c, rbac.c, storage.c, crd.c, ...); kinds.def names all of them and kinds_table.c
 * finds them. Where one file would be too long, the rest is KIND_PART.c: of a pod, pod_prepare.c
 * and pod_defaults.c fill in and drop, pod_validate*.c check a spec part by part in the order of
 * pod_validate.c, pod_update.c, pod_resize.c and pod_status_validate.c what may change. warn*.c say
 * what is let in and yet wrong.
 *
 * What needs one field only is no code but a row's rule (tools/facts/rules.tsv); a check says with
 * check_rows where among its errors the row stands. Shared by all: object_meta.c and conditions.c;
 * check_common.c; kept.c, which rules a stored object may go on to break; volume_source.c for pods
 * and persistent volumes; go_json.c and go_diff.c, which show values as upstream prints them. */
#pragma once

#include "api/hooks.h"
#include "api/intstr.h"
#include "api/maps.h"
#include "api/name_index.h"
#include "api/names.h"
#include "api/quantity.h"
#include "api/selector.h"
#include "base/vec.h"

#define KIND(id_) extern const struct hooks hooks_##id_;
#include "api/kinds/kinds.def"
#undef KIND

/* Names that are no DNS subdomains. */
void name_is_dns_label(struct field_errors *fe, const struct field_path *p, str name, bool prefix);
void name_is_path_segment(struct field_errors *fe, const struct field_path *p, str name,
                          bool prefix);

bool strings_have(const str_list *l, str s);
bool strings_same(const str_list *x, const str_list *y);

/* Lists that honest clients keep short are compared each with each, up to this length. */
#define LIST_COMPARED_MAX 4096
bool list_too_long(struct field_errors *fe, const struct field_path *p, uint32_t n);

/* As JSON, the way errors show a value. */
str strings_json(struct arena *a, const str_list *l);
str opt_text(struct arena *a, str s);            /* quoted; null when absent */
str map_json(struct arena *a, const str_map *m); /* null when empty */

#define FIELD_IMMUTABLE "field is immutable"

/* ---- checks of metadata that templates share ---- */
void check_labels(struct field_errors *fe, const struct field_path *p, const str_map *labels);
void check_annotations(struct field_errors *fe, const struct field_path *p,
                       const str_map *annotations);
void check_same(struct field_errors *fe, const struct field_path *p, str s, str old);
/* The same for messages of type t; NULL: none. */
void check_same_message(struct field_errors *fe, const struct field_path *p,
                        const struct api_type *t, const void *v, const void *old);
/* The same of members that may be absent. */
void check_same_number(struct field_errors *fe, const struct field_path *p, struct opt_i32 v,
                       struct opt_i32 old);
void check_same_opt(struct field_errors *fe, const struct field_path *p, str s, str old);

/* ---- what may stay ----
 * Rules grow stricter over the years, and what was let in before must not stand in the way of every
 * later update. So upstream looks at the stored object first: a rule that it breaks somewhere does
 * not hold for the new one. A kind's validate_write puts such rules into field_errors.kept, which
 * is cleared when it is through. */
#define KEPT_SELECTOR_VALUES  (1u << 0) /* of label selectors' requirements */
#define KEPT_NODE_VALUES      (1u << 1) /* of required node affinity */
#define KEPT_SPREAD_SELECTORS (1u << 2)
#define KEPT_SPREAD_KEYS      (1u << 3)
#define KEPT_PARTS_OF_PAGES   (1u << 4) /* huge pages */
#define KEPT_TOKEN_PATHS      (1u << 5)
#define KEPT_HOST_SYSCTLS     (1u << 6)
#define KEPT_DEVICE_USERS     (1u << 7) /* user namespaces beside volumes of devices */
#define KEPT_DELETION_COST    (1u << 8)
#define KEPT_INIT_RESIZES     (1u << 9)
#define KEPT_METRIC_VERSIONS  (1u << 10) /* of objects that autoscalers measure */
/* Of a selector; NULL breaks nothing. */
unsigned kept_of_selector(struct arena *a, const LabelSelector *s);
/* Of a pod or a template (is_pod); s NULL: there is no old one. */
unsigned kept_of_pod(struct arena *a, const PodSpec *s, const ObjectMeta *m, bool is_pod);
unsigned kept_of_template(struct arena *a, const PodTemplateSpec *old);

/* ---- other checks ---- */
/* The rules of the rows named (api_validate_rows), T the type of *obj_. */
#define check_rows(fe_, p_, T, obj_, names_)                                                       \
    api_validate_rows(fe_, &T##_type, (const T *){(obj_)}, p_, names_)
void check_label_selector(struct field_errors *fe, const struct field_path *p,
                          const LabelSelector *s);
/* any_operator: one that is not known is not an error. */
void check_label_requirement(struct field_errors *fe, const struct field_path *p,
                             const LabelSelectorRequirement *r, bool any_operator);
/* Values fit the operator of a requirement at p; false: it is none of the four. */
bool check_operator_values(struct field_errors *fe, const struct field_path *p, str operator_,
                           const str_list *values);
bool label_selector_empty(const LabelSelector *s);
void check_one_of(struct field_errors *fe, const struct field_path *p, str s,
                  const char *const *supported);
void check_one_of_required(struct field_errors *fe, const struct field_path *p, str s,
                           const char *const *supported);
/* "acme.io/foo" */
void check_domain_prefixed_path(struct field_errors *fe, const struct field_path *p, str s);
/* Every field of the message but the allowed ones is unset; each other one is forbidden. */
void check_only_fields(struct field_errors *fe, const struct field_path *p,
                       const struct api_type *t, const void *obj, const char *const *allowed,
                       const char *text);
void check_port_or_name(struct field_errors *fe, const struct field_path *p, IntOrString v);
/* An address that other hosts can reach. */
void check_routable(struct field_errors *fe, const struct field_path *p, str s);
void check_taint_effect(struct field_errors *fe, const struct field_path *p, str effect);
void check_node_selector(struct field_errors *fe, const struct field_path *p,
                         const NodeSelector *s);

void check_name_required(struct field_errors *fe, const struct field_path *p, str name,
                         name_check *check);
/* All that is wrong with a name in one Invalid, commas between. */
void check_name_whole(struct field_errors *fe, const struct field_path *p, str name,
                      name_check *check);
/* conditions.c */
void check_conditions(struct field_errors *fe, const struct field_path *p, const Condition *v,
                      uint32_t n);

bool is_hugepages(str name);
bool resource_is_compute(str name); /* cpu, memory, local disk; of quotas too */
bool resource_is_container(str name);
bool resource_is_native(str name); /* Kubernetes' own */
bool resource_is_extended(str name);
bool resource_counts_objects(str name);
void check_resource_name(struct field_errors *fe, const struct field_path *p, str name);
void check_container_resource_name(struct field_errors *fe, const struct field_path *p, str name);
void check_quantity(struct field_errors *fe, const struct field_path *p, Quantity q);
/* A quantity that may be zero; shown rounded to a whole number. */
void check_basic_quantity(struct field_errors *fe, const struct field_path *p, Quantity q);
void check_positive_quantity(struct field_errors *fe, const struct field_path *p, Quantity q);
void check_resource_quantity(struct field_errors *fe, const struct field_path *p, str name,
                             Quantity q);

/* A value as upstream's internal types print in JSON: Go's field names, null for what is absent. */
str go_json(struct arena *a, const struct api_type *t, const void *obj);
/* The same of n values that stand one after the other; null when there are none. */
str go_json_list(struct arena *a, const struct api_type *t, const void *v, uint32_t n);
/* A unified diff of the same, indented, as upstream shows forbidden changes. */
str go_diff(struct arena *a, const struct api_type *t, const void *old, const void *obj);

/* ---- volumes ---- */

/* A path without "..". */
bool has_backsteps(str path);
void check_no_backsteps(struct field_errors *fe, const struct field_path *p, str path);
/* A path inside a volume: relative too; not_reserved: nor does it begin like "..". */
void check_local_path(struct field_errors *fe, const struct field_path *p, str path,
                      bool not_reserved);
void check_csi_driver(struct field_errors *fe, const struct field_path *p, str driver);
/* One source, of the type t as pods or as persistent volumes have it; name: of the persistent
 * volume. False when the type is none of those both have (emptyDir, secret, ...). */
bool check_volume_source(struct field_errors *fe, const struct field_path *p,
                         const struct api_type *t, const void *source, str name);
/* Of a volume's name and its portal, in one. */
#define ISCSI_PORTAL_MAX 64
#define ISCSI_PORTAL_TEXT                                                                          \
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if "           \
    "iscsi.initiatorName is specified."
/* How long a token that is given to a volume or a driver is valid. */
void check_token_seconds(struct field_errors *fe, const struct field_path *p,
                         struct opt_i64 seconds);
void check_access_modes(struct field_errors *fe, const struct field_path *p, const str_list *l);
void check_volume_mode(struct field_errors *fe, const struct field_path *p, str mode);
/* A volume that an attachment describes itself. */
void check_inline_volume(struct field_errors *fe, const struct field_path *p,
                         const PersistentVolumeSpec *s);
void check_claim_spec(struct field_errors *fe, const struct field_path *p,
                      const PersistentVolumeClaimSpec *s);

/* ---- pods and what carries a pod template ---- */

/* pod: the metadata of the pod the spec is of, NULL for the spec of a template. */
void check_pod_spec(struct field_errors *fe, const struct field_path *p, const PodSpec *s,
                    const ObjectMeta *pod);
void check_pod_template(struct field_errors *fe, const struct field_path *p,
                        const PodTemplateSpec *t);
/* The labels of spec.template are selected by spec.selector. */
void check_selects(struct field_errors *fe, const struct field_path *spec, const LabelSelector *s,
                   const PodTemplateSpec *t);
/* A template of pods that run for ever: those of everything but jobs; what: "ReplicaSet". */
void check_forever_template(struct field_errors *fe, const struct field_path *p,
                            const PodTemplateSpec *t, const char *what);

/* What every PodSpec is given, and what only that of a Pod is. */
void pod_spec_defaults(struct arena *a, PodSpec *s);
void pod_defaults(struct hook_ctx *h, void *obj);
/* matchLabelKeys and mismatchLabelKeys of a pod that is created become requirements. */
void pod_match_own_labels(struct arena *a, Pod *pod);
/* A container's profile in an annotation becomes one in its field, if that is empty. */
void pod_apparmor_fields(struct hook_ctx *h, Pod *pod);
const char *pod_qos(const PodSpec *s); /* "Guaranteed", "Burstable", "BestEffort" */
