// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

#define METADATA_BYTES_MAX (256 * 1024)

static void check_source(struct field_errors *fe, const struct field_path *p,
                         const VolumeAttachmentSource *s) {
    static const char one[] =
        "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
    if (!s->inline_volume_spec && !s->persistent_volume_name.p)
        field_required(fe, p, one);
    else if (s->inline_volume_spec && s->persistent_volume_name.p)
        field_forbidden(fe, p, "%s", one);
    else if (s->inline_volume_spec)
        check_inline_volume(fe, PATH(p, "inlineVolumeSpec"), s->inline_volume_spec);
    else if (!s->persistent_volume_name.n)
        field_required(fe, PATH(p, "persistentVolumeName"),
                       "must specify non empty persistentVolumeName");
}

static void check_error(struct field_errors *fe, const struct field_path *p, const VolumeError *e) {
    if (e)
        check_rows(fe, p, VolumeError, e, "message errorCode");
}

static void check_status(struct field_errors *fe, const VolumeAttachmentStatus *s) {
    const struct field_path *p = PATH(NULL, "status");
    if (map_bytes(&s->attachment_metadata) > METADATA_BYTES_MAX)
        field_too_long(fe, PATH(p, "attachmentMetadata"), METADATA_BYTES_MAX);
    check_error(fe, PATH(p, "attachError"), s->attach_error);
    check_error(fe, PATH(p, "detachError"), s->detach_error);
}

static void validate(struct field_errors *fe, const void *obj) {
    const VolumeAttachment *a = obj;
    const VolumeAttachmentSpec *s = &a->spec;
    const struct field_path *p = PATH(NULL, "spec");
    check_csi_driver(fe, PATH(p, "attacher"), s->attacher);
    check_source(fe, PATH(p, "source"), &s->source);
    field_check_name(fe, PATH(p, "nodeName"), s->node_name, name_dns1123_subdomain);
    if (s->source.persistent_volume_name.p)
        field_check_name(fe, PATH(PATH(p, "source"), "persistentVolumeName"),
                         s->source.persistent_volume_name, name_dns1123_subdomain);
    check_status(fe, &a->status);
}

static void validate_update(struct field_errors *fe, const void *obj, const void *old) {
    check_same_message(fe, PATH(NULL, "spec"), &VolumeAttachmentSpec_type,
                       &((const VolumeAttachment *)obj)->spec,
                       &((const VolumeAttachment *)old)->spec);
}

/* The status is checked with all the rest, as upstream does. */
static void validate_status(struct field_errors *fe, const void *obj, const void *old) {
    validate(fe, obj);
    validate_update(fe, obj, old);
}

const struct hooks hooks_storage_v1_volumeattachments = {
    .group = "storage.k8s.io",
    .resource = "volumeattachments",
    .validate = validate,
    .validate_update = validate_update,
    .validate_status = validate_status,
};
