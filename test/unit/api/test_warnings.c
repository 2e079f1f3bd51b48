// SPDX-License-Identifier: Apache-2.0
/* What the writers of valid objects are told, kind by kind. */
#include "objects.h"

#include "api/deprecated.h"
#include "api/hooks.h"
#include "base/buf.h"

#define TEXTS_MAX 8

struct warn_case {
    enum resource_id id;
    const char *obj, *old; /* old NULL: create */
    const char *texts[TEXTS_MAX];
};

#define POD(spec_)       "{\"metadata\":{\"name\":\"p\"},\"spec\":{" spec_ "}}"
#define VOLUME(source_)  POD("\"volumes\":[{\"name\":\"v\"," source_ "}]")
#define CONTAINER(rest_) POD("\"containers\":[{\"name\":\"c\"," rest_ "}]")
#define PORTS(ports_)    CONTAINER("\"ports\":[" ports_ "]")
#define PROJECTED(list_) VOLUME("\"projected\":{\"sources\":[" list_ "]}")
#define TOKEN(path_)     "{\"serviceAccountToken\":{\"path\":\"" path_ "\"}}"
#define CONFIG(path_)                                                                              \
    "{\"configMap\":{\"name\":\"m\",\"items\":[{\"key\":\"k\",\"path\":\"" path_ "\"}]}}"
#define NO_MATCH  ": a null labelSelector results in matching no pod"
#define REQUIRED  "\"requiredDuringSchedulingIgnoredDuringExecution\":"
#define PREFERRED "\"preferredDuringSchedulingIgnoredDuringExecution\":"

