#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the rows of every API type: src/api/rows/*.def, their tables and src/api/types.h; and the
names of time zones.

Facts are in tools/facts. Run `python3 tools/rows.py` after changing them or this file; what it
writes is committed, so a build needs no Python. What the rows mean: src/schema/rows.h.
"""
import collections
import gzip
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FACTS = os.path.join(HERE, "facts")
API = os.path.join(HERE, "..", "src", "api")
SPDX = "// SPDX-License-Identifier: Apache-2.0\n"

# Packages in an order in which each needs only those before it.
PACKAGES = """meta/v1 core/v1 apps/v1 batch/v1 autoscaling/v1 autoscaling/v2 networking/v1 policy/v1
rbac/v1 storage/v1 scheduling/v1 coordination/v1 discovery/v1 events/v1 node/v1
admissionregistration/v1 authentication/v1 authorization/v1 certificates/v1 flowcontrol/v1
resource/v1 apiextensions/v1 apiregistration/v1 metrics/v1beta1 version admission/v1
apidiscovery/v2 clientcmd/v1""".split()

# Where a type name stands in several packages: these keep the plain name, the others are prefixed.
PLAIN = {
    "ResourceClaim": "core/v1", "EndpointPort": "core/v1", "Preconditions": "meta/v1",
    "Subject": "rbac/v1", "TokenRequest": "authentication/v1",
    "WebhookClientConfig": "admissionregistration/v1",
    "ServiceReference": "admissionregistration/v1",
    "Event": "core/v1", "EventSeries": "core/v1", "EventList": "core/v1",
}
PLAIN_PACKAGE = ["autoscaling/v2"]  # before its siblings
ALWAYS_PREFIXED = ["clientcmd/v1"]
RENAMED = {"version.Info": "VersionInfo"}

KINDS = {  # types with a form of their own in JSON and protobuf
    "meta/v1.Time": "TIME", "meta/v1.MicroTime": "MICROTIME", "meta/v1.Duration": "DURATION",
    "quantity.Quantity": "QUANTITY", "intstr.IntOrString": "INT_OR_STRING",
    "runtime.RawExtension": "RAW", "meta/v1.FieldsV1": "RAW", "apiextensions/v1.JSON": "RAW",
    "any": "RAW", "string": "STR", "bool": "BOOL", "int32": "I32", "int": "I32", "int64": "I64",
    "float64": "F64", "[]byte": "BYTES", "types.UID": "STR",
}
STRUCT_KINDS = {"TIME", "MICROTIME", "DURATION", "QUANTITY", "INT_OR_STRING", "RAW"}
FORMS = {"JSONSchemaPropsOrArray": "FORM_OR_ARRAY", "JSONSchemaPropsOrBool": "FORM_OR_BOOL",
         "JSONSchemaPropsOrStringArray": "FORM_OR_STRINGS"}
# Roots of meta/v1 that are served as group "" (the others are meta.k8s.io), and those that are
# registered in every group version.
META_CORE = {"Status", "APIVersions", "APIGroup", "APIGroupList", "APIResourceList", "List"}
RESERVED = set("""auto break case char const continue default do double else enum extern float for
goto if int long register return short signed sizeof static struct switch typedef union unsigned
void volatile while namespace template operator class private protected public new delete this
linux unix bool true false str errno stdin stdout stderr""".split())


def load_types():
    types = {}
    for name in ("types", "types-extra"):
        with gzip.open(os.path.join(FACTS, name + ".jsonl.gz"), "rt") as f:
            for line in f:
                t = json.loads(line)
                types.setdefault(t["t"], t)
    return types


def tsv(name):
    with open(os.path.join(FACTS, name + ".tsv")) as f:
        for line in f:
            if not line.startswith("#"):
                yield line.rstrip("\n").split("\t")


def package(t):
    return t.rsplit(".", 1)[0]


def base_name(t):
    return t.rsplit(".", 1)[1]


def snake(name):
    """PodCIDRs -> pod_cidrs, HostIP -> host_ip, XPreserveUnknownFields -> x_preserve_..."""
    s = re.sub(r"([A-Z]+s)(?=[A-Z]|$)", lambda m: m.group(1).capitalize(), name)
    s = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", s)
    s = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", s).lower()
    return s + "_" if s in RESERVED else s


def quote(s):
    return '"' + s.replace("\\", "\\\\").replace('"', '\\"') + '"'


# Defaults of a type that the facts show at its parents only, or where a value was given: upstream
# creates these objects wherever they are absent.
TYPE_DEFAULTS = {
    ("apps/v1.StatefulSetSpec", "PersistentVolumeClaimRetentionPolicy"): "{}",
    ("admissionregistration/v1.MatchResources", "NamespaceSelector"): "{}",
    ("admissionregistration/v1.MatchResources", "ObjectSelector"): "{}",
}


# Rules of tools/facts/rules.tsv -> initialisers of struct api_attr.
RULES = {
    "required": lambda: [".needed = true"],
    "name": lambda form: [".rule = RULE_NAME", ".name = name_" + form],
    "min": lambda least: [".rule = RULE_MIN", ".min = " + least],
    "positive": lambda: [".rule = RULE_POSITIVE"],
    "range": lambda least, most: [".rule = RULE_RANGE", ".min = " + least, ".max = " + most],
    "one-of": lambda *v: [".rule = RULE_ONE_OF", ".one_of = ENUMS(%s)" % ", ".join(map(quote, v))],
    "length": lambda most: [".rule = RULE_LENGTH", ".max = " + most],
}


class Rows:
    def __init__(self):
        self.types = load_types()
        self.openapi = {}
        for pkg, prefix, names in tsv("openapi-names"):
            for n in names.split(","):
                self.openapi.setdefault(self.short(pkg), {})[n] = prefix
        self.included = [t for t in self.types if package(t) in PACKAGES and self.is_row_type(t)]
        self.names = self.c_names()
        self.defaults = {}
        self.rules = self.collect_rules()
        self.left = []

    def collect_rules(self):
        """Initialisers of the rules of rules.tsv, by C name and JSON name."""
        have = {(self.names[t], f.get("json")) for t in self.included for f in self.types[t]["fields"]}
        rules = {}
        for name, field, rule, *bounds in tsv("rules"):
            if (name, field) not in have:
                sys.exit("rules.tsv: no %s.%s" % (name, field))
            rules.setdefault((name, field), []).extend(RULES[rule](*bounds[0].split() if bounds else []))
        return rules

    @staticmethod
    def short(pkg):
        m = re.search(r"([^/]+/v\d[^/]*)$", pkg)
        return m.group(1) if m else pkg.rsplit("/", 1)[1]

    def is_row_type(self, t):
        d = self.types[t]
        if d["kind"] != "struct" or t in KINDS or base_name(t) == "TypeMeta":
            return False
        return not t.endswith((".Timestamp", ".Verbs"))

    def c_names(self):
        by_name = collections.defaultdict(list)
        for t in self.included:
            by_name[base_name(t)].append(t)
        names = {}
        for n, ts in by_name.items():
            owner = PLAIN.get(n)
            if not owner:
                owner = next((p for p in PLAIN_PACKAGE if p in map(package, ts)), package(ts[0]))
            for t in ts:
                plain = package(t) == owner and package(t) not in ALWAYS_PREFIXED
                names[t] = n if plain else package(t).replace("/", "_") + "_" + n
                names[t] = RENAMED.get(t, names[t])
        return names

    def resolve(self, ty):
        """Go type -> (shape, kind or None, message type or None)."""
        if ty in KINDS:
            return "ONE", KINDS[ty], None
        if ty.startswith("*"):
            shape, kind, msg = self.resolve(ty[1:])
            return "OPT", kind, msg
        if ty.startswith("[]"):
            _, kind, msg = self.resolve(ty[2:])
            return "LIST", kind, msg
        m = re.match(r"map\[([^\]]*)\](.*)", ty)
        if m:
            shape, kind, msg = self.resolve(m.group(2))
            return "MAP", "STRS" if shape == "LIST" else kind, msg
        d = self.types[ty]
        if d["kind"] != "struct":
            return ("ONE", "STRS", None) if d.get("pbfields") else self.resolve(d["base"])
        return "ONE", None, ty

    def fields(self, t):
        """(field, member, shape, kind, message type) of what has a row."""
        d = self.types[t]
        for f in d["fields"]:
            ty = f.get("type", "")
            if ty in ("meta/v1.TypeMeta", "runtime.TypeMeta") or f.get("protoonly"):
                continue
            if f.get("json") == "-" and not f.get("pb"):
                continue
            if t == "clientcmd/v1.Config" and f["go"] in ("Kind", "APIVersion"):
                continue
            member = snake(f["go"])
            if member in ("object_meta", "list_meta") and not f.get("inline"):
                member = "metadata"
            yield (f, member) + self.resolve(ty)

    def go_type(self, f, shape, kind):
        """Go's name of a named scalar, list or map: shown by errors of JSON decoding."""
        ty = f["type"].lstrip("*[]")
        ty = re.sub(r"^map\[[^\]]*\](\[\])?", "", ty)
        if kind in STRUCT_KINDS and f["type"].endswith(ty) and ty in KINDS:
            return None
        if ty == "types.UID" or (kind and ty in self.types and ty not in KINDS):
            pkg = package(ty)
            return pkg.rsplit("/", 1)[-1] + "." + base_name(ty)
        return None

    def enum_values(self, f):
        ty = re.sub(r"^(\*|\[\]|map\[[^\]]*\])+", "", f["type"])
        d = self.types.get(ty)
        if not d or "+enum" not in d.get("tags", []) or d.get("base") != "string":
            return None
        return sorted({v[1] for v in d["values"]})

    def attributes(self, t, f, shape, kind):
        a = []
        if f.get("listMapKey"):
            a.append(".keys = " + quote(",".join(f["listMapKey"])))
        if f.get("patchMergeKey"):
            a.append(".merge_key = " + quote(f["patchMergeKey"]))
        if (t, f["go"]) in self.defaults:
            a.append(".def = " + quote(self.defaults[t, f["go"]]))
        if f.get("default") is not None:
            d = f["default"]
            if d.startswith("ref("):
                d = json.dumps({v[0]: v[1] for x in self.types.values() if package(x["t"]) == package(t)
                                for v in x.get("values", [])}[d[4:-1]])
            a.append(".openapi_def = " + quote(d))
        enums = self.enum_values(f)
        if enums:
            a.append(".enums = ENUMS(%s)" % ", ".join(map(quote, enums)))
        go = self.go_type(f, shape, kind)
        if go:
            a.append(".go_type = " + quote(go))
        a += self.rules.get((self.names[t], f.get("json")), [])
        if f.get("featureGate"):
            g = f["featureGate"]
            a.append(".gate = " + quote(g if isinstance(g, str) else ",".join(g)))
        return a

    def flags(self, t, f, shape, kind, msg):
        fl = []
        is_struct = shape == "ONE" and (msg or kind in STRUCT_KINDS)
        if f.get("omitempty") and not is_struct:
            fl.append("OMITEMPTY")
        if f.get("omitzero"):
            fl.append("OMITZERO")
        optional = f.get("optional")
        if (f.get("required") and not optional) or not (
                optional or f.get("omitempty") or f.get("omitzero")):
            fl.append("REQUIRED")
        fl += {"map": ["LIST_MAP"], "set": ["LIST_SET"], "atomic": ["ATOMIC"]}.get(
            f.get("listType"), [])
        if "atomic" in (f.get("mapType"), f.get("structType")):
            fl.append("ATOMIC")
        if "granular" in (f.get("mapType"), f.get("structType")):
            fl.append("GRANULAR")
        strategy = (f.get("patchStrategy") or "").split(",")
        fl += ["MERGE"] * ("merge" in strategy) + ["RETAIN_KEYS"] * ("retainKeys" in strategy)
        if f.get("json") == "-":
            fl.append("NO_JSON")
        if not f.get("pb"):
            fl.append("NO_PROTO")
        if self.enum_values(f):
            fl.append("ENUM")
        return " | ".join(fl) or "0"

    def row(self, t, f, member, shape, kind, msg, done):
        number = f.get("pb", 0)
        if f.get("inline"):
            return "  INLINE(%s, %d, %s)" % (self.names[msg], number, member)
        flags = self.flags(t, f, shape, kind, msg)
        what = kind
        macro = shape
        if msg:
            what = self.names[msg]
            macro = shape + "_MSG"
            if shape == "OPT" and msg not in done:
                macro = "OPT_REC"
        args = [what, str(number), member, quote(f.get("json", "")), flags]
        return "  %s(%s)" % (macro, ", ".join(args + self.attributes(t, f, shape, kind)))

    def info(self, t):
        d = self.types[t]
        n = base_name(t)
        out = []
        prefix = self.openapi.get(package(t), {}).get(n)
        if not prefix:
            prefix = next(iter(self.openapi.get(package(t), {}).values()),
                          "io.k8s.client-go.tools.clientcmd.api.v1")
        out.append(".openapi = " + quote(prefix + "." + n))
        flags = []
        if d.get("root"):
            group, version = d["g"], d["v"]
            # ObjectReference has fields of these names, WatchEvent nothing of the kind.
            if t == "clientcmd/v1.Config" or any(
                    "TypeMeta" in f.get("type", "") for f in d["fields"]):
                flags.append("TYPE_ROOT")
            if package(t) == "meta/v1":
                if n in META_CORE:
                    group = ""
                elif n.endswith("Options") or n == "WatchEvent":
                    group = ""
                    flags.append("TYPE_ANY_VERSION")
            if flags:
                out += [".group = " + quote(group), ".version = " + quote(version),
                        ".kind = " + quote(n)]
            goes = {f["go"] for f in d["fields"]}
            if n.endswith("List") and {"ListMeta", "Items"} <= goes:
                flags.append("TYPE_LIST")
        numbers = [f["pb"] for f in d["fields"] if f.get("pb")]
        if numbers != sorted(numbers):
            flags.append("TYPE_UNORDERED")
        if "+structType=atomic" in d.get("tags", []):
            flags.append("TYPE_ATOMIC")
        if flags:
            out.append(".flags = " + " | ".join(flags))
        if n in FORMS:
            out.append(".form = " + FORMS[n])
        union = self.union(d)
        if union:
            out.append(".unions = " + quote(union))
        return ", ".join(out)

    @staticmethod
    def union(d):
        """x-kubernetes-unions, for the types with a +union marker that OpenAPI shows."""
        if "+union" not in d.get("tags", []):
            return None
        u = collections.OrderedDict()
        members = {}
        for f in d["fields"]:
            if "+unionDiscriminator" in f.get("tags", []):
                u["discriminator"] = f["json"]
            elif f.get("optional"):
                members[f["json"]] = f["go"]
        u["fields-to-discriminateBy"] = members
        return json.dumps([u], separators=(",", ":"))

    def sorted_types(self, pkg):
        order, seen = [], set()

        def visit(t):
            if t in seen:
                return
            seen.add(t)
            for f, member, shape, kind, msg in self.fields(t):
                if msg and package(msg) == pkg:
                    visit(msg)
            order.append(t)

        for t in self.included:
            if package(t) == pkg:
                visit(t)
        return order

    def write_package(self, pkg):
        done = {t for t in self.included
                if PACKAGES.index(package(t)) < PACKAGES.index(pkg)}
        out = [SPDX, "/* Rows of %s, written by tools/rows.py. */\n" % pkg]
        roots = []
        for t in self.sorted_types(pkg):
            c = self.names[t]
            out.append('\n#define T %s\nBEGIN(%s)\n' % (c, self.info(t)))
            for f, member, shape, kind, msg in self.fields(t):
                out.append(self.row(t, f, member, shape, kind, msg, done) + "\n")
                if member == "metadata" and self.types[t].get("root"):
                    roots.append(c)
            out.append("END\n#undef T\n")
            done.add(t)
        name = pkg.replace("/", "_")
        write("rows/%s.def" % name, "".join(out))
        write_table(name, roots)

    # ---- defaults ----

    def root_of(self, api_version, kind):
        for t in self.included:
            d = self.types[t]
            if base_name(t) == kind and d.get("g") is not None:
                gv = d["g"] + "/" + d["v"] if d["g"] else d["v"]
                if gv == api_version:
                    return t
        return None

    def paths(self, t, prefix="", stack=()):
        """Every (path, owner type, field) below t, through lists and maps."""
        if t in stack:
            return
        for f, member, shape, kind, msg in self.fields(t):
            path = prefix
            if not f.get("inline"):
                path = prefix + ("." if prefix else "") + f.get("json", "")
                path += {"LIST": "[]", "MAP": "[*]"}.get(shape, "")
                yield path, t, f
            if msg:
                yield from self.paths(msg, path, stack + (t,))

    def collect_defaults(self):
        """A default goes to its row when every kind that reaches the row has the same one."""
        rows = collections.defaultdict(dict)  # (api version, kind) -> path -> value or None
        includes = []
        for api, kind, path, value, cond, op, stage in tsv("defaults-typed"):
            if cond.startswith("include"):
                includes.append((api, kind, path, value))
            if stage != "scheme" or op or cond.startswith("include"):
                continue
            plain = cond in ("unset", "object-absent") and not value.startswith("@")
            if cond == "object-absent" and value != "{}":
                path, last = path.rsplit(".", 1)
                value = '{"%s":%s}' % (last, value)
            path = path.rstrip("]").rstrip("[") if path.endswith("[]") else path
            if plain and path not in rows[api, kind]:
                rows[api, kind][path] = value
            else:
                rows[api, kind][path] = None
        shared = rows.pop(("v1", "PodSpec"))
        for api, kind, path, value in includes:
            if value == "@PodSpec":
                for p, v in shared.items():
                    rows[api, kind].setdefault(path + "." + p, v)
            else:
                volume = rows["v1", "PersistentVolume"]
                for p, v in volume.items():
                    if p.startswith("spec.") and p.count(".") > 1:
                        rows[api, kind].setdefault(path + p[4:], v)
        found = collections.defaultdict(set)
        where = collections.defaultdict(list)
        for t in self.included:
            d = self.types[t]
            if not d.get("root") or t.endswith("List") or package(t) == "meta/v1":
                continue
            if t in ("core/v1.PodStatusResult", "apiextensions/v1.ConversionReview"):
                continue
            api = d["g"] + "/" + d["v"] if d["g"] else d["v"]
            have = rows.get((api, base_name(t)), {})
            seen = set()
            for path, owner, f in self.paths(t):
                p = path[:-2] if path.endswith("[]") else path
                found[owner, f["go"]].add(have.get(p))
                where[owner, f["go"]].append((api, base_name(t), p, have.get(p)))
                seen.add(p)
            for p in have:
                if p not in seen:
                    self.left.append("%s %s %s: no such field" % (api, base_name(t), p))
        self.defaults.update(TYPE_DEFAULTS)
        for key, values in found.items():
            if len(values) == 1 and None not in values:
                v = next(iter(values))
                owner, go = key
                f = next(f for f in self.types[owner]["fields"] if f["go"] == go)
                if self.resolve(f["type"])[0] == "LIST" and not v.startswith("["):
                    v = "[" + v + "]"
                self.defaults[key] = v
            elif values != {None}:
                for api, kind, p, v in where[key]:
                    if v is not None:
                        self.left.append("%s %s %s = %s" % (api, kind, p, v))


