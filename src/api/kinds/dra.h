// SPDX-License-Identifier: Apache-2.0
/* Checks that claims, classes and slices of devices share. */
#pragma once

#include "api/kinds/kinds.h"

#define DRA_DEVICE_STATUS_DATA_MAX (10 * 1024)
#define DRA_OPAQUE_MAX             (10 * 1024)

/* True, and told, when there are more than max: then nothing else is checked. */
bool dra_too_many(struct field_errors *fe, const struct field_path *p, uint32_t n, uint32_t max);
/* Duplicates among n elements of `stride` bytes by the name at `first` of each. */
void dra_check_unique(struct field_errors *fe, const struct field_path *p, const str *first,
                      uint32_t n, size_t stride);
void dra_check_pool_name(struct field_errors *fe, const struct field_path *p, str name);
void dra_check_share(struct field_errors *fe, const struct field_path *p, str uid);
/* "attribute" or "domain/attribute"; fully: with the domain. */
void dra_check_name(struct field_errors *fe, const struct field_path *p, str name, bool fully);
void dra_check_selectors(struct field_errors *fe, const struct field_path *p,
                         const DeviceSelector *v, uint32_t n);
/* stored: it is in the object already, whatever its size. */
void dra_check_config(struct field_errors *fe, const struct field_path *p,
                      const DeviceConfiguration *c, bool stored);
/* A JSON object of at most max bytes (0: any). */
void dra_check_raw(struct field_errors *fe, const struct field_path *p, Raw raw, size_t max);
void dra_check_taint(struct field_errors *fe, const struct field_path *p, const DeviceTaint *t);
void dra_check_tolerations(struct field_errors *fe, const struct field_path *p,
                           const DeviceToleration *v, uint32_t n);
/* What must be so, and what must not be so, before a pod is bound to a device. */
void dra_check_binding(struct field_errors *fe, const struct field_path *p, const str_list *good,
                       const str_list *bad);
