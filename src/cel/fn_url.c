// SPDX-License-Identifier: Apache-2.0
#include "cel/functions.h"
#include "cel/run.h"
#include "cel/url.h"

struct cel_value fn_url(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_url u;
    if (args[0].tag != CEL_V_STRING)
        return cel_no_overload();
    if (cel_url_parse(r->arena, args[0].s, &u) < 0)
        return cel_fail(r, "URL parse error during conversion from string: \"" STR_FMT "\"",
                        STR_ARG(args[0].s));
    return cel_of_opaque(r, &cel_type_url, arena_dup(r->arena, &u, sizeof(u)));
}

struct cel_value fn_is_url(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_url u;
    return args[0].tag == CEL_V_STRING ? cel_bool(cel_url_parse(r->arena, args[0].s, &u) == 0)
                                       : cel_no_overload();
}

static struct cel_value part(const struct cel_url *u, str s) {
    return u ? cel_string(s.p ? s : STR("")) : cel_no_overload();
}
struct cel_value fn_url_scheme(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_url *u = cel_data(args[0], &cel_type_url);
    return part(u, u ? u->scheme : STR_NONE);
}
struct cel_value fn_url_host(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_url *u = cel_data(args[0], &cel_type_url);
    return part(u, u ? u->host : STR_NONE);
}
struct cel_value fn_url_hostname(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_url *u = cel_data(args[0], &cel_type_url);
    return part(u, u ? cel_url_hostname(u) : STR_NONE);
}
struct cel_value fn_url_port(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_url *u = cel_data(args[0], &cel_type_url);
    return part(u, u ? cel_url_port(u) : STR_NONE);
}
struct cel_value fn_url_escaped_path(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_url *u = cel_data(args[0], &cel_type_url);
    return part(u, u ? u->path : STR_NONE);
}

/* The map with value added to the list of key. Maps grow at their end only, so a key that is there
 * already makes a new one. */
static const struct cel_map *with(struct cel_run *r, const struct cel_map *m, str key, str value) {
    const struct cel_map *again = cel_map_new(r->arena);
    const struct cel_list *l;
    struct cel_value old;
    if (!cel_map_find(r->arena, m, cel_string(key), &old)) {
        l = cel_list_append(r->arena, cel_list_new(r->arena), cel_string(value));
        return cel_map_insert(r->arena, m, cel_string(key), cel_of_list(l));
    }
    l = cel_list_append(r->arena, old.list, cel_string(value));
    for (uint32_t i = 0; i < m->n; i++) {
        struct cel_pair p = cel_map_at(r->arena, m, i);
        bool same = str_eq(p.key.s, key);
        again = cel_map_insert(r->arena, again, p.key, same ? cel_of_list(l) : p.value);
    }
    return again;
}

struct cel_value fn_url_query(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_url *u = cel_data(args[0], &cel_type_url);
    const struct cel_map *m = cel_map_new(r->arena);
    str rest;
    if (!u)
        return cel_no_overload();
    for (rest = u->query; rest.n && cel_spend(r, 1 + m->n);) {
        str value = str_cut(&rest, '&'), key = str_cut(&value, '=');
        if ((key.n || value.n) && str_chr(key, ';') < 0 &&
            cel_url_unescape(r->arena, key, true, &key) == 0 &&
            cel_url_unescape(r->arena, value, true, &value) == 0)
            m = with(r, m, key, value);
    }
    return cel_of_map(m);
}
