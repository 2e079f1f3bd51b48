// SPDX-License-Identifier: Apache-2.0
/* What values of the libraries' types have in common. */
#include "cel/address.h"
#include "cel/function.h"
#include "cel/run.h"
#include "cel/semver.h"
#include "cel/url.h"
#include "schema/quantity.h"

static bool ips_equal(const struct cel_ip *x, const struct cel_ip *y) {
    return x->n == y->n && memcmp(x->b, y->b, x->n) == 0;
}
static bool cidrs_equal(const struct cel_cidr *x, const struct cel_cidr *y) {
    return x->bits == y->bits && ips_equal(&x->ip, &y->ip);
}
static bool urls_equal(const struct cel_url *x, const struct cel_url *y) {
    return str_eq(x->scheme, y->scheme) && str_eq(x->host, y->host) && str_eq(x->path, y->path) &&
           str_eq(x->query, y->query);
}

bool cel_opaque_equal(const struct cel_opaque *x, const struct cel_opaque *y) {
    if (x->type != y->type)
        return false;
    if (x->type == &cel_type_quantity)
        return quantity_cmp(x->data, y->data) == 0;
    if (x->type == &cel_type_ip)
        return ips_equal(x->data, y->data);
    if (x->type == &cel_type_cidr)
        return cidrs_equal(x->data, y->data);
    if (x->type == &cel_type_url)
        return urls_equal(x->data, y->data);
    if (x->type == &cel_type_semver)
        return cel_semver_cmp(x->data, y->data) == 0;
    return x->data == y->data;
}

bool cel_opaque_text(struct arena *a, const struct cel_opaque *o, str *ret) {
    if (o->type == &cel_type_ip) {
        *ret = cel_ip_text(a, o->data);
        return true;
    }
    if (o->type == &cel_type_cidr) {
        const struct cel_cidr *c = o->data;
        *ret = str_printf(a, STR_FMT "/%d", STR_ARG(cel_ip_text(a, &c->ip)), c->bits);
        return true;
    }
    return false;
}
