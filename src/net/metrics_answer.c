// SPDX-License-Identifier: Apache-2.0
#include "net/metrics_answer.h"

#include "net/gzip.h"

void metrics_answer(struct exchange *x, str text) {
    const struct http_header h[] = {{STR("Cache-Control"), STR("no-cache, private")},
                                    {STR("Content-Type"), STR(METRICS_CONTENT_TYPE)},
                                    {STR("Content-Encoding"), STR("gzip")},
                                    {STR("Vary"), STR("Accept-Encoding")}};
    CLEANUP(buf_done) struct buf packed = {0};
    bool packs = gzip_accepted(http_header_get(&x->headers, "Accept-Encoding"));
    if (packs)
        gzip_whole(text, &packed);
    exchange_respond(x, 200, h, packs ? 4 : 2, packs ? buf_str(&packed) : text);
}
