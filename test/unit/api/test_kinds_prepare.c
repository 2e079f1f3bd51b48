// SPDX-License-Identifier: Apache-2.0
/* What becomes of an object's fields before it is judged: dropped, kept, filled in from others. */
#include "objects.h"

#include "api/hooks.h"

#define SNAPSHOT                                                                                   \
    "{\"apiGroup\":\"snapshot.storage.k8s.io\",\"kind\":\"VolumeSnapshot\",\"name\":\"a\"}"
#define POPULATOR  "{\"apiGroup\":\"example.com\",\"kind\":\"Image\",\"name\":\"a\"}"
#define CONFIG     "{\"configMap\":{\"namespace\":\"n\",\"name\":\"m\",\"kubeletConfigKey\":\"k\"}}"
#define APPARMOR   "container.apparmor.security.beta.kubernetes.io/"
#define DEVICE(x_) "{\"request\":\"r\",\"driver\":\"d\",\"pool\":\"p\",\"device\":\"" x_ "\"}"
#define STATE(x_, data_)                                                                           \
    "{\"driver\":\"d\",\"pool\":\"p\",\"device\":\"" x_ "\",\"data\":" data_ "}"

enum write { CREATE, UPDATE, STATUS };

static const struct {
    enum resource_id id;
    enum write write;
    const char *old, *sent, *made; /* old NULL: as sent */
} cases[] = {
    /* A claim's two references to where its data comes from say the same. */
    {RESOURCE_ID(core_v1_persistentvolumeclaims), CREATE, NULL,
     "{\"spec\":{\"dataSource\":" SNAPSHOT "}}",
     "{\"spec\":{\"dataSource\":" SNAPSHOT ",\"dataSourceRef\":" SNAPSHOT "},\"status\":{\"phase\":"
     "\"Pending\"}}"},
    {RESOURCE_ID(core_v1_persistentvolumeclaims), CREATE, NULL,
     "{\"spec\":{\"dataSourceRef\":" POPULATOR "},\"status\":{\"phase\":\"Bound\"}}",
     "{\"spec\":{\"dataSource\":" POPULATOR ",\"dataSourceRef\":" POPULATOR "},\"status\":{"
     "\"phase\":\"Pending\"}}"},
    {RESOURCE_ID(core_v1_persistentvolumeclaims), CREATE, NULL,
     "{\"spec\":{\"dataSource\":" POPULATOR "}}", "{\"status\":{\"phase\":\"Pending\"}}"},
    {RESOURCE_ID(core_v1_persistentvolumeclaims), CREATE, NULL,
     "{\"spec\":{\"dataSourceRef\":{\"kind\":\"PersistentVolumeClaim\",\"name\":\"a\","
     "\"namespace\":\"other\"}}}",
     "{\"spec\":{\"dataSource\":{\"kind\":\"PersistentVolumeClaim\",\"name\":\"a\"},"
     "\"dataSourceRef\":{\"kind\":\"PersistentVolumeClaim\",\"name\":\"a\"}},\"status\":{\"phase\":"
     "\"Pending\"}}"},
    {RESOURCE_ID(core_v1_persistentvolumeclaims), UPDATE,
     "{\"spec\":{\"dataSource\":" POPULATOR "}}", "{\"spec\":{\"dataSource\":" POPULATOR "}}",
     "{\"spec\":{\"dataSource\":" POPULATOR ",\"dataSourceRef\":" POPULATOR "}}"},
    /* Kubelets are configured through their nodes only where they were. */
    {RESOURCE_ID(core_v1_nodes), CREATE, NULL,
     "{\"spec\":{\"configSource\":" CONFIG "},\"status\":{\"config\":{\"assigned\":" CONFIG
     "},\"phase\":\"Running\"}}",
     "{\"status\":{\"phase\":\"Running\"}}"},
    {RESOURCE_ID(core_v1_nodes), UPDATE, "{}", "{\"spec\":{\"configSource\":" CONFIG "}}", "{}"},
    {RESOURCE_ID(core_v1_nodes), UPDATE, "{\"spec\":{\"configSource\":" CONFIG "}}",
     "{\"spec\":{\"configSource\":" CONFIG "}}", "{\"spec\":{\"configSource\":" CONFIG "}}"},
    {RESOURCE_ID(core_v1_nodes), STATUS, "{}", "{\"status\":{\"config\":{\"active\":" CONFIG "}}}",
     "{}"},
    {RESOURCE_ID(core_v1_nodes), STATUS, "{\"status\":{\"config\":{\"error\":\"e\"}}}",
     "{\"status\":{\"config\":{\"active\":" CONFIG "}}}",
     "{\"status\":{\"config\":{\"active\":" CONFIG "}}}"},
    /* An AppArmor profile in an annotation becomes one in a field. */
    {RESOURCE_ID(core_v1_pods), CREATE, NULL,
     "{\"metadata\":{\"annotations\":{\"" APPARMOR "a\":\"localhost/p\",\"" APPARMOR
     "b\":\"unconfined\",\"" APPARMOR "c\":\"localhost/\",\"" APPARMOR
     "d\":\"runtime/default\"}},\"spec\":{\"securityContext\":{\"appArmorProfile\":{\"type\":"
     "\"RuntimeDefault\"}},\"initContainers\":[{\"name\":\"a\",\"securityContext\":{\"privileged\":"
     "false}}],\"containers\":[{\"name\":\"b\",\"securityContext\":{\"appArmorProfile\":{\"type\":"
     "\"RuntimeDefault\"}}},{\"name\":\"c\"},{\"name\":\"d\"}]}}",
     "{\"metadata\":{\"annotations\":{\"" APPARMOR "a\":\"localhost/p\",\"" APPARMOR
     "b\":\"unconfined\",\"" APPARMOR "c\":\"localhost/\",\"" APPARMOR
     "d\":\"runtime/default\"}},\"spec\":{\"securityContext\":{\"appArmorProfile\":{\"type\":"
     "\"RuntimeDefault\"}},\"initContainers\":[{\"name\":\"a\",\"securityContext\":{\"privileged\":"
     "false,\"appArmorProfile\":{\"type\":\"Localhost\",\"localhostProfile\":\"p\"}}}],"
     "\"containers\":[{\"name\":\"b\",\"securityContext\":{\"appArmorProfile\":{\"type\":"
     "\"RuntimeDefault\"}}},{\"name\":\"c\"},{\"name\":\"d\"}]},\"status\":{\"phase\":\"Pending\","
     "\"qosClass\":\"BestEffort\"}}"},
    /* Devices that a claim no longer has say nothing any more. */
    {RESOURCE_ID(resource_v1_resourceclaims), STATUS,
     "{\"status\":{\"allocation\":{\"devices\":{\"results\":[" DEVICE("a") "," DEVICE(
         "b") "]}},"
              "\"devices\":[" STATE("a", "1") "]}}",
     "{\"status\":{\"allocation\":{\"devices\":{\"results\":[" DEVICE(
         "b") "]}},\"devices\":[" STATE("a", "1") "," STATE("b", "2") "," STATE("c", "3") "]}}",
     "{\"status\":{\"allocation\":{\"devices\":{\"results\":[" DEVICE(
         "b") "]}},\"devices\":[" STATE("b", "2") "," STATE("c", "3") "]}}"},
    /* What a balancer said is not true of another type. */
    {RESOURCE_ID(core_v1_services), UPDATE, NULL,
     "{\"spec\":{\"type\":\"ClusterIP\"},\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":"
     "\"192.0.2.1\"}]}}}",
     "{\"spec\":{\"type\":\"ClusterIP\"}}"},
    {RESOURCE_ID(core_v1_services), UPDATE, NULL,
     "{\"spec\":{\"type\":\"LoadBalancer\"},\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":"
     "\"192.0.2.1\"}]}}}",
     "{\"spec\":{\"type\":\"LoadBalancer\"},\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":"
     "\"192.0.2.1\"}]}}}"},
    /* Finalizers of a namespace are those of its finalize subresource. */
    {RESOURCE_ID(core_v1_namespaces), CREATE, NULL, "{\"spec\":{\"finalizers\":[\"a.b/c\"]}}",
     "{\"spec\":{\"finalizers\":[\"a.b/c\",\"kubernetes\"]},\"status\":{\"phase\":\"Active\"}}"},
    {RESOURCE_ID(core_v1_namespaces), UPDATE, "{\"spec\":{\"finalizers\":[\"kubernetes\"]}}",
     "{\"spec\":{\"finalizers\":[\"a.b/c\"]}}", "{\"spec\":{\"finalizers\":[\"kubernetes\"]}}"},
    {RESOURCE_ID(core_v1_secrets), UPDATE, "{\"type\":\"Opaque\"}", "{}", "{\"type\":\"Opaque\"}"},
    {RESOURCE_ID(core_v1_serviceaccounts), CREATE, NULL,
     "{\"secrets\":[{\"name\":\"a\",\"namespace\":\"b\",\"kind\":\"Secret\"}]}",
     "{\"secrets\":[{\"name\":\"a\"}]}"},
};

static void prepare(const struct hooks *h, struct hook_ctx *c, enum write write, void *obj,
                    const void *old) {
    if (write == CREATE)
        h->prepare_create(c, obj);
    else if (write == UPDATE)
        h->prepare_update(c, obj, old);
    else
        h->prepare_status(c, obj, old);
}

static str json_of(struct arena *a, const struct api_type *t, const void *obj) {
    struct buf b;
    buf_init(&b, 0);
    json_write(&b, t, obj, 0, NULL);
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

TEST(what_a_write_makes_of_an_object) {
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        arena_init(&a, 0);
        struct hook_ctx c = {.arena = &a};
        const struct api_resource *r = &api_resources[cases[i].id];
        const struct api_type *t = r->type;
        void *obj = read_object(&a, t, cases[i].sent);
        const void *old = read_object(&a, t, cases[i].old ? cases[i].old : cases[i].sent);
        prepare(hooks_of(r), &c, cases[i].write, obj, old);
        CHECK_STR(json_of(&a, t, obj), json_of(&a, t, read_object(&a, t, cases[i].made)));
        arena_done(&a);
    }
}
