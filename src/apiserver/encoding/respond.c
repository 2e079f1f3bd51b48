// SPDX-License-Identifier: Apache-2.0
/* Answers. Errors are Status documents in the format the client accepts. */
#include "api/print.h"
#include "apiserver/encoding/encode.h"
#include "apiserver/encoding/packed.h"
#include "apiserver/special/special.h"
#include "schema/json.h"

struct http_headers request_headers_kept(struct request *r, const char *cache,
                                         const char *content_type) {
    struct http_headers h = {NULL, 0};
    http_header_add(r->arena, &h, STR("Audit-Id"), r->audit_id);
    http_header_add(r->arena, &h, STR("Cache-Control"), str_of(cache));
    if (content_type)
        http_header_add(r->arena, &h, STR("Content-Type"), str_of(content_type));
    return h;
}

struct http_headers request_headers(struct request *r, const char *content_type) {
    struct http_headers h = request_headers_kept(r, "no-cache, private", content_type);
    if (r->goaway)
        http_header_add(r->arena, &h, STR("Connection"), STR("close"));
    request_warning_headers(r, &h);
    return h;
}

static enum phase_result respond_with(struct request *r, int code, const struct http_headers *h,
                                      str body) {
    struct exchange *x = TAKE(r->x);
    if (!x)
        return PHASE_DONE;
    r->code = (uint16_t)code;
    r->sent = body.n;
    exchange_respond(x, code, h->v, h->n, body);
    return PHASE_DONE;
}

enum phase_result respond_bytes(struct request *r, int code, const char *type, str body) {
    struct http_headers h = request_headers(r, type);
    return respond_with(r, code, &h, body);
}

enum phase_result respond_plain(struct request *r, int code, const char *type, str body) {
    struct http_headers h = request_headers(r, type);
    http_header_add(r->arena, &h, STR("X-Content-Type-Options"), STR("nosniff"));
    return respond_with(r, code, &h, body);
}

enum phase_result respond_text(struct request *r, int code, str text) {
    return respond_bytes(r, code, "text/plain; charset=utf-8", text);
}

enum phase_result respond_no_page(struct request *r) {
    return respond_plain(r, 404, "text/plain; charset=utf-8", STR("404 page not found\n"));
}

enum phase_result respond_no_resource(struct request *r) {
    return respond_status(r, status_generic(r->arena, 404, "NotFound",
                                            "the server could not find the requested resource"));
}

enum phase_result respond_packed(struct request *r, int code, const char *type, str body) {
    if (!accepts_gzip(r))
        return respond_bytes(r, code, type, body);
    CLEANUP(buf_done) struct buf packed = {0};
    gzip_whole(body, &packed);
    struct http_headers h = request_headers(r, type);
    gzip_headers(r, &h);
    return respond_with(r, code, &h, buf_str(&packed));
}

enum phase_result respond_buf(struct request *r, int code, struct buf *b) {
    encode_finish(&r->accept, r->arena, b);
    const char *type = media_content_type(r->accept.format);
    if (b->n > GZIP_MIN)
        respond_packed(r, code, type, buf_str(b));
    else
        respond_bytes(r, code, type, buf_str(b));
    buf_done(b);
    return PHASE_DONE;
}

enum phase_result respond_typed(struct request *r, int code, const struct api_type *t,
                                const void *obj) {
    struct buf b;
    buf_init(&b, 0);
    struct encoder e;
    const struct api_resource *as = t == &Scale_type ? &print_scale_resource : r->res;
    if (as && t == as->type && encoder_init(&e, r) == 0) {
        e.res = as;
        encode_unstored(&e, &b, obj);
        encoder_done(&e);
    } else {
        encode_typed(&r->accept, &b, t, obj);
    }
    return respond_buf(r, code, &b);
}

enum phase_result respond_status(struct request *r, Status *s) {
    struct exchange *x = r->x;
    if (!x)
        return PHASE_DONE;
    struct buf b;
    buf_init(&b, 0);
    encode_typed(&r->accept, &b, &Status_type, s);
    encode_finish(&r->accept, r->arena, &b);
    struct http_headers h = request_headers(r, media_content_type(r->accept.format));
    if (s->details && s->details->retry_after_seconds)
        http_header_add(r->arena, &h, STR("Retry-After"),
                        str_printf(r->arena, "%d", s->details->retry_after_seconds));
    r->x = NULL;
    r->code = (uint16_t)(s->code ? s->code : 200);
    r->sent = b.n;
    exchange_respond(x, r->code, h.v, h.n, buf_str(&b));
    buf_done(&b);
    return PHASE_DONE;
}

enum phase_result respond_err(struct request *r, const struct err *e) {
    return respond_status(r, status_from_err(r->arena, e));
}

enum phase_result respond_object(struct request *r, int code, const struct object *o) {
    struct encoder e;
    if (encoder_init(&e, r) < 0)
        return respond_status(r, table_options_invalid(r));
    struct buf b;
    buf_init(&b, 0);
    encode_object(&e, &b, o, o->revision);
    encoder_done(&e);
    return respond_buf(r, code, &b);
}
