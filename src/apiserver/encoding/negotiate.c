// SPDX-License-Identifier: Apache-2.0
/* As upstream: clauses by falling q, the first that names something served wins; parameters as, g,
 * v ask for a table or for metadata only. */
#include "apiserver/encoding/negotiate.h"

#include <stdlib.h>

static const char *const format_names[MEDIA_FORMAT_MAX] = {
    [MEDIA_JSON] = "application/json",
    [MEDIA_YAML] = "application/yaml",
    [MEDIA_PROTOBUF] = "application/vnd.kubernetes.protobuf",
};

const char *media_content_type(enum media_format f) {
    return format_names[f];
}

str media_type_of(str header) {
    return str_trim(str_cut(&header, ';'));
}

struct clause {
    str type, as, group, version;
    int q; /* thousandths */
    bool pretty;
};

static int parse_q(str s) {
    char text[16];
    if (s.n == 0 || s.n >= sizeof(text))
        return 1000;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    char *end;
    double d = strtod(text, &end);
    return *end || !(d >= 0 && d <= 1) ? 1000 : (int)(d * 1000 + 0.5);
}

static struct clause parse_clause(str s) {
    struct clause c = {.q = 1000};
    c.type = str_trim(str_cut(&s, ';'));
    while (s.p) {
        str value = str_trim(str_cut(&s, ';'));
        str name = str_trim(str_cut(&value, '='));
        value = str_trim(value);
        if (str_eqc(name, "q"))
            c.q = parse_q(value);
        else if (str_eqc(name, "as"))
            c.as = value;
        else if (str_eqc(name, "g"))
            c.group = value;
        else if (str_eqc(name, "v"))
            c.version = value;
        else if (str_eqc(name, "pretty"))
            c.pretty = str_eqc(value, "1");
    }
    return c;
}

/* First format that the type, perhaps a wildcard, stands for. */
static int format_of(str type) {
    if (str_eqc(type, "*/*") || str_eqc(type, "application/*"))
        return MEDIA_JSON;
    for (int f = 0; f < MEDIA_FORMAT_MAX; f++)
        if (str_ieq(type, str_of(format_names[f])))
            return f;
    return -1;
}

static bool read_as(const struct clause *c, struct media *m) {
    if (!c->as.n)
        return true;
    bool v1 = str_eqc(c->version, "v1"), beta = str_eqc(c->version, "v1beta1");
    if (!str_eqc(c->group, "meta.k8s.io") || !(v1 || beta))
        return false;
    m->as_version = v1 ? "meta.k8s.io/v1" : "meta.k8s.io/v1beta1";
    if (str_eqc(c->as, "Table"))
        m->as = AS_TABLE;
    else if (str_eqc(c->as, "PartialObjectMetadata"))
        m->as = AS_PARTIAL;
    else if (str_eqc(c->as, "PartialObjectMetadataList"))
        m->as = AS_PARTIAL_LIST;
    else
        return false;
    return !(m->as == AS_TABLE && m->format == MEDIA_PROTOBUF);
}

static bool clause_ok(const struct clause *c, struct media *ret) {
    int f = format_of(c->type);
    if (f < 0)
        return false;
    struct media m = {.format = (enum media_format)f, .pretty = c->pretty};
    if (!read_as(c, &m))
        return false;
    *ret = m;
    return true;
}

int negotiate_accept(struct arena *a, str accept, struct media *ret) {
    *ret = (struct media){.format = MEDIA_JSON};
    if (str_empty(str_trim(accept)))
        return 0;
    struct clause v[ACCEPT_CLAUSES_MAX];
    unsigned n = 0;
    while (accept.p && n < ACCEPT_CLAUSES_MAX) {
        struct clause c = parse_clause(str_cut(&accept, ','));
        unsigned at = n++;
        for (; at > 0 && v[at - 1].q < c.q; at--)
            v[at] = v[at - 1];
        v[at] = c;
    }
    for (unsigned i = 0; i < n; i++)
        if (clause_ok(&v[i], ret))
            return 0;
    return -ENOTSUP;
}

bool negotiate_router(str accept) {
    if (str_empty(str_trim(accept)))
        return true;
    while (accept.p) {
        str type = media_type_of(str_cut(&accept, ','));
        if (format_of(type) >= 0 || str_empty(type))
            return true;
    }
    return false;
}

int negotiate_content(str type, enum media_format *ret) {
    type = media_type_of(type);
    if (str_empty(type)) {
        *ret = MEDIA_JSON;
        return 0;
    }
    for (int f = 0; f < MEDIA_FORMAT_MAX; f++)
        if (str_ieq(type, str_of(format_names[f]))) {
            *ret = (enum media_format)f;
            return 0;
        }
    return -ENOTSUP;
}

bool negotiate_pretty(const struct query *q, str agent) {
    str v = query_get(q, "pretty");
    if (v.n) {
        static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True", NULL};
        return str_in(v, yes);
    }
    return str_starts(agent, STR("curl")) || str_starts(agent, STR("Wget")) ||
           str_starts(agent, STR("Mozilla/5.0"));
}
