// SPDX-License-Identifier: Apache-2.0
/* What drivers of the container storage interface say of themselves, of nodes, and of the room they
 * have left. */
#include "api/kinds/kinds.h"
#include "api/kinds/warn.h"

#define NODE_ID_MAX       256
#define UPDATE_PERIOD_MIN 10

/* ---- CSIDriver ---- */

/* No generation at first, and yet changes count. */
static void driver_update(struct hook_ctx *h, void *obj, const void *old) {
    CSIDriver *d = obj;
    const CSIDriver *before = old;
    (void)h;
    if (!api_equal(&CSIDriverSpec_type, &d->spec, &before->spec))
        d->metadata.generation = before->metadata.generation + 1;
}

static void check_tokens(struct field_errors *fe, const struct field_path *p,
                         const CSIDriverSpec *s) {
    uint32_t n = s->token_requests.n;
    const storage_v1_TokenRequest *v = s->token_requests.v;
    struct name_index x = name_index_of(fe->arena, n ? &v->audience : NULL, n, sizeof(*v));
    for (uint32_t i = 0; i < n; i++) {
        const struct field_path *at = PATH_INDEX(p, i);
        if (name_index_first(&x, v[i].audience) != i)
            field_duplicate(fe, PATH(at, "audience"), v[i].audience);
        else
            check_token_seconds(fe, PATH(at, "expirationSeconds"), v[i].expiration_seconds);
    }
}

/* attachRequired is told with a slip of the pen. */
#define ATTACH_REQUIRED "attachedRequired"

