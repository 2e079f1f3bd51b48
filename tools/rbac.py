#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/apiserver/authz/policy.def, the default roles and bindings, from
facts/bootstrap-rbac.tsv. See src/apiserver/authz/policy.c."""
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "..", "src", "apiserver", "authz", "policy.def")
BOOTSTRAPPING = "kubernetes.io/bootstrapping=rbac-defaults"
AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate=true"
AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"


def quote(s):
    assert '"' not in s and "\\" not in s
    return '"%s"' % s


def words(cell):
    return " ".join("-" if w in ('""', "") else w for w in cell.split(","))


def rule(text):
    parts = dict(re.findall(r"(\w+)=\[([^\]]*)\]", text))
    if "urls" in parts:
        return "    URLS(%s, %s)" % (quote(words(parts["urls"])), quote(words(parts["verbs"])))
    return "    RULE(%s, %s, %s, %s)" % tuple(
        quote(words(parts[k])) if k in parts else '""'
        for k in ("groups", "resources", "names", "verbs"))


def aggregate_label(labels):
    rest = [l for l in labels.split(",") if l != BOOTSTRAPPING]
    assert len(rest) <= 1
    if not rest:
        return '""'
    assert rest[0].startswith(AGGREGATE) and rest[0].endswith("=true")
    return quote(rest[0][len(AGGREGATE):-len("=true")])


def head(kind, ns, name, labels, subjects, role):
    if kind.endswith("Binding"):
        role_kind, role_name = role.split(":", 1)
        return "BINDING(%s, %s, %s, %s, %s)" % tuple(
            map(quote, (ns, name, role_kind, role_name, subjects.replace(";", " "))))
    if kind == "Role":
        return "ROLE(%s, %s)" % (quote(ns), quote(name))
    of = re.match(r"aggregate:%s(\w+)=true$" % re.escape(AGGREGATE), subjects)
    return "CLUSTER_ROLE(%s, %s, %s)" % (
        quote(name), aggregate_label(labels), quote(of.group(1)) if of else '""')


def main():
    out = ["// SPDX-License-Identifier: Apache-2.0",
           "/* Default roles and bindings, written by tools/rbac.py. */"]
    last = None
    with open(os.path.join(HERE, "facts", "bootstrap-rbac.tsv")) as f:
        for line in f:
            cells = line.rstrip("\n").split("\t")
            if cells[0] != "default":
                continue
            cells += [""] * (9 - len(cells))
            _, kind, ns, name, labels, annotations, subjects, role, text = cells
            assert BOOTSTRAPPING in labels and annotations == AUTOUPDATE
            if (kind, ns, name) != last:
                out.append(head(kind, ns, name, labels, subjects, role))
                last = kind, ns, name
            if text:
                out.append(rule(text))
    with open(OUT, "w") as f:
        f.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
