# SPDX-License-Identifier: Apache-2.0
"""Debian's python3-kubernetes speaks with the server that KUBECONFIG names. Prints a line a check,
"ok NAME" or "not ok NAME", and notes; what a check raises is its failure, the next ones go on."""

import base64
import datetime
import json
import os
import threading
import traceback

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.rest import ApiException
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError

NS = "python"
config.load_kube_config(config_file=os.environ["KUBECONFIG"])
core, apps, batch = client.CoreV1Api(), client.AppsV1Api(), client.BatchV1Api()
auth = client.AuthorizationV1Api()
dyn = dynamic.DynamicClient(client.ApiClient())


def check(about):
    """Runs the function at once; its name and doc string say what must hold."""
    try:
        about()
        print("ok " + about.__doc__, flush=True)
    except Exception:
        print("not ok " + about.__doc__)
        print(traceback.format_exc(), flush=True)


def equal(got, wanted):
    assert got == wanted, "got %r, wanted %r" % (got, wanted)


def refused(code, reason, call, *args, **kw):
    """The call fails with this code and reason; gives the Status."""
    try:
        call(*args, **kw)
    except ApiException as e:
        status = json.loads(e.body)
        equal((e.status, status["reason"]), (code, reason))
        equal((status["kind"], status["apiVersion"], status["status"]), ("Status", "v1", "Failure"))
        equal(status["code"], code)
        return status
    raise AssertionError("was not refused")


def config_map(name, data=None, **meta):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, **meta), data=data)


def make(name, data=None, **meta):
    return core.create_namespaced_config_map(NS, config_map(name, data, **meta))


@check
def version():
    """version"""
    v = client.VersionApi().get_code()
    equal((v.major, v.minor), ("1", "36"))


@check
def namespace():
    """a namespace, read back as what was written"""
    made = core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NS)))
    read = core.read_namespace(NS)
    equal(read.metadata.uid, made.metadata.uid)
    equal(read.status.phase, "Active")
    equal(read.spec.finalizers, ["kubernetes"])


@check
def times():
    """times are times, in UTC and near"""
    at = core.read_namespace(NS).metadata.creation_timestamp
    assert isinstance(at, datetime.datetime) and at.utcoffset() == datetime.timedelta(0)
    assert abs(datetime.datetime.now(datetime.timezone.utc) - at) < datetime.timedelta(hours=1)


@check
def deployment():
    """a deployment of models, with defaults filled in"""
    labels = {"app": "web"}
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels=labels),
        spec=client.V1PodSpec(containers=[client.V1Container(
            name="web", image="x", ports=[client.V1ContainerPort(container_port=80)],
            resources=client.V1ResourceRequirements(requests={"cpu": "0.5", "memory": "1.5Gi"}))]))
    spec = client.V1DeploymentSpec(
        replicas=2, selector=client.V1LabelSelector(match_labels=labels), template=template)
    d = apps.create_namespaced_deployment(
        NS, client.V1Deployment(metadata=client.V1ObjectMeta(name="web"), spec=spec))
    equal(d.spec.strategy.rolling_update.max_surge, "25%")
    equal(d.spec.template.spec.containers[0].ports[0].protocol, "TCP")
    equal(d.spec.revision_history_limit, 10)


@check
def quantities():
    """quantities in canonical form"""
    d = apps.read_namespaced_deployment("web", NS)
    requests = d.spec.template.spec.containers[0].resources.requests
    equal(requests, {"cpu": "500m", "memory": "1536Mi"})
    equal(utils.parse_quantity(requests["memory"]), 1536 * 2**20)


@check
def scale():
    """scale: read, replaced, patched"""
    s = apps.read_namespaced_deployment_scale("web", NS)
    equal((s.kind, s.api_version, s.spec.replicas), ("Scale", "autoscaling/v1", 2))
    assert s.status.selector == "app=web"
    s.spec.replicas, s.metadata.resource_version = 3, None  # controllers write it too
    equal(apps.replace_namespaced_deployment_scale("web", NS, s).spec.replicas, 3)
    equal(apps.patch_namespaced_deployment_scale("web", NS, {"spec": {"replicas": 1}}).spec.replicas, 1)
    equal(apps.read_namespaced_deployment("web", NS).spec.replicas, 1)


