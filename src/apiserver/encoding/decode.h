// SPDX-License-Identifier: Apache-2.0
/* Request bodies -> structs: JSON, YAML, protobuf; kind and apiVersion checked, unknown fields
 * refused, warned about or ignored, row defaults and the kind's defaults applied. */
#pragma once

#include "apiserver/request.h"

/* What a body is expected to be. */
struct body_kind {
    const struct api_type *type;
    const char *group, *version, *kind;
};

struct body_kind body_kind_of(const struct request *r);
/* Decodes r->body; *ret in r->arena, defaulted. On failure *ret_status says what to answer. */
int decode_body(struct request *r, const struct body_kind *k, void **ret, Status **ret_status);
Status *decode_too_large(struct request *r);   /* 413 */
Status *decode_unsupported(struct request *r); /* 415 */
/* Why an object of this kind and apiVersion is none of k. */
str decode_unfit(struct request *r, const struct body_kind *k, str kind, str api_version);
/* DeleteOptions of any group version, or nothing. */
int decode_delete_options(struct request *r, DeleteOptions *ret, Status **ret_status);
/* What the decoder found beyond the rows: an error when validation is strict, else warnings.
 * Returns the strict error's text, or STR_NONE. */
str decode_strict(struct request *r, const struct decode_report *report);
/* The warnings, when validation warns. */
void decode_warn(struct request *r, const str_list *texts);
/* What yaml_parse_strict() found, as the one text of an error. */
str decode_yaml_strict(struct arena *a, const str_list *duplicates);
/* Rows' defaults and the kind's. res may be NULL. */
void apply_defaults(struct request *r, const struct api_resource *res, const struct api_type *t,
                    void *obj);