static const struct warn_case pods[] = {
    {RESOURCE_ID(core_v1_pods), POD("\"nodeName\":\"n\""), NULL, {NULL}},
    {RESOURCE_ID(core_v1_pods),
     "{\"metadata\":{\"name\":\"a.b\"}}",
     NULL,
     {"metadata.name: this is used in the Pod's hostname, which can result in surprising "
      "behavior; a DNS label is recommended: [must not contain dots]"}},
    {RESOURCE_ID(core_v1_pods),
     "{\"metadata\":{\"name\":\"a.b\"}}",
     "{\"metadata\":{\"name\":\"a.b\"}}",
     {NULL}},
    /* where it runs */
    {RESOURCE_ID(core_v1_pods),
     POD("\"nodeSelector\":{\"beta.kubernetes.io/os\":\"linux\"}"),
     NULL,
     {"spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" "
      "instead"}},
    {RESOURCE_ID(core_v1_pods),
     POD("\"affinity\":{\"nodeAffinity\":{" REQUIRED
         "{\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":\"node-role.kubernetes.io/"
         "master\",\"values\":[\"-1\"]}]}]}," PREFERRED
         "[{\"preference\":{\"matchExpressions\":[{\"key\":\"foo\",\"values\":[\"-1\"]}]}}]}}"),
     NULL,
     {"spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
      "nodeSelectorTerms[0].matchExpressions[0].key: node-role.kubernetes.io/master is use "
      "\"node-role.kubernetes.io/control-plane\" instead",
      "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference."
      "matchExpressions[0].values[0]: -1 is invalid, a valid label must be an empty string or "
      "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
      "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
      "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"}},
    {RESOURCE_ID(core_v1_pods),
     POD("\"topologySpreadConstraints\":[{\"topologyKey\":\"failure-domain.beta.kubernetes.io/"
         "zone\"}],\"affinity\":{\"podAffinity\":{" REQUIRED "[{}]},\"podAntiAffinity\":{" PREFERRED
         "[{}]}}"),
     NULL,
     {"spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is "
      "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
      "spec.topologySpreadConstraints[0].labelSelector" NO_MATCH,
      "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]."
      "labelSelector" NO_MATCH,
      "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]."
      "podAffinityTerm.labelSelector" NO_MATCH}},
    /* volumes */
    {RESOURCE_ID(core_v1_pods),
     VOLUME("\"gitRepo\":{}"),
     NULL,
     {"spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+"}},
    {RESOURCE_ID(core_v1_pods),
     VOLUME("\"storageos\":{}"),
     NULL,
     {"spec.volumes[0].storageOS: deprecated in v1.22, non-functional in v1.25+"}},
    {RESOURCE_ID(core_v1_pods),
     VOLUME("\"rbd\":{}"),
     NULL,
     {"spec.volumes[0].rbd: deprecated in v1.28, non-functional in v1.31+"}},
    {RESOURCE_ID(core_v1_pods),
     VOLUME("\"ephemeral\":{\"volumeClaimTemplate\":{\"spec\":{\"resources\":{\"requests\":{"
            "\"storage\":\"1500m\"}}}}}"),
     NULL,
     {"spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional "
      "byte value \"1500m\" is invalid, must be an integer"}},
    {RESOURCE_ID(core_v1_pods),
     VOLUME("\"configMap\":{\"name\":\"m\",\"items\":[{\"key\":\"a\",\"path\":\"test\"},{\"key\":"
            "\"b\",\"path\":\"test/app/\"},{\"key\":\"c\",\"path\":\"test1\"}]}"),
     NULL,
     {"volume \"v\" (ConfigMap \"m\"): overlapping paths: \"test/app\" with \"test\""}},
    {RESOURCE_ID(core_v1_pods),
     PROJECTED(CONFIG("test/file") "," TOKEN("test")),
     NULL,
     {"volume \"v\" (Projected): overlapping paths: \"test\" (ServiceAccountToken) with "
      "\"test/file\" (ConfigMap \"m\")"}},
    {RESOURCE_ID(core_v1_pods),
     PROJECTED("{}"),
     NULL,
     {"volume \"v\" (Projected) has no sources provided"}},
    {RESOURCE_ID(core_v1_pods),
     PROJECTED("{\"clusterTrustBundle\":{\"signerName\":\"s\",\"path\":\"a\"}},{\"podCertificate\":"
               "{\"keyPath\":\"a\",\"credentialBundlePath\":\"b\"}}"),
     NULL,
     {"volume \"v\" (Projected): overlapping paths: \"a\" (PodCertificate key) with \"a\" "
      "(ClusterTrustBundle \"s\")"}},
    /* lists */
    {RESOURCE_ID(core_v1_pods),
     POD("\"hostAliases\":[{\"ip\":\"1.1.1.1\"},{\"ip\":\"1.1.1.1\"}],\"imagePullSecrets\":[{"
         "\"name\":\"a\"},{\"name\":\"a\"},{}]"),
     NULL,
     {"spec.hostAliases[1].ip: duplicate ip \"1.1.1.1\"",
      "spec.imagePullSecrets[1].name: duplicate name \"a\"",
      "spec.imagePullSecrets[2].name: invalid empty name \"\""}},
    {RESOURCE_ID(core_v1_pods),
     CONTAINER("\"env\":[{\"name\":\"a\",\"value\":\"1\"},{\"name\":\"a\",\"value\":\"$(a)\"},{"
               "\"name\":\"a\",\"value\":\"$(a) $(a)\"},{\"name\":\"b\"}]"),
     NULL,
     {"spec.containers[0].env[1]: hides previous definition of \"a\", which may be dropped when "
      "using apply"}},
    /* amounts */
    {RESOURCE_ID(core_v1_pods),
     CONTAINER("\"resources\":{\"requests\":{\"cpu\":\"100m\",\"memory\":\"4m\"},\"limits\":{"
               "\"ephemeral-storage\":\"1500m\",\"memory\":\"1Gi\"}}"),
     NULL,
     {"spec.containers[0].resources.limits[ephemeral-storage]: fractional byte value \"1500m\" is "
      "invalid, must be an integer",
      "spec.containers[0].resources.requests[memory]: fractional byte value \"4m\" is invalid, "
      "must be an integer"}},
    {RESOURCE_ID(core_v1_pods),
     POD("\"overhead\":{\"memory\":\"4m\"},\"terminationGracePeriodSeconds\":-1"),
     NULL,
     {"spec.overhead[memory]: fractional byte value \"4m\" is invalid, must be an integer",
      "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be "
      "treated as 1"}},
    /* annotations */
    {RESOURCE_ID(core_v1_pods),
     "{\"metadata\":{\"name\":\"p\",\"annotations\":{\"scheduler.alpha.kubernetes.io/"
     "critical-pod\":\"\",\"seccomp.security.alpha.kubernetes.io/pod\":\"x\","
     "\"container.seccomp.security.alpha.kubernetes.io/c\":\"x\"}},\"spec\":{"
     "\"containers\":[{\"name\":\"c\"}]}}",
     NULL,
     {"metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; "
      "use the \"priorityClassName\" field instead",
      "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; "
      "use the \"seccompProfile\" field instead",
      "metadata.annotations[container.seccomp.security.alpha.kubernetes.io/c]: non-functional in "
      "v1.27+; use the \"seccompProfile\" field instead"}},
    /* ports */
    {RESOURCE_ID(core_v1_pods),
     PORTS("{\"containerPort\":80,\"protocol\":\"UDP\",\"hostIP\":\"10.0.0.1\"}"),
     NULL,
     {"spec.containers[0].ports[0]: hostIP set without hostPort: {Name: HostPort:0 "
      "ContainerPort:80 Protocol:UDP HostIP:10.0.0.1}"}},
    {RESOURCE_ID(core_v1_pods),
     PORTS("{\"containerPort\":80,\"protocol\":\"UDP\"},{\"containerPort\":80,\"protocol\":\"TCP\"}"
           ",{\"containerPort\":80,\"protocol\":\"UDP\"}"),
     NULL,
     {"spec.containers[0].ports[2]: duplicate port definition with spec.containers[0].ports[0]"}},
    {RESOURCE_ID(core_v1_pods),
     PORTS("{\"containerPort\":80,\"hostPort\":80},{\"containerPort\":80}"),
     NULL,
     {"spec.containers[0].ports[1]: overlapping port definition with "
      "spec.containers[0].ports[0]"}},
    {RESOURCE_ID(core_v1_pods),
     PORTS("{\"containerPort\":80,\"hostPort\":80,\"hostIP\":\"10.0.0.1\"},{\"containerPort\":80,"
           "\"hostPort\":80}"),
     NULL,
     {"spec.containers[0].ports[1]: dangerously ambiguous port definition with "
      "spec.containers[0].ports[0]"}},
    {RESOURCE_ID(core_v1_pods),
     POD("\"initContainers\":[{\"name\":\"a\",\"ports\":[{\"name\":\"n\",\"containerPort\":1}]}],"
         "\"containers\":[{\"name\":\"b\",\"ports\":[{\"name\":\"n\",\"containerPort\":2}]}]"),
     NULL,
     {"spec.containers[0].ports[0]: duplicate port name \"n\" with "
      "spec.initContainers[0].ports[0], services and probes that select ports by name will use "
      "spec.initContainers[0].ports[0]"}},
    /* addresses */
    {RESOURCE_ID(core_v1_pods),
     POD("\"dnsConfig\":{\"nameservers\":[\"1.2.3.4\",\"05.06.07.08\"]},\"hostAliases\":[{\"ip\":"
         "\"::ffff:1.2.3.4\"}]"),
     NULL,
     {"spec.dnsConfig.nameservers[1]: non-standard IP address \"05.06.07.08\" will be considered "
      "invalid in a future Kubernetes release: use \"5.6.7.8\"",
      "spec.hostAliases[0].ip: non-standard IP address \"::ffff:1.2.3.4\" will be considered "
      "invalid in a future Kubernetes release: use \"1.2.3.4\""}},
};

