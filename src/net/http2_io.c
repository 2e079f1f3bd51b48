// SPDX-License-Identifier: Apache-2.0
#include "net/http2_io.h"

static ssize_t fill(nghttp2_session *session, struct outq *out) {
    const uint8_t *p;
    ssize_t n = 0;
    while (outq_pending(out) < HTTP2_OUT_MAX && (n = nghttp2_session_mem_send(session, &p)) > 0)
        buf_add(&out->b, str_n((const char *)p, (size_t)n));
    return n < 0 ? -EPROTO : 0;
}

ssize_t http2_flush(nghttp2_session *session, struct outq *out, struct stream *s) {
    ssize_t written = 0, n;
    do {
        n = fill(session, out);
        if (n == 0)
            n = outq_flush(out, s);
        if (n < 0)
            return n;
        written += n;
    } while (n && !outq_pending(out) && written < HTTP2_TURN_BYTES);
    return written;
}

bool http2_is_over(nghttp2_session *session, const struct outq *out) {
    return !nghttp2_session_want_read(session) && !nghttp2_session_want_write(session) &&
           !outq_pending(out);
}

nghttp2_nv http2_nv(str name, str value) {
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name.p, (uint8_t *)(uintptr_t)value.p, name.n,
                        value.n, NGHTTP2_NV_FLAG_NONE};
}

static int submit_settings(nghttp2_session *session, const struct http2_client_options *o) {
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, (uint32_t)o->stream_window},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP2_HEAD_MAX},
    };
    int r = nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, ARRAY_LEN(settings));
    if (!r)
        r = nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                                  o->connection_window);
    return r;
}

int http2_client_session(nghttp2_session_callbacks *cb, const struct http2_client_options *o,
                         void *ctx, nghttp2_session **ret) {
    nghttp2_option *opt = NULL;
    nghttp2_session *session = NULL;
    int r = nghttp2_option_new(&opt);
    if (!r) {
        nghttp2_option_set_no_closed_streams(opt, 1);
        nghttp2_option_set_no_auto_window_update(opt, o->own_windows);
        r = nghttp2_session_client_new2(&session, cb, ctx, opt);
    }
    if (!r)
        r = submit_settings(session, o);
    nghttp2_option_del(opt);
    nghttp2_session_callbacks_del(cb);
    if (r) {
        nghttp2_session_del(session);
        return -ENOMEM;
    }
    *ret = session;
    return 0;
}