@check
def pages():
    """a list in pages: all names once, one revision, a count of what remains"""
    for i in range(7):
        make("page-%d" % i, labels={"pages": "yes"})
    names, revisions, remaining, token = [], set(), [], None
    while True:
        page = core.list_namespaced_config_map(NS, limit=3, _continue=token, field_selector="metadata.namespace=" + NS)
        names += [c.metadata.name for c in page.items if c.metadata.name.startswith("page-")]
        revisions.add(page.metadata.resource_version)
        token = page.metadata._continue
        if not token:
            break
    equal(names, ["page-%d" % i for i in range(7)])
    equal(len(revisions), 1)
    first = core.list_namespaced_config_map(NS, limit=3)
    whole = core.list_namespaced_config_map(NS)
    equal(first.metadata.remaining_item_count, len(whole.items) - 3)
    selected = core.list_namespaced_config_map(NS, limit=3, label_selector="pages=yes")
    equal(len(selected.items), 3)
    equal(selected.metadata.remaining_item_count, None)


@check
def bad_continue():
    """a continue token that is none"""
    s = refused(400, "BadRequest", core.list_namespaced_config_map, NS, limit=1, _continue="bogus")
    equal(s["message"], "invalid continue token: continue key is not valid: illegal base64 data at input byte 4")


@check
def selectors():
    """selectors of labels and fields"""
    def named(**kw):
        return [c.metadata.name for c in core.list_namespaced_config_map(NS, **kw).items]
    equal(named(label_selector="pages in (yes),pages notin (no),!never", field_selector="metadata.name=page-3"), ["page-3"])
    equal(named(label_selector="pages,pages!=yes"), [])
    s = refused(400, "BadRequest", core.list_namespaced_config_map, NS, field_selector="data=x")
    equal(s["message"], '"data" is not a known field selector: only "metadata.name", "metadata.namespace"')


@check
def errors():
    """errors: 404, 409, 422, each with its Status and details"""
    s = refused(404, "NotFound", core.read_namespaced_config_map, "nobody", NS)
    equal(s["message"], 'configmaps "nobody" not found')
    equal(s["details"], {"name": "nobody", "kind": "configmaps"})
    s = refused(409, "AlreadyExists", make, "page-0")
    equal(s["message"], 'configmaps "page-0" already exists')
    s = refused(422, "Invalid", make, "No_Good")
    equal([(c["reason"], c["field"]) for c in s["details"]["causes"]],
          [("FieldValueInvalid", "metadata.name")])
    stale = core.read_namespaced_config_map("page-0", NS)
    core.replace_namespaced_config_map("page-0", NS, config_map("page-0", {"a": "1"}))
    stale.data = {"a": "2"}
    refused(409, "Conflict", core.replace_namespaced_config_map, "page-0", NS, stale)
    equal(core.read_namespaced_config_map("page-0", NS).data, {"a": "1"})


@check
def watch_from():
    """a watch goes on from the revision it is given, and misses nothing"""
    at = core.list_namespaced_config_map(NS).metadata.resource_version
    make("seen", {"n": "0"})
    for i in (1, 2, 3):
        core.patch_namespaced_config_map("seen", NS, {"data": {"n": str(i)}})
    core.delete_namespaced_config_map("seen", NS)
    w, seen = watch.Watch(), []
    for e in w.stream(core.list_namespaced_config_map, NS, resource_version=at, timeout_seconds=20,
                      field_selector="metadata.name=seen"):
        seen.append((e["type"], e["object"].data["n"]))
        if e["type"] == "DELETED":
            w.stop()
    equal(seen, [("ADDED", "0"), ("MODIFIED", "1"), ("MODIFIED", "2"), ("MODIFIED", "3"), ("DELETED", "3")])
    assert int(w.resource_version) > int(at)


@check
def watch_again():
    """a watch that times out is taken up again by the client where it stopped"""
    w, seen = watch.Watch(), []
    timer = threading.Timer(1.5, make, ("late",))
    timer.start()
    for e in w.stream(core.list_namespaced_config_map, NS, timeout_seconds=30,
                      label_selector="!pages"):
        seen.append(e["object"].metadata.name)
        if e["object"].metadata.name == "late":
            w.stop()
    timer.join()
    equal(seen.count("late"), 1)
    equal(seen.count("kube-root-ca.crt"), 1)