#define NAMED        "{\"metadata\":{\"name\":\"w\",\"generation\":1},\"spec\":{"
#define CHANGED      "{\"metadata\":{\"name\":\"w\",\"generation\":2},\"spec\":{"
#define OLD_TEMPLATE "\"template\":{\"spec\":{\"volumes\":[{\"name\":\"v\",\"rbd\":{}}]}}"
#define RBD(path_)   path_ ".spec.volumes[0].rbd: deprecated in v1.28, non-functional in v1.31+"
#define HALF_CLAIM                                                                                 \
    "\"volumeClaimTemplates\":[{\"spec\":{\"resources\":{\"limits\":{\"storage\":\"1m\"}}}}]"
#define HALF                                                                                       \
    "resources.limits[storage]: fractional byte value \"1m\" is invalid, must be an integer"
#define MANY_INDEXES "\"completionMode\":\"Indexed\",\"completions\":100001,\"parallelism\":10001"
#define APPARMOR_KEY "container.apparmor.security.beta.kubernetes.io/c"

static const struct warn_case workloads[] = {
    {RESOURCE_ID(apps_v1_deployments), NAMED OLD_TEMPLATE "}}", NULL, {RBD("spec.template")}},
    {RESOURCE_ID(apps_v1_deployments), NAMED OLD_TEMPLATE "}}", NAMED "}}", {NULL}},
    {RESOURCE_ID(apps_v1_deployments),
     CHANGED OLD_TEMPLATE "}}",
     NAMED "}}",
     {RBD("spec.template")}},
    {RESOURCE_ID(apps_v1_replicasets),
     CHANGED OLD_TEMPLATE "}}",
     NAMED "}}",
     {RBD("spec.template")}},
    {RESOURCE_ID(apps_v1_daemonsets), NAMED OLD_TEMPLATE "}}", NAMED "}}", {RBD("spec.template")}},
    {RESOURCE_ID(apps_v1_daemonsets), CHANGED OLD_TEMPLATE "}}", NAMED OLD_TEMPLATE "}}", {NULL}},
    {RESOURCE_ID(core_v1_replicationcontrollers), CHANGED OLD_TEMPLATE "}}", NAMED "}}", {NULL}},
    {RESOURCE_ID(core_v1_replicationcontrollers),
     CHANGED "}}",
     NAMED OLD_TEMPLATE "}}",
     {RBD("spec.template")}},
    {RESOURCE_ID(core_v1_podtemplates), "{" OLD_TEMPLATE "}", NULL, {RBD("template")}},
    {RESOURCE_ID(apps_v1_statefulsets),
     NAMED HALF_CLAIM ",\"revisionHistoryLimit\":-1}}",
     NULL,
     {"spec.volumeClaimTemplates[0]." HALF,
      "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 "
      "is recommended"}},
    {RESOURCE_ID(apps_v1_statefulsets),
     NAMED HALF_CLAIM "}}",
     NAMED HALF_CLAIM "}}",
     {"spec.volumeClaimTemplates[0].Spec." HALF}},
    {RESOURCE_ID(batch_v1_jobs),
     NAMED OLD_TEMPLATE "," MANY_INDEXES "}}",
     NULL,
     {"spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism "
      "higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number "
      "of indexes fail",
      RBD("spec.template")}},
    {RESOURCE_ID(batch_v1_cronjobs),
     CHANGED "\"schedule\":\"TZ=UTC * * * * *\",\"jobTemplate\":{\"spec\":{" OLD_TEMPLATE "}}}}",
     NAMED "}}",
     {RBD("spec.jobTemplate.spec.template"),
      "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
      "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"}},
    {RESOURCE_ID(apps_v1_daemonsets),
     NAMED "\"template\":{\"metadata\":{\"annotations\":{\"" APPARMOR_KEY
           "\":\"unconfined\"}},\"spec\":{\"containers\":[{\"name\":\"c\"}]}}}}",
     NULL,
     {"spec.template.metadata.annotations[" APPARMOR_KEY
      "]: deprecated since v1.30; use the \"appArmorProfile\" field instead"}},
    {RESOURCE_ID(apps_v1_daemonsets),
     NAMED "\"template\":{\"metadata\":{\"annotations\":{\"" APPARMOR_KEY
           "\":\"unconfined\"}},\"spec\":{\"securityContext\":{\"appArmorProfile\":{\"type\":"
           "\"RuntimeDefault\"}},\"containers\":[{\"name\":\"c\"}]}}}}",
     NULL,
     {NULL}},
};

