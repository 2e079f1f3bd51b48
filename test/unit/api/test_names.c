// SPDX-License-Identifier: Apache-2.0
#include "api/intstr.h"
#include "api/ip.h"
#include "api/names.h"
#include "tap.h"

#define LABEL_TEXT                                                                                 \
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "   \
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex "     \
    "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
#define SUBDOMAIN_TEXT                                                                             \
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "   \
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "  \
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
#define NAME_TEXT                                                                                  \
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "  \
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for " \
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

#define A62 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgg"

static const struct {
    name_check *check;
    const char *name, *error; /* NULL: right; "": wrong, whatever the text */
} cases[] = {
    {name_dns1123_label, "a", NULL},
    {name_dns1123_label, "a-1", NULL},
    {name_dns1123_label, "0a", NULL},
    {name_dns1123_label, A62 "h", NULL},
    {name_dns1123_label, A62 "hh", "must be no more than 63 characters"},
    {name_dns1123_label, "a.b", "must not contain dots"},
    {name_dns1123_label, "", LABEL_TEXT},
    {name_dns1123_label, "-a", LABEL_TEXT},
    {name_dns1123_label, "a-", LABEL_TEXT},
    {name_dns1123_label, "A", LABEL_TEXT},
    {name_dns1123_label, "a_b", LABEL_TEXT},
    {name_dns1123_label, "Bad.Name", LABEL_TEXT},
    {name_dns1123_subdomain, "a.b-c.d", NULL},
    {name_dns1123_subdomain, A62 A62 ".a", NULL}, /* labels of a subdomain may be long */
    {name_dns1123_subdomain, "a..b", SUBDOMAIN_TEXT},
    {name_dns1123_subdomain, "a.", SUBDOMAIN_TEXT},
    {name_dns1123_subdomain, ".a", SUBDOMAIN_TEXT},
    {name_dns1123_subdomain, "", SUBDOMAIN_TEXT},
    {name_dns1123_subdomain, "Bad_Name", SUBDOMAIN_TEXT},
    {name_dns1123_subdomain, A62 A62 A62 A62 "aaaaaa", "must be no more than 253 characters"},
    {name_dns1035_label, "a1", NULL},
    {name_dns1035_label, "1a", ""},
    {name_dns1035_label, "a-", ""},
    {name_wildcard_subdomain, "*.a.b", NULL},
    {name_wildcard_subdomain, "*.", ""},
    {name_wildcard_subdomain, "a.*", ""},
    {name_qualified, "app", NULL},
    {name_qualified, "app.kubernetes.io/name_X", NULL},
    {name_qualified, "a/", "name part must be non-empty|" NAME_TEXT},
    {name_qualified, "/a", "prefix part must be non-empty"},
    {name_qualified, "A/a", "prefix part " SUBDOMAIN_TEXT},
    {name_qualified, "a/b/c",
     "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start "
     "and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex "
     "used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS "
     "subdomain prefix and '/' (e.g. 'example.com/MyName')"},
    {name_qualified, "a b", NAME_TEXT},
    {name_qualified, A62 "hh", "name part must be no more than 63 bytes"},
    {name_qualified, "", "name part must be non-empty|" NAME_TEXT},
    {name_label_value, "", NULL},
    {name_label_value, "A_b.c-1", NULL},
    {name_label_value, "-b", ""},
    {name_label_value, "a b", ""},
    {name_label_value, A62 "hh", "must be no more than 63 bytes"},
    {name_c_identifier, "_a1", NULL},
    {name_c_identifier, "1a", ""},
    {name_c_identifier, "a-b", ""},
    {name_port, "http", NULL},
    {name_port, "a-1", NULL},
    {name_port, "123", "must contain at least one letter (a-z)"},
    {name_port, "a--b", "must not contain consecutive hyphens"},
    {name_port, "-a", "must not begin or end with a hyphen"},
    {name_port, "aaaaaaaaaaaaaaaa", "must be no more than 15 characters"},
    {name_port, "A",
     "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)|must contain at "
     "least one letter (a-z)"},
    {name_percent, "10%", NULL},
    {name_percent, "%", ""},
    {name_percent, "1", ""},
    {name_percent, "-1%", ""},
    {name_http_header, "X-A", NULL},
    {name_http_header, "X A", ""},
    {name_env_var, "a.b-c d", NULL},
    {name_env_var, "", "environment variable name must be non-empty"},
    {name_env_var, "a=b",
     "a valid environment variable name must consist only of printable ASCII characters other "
     "than '='"},
    {name_env_var, "\xc3\xa9", ""},
    {name_env_var_strict, "A_b", NULL},
    {name_env_var_strict, "1A", ""},
    {name_env_var_strict, "..", "must not be '..'"},
    {name_config_key, "ca.crt", NULL},
    {name_config_key, ".", "must not be '.'"},
    {name_config_key, "..a", "must not start with '..'"},
    {name_config_key, "a/b", ""},
    {name_path_segment, "system:node", NULL},
    {name_path_segment, "a/b%c", "may not contain '/'|may not contain '%'"},
    {name_path_segment, "..", "may not be '..'"},
};