static void driver_validate(struct field_errors *fe, const void *obj) {
    static const char *const modes[] = {"Persistent", "Ephemeral", NULL};
    const CSIDriverSpec *s = &((const CSIDriver *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    if (!s->attach_required.set)
        field_required(fe, PATH(p, ATTACH_REQUIRED), NULL);
    check_rows(fe, p, CSIDriverSpec, s, "podInfoOnMount storageCapacity fsGroupPolicy");
    check_tokens(fe, PATH(p, "tokenRequests"), s);
    for (uint32_t i = 0; i < s->volume_lifecycle_modes.n; i++)
        check_one_of(fe, PATH(p, "volumeLifecycleModes"), s->volume_lifecycle_modes.v[i], modes);
    check_rows(fe, p, CSIDriverSpec, s, "seLinuxMount");
    if (s->node_allocatable_update_period_seconds.set &&
        s->node_allocatable_update_period_seconds.v < UPDATE_PERIOD_MIN)
        field_invalid_i64(fe, PATH(p, "nodeAllocatableUpdatePeriodSeconds"),
                          s->node_allocatable_update_period_seconds.v,
                          "must be greater than or equal to 10 seconds");
    if (s->service_account_token_in_secrets.set && !s->token_requests.n)
        field_invalid_printed(
            fe, PATH(p, "serviceAccountTokenInSecrets"),
            s->service_account_token_in_secrets.v ? STR("true") : STR("false"),
            "serviceAccountTokenInSecrets is set but no tokenRequests are specified");
}

static void driver_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const CSIDriverSpec *s = &((const CSIDriver *)obj)->spec;
    const CSIDriverSpec *was = &((const CSIDriver *)old)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    if (s->attach_required.set != was->attach_required.set ||
        s->attach_required.v != was->attach_required.v)
        field_invalid_printed(fe, PATH(p, ATTACH_REQUIRED),
                              s->attach_required.v ? STR("true") : STR("false"), FIELD_IMMUTABLE);
    if (!strings_same(&s->volume_lifecycle_modes, &was->volume_lifecycle_modes))
        field_invalid_printed(fe, PATH(p, "volumeLifecycleModes"),
                              strings_json(fe->arena, &s->volume_lifecycle_modes), FIELD_IMMUTABLE);
}

const struct hooks hooks_storage_v1_csidrivers = {
    .group = "storage.k8s.io",
    .resource = "csidrivers",
    .prepare_update = driver_update,
    .validate = driver_validate,
    .validate_update = driver_validate_update,
};

/* ---- CSINode ---- */

static void check_topology_keys(struct field_errors *fe, const struct field_path *p,
                                const str_list *keys) {
    struct name_index x = name_index_of(fe->arena, keys->v, keys->n, sizeof(str));
    for (uint32_t i = 0; i < keys->n; i++) {
        if (!keys->v[i].n)
            field_required(fe, p, NULL);
        if (name_index_first(&x, keys->v[i]) != i)
            field_duplicate(fe, p, keys->v[i]);
        field_check_name(fe, p, keys->v[i], name_qualified);
    }
}

static void csinode_validate(struct field_errors *fe, const void *obj) {
    const CSINodeSpec *s = &((const CSINode *)obj)->spec;
    const CSINodeDriver *v = s->drivers.v;
    uint32_t n = s->drivers.n;
    struct name_index x = name_index_of(fe->arena, n ? &v->name : NULL, n, sizeof(*v));
    for (uint32_t i = 0; i < n; i++) {
        const struct field_path *p = PATH_INDEX(PATH(PATH(NULL, "spec"), "drivers"), i);
        check_csi_driver(fe, PATH(p, "name"), v[i].name);
        check_rows(fe, p, CSINodeDriver, &v[i], "nodeID");
        if (v[i].node_id.n > NODE_ID_MAX)
            field_invalid(fe, PATH(p, "nodeID"), v[i].node_id, "must be %d characters or less",
                          NODE_ID_MAX);
        if (v[i].allocatable)
            check_rows(fe, PATH(p, "allocatable"), VolumeNodeResources, v[i].allocatable, "count");
        if (name_index_first(&x, v[i].name) != i)
            field_duplicate(fe, PATH(p, "name"), v[i].name);
        check_topology_keys(fe, p, &v[i].topology_keys);
    }
}

/* What a driver can attach may change; the rest of what it said may not. */
static void csinode_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const CSINodeSpec *s = &((const CSINode *)obj)->spec, *was = &((const CSINode *)old)->spec;
    struct name_index x = name_index_of(fe->arena, s->drivers.n ? &s->drivers.v->name : NULL,
                                        s->drivers.n, sizeof(*s->drivers.v));
    for (uint32_t i = 0; i < was->drivers.n; i++) {
        int64_t at = name_index_first(&x, was->drivers.v[i].name);
        if (at < 0)
            continue;
        CSINodeDriver now = s->drivers.v[at], before = was->drivers.v[i];
        now.allocatable = before.allocatable = NULL;
        check_same_message(fe, PATH(PATH(NULL, "spec"), "drivers"), &CSINodeDriver_type, &now,
                           &before);
    }
}

const struct hooks hooks_storage_v1_csinodes = {
    .group = "storage.k8s.io",
    .resource = "csinodes",
    .validate = csinode_validate,
    .validate_update = csinode_validate_update,
};

/* ---- CSIStorageCapacity ---- */

static void capacity_validate(struct field_errors *fe, const void *obj) {
    const CSIStorageCapacity *c = obj;
    check_label_selector(fe, PATH(NULL, "nodeTopology"), c->node_topology);
    field_check_name(fe, PATH(NULL, "storageClassName"), c->storage_class_name,
                     name_dns1123_subdomain);
    if (c->capacity.p)
        check_quantity(fe, PATH(NULL, "capacity"), c->capacity);
}

static void capacity_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const CSIStorageCapacity *c = obj, *was = old;
    check_same_message(fe, PATH(NULL, "nodeTopology"), &LabelSelector_type, c->node_topology,
                       was->node_topology);
    check_same(fe, PATH(NULL, "storageClassName"), c->storage_class_name, was->storage_class_name);
}

const struct hooks hooks_storage_v1_csistoragecapacities = {
    .group = "storage.k8s.io",
    .resource = "csistoragecapacities",
    .validate_create = capacity_validate,
    .validate_update = capacity_validate_update,
    .warn = warn_storage_capacity,
};