CRI_SCALARS = {"string": "STR", "bool": "BOOL", "int32": "I32", "int64": "I64", "uint32": "U32",
               "uint64": "U64", "double": "F64", "bytes": "BYTES"}


def camel(s):
    head, *rest = s.split("_")
    return head + "".join(x.capitalize() for x in rest)


def write_cri():
    messages, enums = collections.OrderedDict(), collections.OrderedDict()
    for rec, _, parent, name, number, label, ty, oneof, _ in tsv("cri"):
        if rec == "message":
            messages.setdefault(parent, [])
        elif rec == "field":
            messages.setdefault(parent, []).append((name, int(number), label, ty, oneof))
        elif rec == "enum":
            enums.setdefault(parent, []).append((name, int(number)))
    enum_of = set(enums) | {e.split(".")[-1] for e in enums}
    order, seen = [], set()

    def visit(m):
        if m in seen:
            return
        seen.add(m)
        for _, _, _, ty, _ in messages[m]:
            ty = re.sub(r"^map<\w+,\s*(.*)>$", r"\1", ty)
            if ty in messages:
                visit(ty)
        order.append(m)

    for m in messages:
        visit(m)
    out = [SPDX, "/* Rows of CRI runtime.v1 (proto3), written by tools/rows.py. */\n"]
    for m in order:
        numbers = [n for _, n, _, _, _ in messages[m]]
        flags = "TYPE_PROTO3" + (" | TYPE_UNORDERED" if numbers != sorted(numbers) else "")
        out.append('\n#define T cri_%s\nBEGIN(.openapi = "runtime.v1.%s", .flags = %s)\n'
                   % (m, m, flags))
        for name, number, label, ty, oneof in messages[m]:
            member = name.lower() + ("_" if name.lower() in RESERVED else "")
            rest = '%d, %s, "%s", OMITEMPTY)' % (number, member, camel(name))
            value = re.sub(r"^map<\w+,\s*(.*)>$", r"\1", ty)
            shape = "MAP" if value != ty else "LIST" if label == "repeated" else \
                "OPT" if label == "optional" or oneof else "ONE"
            if value in CRI_SCALARS or value in enum_of:
                kind = CRI_SCALARS.get(value, "I32")
                out.append("  %s(%s, %s\n" % (shape, kind, rest))
            else:
                shape = "OPT" if shape == "ONE" else shape
                out.append("  %s_MSG(cri_%s, %s\n" % (shape, value, rest))
        out.append("END\n#undef T\n")
    write("rows/cri_v1.def", "".join(out))
    write_table("cri_v1", [], "api/cri.h")
    out = [SPDX, "/* Enumerations of CRI runtime.v1, written by tools/rows.py. */\n#pragma once\n"]
    for e, values in enums.items():
        prefix = "CRI_" + snake(e.split(".")[-1]).upper().rstrip("_") + "_"
        out.append("\nenum cri_%s {\n" % snake(e.replace(".", "")).rstrip("_"))
        for name, number in values:
            n = snake(name).rstrip("_") if not name.isupper() else name
            out.append("    %s = %d,\n" % (enum_constant(prefix, n.upper()), number))
        out.append("};\n")
    write("rows/cri_enums.h", "".join(out))