#define META(annotation_)                                                                          \
    "\"metadata\":{\"name\":\"a\",\"annotations\":{\"" annotation_ "\":\"x\"}}"
#define SERVICE(spec_) "{\"spec\":{" spec_ "}}"
#define OLD_CLASS                                                                                  \
    "metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "   \
    "\"storageClassName\" attribute instead"

#define SCHEMA(props_)                                                                             \
    "{\"spec\":{\"versions\":[{\"name\":\"v1\",\"schema\":{\"openAPIV3Schema\":{\"properties\":"   \
    "{" props_ "}}}}]}}"
#define ODD_TEXT   "\"a\":{\"type\":\"string\",\"format\":\"odd\"}"
#define ODD_NUMBER "\"b\":{\"items\":{\"type\":\"integer\",\"format\":\"double\"}}"

static const struct warn_case others[] = {
    {RESOURCE_ID(apiextensions_v1_customresourcedefinitions),
     SCHEMA(ODD_TEXT "," ODD_NUMBER ",\"c\":{\"type\":\"string\",\"format\":\"date-time\"}"),
     NULL,
     {"unrecognized format \"odd\"", "unrecognized format \"double\""}},
    {RESOURCE_ID(apiextensions_v1_customresourcedefinitions),
     SCHEMA(ODD_TEXT "," ODD_NUMBER),
     SCHEMA(ODD_TEXT),
     {"unrecognized format \"double\""}},
    {RESOURCE_ID(core_v1_services),
     SERVICE("\"type\":\"ClusterIP\",\"clusterIP\":\"None\",\"clusterIPs\":[\"None\"],"
             "\"loadBalancerIP\":\"1.2.3.4\",\"externalIPs\":[\"1.2.3.4\"],\"sessionAffinity\":"
             "\"ClientIP\""),
     NULL,
     {"spec.loadBalancerIP is ignored for headless services",
      "spec.externalIPs is ignored for headless services",
      "spec.SessionAffinity is ignored for headless services"}},
    {RESOURCE_ID(core_v1_services),
     SERVICE("\"type\":\"ClusterIP\",\"clusterIP\":\"1::0:1\",\"clusterIPs\":[\"1::0:1\"],"
             "\"externalIPs\":[\"1.2.3.4\"],\"externalName\":\"x\",\"trafficDistribution\":"
             "\"PreferClose\",\"loadBalancerSourceRanges\":[\"10.0.0.1/8\",\"2001:db8:0::/64\"]"),
     SERVICE(""),
     {"spec.clusterIPs[0]: IPv6 address \"1::0:1\" should be in RFC 5952 canonical format "
      "(\"1::1\")",
      "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
      "spec.loadBalancerSourceRanges[0]: CIDR value \"10.0.0.1/8\" is ambiguous in this context "
      "(should be \"10.0.0.0/8\" or \"10.0.0.1/32\"?)",
      "spec.loadBalancerSourceRanges[1]: IPv6 CIDR value \"2001:db8:0::/64\" should be in RFC 5952 "
      "canonical format (\"2001:db8::/64\")",
      "spec.externalName is ignored when spec.type is not \"ExternalName\"",
      "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\""}},
    {RESOURCE_ID(core_v1_services),
     "{" META("service.kubernetes.io/topology-aware-hints") ",\"spec\":{\"type\":\"ExternalName\","
                                                            "\"externalIPs\":[\"1.2.3.4\"]}}",
     NULL,
     {"annotation service.kubernetes.io/topology-aware-hints is deprecated, please use "
      "service.kubernetes.io/topology-mode instead",
      "spec.externalIPs is ignored when spec.type is \"ExternalName\""}},
    {RESOURCE_ID(networking_v1_networkpolicies),
     "{\"spec\":{\"ingress\":[{\"from\":[{},{\"ipBlock\":{\"cidr\":\"010.0.0.0/8\"}}]}],\"egress\":"
     "[{\"to\":[{\"ipBlock\":{\"cidr\":\"10.0.0.0/8\",\"except\":[\"10.1.0.1/16\"]}}]}]}}",
     NULL,
     {"spec.ingress[0].from[1].ipBlock.cidr: non-standard CIDR value \"010.0.0.0/8\" will be "
      "considered invalid in a future Kubernetes release: use \"10.0.0.0/8\"",
      "spec.egress[0].to[0].ipBlock.except[0]: CIDR value \"10.1.0.1/16\" is ambiguous in this "
      "context (should be \"10.1.0.0/16\" or \"10.1.0.1/32\"?)"}},
    {RESOURCE_ID(networking_v1_ingresses),
     "{" META("kubernetes.io/ingress.class") "}",
     NULL,
     {"annotation \"kubernetes.io/ingress.class\" is deprecated, please use "
      "'spec.ingressClassName' instead"}},
    {RESOURCE_ID(networking_v1_ingresses),
     "{" META("kubernetes.io/ingress.class") "}",
     "{}",
     {NULL}},
    {RESOURCE_ID(core_v1_endpoints),
     "{\"subsets\":[{\"addresses\":[{\"ip\":\"01.2.3.4\"}],\"notReadyAddresses\":[{\"ip\":"
     "\"1::0:2\"}]}]}",
     NULL,
     {"subsets[0].addresses[0].ip: non-standard IP address \"01.2.3.4\" will be considered invalid "
      "in a future Kubernetes release: use \"1.2.3.4\"",
      "subsets[0].notReadyAddresses[0].ip: IPv6 address \"1::0:2\" should be in RFC 5952 canonical "
      "format (\"1::2\")"}},
    {RESOURCE_ID(core_v1_endpoints),
     "{\"metadata\":{\"labels\":{\"endpoints.kubernetes.io/managed-by\":\"endpoint-controller\"}},"
     "\"subsets\":[{\"addresses\":[{\"ip\":\"01.2.3.4\"}]}]}",
     NULL,
     {NULL}},
    {RESOURCE_ID(discovery_v1_endpointslices),
     "{\"addressType\":\"FQDN\",\"endpoints\":[{\"addresses\":[\"01.2.3.4\"]}]}",
     NULL,
     {"spec.addressType: FQDN endpoints are deprecated",
      "endpoints[0].addresses[0]: non-standard IP address \"01.2.3.4\" will be considered invalid "
      "in a future Kubernetes release: use \"1.2.3.4\""}},
    {RESOURCE_ID(core_v1_persistentvolumes),
     "{" META("volume.beta.kubernetes.io/storage-class") ",\"spec\":{"
                                                         "\"persistentVolumeReclaimPolicy\":"
                                                         "\"Recycle\",\"nodeAffinity\":{"
                                                         "\"required\":{\"nodeSelectorTerms\":[{"
                                                         "\"matchExpressions\":[{\"key\":"
                                                         "\"app.kubernetes.io/created-by\"}]}]}},"
                                                         "\"glusterfs\":{}}}",
     NULL,
     {OLD_CLASS,
      "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the "
      "recommended approach is to use dynamic provisioning.",
      "spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: "
      "app.kubernetes.io/created-by is deprecated since v1.9",
      "spec.glusterfs: deprecated in v1.25, non-functional in v1.26+"}},
    {RESOURCE_ID(core_v1_persistentvolumes),
     "{" META("volume.beta.kubernetes.io/mount-options") "}",
     NULL,
     {"metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use "
      "\"mountOptions\" attribute instead"}},
    {RESOURCE_ID(core_v1_persistentvolumeclaims),
     "{" META("volume.beta.kubernetes.io/storage-class") ",\"spec\":{\"resources\":{\"limits\":{"
                                                         "\"storage\":\"1m\"}}}}",
     NULL,
     {OLD_CLASS, "spec." HALF}},
    {RESOURCE_ID(storage_v1_storageclasses),
     "{\"allowedTopologies\":[{},{\"matchLabelExpressions\":[{\"key\":\"beta.kubernetes.io/arch\"}]"
     "}]}",
     NULL,
     {"allowedTopologies[1].matchLabelExpressions[0].key: deprecated since v1.14; use "
      "\"kubernetes.io/arch\" instead"}},
    {RESOURCE_ID(storage_v1_csistoragecapacities),
     "{\"nodeTopology\":{\"matchLabels\":{\"beta.kubernetes.io/os\":\"linux\"},"
     "\"matchExpressions\":[{\"key\":\"beta.kubernetes.io/arch\"}]}}",
     NULL,
     {"nodeTopology.matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; "
      "use \"kubernetes.io/arch\" instead",
      "nodeTopology.matchLabels.beta.kubernetes.io/os: deprecated since v1.14; use "
      "\"kubernetes.io/os\" instead"}},
    {RESOURCE_ID(node_v1_runtimeclasses),
     "{\"scheduling\":{\"nodeSelector\":{\"beta.kubernetes.io/os\":\"linux\"}}}",
     NULL,
     {"scheduling.nodeSelector: deprecated since v1.14; use \"kubernetes.io/os\" instead"}},
    {RESOURCE_ID(core_v1_nodes),
     "{\"spec\":{\"configSource\":{},\"externalID\":\"x\"}}",
     NULL,
     {"spec.configSource: the feature is removed",
      "spec.externalID: this field is deprecated, and is unused by Kubernetes"}},
    {RESOURCE_ID(core_v1_serviceaccounts),
     "{" META("kubernetes.io/enforce-mountable-secrets") "}",
     NULL,
     {"metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer "
      "separate namespaces to isolate access to mounted secrets"}},
    {RESOURCE_ID(core_v1_serviceaccounts),
     "{" META("kubernetes.io/enforce-mountable-secrets") "}",
     "{" META("kubernetes.io/enforce-mountable-secrets") "}",
     {NULL}},
};

