// SPDX-License-Identifier: Apache-2.0
/* Addresses and families of a service, by themselves and against those it had. A service may get a
 * second address and give it back; what it has otherwise stays. */
#include "api/ip.h"
#include "api/kinds/service.h"
#include "api/service.h"

#define SPEC(name_) PATH(PATH(NULL, "spec"), name_)

bool service_is_headless(const ServiceSpec *s) {
    return s->cluster_ips.n == 1 && str_eqc(s->cluster_ips.v[0], "None");
}

static str list_text(struct arena *a, const str_list *l) {
    return l->n ? strings_json(a, l) : STR("null");
}

static void check_families(struct field_errors *fe, const ServiceSpec *s) {
    static const char *const families[] = {"IPv4", "IPv6", NULL};
    struct name_index x = name_index_of(fe->arena, s->ip_families.v, s->ip_families.n, sizeof(str));
    for (uint32_t i = 0; i < s->ip_families.n && !field_errors_full(fe); i++) {
        str f = s->ip_families.v[i];
        check_one_of(fe, PATH_INDEX(SPEC("ipFamilies"), i), f, families);
        if (name_index_first(&x, f) != i)
            field_duplicate(fe, PATH_INDEX(SPEC("ipFamilies"), i), f);
    }
    check_rows(fe, PATH(NULL, "spec"), ServiceSpec, s, "ipFamilyPolicy");
}

/* False: some are no addresses at all, and what follows would mislead. */
static bool check_each(struct field_errors *fe, const ServiceSpec *s, const ServiceSpec *was) {
    const struct field_path *p = SPEC("clusterIPs");
    bool ok = true;
    for (uint32_t i = 0; i < s->cluster_ips.n && !field_errors_full(fe); i++) {
        uint32_t before = fe->list.n;
        if (i || !str_eqc(s->cluster_ips.v[i], "None"))
            field_check_ip(fe, PATH_INDEX(p, i), s->cluster_ips.v[i],
                           was ? &was->cluster_ips : NULL);
        else if (s->cluster_ips.n > 1)
            field_invalid_printed(fe, p, list_text(fe->arena, &s->cluster_ips),
                                  "'None' must be the first and only value");
        ok = ok && fe->list.n == before;
    }
    if (s->cluster_ips.n > 2)
        field_invalid_printed(fe, p, list_text(fe->arena, &s->cluster_ips),
                              "may only hold up to 2 values");
    return ok;
}

static bool is_v6(str s) {
    struct ip ip;
    return ip_parse(s, &ip) && !ip_is_v4(&ip);
}

static void check_pairs(struct field_errors *fe, const ServiceSpec *s) {
    const struct field_path *p = SPEC("clusterIPs");
    bool v4 = false, v6 = false;
    for (uint32_t i = 0; i < s->cluster_ips.n; i++)
        *(is_v6(s->cluster_ips.v[i]) ? &v6 : &v4) = true;
    if (s->cluster_ips.n > 1 && (!v4 || !v6))
        field_invalid_printed(fe, p, list_text(fe->arena, &s->cluster_ips),
                              "may specify no more than one IP for each IP family");
    for (uint32_t i = 0; !service_is_headless(s) && i < MIN(s->cluster_ips.n, s->ip_families.n);
         i++) {
        str family = s->ip_families.v[i];
        bool six = is_v6(s->cluster_ips.v[i]);
        if ((six && str_eqc(family, "IPv4")) || (!six && str_eqc(family, "IPv6")))
            field_invalid(fe, PATH_INDEX(p, i), s->cluster_ips.v[i],
                          "expected an " STR_FMT " value as indicated by `ipFamilies[%u]`",
                          STR_ARG(family), i);
    }
}

void service_check_cluster_ips(struct field_errors *fe, const Service *service,
                               const Service *old) {
    const ServiceSpec *s = &service->spec;
    const struct field_path *p = SPEC("clusterIPs");
    if (str_eqc(s->type, "ExternalName"))
        return;
    if (s->cluster_ip.n && !s->cluster_ips.n)
        field_required(fe, p, NULL);
    else if (s->cluster_ip.n && !str_eq(s->cluster_ips.v[0], s->cluster_ip))
        field_invalid_printed(fe, p, list_text(fe->arena, &s->cluster_ips),
                              "first value must match `clusterIP`");
    else if (!s->cluster_ip.n && s->cluster_ips.n)
        field_invalid_printed(fe, p, list_text(fe->arena, &s->cluster_ips),
                              "must be empty when `clusterIP` is not specified");
    check_families(fe, s);
    if (check_each(fe, s, old ? &old->spec : NULL))
        check_pairs(fe, s);
}

/* ---- against what it had ---- */

static void check_released(struct field_errors *fe, const ServiceSpec *s, const char *what) {
    str policy = s->ip_family_policy;
    if (!str_eqc(policy, "SingleStack"))
        field_invalid_printed(fe, SPEC("ipFamilyPolicy"), opt_text(fe->arena, policy),
                              "must be set to 'SingleStack' when releasing the secondary %s", what);
}

static void check_kept(struct field_errors *fe, const char *name, const str_list *l,
                       const str_list *was, uint32_t i, str shown) {
    if (!str_eq(l->v[i], was->v[i]))
        field_invalid_printed(fe, PATH_INDEX(SPEC(name), i), shown, "may not change once set");
}

static void check_addresses_kept(struct field_errors *fe, const ServiceSpec *s,
                                 const ServiceSpec *was) {
    const str_list *l = &s->cluster_ips, *o = &was->cluster_ips;
    str shown = list_text(fe->arena, l);
    if (service_is_headless(s) && service_is_headless(was))
        return;
    uint32_t compared = l->n == o->n ? l->n : MIN(MIN(l->n, o->n), 1u);
    if (o->n > l->n && !l->n)
        field_invalid_printed(fe, PATH_INDEX(SPEC("clusterIPs"), 0), shown,
                              "primary clusterIP can not be unset");
    for (uint32_t i = 0; i < compared; i++)
        check_kept(fe, "clusterIPs", l, o, i, shown);
    if (o->n > l->n && l->n == 1)
        check_released(fe, s, "clusterIP");
}

/* Upstream names the first entry whichever differs, and shows the addresses where it should show
 * the families. */
static void check_families_kept(struct field_errors *fe, const ServiceSpec *s,
                                const ServiceSpec *was) {
    const str_list *l = &s->ip_families, *o = &was->ip_families;
    const struct field_path *first = PATH_INDEX(SPEC("ipFamilies"), 0);
    if (service_is_headless(s) || service_is_headless(was))
        return;
    for (uint32_t i = 0; l->n == o->n && i < l->n; i++)
        if (!str_eq(l->v[i], o->v[i]))
            field_invalid_printed(fe, first, list_text(fe->arena, l), "may not change once set");
    if (l->n == o->n)
        return;
    if (o->n > l->n && !s->cluster_ips.n)
        field_invalid_printed(fe, first, list_text(fe->arena, l),
                              "primary ipFamily can not be unset");
    if (l->n && o->n && !str_eq(l->v[0], o->v[0]))
        field_invalid_printed(fe, first, list_text(fe->arena, &s->cluster_ips),
                              "may not change once set");
    if (o->n > l->n && l->n == 1)
        check_released(fe, s, "ipFamily");
}

void check_service_addresses_kept(struct field_errors *fe, const ServiceSpec *s,
                                  const ServiceSpec *was) {
    if (str_eqc(s->type, "ExternalName") || str_eqc(was->type, "ExternalName"))
        return;
    check_addresses_kept(fe, s, was);
    check_families_kept(fe, s, was);
}