TEST(names_are_judged_as_upstream_does) {
    struct arena *a = arena_new(0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct name_errors e = {{0}, 0};
        cases[i].check(str_of(cases[i].name), &e);
        if ((e.n > 0) != (cases[i].error != NULL))
            tap_fail(__FILE__, __LINE__, "%s: %u errors", cases[i].name, e.n);
        if (cases[i].error && *cases[i].error)
            CHECK_STRC(name_errors_join(a, &e, "|"), cases[i].error);
    }
    arena_free(a);
}

static str only_error(struct field_errors *fe) {
    REQUIRE(fe->list.n == 1);
    return field_error_str(fe->arena, &fe->list.v[0]);
}

TEST(fields_are_named_in_errors) {
    struct arena *a = arena_new(0);
    struct field_errors fe = {.arena = a};
    const struct field_path *p = PATH_INDEX(PATH(NULL, "ports"), 2);
    field_check_port(&fe, PATH(p, "port"), 0);
    CHECK_STRC(only_error(&fe),
               "ports[2].port: Invalid value: 0: must be between 1 and 65535, inclusive");
    fe.list.n = 0;
    field_check_range(&fe, p, 8, 1, 7);
    CHECK_STRC(only_error(&fe), "ports[2]: Invalid value: 8: must be between 1 and 7, inclusive");
    fe.list.n = 0;
    field_check_name(&fe, p, STR("a.b"), name_dns1123_label);
    CHECK_STRC(only_error(&fe), "ports[2]: Invalid value: \"a.b\": must not contain dots");
    fe.list.n = 0;
    field_check_name_prefix(&fe, p, STR("web-"), name_dns1123_label);
    field_check_port(&fe, p, 65535);
    field_check_range(&fe, p, 7, 1, 7);
    CHECK_INT(fe.list.n, 0);
    field_check_name_prefix(&fe, p, STR("W-x-"), name_dns1123_label);
    CHECK_INT(fe.list.n, 1);
    arena_free(a);
}

/* ---- addresses ---- */

static const struct {
    const char *in, *out; /* NULL: no address */
} addresses[] = {
    {"10.0.0.1", "10.0.0.1"},
    {"010.000.1.001", "10.0.1.1"},
    {"255.255.255.255", "255.255.255.255"},
    {"256.0.0.1", NULL},
    {"10.1", NULL},
    {"1.2.3.4.5", NULL},
    {"1.2.3.", NULL},
    {"", NULL},
    {"x", NULL},
    {"::", "::"},
    {"::1", "::1"},
    {"2001:DB8::FFFF", "2001:db8::ffff"},
    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
    {"1:2:3:4:5:6:7", NULL},
    {"1:2:3:4:5:6:7:8:9", NULL},
    {"1::2::3", NULL},
    {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    {":1::", NULL},
    {"::1:", NULL},
    {"::ffff:1.2.3.4", "1.2.3.4"},
    {"::1.2.3.4", "::102:304"},
    {"1.2.3.4::", NULL},
    {"fe80::1%eth0", NULL},
    {"::12345", NULL},
};

TEST(addresses_are_read_and_printed) {
    struct arena *a = arena_new(0);
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        struct ip ip;
        bool ok = ip_parse(str_of(addresses[i].in), &ip);
        if (ok != (addresses[i].out != NULL))
            tap_fail(__FILE__, __LINE__, "%s: %d", addresses[i].in, ok);
        else if (ok)
            CHECK_STRC(ip_str(a, &ip), addresses[i].out);
    }
    arena_free(a);
}

