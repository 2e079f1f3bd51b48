// SPDX-License-Identifier: Apache-2.0
/* A page may be many times as large as what it was compressed to: it is unpacked step by step, each
 * only while the client takes what came of the one before. */
#include "apiserver/connect/page.h"
#include "apiserver/connect/proxy.h"

static str rewrite(void *ctx, struct arena *a, str url) {
    const struct page *p = ctx;
    return proxy_rewrite_location(a, url, p->place.host, p->place.asked, p->place.prefix);
}

bool page_is(const struct http_headers *answer, str *ret_coding) {
    static const char *const known[] = {"gzip", "deflate", NULL};
    str type = http_header_get(answer, "Content-Type");
    str coding = http_header_get(answer, "Content-Encoding");
    *ret_coding = coding;
    return str_eqc(str_trim(str_cut(&type, ';')), "text/html") &&
           !http_header_get(answer, "Location").n && (!coding.n || str_in(coding, known));
}

struct http_headers page_headers(struct arena *a, const struct http_headers *h) {
    static const char *const untrue[] = {"Content-Length", "Content-Encoding"};
    struct http_headers out = {0};
    for (uint32_t i = 0; i < h->n; i++) {
        bool drop = false;
        for (size_t k = 0; k < ARRAY_LEN(untrue); k++)
            drop |= str_ieq(h->v[i].name, str_of(untrue[k]));
        if (!drop)
            http_header_add(a, &out, h->v[i].name, h->v[i].value);
    }
    return out;
}

void page_init(struct page *p, const struct page_place *place, str coding) {
    *p = (struct page){.place = *place};
    html_links_init(&p->links, rewrite, p);
    if (coding.n)
        p->gunzip = gunzip_new(str_eqc(coding, "deflate"));
}

void page_done(struct page *p) {
    html_links_done(&p->links);
    p->gunzip = gunzip_free(p->gunzip);
    buf_done(&p->pending);
    buf_done(&p->out);
}

static void flush(struct page *p, struct exchange *x) {
    exchange_write(x, buf_str(&p->out));
    buf_clear(&p->out);
}

/* One step of unpacking. */
static int unpack(struct page *p) {
    CLEANUP(buf_done) struct buf plain = {0};
    str in = buf_str(&p->pending);
    int r = gunzip_step(p->gunzip, &in, &plain);
    buf_consume(&p->pending, p->pending.n - in.n);
    html_links_feed(&p->links, buf_str(&plain), &p->out);
    return r;
}

int page_write(struct page *p, str data, struct exchange *x) {
    if (!p->gunzip) {
        html_links_feed(&p->links, data, &p->out);
        flush(p, x);
        return exchange_writable(x);
    }
    buf_add(&p->pending, data);
    while (!page_is_written(p) && exchange_writable(x)) {
        int r = unpack(p);
        if (r < 0)
            return r;
        flush(p, x);
    }
    return page_is_written(p) && exchange_writable(x);
}

bool page_is_written(const struct page *p) {
    return !p->pending.n && !(p->gunzip && gunzip_holds(p->gunzip));
}

void page_end(struct page *p, struct exchange *x) {
    html_links_end(&p->links, &p->out);
    flush(p, x);
}