@check
def watch_selected():
    """what stops to be selected is deleted, to that watch"""
    at = core.list_namespaced_config_map(NS).metadata.resource_version
    core.patch_namespaced_config_map("page-6", NS, {"metadata": {"labels": {"pages": "no"}}})
    core.patch_namespaced_config_map("page-6", NS, {"metadata": {"labels": {"pages": "yes"}}})
    w, seen = watch.Watch(), []
    for e in w.stream(core.list_namespaced_config_map, NS, resource_version=at, timeout_seconds=20,
                      label_selector="pages=yes"):
        seen.append(e["type"])
        if e["type"] == "ADDED":
            w.stop()
    equal(seen, ["DELETED", "ADDED"])


@check
def watch_gone():
    """a revision too old: 410, told apart by code and reason"""
    make("big")
    for i in range(12):  # more than a server remembers
        core.patch_namespaced_config_map("big", NS, {"data": {"x": "x" * 1000000 + str(i)}})
    core.delete_namespaced_config_map("big", NS)
    try:
        for e in watch.Watch().stream(core.list_namespaced_config_map, NS, resource_version="1",
                                      timeout_seconds=5):
            raise AssertionError("an event: %r" % e)
    except ApiException as e:
        equal(e.status, 410)
        assert e.reason.startswith("Expired: too old resource version: 1 ("), e.reason
        return
    raise AssertionError("ended without an error")


@check
def strategic():
    """a strategic merge patch, the client's own choice for a dictionary"""
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "more", "image": "y"}]}}}}
    d = apps.patch_namespaced_deployment("web", NS, patch)
    equal(sorted(c.name for c in d.spec.template.spec.containers), ["more", "web"])


@check
def json_patch():
    """a JSON patch, its choice for a list"""
    d = apps.patch_namespaced_deployment("web", NS, [
        {"op": "test", "path": "/spec/replicas", "value": 1},
        {"op": "add", "path": "/metadata/annotations/note~1x", "value": "~"},
        {"op": "copy", "from": "/metadata/annotations/note~1x", "path": "/metadata/annotations/other"}])
    equal(d.metadata.annotations["note/x"], "~")
    equal(d.metadata.annotations["other"], "~")
    refused(422, "Invalid", apps.patch_namespaced_deployment, "web", NS,
            [{"op": "test", "path": "/spec/replicas", "value": 9}])


@check
def merge_patch():
    """a merge patch, by the dynamic client"""
    r = dyn.resources.get(api_version="v1", kind="ConfigMap")
    make("merged", {"a": "1", "b": "2"})
    r.patch(name="merged", namespace=NS, body={"data": {"a": None, "c": "3"}},
            content_type="application/merge-patch+json")
    equal(r.get(name="merged", namespace=NS).to_dict()["data"], {"b": "2", "c": "3"})


@check
def dynamic_apply():
    """server-side apply, by the dynamic client: owners, a conflict, force"""
    r = dyn.resources.get(api_version="v1", kind="ConfigMap")

    def apply(manager, data, **kw):
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": data}
        return r.patch(name="applied", namespace=NS, body=json.dumps(body), field_manager=manager,
                       content_type="application/apply-patch+yaml", **kw).to_dict()
    apply("one", {"a": "1", "b": "2"})
    equal([(f["manager"], f["operation"]) for f in apply("two", {"c": "3"})["metadata"]["managedFields"]],
          [("one", "Apply"), ("two", "Apply")])
    try:
        apply("two", {"a": "9", "c": "3"})
        raise AssertionError("no conflict")
    except ConflictError as e:
        s = json.loads(e.body)
        equal(s["message"], 'Apply failed with 1 conflict: conflict with "one": .data.a')
        equal(s["details"]["causes"],
              [{"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.a"}])
    equal(apply("two", {"a": "9"}, query_params=[("force", "true")])["data"], {"a": "9", "b": "2"})
    equal(apply("one", {"a": "9"})["data"], {"a": "9"})


