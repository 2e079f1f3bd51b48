// SPDX-License-Identifier: Apache-2.0
#include "apiserver/authn/claims.h"

#include "base/vec.h"
#include "schema/value.h"

/* ---- writing ---- */

static void put_str(struct buf *b, const char *name, str v) {
    buf_printf(b, "\"%s\":", name);
    json_quote(b, v);
}

static void put_int(struct buf *b, const char *name, int64_t v) {
    buf_printf(b, "\"%s\":%lld", name, (long long)v);
}

static void put_ref(struct buf *b, const char *name, const struct claims_ref *r) {
    if (!r->name.n)
        return;
    buf_printf(b, ",\"%s\":{", name);
    put_str(b, "name", r->name);
    if (r->uid.n) {
        buf_addc(b, ',');
        put_str(b, "uid", r->uid);
    }
    buf_addc(b, '}');
}

/* Members in the order of their names at both levels: upstream's come out of a map. */
str claims_json(struct arena *a, const struct claims *c) {
    CLEANUP(buf_done) struct buf b = {0};
    buf_adds(&b, "{\"aud\":[");
    for (uint32_t i = 0; i < c->aud.n; i++) {
        if (i)
            buf_addc(&b, ',');
        json_quote(&b, c->aud.v[i]);
    }
    buf_adds(&b, "],");
    put_int(&b, "exp", c->exp);
    buf_addc(&b, ',');
    put_int(&b, "iat", c->iat);
    buf_addc(&b, ',');
    put_str(&b, "iss", c->iss);
    buf_addc(&b, ',');
    put_str(&b, "jti", c->jti);
    buf_adds(&b, ",\"kubernetes.io\":{");
    put_str(&b, "namespace", c->ns);
    put_ref(&b, "node", &c->node);
    put_ref(&b, "pod", &c->pod);
    put_ref(&b, "secret", &c->secret);
    put_ref(&b, "serviceaccount", &c->service_account);
    if (c->warn_after) {
        buf_addc(&b, ',');
        put_int(&b, "warnafter", c->warn_after);
    }
    buf_adds(&b, "},");
    put_int(&b, "nbf", c->nbf);
    buf_addc(&b, ',');
    put_str(&b, "sub", c->sub);
    buf_addc(&b, '}');
    return str_dup(a, buf_str(&b));
}

/* ---- reading ---- */

struct reader {
    struct arena *arena;
    bool bad;
};

static str get_str(struct reader *r, const struct value *o, const char *name) {
    const struct value *v = value_getc(o, name);
    if (!v)
        return STR_NONE;
    r->bad |= v->tag != VALUE_STR;
    return value_str(v);
}

#define CLAIMS_TIME_MAX (1LL << 52)

static int64_t get_time(struct reader *r, const struct value *o, const char *name) {
    const struct value *v = value_getc(o, name);
    if (!v)
        return 0;
    if (v->tag == VALUE_INT && v->i >= 0 && v->i < CLAIMS_TIME_MAX)
        return v->i;
    if (v->tag == VALUE_FLOAT && v->f >= 0 && v->f < (double)CLAIMS_TIME_MAX)
        return (int64_t)v->f;
    r->bad = true;
    return 0;
}

static struct claims_ref get_ref(struct reader *r, const struct value *o, const char *name) {
    const struct value *v = value_getc(o, name);
    if (!v)
        return (struct claims_ref){0};
    struct claims_ref ref = {get_str(r, v, "name"), get_str(r, v, "uid")};
    r->bad |= v->tag != VALUE_OBJECT || !ref.name.n;
    return ref;
}

/* One audience may stand without its list. */
static str_list get_audiences(struct reader *r, const struct value *o) {
    const struct value *v = value_getc(o, "aud");
    str_list out = {NULL, 0};
    if (!v)
        return out;
    if (v->tag == VALUE_STR) {
        *list_push(r->arena, &out) = v->s;
        return out;
    }
    r->bad |= v->tag != VALUE_LIST;
    for (uint32_t i = 0; v->tag == VALUE_LIST && i < v->list.n; i++) {
        r->bad |= v->list.v[i].tag != VALUE_STR;
        *list_push(r->arena, &out) = value_str(&v->list.v[i]);
    }
    return out;
}

int claims_read(struct arena *a, str json, struct claims *ret, struct err *e) {
    struct value v;
    struct reader r = {.arena = a};
    str duplicate = STR_NONE;
    if (value_parse(a, json, &v, &duplicate, NULL) < 0 || v.tag != VALUE_OBJECT || duplicate.p)
        return err_set(e, -EINVAL, "the claims are no JSON object");
    struct claims c = {
        .iss = get_str(&r, &v, "iss"),
        .sub = get_str(&r, &v, "sub"),
        .jti = get_str(&r, &v, "jti"),
        .aud = get_audiences(&r, &v),
        .exp = get_time(&r, &v, "exp"),
        .iat = get_time(&r, &v, "iat"),
        .nbf = get_time(&r, &v, "nbf"),
    };
    const struct value *k = value_getc(&v, "kubernetes.io");
    if (k) {
        r.bad |= k->tag != VALUE_OBJECT;
        c.ns = get_str(&r, k, "namespace");
        c.service_account = get_ref(&r, k, "serviceaccount");
        c.pod = get_ref(&r, k, "pod");
        c.secret = get_ref(&r, k, "secret");
        c.node = get_ref(&r, k, "node");
        c.warn_after = get_time(&r, k, "warnafter");
    }
    if (r.bad)
        return err_set(e, -EINVAL, "a claim has a wrong type");
    *ret = c;
    return 0;
}

int claims_check_times(const struct claims *c, int64_t now, struct err *e) {
    if (now - CLAIMS_LEEWAY > c->exp)
        return err_set(e, -EACCES, "service account token has expired");
    if (now + CLAIMS_LEEWAY < c->nbf)
        return err_set(e, -EACCES, "service account token is not valid yet");
    if (now + CLAIMS_LEEWAY < c->iat)
        return err_set(e, -EACCES, "service account token is issued in the future");
    return 0;
}

str_list claims_intersect(struct arena *a, const str_list *x, const str_list *y) {
    str_list out = {NULL, 0};
    for (uint32_t i = 0; i < x->n; i++)
        for (uint32_t k = 0; k < y->n; k++)
            if (str_eq(x->v[i], y->v[k])) {
                *list_push(a, &out) = x->v[i];
                break;
            }
    return out;
}