static const struct warn_case statuses[] = {
    {RESOURCE_ID(core_v1_pods),
     "{\"status\":{\"podIPs\":[{\"ip\":\"1::0:1\"}],\"hostIPs\":[{\"ip\":\"01.2.3.4\"}]}}",
     "{}",
     {"status.podIPs[0].ip: IPv6 address \"1::0:1\" should be in RFC 5952 canonical format "
      "(\"1::1\")",
      "status.hostIPs[0].ip: non-standard IP address \"01.2.3.4\" will be considered invalid in a "
      "future Kubernetes release: use \"1.2.3.4\""}},
    {RESOURCE_ID(core_v1_services),
     "{\"status\":{\"loadBalancer\":{\"ingress\":[{\"hostname\":\"a\"},{\"ip\":\"1::0:1\"}]}}}",
     "{}",
     {"status.loadBalancer.ingress[1]: IPv6 address \"1::0:1\" should be in RFC 5952 canonical "
      "format (\"1::1\")"}},
};

static str lines(struct arena *a, const str *v, size_t n) {
    return str_join(a, v, n, STR("\n"));
}

static void check_case(const struct warn_case *c, bool status) {
    struct arena a;
    arena_init(&a, 0);
    const struct api_resource *r = &api_resources[c->id];
    const struct hooks *h = hooks_of(r);
    struct warnings w = {.arena = &a};
    str expected[TEXTS_MAX];
    size_t n = 0;
    while (n < TEXTS_MAX && c->texts[n]) {
        expected[n] = str_of(c->texts[n]);
        n++;
    }
    (status ? h->warn_status : h->warn)(&w, read_object(&a, r->type, c->obj),
                                        c->old ? read_object(&a, r->type, c->old) : NULL);
    CHECK_STR(lines(&a, w.list.v, w.list.n), lines(&a, expected, n));
    arena_done(&a);
}

