// SPDX-License-Identifier: Apache-2.0
/* Links of a page: which are links, and what becomes of them. */
#include <stdio.h>

#include "../../../fuzz/fuzz_html_links.c"
#include "apiserver/connect/proxy.h"
#include "tap.h"

/* "[...]" stands around what is taken for a link. */
TEST(what_is_a_link) {
    static const char *const cases[][2] = {
        {"plain < text & more > so", "plain < text & more > so"},
        {"<a href=\"/x\">", "<a href=\"[/x]\">"},
        {"<A CLASS=b HREF='/x'\n>t</A>", "<A CLASS=b HREF='[/x]'\n>t</A>"},
        {"<a href=/x>", "<a href=[/x]>"},
        {"<a href=/x/>", "<a href=[/x/]>"},
        {"<a href = /x b>", "<a href = [/x] b>"},
        {"<a href=\"\">", "<a href=\"[]\">"},
        {"<a href=>/x", "<a href=>/x"},
        {"<a href>", "<a href>"},
        {"<a href href=/x>", "<a href href=[/x]>"},
        {"<a x href='a\"b>c'>", "<a x href='[a\"b>c]'>"},
        {"<a data-href=/x hrefs=/x hre=/x>", "<a data-href=/x hrefs=/x hre=/x>"},
        {"<a =href=/x>", "<a =href=/x>"},
        {"<a/href=/x>", "<a/href=[/x]>"},
        {"<p href=/x src=/x>", "<p href=/x src=/x>"},
        {"<br/><img alt='>' longdesc=1 src=2 usemap=3 href=4/>",
         "<br/><img alt='>' longdesc=[1] src=[2] usemap=[3] href=4/>"},
        {"<blockquote cite=/x><button formaction=/x>",
         "<blockquote cite=[/x]><button formaction=[/x]>"},
        {"<object classid=1 codebase=2 data=3 usemap=4>",
         "<object classid=[1] codebase=[2] data=[3] usemap=[4]>"},
        {"<video poster=1 src=2><q cite=3><base href=4>",
         "<video poster=[1] src=[2]><q cite=[3]><base href=[4]>"},
        {"<blockquotes cite=/x>", "<blockquotes cite=/x>"},
        {"</a href=/x><a href=/y>", "</a href=/x><a href=[/y]>"},
        {"< a href=/x>", "< a href=/x>"},
        {"<<a href=/x>", "<<a href=[/x]>"},
        {"<!-- <a href=/x> --><a href=/y>", "<!-- <a href=/x> --><a href=[/y]>"},
        {"<!--><a href=/x>", "<!--><a href=[/x]>"},
        {"<!---><a href=/x>", "<!---><a href=[/x]>"},
        {"<!-- - -> --!><a href=/x>", "<!-- - -> --!><a href=[/x]>"},
        {"<!DOCTYPE html><a href=/x>", "<!DOCTYPE html><a href=[/x]>"},
        {"<![CDATA[<a href=/x>]]>", "<![CDATA[<a href=/x>]]>"},
        {"<?x <a href=/x>", "<?x <a href=/x>"},
        {"</ <a href=/x>", "</ <a href=/x>"},
        {"<script src=/x>'<a href=/no>'</scripts></script><a href=/y>",
         "<script src=[/x]>'<a href=/no>'</scripts></script><a href=[/y]>"},
        {"<title><a href=/no></TITLE ><a href=/y>", "<title><a href=/no></TITLE ><a href=[/y]>"},
        {"<style>a</<style></style/><a href=/y>", "<style>a</<style></style/><a href=[/y]>"},
        {"<plaintext><a href=/no></plaintext>", "<plaintext><a href=/no></plaintext>"},
        {"<a href=\"/cut", "<a href=\"/cut"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = pass_through(str_of(cases[i][0]), 3, marked);
        CHECK_STRC(buf_str(&b), cases[i][1]);
        buf_done(&b);
    }
}

static str through_the_proxy(void *ctx, struct arena *a, str url) {
    return proxy_rewrite_location(a, url, STR("10.0.0.7:80"), STR("ask:6443"), STR("/p"));
}

TEST(what_becomes_of_it) {
    static const char *const cases[][2] = {
        {"/x?a=1&amp;b=/c#d", "/p/x?a=1&amp;b=/c#d"},
        {"x/y", "x/y"},
        {"#top", "#top"},
        {"", ""},
        {"/", "/p/"},
        {"http://10.0.0.7:80/x/", "/p/x/"},
        {"https://ask:6443/x", "https://ask:6443/p/x"},
        {"//elsewhere/x", "//elsewhere/x"},
        {"http://elsewhere/x", "http://elsewhere/x"},
        {"mailto:me", "mailto:me"},
        {"/p/there", "/p/there"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char in[256], out[256];
        snprintf(in, sizeof(in), "<a href='%s'>", cases[i][0]);
        snprintf(out, sizeof(out), "<a href='%s'>", cases[i][1]);
        struct buf b = pass_through(str_of(in), 64, through_the_proxy);
        CHECK_STRC(buf_str(&b), out);
        buf_done(&b);
    }
}

TEST(what_is_held_is_bounded) {
    struct html_links h;
    struct buf out = {0};
    html_links_init(&h, marked, NULL);
    html_links_feed(&h, STR("<a href=\""), &out);
    size_t held = 0, before = out.n;
    for (unsigned i = 1; i <= 100000; i++) {
        html_links_feed(&h, STR("x"), &out);
        held = MAX(held, before + i - out.n);
    }
    CHECK(held > 1000 && held <= HTML_VALUE_MAX);
    html_links_feed(&h, STR("\"><a href=y>"), &out);
    html_links_end(&h, &out);
    CHECK(str_ends(buf_str(&out), STR("xx\"><a href=[y]>")));
    CHECK(str_starts(buf_str(&out), STR("<a href=\"xx")));
    html_links_done(&h);
    buf_done(&out);
}