TEST(any_address_is_survived) {
    static const char alphabet[] = "::..0129afx/%";
    struct arena *a = arena_new(0);
    uint64_t seed = tap_seed();
    for (int i = 0; i < 200000; i++) {
        char text[24];
        size_t n = 0;
        struct ip x, y;
        struct cidr c, d;
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        for (uint64_t r = seed, len = (seed >> 33) % sizeof(text); n < len; n++) {
            r = r * 6364136223846793005u + 1442695040888963407u;
            text[n] = alphabet[(r >> 33) % (sizeof(alphabet) - 1)];
        }
        if (ip_parse(str_n(text, n), &x) && (!ip_parse(ip_str(a, &x), &y) || !ip_eq(&x, &y)))
            tap_fail(__FILE__, __LINE__, "%.*s", (int)n, text);
        if (cidr_parse(str_n(text, n), &c, &x) &&
            (!cidr_parse(cidr_str(a, &c), &d, NULL) || !ip_eq(&c.ip, &d.ip) || c.bits != d.bits ||
             !cidr_contains(&c, &x)))
            tap_fail(__FILE__, __LINE__, "%.*s", (int)n, text);
        if (i % 1000 == 0)
            arena_reset(a);
    }
    arena_free(a);
}

static struct ip address(const char *s) {
    struct ip ip;
    REQUIRE(ip_parse(str_of(s), &ip));
    return ip;
}

TEST(kinds_of_addresses) {
    struct ip loop = address("127.8.0.1"), loop6 = address("::1"), local = address("169.254.1.1"),
              local6 = address("fe80::5"), many = address("224.0.0.9"), none = address("0.0.0.0"),
              plain = address("10.0.0.1");
    CHECK(ip_is_loopback(&loop) && ip_is_loopback(&loop6) && !ip_is_loopback(&plain));
    CHECK(ip_is_link_local(&local) && ip_is_link_local(&local6) && !ip_is_link_local(&plain));
    CHECK(ip_is_link_local_multicast(&many) && !ip_is_link_local_multicast(&plain));
    CHECK(ip_is_unspecified(&none) && !ip_is_unspecified(&plain));
    CHECK(ip_is_v4(&plain) && !ip_is_v4(&loop6));
}

TEST(blocks_contain_their_addresses) {
    struct arena *a = arena_new(0);
    struct cidr c;
    struct ip ip, in = address("10.96.5.1"), out = address("10.112.0.0"), six = address("fd00::1");
    REQUIRE(cidr_parse(STR("10.96.0.10/12"), &c, &ip));
    CHECK_STRC(cidr_str(a, &c), "10.96.0.0/12");
    CHECK_STRC(ip_str(a, &ip), "10.96.0.10");
    CHECK(cidr_contains(&c, &in) && !cidr_contains(&c, &out) && !cidr_contains(&c, &six));
    REQUIRE(cidr_parse(STR("fd00::/8"), &c, NULL));
    CHECK(cidr_contains(&c, &six) && !cidr_contains(&c, &in));
    REQUIRE(cidr_parse(STR("0.0.0.0/0"), &c, NULL));
    CHECK(cidr_contains(&c, &in) && !cidr_contains(&c, &six));
    CHECK(!cidr_parse(STR("10.0.0.0"), &c, NULL) && !cidr_parse(STR("10.0.0.0/33"), &c, NULL));
    CHECK(!cidr_parse(STR("::/129"), &c, NULL) && !cidr_parse(STR("10.0.0.0/"), &c, NULL));
    arena_free(a);
}