#define CHECK_CASES(cases_, status_)                                                               \
    for (size_t i = 0; i < ARRAY_LEN(cases_); i++)                                                 \
    check_case(&(cases_)[i], status_)

TEST(pods_are_warned_of) {
    CHECK_CASES(pods, false);
}

TEST(what_makes_pods_is_warned_of) {
    CHECK_CASES(workloads, false);
}

TEST(other_kinds_are_warned_of) {
    CHECK_CASES(others, false);
}

TEST(statuses_are_warned_of) {
    CHECK_CASES(statuses, true);
}

/* Seen only before it is done. */
TEST(annotations_of_pods_that_become_fields) {
    static const struct {
        const char *annotation, *pod, *own;
        unsigned warnings;
    } profiles[] = {
        {"unconfined", "", "", 1},
        {"nonsense", "", "", 1},
        {"unconfined", "", "\"securityContext\":{\"appArmorProfile\":{\"type\":\"Unconfined\"}},",
         0},
        {"localhost/x",
         "\"securityContext\":{\"appArmorProfile\":{\"type\":\"Localhost\",\"localhostProfile\":"
         "\"x\"}},",
         "", 0},
        {"unconfined", "\"os\":{\"name\":\"windows\"},", "", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(profiles); i++) {
        struct arena a;
        arena_init(&a, 0);
        struct warnings w = {.arena = &a};
        struct hook_ctx c = {.arena = &a, .warnings = &w};
        str json = str_printf(&a,
                              "{\"metadata\":{\"annotations\":{\"" APPARMOR_KEY
                              "\":\"%s\"}},\"spec\":{%s\"containers\":[{%s\"name\":\"c\"}]}}",
                              profiles[i].annotation, profiles[i].pod, profiles[i].own);
        hooks_of(RESOURCE_OF(core_v1_pods))->prepare_create(&c, read_object(&a, &Pod_type, json.p));
        CHECK_INT(w.list.n, profiles[i].warnings);
        if (w.list.n)
            CHECK_STR(w.list.v[0], STR("metadata.annotations[" APPARMOR_KEY
                                       "]: deprecated since v1.30; use the \"appArmorProfile\" "
                                       "field instead"));
        arena_done(&a);
    }
}

/* Nobody makes the server say or compare more than so much. */
TEST(warnings_have_a_limit) {
    struct arena a;
    struct buf b;
    arena_init(&a, 0);
    buf_init(&b, 0);
    buf_adds(
        &b, "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"ports\":[");
    for (int i = 0; i < 20000; i++)
        buf_printf(&b, "%s{\"containerPort\":80}", i ? "," : "");
    buf_adds(&b, "]}]}}");
    buf_addc(&b, '\0');
    struct warnings w = {.arena = &a};
    hooks_of(RESOURCE_OF(core_v1_pods))->warn(&w, read_object(&a, &Pod_type, b.p), NULL);
    CHECK_INT(w.list.n, WARNINGS_MAX);
    buf_done(&b);
    arena_done(&a);
}

TEST(deprecated_resources) {
    CHECK_INT(deprecation_of(RESOURCE_OF(core_v1_componentstatuses))->since, 19);
    CHECK_INT(deprecation_of(RESOURCE_OF(core_v1_endpoints))->since, 33);
    CHECK(!deprecation_of(RESOURCE_OF(core_v1_pods)));
}
