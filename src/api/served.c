// SPDX-License-Identifier: Apache-2.0
/* Facts: k8s.io/apiserver, server/resourceconfig: the order of the keys is what decides. */
#include "api/served.h"

struct served served_default(void) {
    struct served s;
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++)
        s.on[i] = api_resources[i].type && resource_is(&api_resources[i], RESOURCE_ON);
    return s;
}

bool served_has(const struct served *s, const struct api_resource *r) {
    return s->on[r - api_resources];
}

bool served_version(const struct served *s, const char *group, const char *version) {
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++)
        if (s->on[i] && strcmp(api_resources[i].group, group) == 0 &&
            strcmp(api_resources[i].version, version) == 0)
            return true;
    return false;
}

bool served_group(const struct served *s, const struct api_group *g) {
    for (const char *const *v = g->versions; *v; v++)
        if (served_version(s, g->name, *v))
            return true;
    return false;
}

/* ---- --runtime-config ---- */

/* Keys that mean many versions, in the order in which they are carried out. */
static const struct {
    const char *key, *mark; /* what the version has in it; NULL: any */
    bool stable;            /* neither alpha nor beta */
} lots[] = {
    {"api/all", NULL, false},
    {"api/ga", NULL, true},
    {"api/beta", "beta", false},
    {"api/alpha", "alpha", false},
};

static bool is_stable(const char *version) {
    return !strstr(version, "alpha") && !strstr(version, "beta");
}

static bool in_lot(size_t lot, const char *version) {
    if (lots[lot].stable)
        return is_stable(version);
    return !lots[lot].mark || strstr(version, lots[lot].mark);
}

static int lot_of(str key) {
    for (size_t i = 0; i < ARRAY_LEN(lots); i++)
        if (str_eqc(key, lots[i].key))
            return (int)i;
    return -1;
}

/* As Go's strconv.ParseBool; empty is true. */
static int read_bool(str key, str value, bool *ret, struct err *e) {
    static const char *const yes[] = {"", "1", "t", "T", "true", "TRUE", "True"};
    static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        if (str_eqc(value, yes[i])) {
            *ret = true;
            return 0;
        }
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        if (str_eqc(value, no[i])) {
            *ret = false;
            return 0;
        }
    return err_set(e, -EINVAL, "runtime-config invalid value detected: " STR_FMT "=" STR_FMT,
                   STR_ARG(key), STR_ARG(value));
}

static void set_lot(struct served *s, size_t lot, bool on) {
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++)
        if (api_resources[i].type && in_lot(lot, api_resources[i].version))
            s->on[i] = on;
}

static bool version_known(const struct api_group *g, str version) {
    for (const char *const *v = g->versions; *v; v++)
        if (str_eqc(version, *v))
            return true;
    return false;
}

struct scope {
    str group, version, resource; /* resource absent: all of the version */
};

static bool in_scope(const struct scope *k, const struct api_resource *r) {
    return str_eqc(k->group, r->group) && str_eqc(k->version, r->version) &&
           (!k->resource.p || str_eqc(k->resource, r->plural));
}

static int set_scope(struct served *s, str key, const struct scope *k, bool on, struct err *e) {
    unsigned known = 0, changed = 0;
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++) {
        if (!in_scope(k, &api_resources[i]))
            continue;
        known++;
        if (!api_resources[i].type)
            continue;
        changed++;
        s->on[i] = on;
    }
    if (on && known && !changed)
        return err_set(e, -EINVAL, "runtime-config: " STR_FMT " is known but not served here",
                       STR_ARG(key));
    return 0;
}

/* "api/v1", "apps/v1", "apps/v1/deployments" */
static int read_scope(str key, struct scope *ret, struct err *e) {
    str rest = key;
    ret->group = str_cut(&rest, '/');
    if (!rest.p)
        return err_set(e, -EINVAL, "runtime-config invalid key " STR_FMT, STR_ARG(key));
    if (str_eqc(ret->group, "api"))
        ret->group = STR("");
    ret->version = str_cut(&rest, '/');
    ret->resource = rest;
    const struct api_group *g = group_find(ret->group);
    if (!g)
        return err_set(e, -EINVAL, "unknown api groups " STR_FMT, STR_ARG(ret->group));
    if (!version_known(g, ret->version))
        return err_set(e, -EINVAL,
                       "group version " STR_FMT "/" STR_FMT " that has not been registered",
                       STR_ARG(ret->group), STR_ARG(ret->version));
    return 0;
}

/* One pass over the keys: those of lot `lot`, or versions (-1), or resources (-2). */
static int pass(struct served *s, str config, int which, struct err *e) {
    while (config.n) {
        str value = str_trim(str_cut(&config, ',')), key = str_trim(str_cut(&value, '='));
        struct scope k = {.group = STR_NONE};
        bool on = false;
        if (str_empty(key))
            continue;
        int lot = lot_of(key), r = read_bool(key, value, &on, e);
        if (r == 0 && lot < 0)
            r = read_scope(key, &k, e);
        if (r < 0)
            return r;
        if (lot >= 0 && lot == which)
            set_lot(s, (size_t)lot, on);
        if (lot < 0 && which == (k.resource.p ? -2 : -1))
            r = set_scope(s, key, &k, on, e);
        if (r < 0)
            return r;
    }
    return 0;
}

int served_configure(struct served *s, str config, struct err *e) {
    int r = 0;
    if (str_eqc(config, "api/all=false"))
        return err_set(e, -EINVAL, "invalid key with only api/all=false");
    for (int lot = 0; r == 0 && lot < (int)ARRAY_LEN(lots); lot++)
        r = pass(s, config, lot, e);
    for (int which = -1; r == 0 && which >= -2; which--)
        r = pass(s, config, which, e);
    return r;
}
