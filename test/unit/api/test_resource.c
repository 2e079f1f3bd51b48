// SPDX-License-Identifier: Apache-2.0
#include "api/resource.h"
#include "tap.h"

static void complain(const struct api_resource *r, const char *what) {
    tap_fail(__FILE__, __LINE__, "%s/%s %s: %s", r->group, r->version, r->plural, what);
}

static void check_subresources(const struct api_resource *r) {
    for (unsigned i = 0; i < r->n_subresources; i++) {
        const struct api_subresource *s = &r->subresources[i];
        if (r->type && !s->type)
            complain(r, s->name);
        if (!s->verbs || resource_sub(r, str_of(s->name)) != s)
            complain(r, "a subresource is not found");
    }
}

static void check_storage(const struct api_resource *r) {
    const struct api_resource *s = r->storage;
    if (s->storage != s || (s == r) == !!r->convert)
        complain(r, "storage");
    if (!r->prefix != !s->prefix || (r->prefix && strcmp(r->prefix, s->prefix) != 0))
        complain(r, "prefix is not that of its storage");
    if (r->prefix && !str_ends(str_of(r->prefix), STR("/")))
        complain(r, "prefix without slash");
    if (!r->prefix && resource_can(r, VERB_WATCH))
        complain(r, "watched but not stored");
}

TEST(resources_agree_with_their_types) {
    unsigned served = 0;
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++) {
        const struct api_resource *r = &api_resources[i];
        const struct api_type *t = r->type;
        check_storage(r);
        check_subresources(r);
        if (resource_find(str_of(r->group), str_of(r->version), str_of(r->plural)) != r)
            complain(r, "is not found");
        if (resource_of_kind(str_of(r->group), str_of(r->version), str_of(r->kind)) != r)
            complain(r, "is not found by kind");
        if (resource_is(r, RESOURCE_ON) && !t)
            complain(r, "is on without a type");
        if (!t)
            continue;
        served++;
        if (strcmp(t->info->kind, r->kind) || strcmp(t->info->group, r->group) ||
            strcmp(t->info->version, r->version))
            complain(r, "type of another kind");
        if (resource_can(r, VERB_LIST) && (!r->list_type || !type_is(r->list_type, TYPE_LIST)))
            complain(r, "no list type");
        if (r->list_type && strcmp(r->list_type->info->kind, r->list_kind))
            complain(r, "list kind");
        if (resource_of_type(t) != r ||
            type_of_kind(str_of(r->group), str_of(r->version), str_of(r->kind)) != t)
            complain(r, "type is not found");
    }
    CHECK(served > 65);
}

TEST(facts_of_some_resources) {
    const struct api_resource *r = RESOURCE_OF(core_v1_pods);
    CHECK(r->type == &Pod_type && r->list_type == &PodList_type);
    CHECK(resource_is(r, RESOURCE_GRACEFUL | RESOURCE_NAMESPACED));
    CHECK_STRC(str_of(r->prefix), "/registry/pods/");
    CHECK_STRC(str_of(r->short_names[0]), "po");
    CHECK_STRC(str_of(r->categories[0]), "all");
    CHECK_INT(r->n_subresources, 10);
    CHECK(resource_sub(r, STR("eviction"))->type == &Eviction_type);
    CHECK(resource_sub(r, STR("exec"))->verbs == (VERB_BIT(VERB_GET) | VERB_BIT(VERB_CREATE)));
    CHECK(resource_sub(RESOURCE_OF(apps_v1_deployments), STR("scale"))->type == &Scale_type);
    CHECK_STRC(str_of(RESOURCE_OF(core_v1_nodes)->prefix), "/registry/minions/");
    CHECK_STRC(str_of(RESOURCE_OF(core_v1_services)->prefix), "/registry/services/specs/");
    CHECK_STRC(str_of(RESOURCE_OF(apiextensions_v1_customresourcedefinitions)->prefix),
               "/registry/apiextensions.k8s.io/customresourcedefinitions/");
    CHECK(!(RESOURCE_OF(core_v1_namespaces)->verbs & VERB_BIT(VERB_DELETECOLLECTION)));
    CHECK(resource_is(RESOURCE_OF(core_v1_events), RESOURCE_TTL));
    CHECK(!resource_is(RESOURCE_OF(coordination_v1_leases), RESOURCE_UNCONDITIONAL));
    CHECK_INT(RESOURCE_OF(batch_v1_jobs)->propagation, PROPAGATION_ORPHAN);
    CHECK(!resource_find(STR("apps"), STR("v1"), STR("nope")));
    CHECK(!resource_is(resource_find(STR("networking.k8s.io"), STR("v1beta1"), STR("ipaddresses")),
                       RESOURCE_ON));
}

TEST(groups_stand_in_order_of_discovery) {
    CHECK_STRC(str_of(api_groups[0].name), "");
    CHECK_STRC(str_of(api_groups[1].name), "apiregistration.k8s.io");
    const struct api_group *g = group_find(STR("autoscaling"));
    REQUIRE(g);
    CHECK_STRC(str_of(g->versions[0]), "v2");
    CHECK_STRC(str_of(g->versions[1]), "v1");
    CHECK(!g->versions[2] && !group_find(STR("nope")));
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++)
        if (resource_is(&api_resources[i], RESOURCE_ON) &&
            !group_find(str_of(api_resources[i].group)))
            complain(&api_resources[i], "is in no group");
}

TEST(options_are_of_any_version) {
    CHECK(type_of_kind(STR("apps"), STR("v1"), STR("DeleteOptions")) == &DeleteOptions_type);
    CHECK(type_of_kind(STR(""), STR("v1"), STR("Status")) == &Status_type);
    CHECK(type_of_kind(STR("apps"), STR("v1"), STR("Status")) == NULL);
    CHECK(type_of_kind(STR("meta.k8s.io"), STR("v1"), STR("Table")) == &Table_type);
    CHECK(type_of_kind(STR("events.k8s.io"), STR("v1"), STR("Event")) == &events_v1_Event_type);
    CHECK(type_of_kind(STR(""), STR("v1"), STR("Config")) == NULL);
}

TEST(verbs_have_names) {
    CHECK_INT(verb_of(STR("deletecollection")), VERB_DELETECOLLECTION);
    CHECK_INT(verb_of(STR("Get")), VERB_MAX);
}