@check
def dynamic_kinds():
    """the dynamic client finds kinds by group, short name and category"""
    equal(dyn.resources.get(short_names=["deploy"]).kind, "Deployment")
    equal(dyn.resources.get(api_version="batch/v1", kind="CronJob").name, "cronjobs")
    assert "all" in dyn.resources.get(api_version="apps/v1", kind="Deployment").categories
    scale_of = dyn.resources.get(api_version="apps/v1", kind="Deployment").subresources["scale"]
    equal(scale_of.get(name="web", namespace=NS).spec.replicas, 1)
    try:
        dyn.resources.get(api_version="v1", kind="Secret").get(name="nobody", namespace=NS)
        raise AssertionError("found")
    except NotFoundError as e:
        equal(json.loads(e.body)["message"], 'secrets "nobody" not found')


@check
def dynamic_watch():
    """the dynamic client watches"""
    r = dyn.resources.get(api_version="v1", kind="ConfigMap")
    names = []
    for e in r.watch(namespace=NS, field_selector="metadata.name=merged", timeout=20):
        names.append((e["type"], e["object"].metadata.name))
        break
    equal(names, [("ADDED", "merged")])


@check
def dry_run():
    """dry_run leaves nothing behind"""
    equal(core.create_namespaced_config_map(NS, config_map("dry"), dry_run="All").metadata.name, "dry")
    refused(404, "NotFound", core.read_namespaced_config_map, "dry", NS)
    s = refused(422, "Invalid", core.create_namespaced_config_map, NS, config_map("dry"), dry_run="Some")
    equal(s["message"], 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: '
          'supported values: "All"')


@check
def secrets():
    """bytes go through base64, string_data into data"""
    raw = bytes(range(256))
    core.create_namespaced_secret(NS, client.V1Secret(
        metadata=client.V1ObjectMeta(name="s"), string_data={"word": "hush"},
        data={"raw": base64.b64encode(raw).decode()}))
    s = core.read_namespaced_secret("s", NS)
    equal(base64.b64decode(s.data["raw"]), raw)
    equal(base64.b64decode(s.data["word"]), b"hush")
    equal((s.type, s.string_data), ("Opaque", None))


@check
def generated_names():
    """generate_name: another one each time"""
    names = {core.create_namespaced_config_map(NS, client.V1ConfigMap(metadata=client.V1ObjectMeta(
        generate_name="gen-"))).metadata.name for _ in range(5)}
    equal(len(names), 5)
    assert all(len(n) == len("gen-") + 5 for n in names), names


@check
def delete_options():
    """delete with a body: preconditions, grace, propagation"""
    made = make("precious")
    options = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid="another"))
    s = refused(409, "Conflict", core.delete_namespaced_config_map, "precious", NS, body=options)
    assert "the UID in the precondition (another) does not match the UID in record (%s)" \
        % made.metadata.uid in s["message"], s["message"]
    done = core.delete_namespaced_config_map("precious", NS, body=client.V1DeleteOptions(
        preconditions=client.V1Preconditions(uid=made.metadata.uid)))
    equal((done.status, done.details.name, done.details.uid), ("Success", "precious", made.metadata.uid))
    refused(422, "Invalid", core.delete_namespaced_config_map, "page-1", NS,
            body=client.V1DeleteOptions(propagation_policy="Sideways"))


@check
def finalizers():
    """an object with a finalizer stays until it is taken away"""
    make("held", finalizers=["example.com/hold"])
    core.delete_namespaced_config_map("held", NS)
    held = core.read_namespaced_config_map("held", NS)
    assert held.metadata.deletion_timestamp
    equal(held.metadata.deletion_grace_period_seconds, 0)
    core.patch_namespaced_config_map("held", NS, [{"op": "remove", "path": "/metadata/finalizers"}])
    refused(404, "NotFound", core.read_namespaced_config_map, "held", NS)


@check
def cascade():
    """a deployment deleted in the foreground goes after its replica sets"""
    apps.delete_namespaced_deployment("web", NS, propagation_policy="Foreground")
    d = apps.read_namespaced_deployment("web", NS)
    equal(d.metadata.finalizers, ["foregroundDeletion"])
    w = watch.Watch()
    for e in w.stream(apps.list_namespaced_deployment, NS, timeout_seconds=30,
                      resource_version=d.metadata.resource_version):
        if e["type"] == "DELETED":
            w.stop()
    equal(apps.list_namespaced_replica_set(NS).items, [])


@check
def collection():
    """deletecollection takes what is selected"""
    core.delete_collection_namespaced_config_map(NS, label_selector="pages=yes")
    equal(core.list_namespaced_config_map(NS, label_selector="pages=yes").items, [])
    assert core.read_namespaced_config_map("merged", NS)