def enum_constant(prefix, name):
    """CONTAINER_RUNNING -> CRI_CONTAINER_RUNNING: most values already say their type."""
    words = prefix[4:].rstrip("_").split("_")
    return ("CRI_" + name) if name.startswith(words[0] + "_") else prefix + name


def write_table(name, roots, header="api/types.h"):
    out = [SPDX, "// clang-format off\n/* Tables of %s, written by tools/rows.py. */\n" % name,
           '#include "api/names.h"\n#include "%s"\n\n' % header]
    for c in roots:
        out.append('_Static_assert(offsetof(%s, metadata) == 0, "metadata stands first");\n' % c)
    out.append('\n#define ROWS_DEF "api/rows/%s.def"\n#include "schema/rows_tables.h"\n' % name)
    write("tables/%s.c" % name, "".join(out))


def write_headers():
    def includes(names):
        return "".join('#define ROWS_DEF "api/rows/%s.def"\n#include "schema/rows_types.h"\n' % n
                       for n in names)

    names = [p.replace("/", "_") for p in PACKAGES]
    write("types.h", SPDX + """/* Structs and types of every API group, written by tools/rows.py. A C name is the API's; where two
 * groups use one name, one keeps it (core, or the commonest) and the other is prefixed with group
 * and version: Event and events_v1_Event. */
#pragma once

#include "schema/type.h"

""" + includes(names) + """
/* Every type of this header, by group, each behind the types it holds. */
extern const struct api_type *const api_types[];
extern const unsigned n_api_types;
""")
    write("types.c", SPDX + '// clang-format off\n/* The list of all types, written by tools/rows.py. */\n'
          '#include "api/types.h"\n\n#include "schema/rows_index.h"\n'
          "const struct api_type *const api_types[] = {\n"
          + "".join('#include "api/rows/%s.def"\n' % n for n in names) + "};\n"
          "const unsigned n_api_types = sizeof(api_types) / sizeof(api_types[0]);\n"
          '#include "schema/rows_undef.h"\n')
    write("cri.h", SPDX + """/* Messages of the Container Runtime Interface, runtime.v1; proto3. Members of a oneof are OPT. */
#pragma once

#include "api/rows/cri_enums.h"
#include "schema/type.h"

""" + includes(["cri_v1"]) + """
extern const struct api_type *const cri_types[];
extern const unsigned n_cri_types;
""")
    write("cri.c", SPDX + '// clang-format off\n/* The list of all CRI messages, written by tools/rows.py. */\n'
          '#include "api/cri.h"\n\n#include "schema/rows_index.h"\n'
          'const struct api_type *const cri_types[] = {\n#include "api/rows/cri_v1.def"\n};\n'
          "const unsigned n_cri_types = sizeof(cri_types) / sizeof(cri_types[0]);\n"
          '#include "schema/rows_undef.h"\n')


def write_zones():
    with open(os.path.join(FACTS, "time-zones.txt")) as f:
        names = sorted(line.strip() for line in f if not line.startswith("#"))
    write("rows/time_zones.def", SPDX + "/* Names of time zones, sorted; written by tools/rows.py. */\n"
          + "".join("ZONE(%s)\n" % quote(n) for n in names))


def write(name, text):
    path = os.path.join(API, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        with open(path) as f:
            if f.read() == text:
                return
    except FileNotFoundError:
        pass
    with open(path, "w") as f:
        f.write(text)


def main():
    rows = Rows()
    rows.collect_defaults()
    for pkg in PACKAGES:
        rows.write_package(pkg)
    write_cri()
    write_zones()
    write_headers()
    if "--left" in sys.argv:
        print("\n".join(rows.left))


if __name__ == "__main__":
    main()
