#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/api/rows/resources.def and groups.def from the facts. See src/api/resource.h."""
import collections
import rows as R

HUBS = {  # stored as another version's type
    ("autoscaling", "v1", "horizontalpodautoscalers"): ("autoscaling_v2_horizontalpodautoscalers", "convert_hpa"),
    ("events.k8s.io", "v1", "events"): ("core_v1_events", "convert_event"),
}
SELECTABLE = {  # kind -> C table in resource_fields.c
    "Pod": "pod", "Node": "node", "Namespace": "namespace",
    "ReplicationController": "replication_controller", "Secret": "secret", "Service": "service",
    "Event": "event", "Job": "job", "CertificateSigningRequest": "csr",
    "ResourceSlice": "resource_slice",
}


def ident(group, version, plural):
    g = group.split(".")[0] if group else "core"
    return "%s_%s_%s" % (g, version, plural)


def c_list(items):
    return "(const char *const[]){%s}" % ", ".join([R.quote(i) for i in items] + ["NULL"])


def main():
    rows = R.Rows()
    by_kind = {}
    for t in rows.included:
        d = rows.types[t]
        if d.get("root"):
            by_kind[d["g"], d["v"], R.base_name(t)] = rows.names[t]
    by_kind["metrics.k8s.io", "v1beta1", "NodeMetrics"] = "NodeMetrics"
    by_kind["metrics.k8s.io", "v1beta1", "PodMetrics"] = "PodMetrics"
    storage = {(r[0], r[1]): r for r in R.tsv("storage")}
    selectable = {}
    for r in R.tsv("field-selectors"):
        if r[0] not in ("*", "(syntax)"):
            selectable[r[0], r[1]] = r
    subs = collections.defaultdict(list)
    mains = []
    for r in R.tsv("resources"):
        if "/" in r[2]:
            subs[r[0], r[1], r[2].split("/")[0]].append(r)
        else:
            mains.append(r)

    def type_ref(g, v, kind):
        n = by_kind.get((g, v, kind))
        return "&%s_type" % n if n else "NULL"

    def verbs(cell):
        return " | ".join("VERB_BIT(VERB_%s)" % v.upper() for v in cell.split(","))

    out = [R.SPDX, "/* Resources, written by tools/resources.py. */\n"]
    for r in mains:
        g, v, plural, kind, _, singular, short, namespaced, categories, vs = r[:10]
        hash_ = r[11] if len(r) > 11 else ""
        s = storage.get((g, plural)) or [""] * 20
        on = v in s[3].split(",")
        stored = s[6].startswith("/registry/") and plural != "bindings"
        flags = []
        for cond, name in ((namespaced == "true", "NAMESPACED"), (on, "ON"),
                           (s[9] == "true", "CREATE_ON_UPDATE"), (s[10] == "true", "UNCONDITIONAL"),
                           (s[12] == "yes", "GRACEFUL"), (s[13] == "object", "DELETE_OBJECT"),
                           (s[14] == "yes", "TTL"), (s[8] == "json", "STORED_JSON")):
            if cond:
                flags.append("RESOURCE_" + name)
        typ = type_ref(g, v, kind)
        a = [R.quote(g), R.quote(v), R.quote(plural), R.quote(singular), R.quote(kind),
             R.quote(kind + "List"), typ]
        has_list = "list" in vs.split(",")
        a.append(type_ref(g, v, kind + "List") if has_list and typ != "NULL" else "NULL")
        a += [verbs(vs), " | ".join(flags) or "0"]
        hub, convert = HUBS.get((g, v, plural), (None, None))
        opt = [".storage = &api_resources[RESOURCE_ID_%s]" % (hub or ident(g, v, plural))]
        if convert:
            opt.append(".convert = &" + convert)
        if short:
            opt.append(".short_names = " + c_list(short.split(",")))
        if categories:
            opt.append(".categories = " + c_list(categories.split(",")))
        mine = sorted(subs.get((g, v, plural), []), key=lambda x: x[2])
        if mine:
            items = []
            for x in mine:
                sg, sv = g, v
                if x[4]:
                    sg, sv = x[4].split("/") if "/" in x[4] else ("", x[4])
                items.append("{%s, %s, %s, %s, %s, %s}" % (
                    R.quote(x[2].split("/")[1]), R.quote(x[3]), R.quote(sg), R.quote(sv),
                    type_ref(sg, sv, x[3]), verbs(x[9])))
            opt.append(".subresources = (const struct api_subresource[]){%s}" % ", ".join(items))
            opt.append(".n_subresources = %d" % len(items))
        if stored:
            opt.append(".prefix = " + R.quote(s[6].split("NS/NAME")[0].split("NAME")[0]))
            opt.append(".storage_version = " + R.quote(s[7]))
        opt.append(".hash = " + R.quote(hash_))
        if s[11].startswith("orphan"):
            opt.append(".propagation = PROPAGATION_ORPHAN")
        elif s[11].startswith("none"):
            opt.append(".propagation = PROPAGATION_NONE")
        sel = selectable.get((g + "/" + v if g else v, kind))
        if sel:
            opt.append(".selector_text = true")
            name = SELECTABLE.get(kind)
            if name and typ != "NULL":
                opt.append(".selectable = selectable_%s" % (
                    "events_v1_event" if g == "events.k8s.io" else name))
            if "metadata.namespace" not in sel[2].split(","):
                opt.append(".cluster_selector = true")
        out.append("RESOURCE(%s, %s,\n         %s)\n" % (
            ident(g, v, plural), ", ".join(a), ",\n         ".join(opt)))
    R.write("rows/resources.def", "".join(out))

    out = [R.SPDX, "/* API groups in discovery order, written by tools/resources.py. */\n"]
    for _, name, versions, _ in R.tsv("groups"):
        out.append("GROUP(%s, %s)\n" % (R.quote(name), ", ".join(map(R.quote, versions.split(",")))))
    R.write("rows/groups.def", "".join(out))


if __name__ == "__main__":
    main()