@check
def access():
    """access reviews: of oneself, of another, of all that one may"""
    def mine(**kw):
        return auth.create_self_subject_access_review(client.V1SelfSubjectAccessReview(
            spec=client.V1SelfSubjectAccessReviewSpec(
                resource_attributes=client.V1ResourceAttributes(**kw)))).status.allowed
    equal(mine(verb="delete", resource="secrets", namespace=NS), True)
    other = auth.create_subject_access_review(client.V1SubjectAccessReview(
        spec=client.V1SubjectAccessReviewSpec(user="bob", resource_attributes=client.V1ResourceAttributes(
            verb="get", resource="pods", namespace=NS)))).status
    equal(other.allowed, False)
    rules = auth.create_self_subject_rules_review(client.V1SelfSubjectRulesReview(
        spec=client.V1SelfSubjectRulesReviewSpec(namespace=NS))).status
    assert any(r.verbs == ["*"] and r.resources == ["*"] for r in rules.resource_rules)
    equal(rules.incomplete, False)


@check
def tokens():
    """a token for a service account: its claims, and what it may do"""
    core.create_namespaced_service_account(NS, client.V1ServiceAccount(
        metadata=client.V1ObjectMeta(name="robot")))
    request = client.AuthenticationV1TokenRequest(
        spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=3600))
    status = core.create_namespaced_service_account_token("robot", NS, request).status
    claims = json.loads(base64.urlsafe_b64decode(status.token.split(".")[1] + "=="))
    equal(claims["sub"], "system:serviceaccount:%s:robot" % NS)
    equal(claims["exp"] - claims["iat"], 3600)
    equal(int(status.expiration_timestamp.timestamp()), claims["exp"])
    own = client.Configuration.get_default_copy()
    own.cert_file = own.key_file = None
    own.api_key = {"authorization": "Bearer " + status.token}
    as_robot = client.CoreV1Api(client.ApiClient(own))
    s = refused(403, "Forbidden", as_robot.list_namespaced_secret, NS)
    equal(s["message"], 'secrets is forbidden: User "system:serviceaccount:%s:robot" cannot list resource '
          '"secrets" in API group "" in the namespace "%s"' % (NS, NS))
    review = client.AuthenticationV1Api().create_token_review(
        client.V1TokenReview(spec=client.V1TokenReviewSpec(token=status.token))).status
    equal((review.authenticated, review.user.username), (True, "system:serviceaccount:%s:robot" % NS))


@check
def from_yaml():
    """utils.create_from_yaml makes several kinds; the second time each one is there"""
    objects = [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "svc", "namespace": NS},
                "spec": {"selector": {"a": "b"}, "ports": [{"port": 80}]}},
               {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "cj", "namespace": NS},
                "spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": {"spec": {
                    "restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}}}}}}]
    for o in objects:
        utils.create_from_dict(client.ApiClient(), o)
    assert core.read_namespaced_service("svc", NS).spec.cluster_ip
    equal(batch.read_namespaced_cron_job("cj", NS).spec.concurrency_policy, "Allow")
    try:
        utils.create_from_dict(client.ApiClient(), objects[0])
        raise AssertionError("made twice")
    except utils.FailToCreateError as e:
        equal([json.loads(x.body)["reason"] for x in e.api_exceptions], ["AlreadyExists"])


@check
def raw():
    """plain calls: JSON, text, another format refused"""
    api = client.ApiClient()

    def call(path, accept):
        return api.call_api(path, "GET", header_params={"Accept": accept}, auth_settings=["BearerToken"],
                            response_type="str", _preload_content=False)[0]
    equal(call("/readyz", "*/*").data, b"ok")
    equal(json.loads(call("/api", "application/json").data)["versions"], ["v1"])
    refused(406, "NotAcceptable", call, "/api/v1/namespaces/" + NS, "image/png")


@check
def ending():
    """the namespace goes, and all that is in it"""
    core.delete_namespace(NS)
    w = watch.Watch()
    for e in w.stream(core.list_namespace, timeout_seconds=30, field_selector="metadata.name=" + NS):
        if e["type"] == "DELETED":
            w.stop()
    refused(404, "NotFound", core.read_namespace, NS)
    equal(core.list_namespaced_secret(NS).items, [])