static void loose_ip(struct field_errors *fe, const struct field_path *p, str s) {
    const str_list old = {(str[]){STR("010.0.0.2")}, 1};
    field_check_ip(fe, p, s, &old);
}

static void loose_cidr(struct field_errors *fe, const struct field_path *p, str s) {
    const str_list old = {(str[]){STR("10.0.0.2/8")}, 1};
    field_check_cidr(fe, p, s, &old);
}

static void check_message(struct arena *a,
                          void (*check)(struct field_errors *, const struct field_path *, str),
                          const char *value, const char *want) {
    struct field_errors fe = {.arena = a};
    check(&fe, PATH(NULL, "f"), str_of(value));
    CHECK_INT(fe.list.n, want ? 1 : 0);
    if (fe.list.n == 1 && want)
        CHECK_STRC(fe.list.v[0].detail, want);
}

TEST(address_fields_say_what_is_wrong) {
    struct arena *a = arena_new(0);
    check_message(a, loose_ip, "010.0.0.1", "must not have leading 0s");
    check_message(a, loose_ip, "010.0.0.2", NULL);
    check_message(a, loose_ip, "FD00::1", NULL);
    check_message(a, loose_cidr, "10.0.0.2/8", NULL);
    check_message(a, loose_cidr, "FD00::/8", NULL);
    check_message(a, loose_ip, "10.1",
                  "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    check_message(a, field_check_ip_strict, "::1", NULL);
    check_message(a, field_check_ip_strict, "010.0.0.1", "must not have leading 0s");
    check_message(a, field_check_ip_strict, "::ffff:1.2.3.4",
                  "must not be an IPv4-mapped IPv6 address");
    check_message(a, field_check_ip_strict, "FD00::1", "must be in canonical form (\"fd00::1\")");
    check_message(a, loose_cidr, "10.0.0.1/8", "must not have bits set beyond the prefix length");
    check_message(a, loose_cidr, "x",
                  "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
    check_message(a, field_check_cidr_strict, "10.0.0.0/8", NULL);
    check_message(a, field_check_cidr_strict, "10.0.0.0/08",
                  "must not have leading 0s in IP or prefix length");
    check_message(a, field_check_cidr_strict, "10.0.0.1/8",
                  "must not have bits set beyond the prefix length");
    check_message(a, field_check_cidr_strict, "FD00::/8",
                  "must be in canonical form (\"fd00::/8\")");
    arena_free(a);
}

/* ---- IntOrString ---- */

TEST(percentages_scale) {
    static const struct {
        const char *text;
        int32_t total;
        bool up;
        int32_t want;
    } list[] = {
        {"25%", 10, true, 3}, {"25%", 10, false, 2}, {"100%", 7, false, 7}, {"0%", 7, true, 0},
        {"1%", 1, true, 1},   {"1%", 1, false, 0},   {"50%", 4, true, 2},   {"150%", 3, false, 4},
    };
    int32_t got;
    struct err e = {0};
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        REQUIRE(intstr_scaled(intstr_str(str_of(list[i].text)), list[i].total, list[i].up, &got,
                              NULL) == 0);
        CHECK_INT(got, list[i].want);
    }
    CHECK(intstr_scaled(intstr_int(5), 10, true, &got, NULL) == 0 && got == 5);
    CHECK_INT(intstr_scaled(intstr_str(STR("5")), 10, true, &got, &e), -EINVAL);
    CHECK_STRC(str_of(e.text),
               "invalid value for IntOrString: invalid type: string is not a percentage");
    CHECK_INT(intstr_scaled(intstr_str(STR("x%")), 10, true, &got, &e), -EINVAL);
    CHECK(intstr_eq(intstr_int(0), (IntOrString){0}) && !intstr_eq(intstr_int(1), intstr_int(2)));
    CHECK(!intstr_eq(intstr_int(1), intstr_str(STR("1"))));
    CHECK_INT(intstr_value(intstr_str(STR("80"))), 80);
}
