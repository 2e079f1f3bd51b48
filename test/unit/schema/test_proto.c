// SPDX-License-Identifier: Apache-2.0
#include "tap.h"

#include "base/arena.h"
#include "schema/json.h"
#include "schema/proto.h"
#include "unit/schema/sample.h"

/* Bytes as hex to the object as JSON, or the error's text. */
static str decoded(struct arena *a, const struct api_type *t, const char *hex) {
    struct err e = {0};
    struct buf in = {0}, out = {0};
    for (const char *p = hex; *p; p++) {
        unsigned v;
        if (*p == ' ')
            continue;
        if (sscanf(p++, "%2x", &v) == 1)
            buf_addc(&in, (char)v);
    }
    str bytes = str_dup(a, buf_str(&in));
    buf_done(&in);
    void *obj = arena_alloc(a, t->size);
    if (proto_read(a, t, bytes, obj, &e) < 0)
        return str_dup(a, str_of(e.text));
    json_write(&out, t, obj, JSON_NO_TYPE_META, NULL);
    str s = str_dup(a, buf_str(&out));
    buf_done(&out);
    return s;
}

struct sample {
    const char *hex, *want;
};

static void check(const struct api_type *t, const struct sample *c, size_t n) {
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < n; i++)
        CHECK_STRC(decoded(&a, t, c[i].hex), c[i].want);
    arena_done(&a);
}

#define HEAD "{\"metadata\":{}"
#define REST ",\"required\":{\"name\":\"\"}}"

TEST(proto_messages_that_are_values) {
    static const struct sample cases[] = {
        {"", HEAD ",\"i64\":0" REST},
        {"20 ff ff ff ff ff ff ff ff ff 01", HEAD ",\"i64\":-1" REST},
        {"18 fb ff ff ff ff ff ff ff ff 01", HEAD ",\"i32\":-5,\"i64\":0" REST},
        {"29 00 00 00 00 00 00 f4 3f", HEAD ",\"i64\":0,\"f64\":1.25" REST},
        {"42 07 0a 05 31 30 30 30 6d", HEAD ",\"i64\":0,\"quantity\":\"1\"" REST},
        {"42 00", HEAD ",\"i64\":0,\"quantity\":\"0\"" REST},
        {"4a 00", HEAD ",\"i64\":0" REST},
        {"4a 04 08 05 10 07", HEAD ",\"i64\":0,\"time\":\"1970-01-01T00:00:05Z\"" REST},
        {"52 05 08 05 10 b9 60",
         HEAD ",\"i64\":0,\"microTime\":\"1970-01-01T00:00:05.000012Z\"" REST},
        {"5a 02 08 05", HEAD ",\"i64\":0,\"duration\":\"5ns\"" REST},
        {"62 06 08 00 10 50 1a 00", HEAD ",\"i64\":0,\"port\":80" REST},
        {"62 07 08 01 10 00 1a 01 61", HEAD ",\"i64\":0,\"port\":\"a\"" REST},
        {"6a 0a 0a 08 7b 22 61 22 20 3a 31 7d", HEAD ",\"i64\":0,\"raw\":{\"a\":1}" REST},
        /* Maps come sorted, the last of equal keys stays; missing keys and values are empty. */
        {"8a 01 06 0a 01 62 12 01 31  8a 01 06 0a 01 61 12 01 32  8a 01 06 0a 01 62 12 01 33  8a "
         "01 00",
         HEAD ",\"i64\":0,\"labels\":{\"\":\"\",\"a\":\"2\",\"b\":\"3\"}" REST},
        {"aa 01 08 0a 01 6b 12 03 0a 01 76", HEAD ",\"i64\":0,\"extra\":{\"k\":[\"v\"]}" REST},
        /* A message given in parts is one message. */
        {"ba 01 03 0a 01 61  ba 01 02 10 05",
         HEAD ",\"i64\":0,\"inner\":{\"name\":\"a\",\"count\":5}" REST},
        /* A list in several runs, something unknown between them. */
        {"ca 01 01 61 ca 01 01 62  fa 0f 01 00  ca 01 01 63  30 00",
         "proto: wrong wireType = 0 for field text"},
        {"ca 01 01 61 ca 01 01 62  fa 0f 01 00  ca 01 01 63  20 07 ca 01 01 64 ca 01 00",
         HEAD ",\"i64\":7,\"strings\":[\"a\",\"b\",\"c\",\"d\",\"\"]" REST},
    };
    check(&Sample_type, cases, ARRAY_LEN(cases));
}

TEST(proto_packed_or_not) {
    static const struct sample cases[] = {
        {"0a 03 01 02 03", "{\"i32\":[1,2,3],\"inner\":{\"name\":\"\"}}"},
        {"08 01 08 02 0a 02 03 04 10 09 0a 01 05 08 06 0a 02 07 08 08 09",
         "{\"i32\":[1,2,3,4,5,6,7,8,9],\"i64\":[9],\"inner\":{\"name\":\"\"}}"},
        {"0a 00 1a 02 01 00", "{\"flags\":[true,false],\"inner\":{\"name\":\"\"}}"},
        {"0a 02 01 80", "unexpected EOF"},
        {"0a 01 80", "unexpected EOF"},
    };
    check(&Packed_type, cases, ARRAY_LEN(cases));
}

TEST(proto_bytes_that_are_refused) {
    static const struct sample cases[] = {
        {"00", "proto: Sample: illegal tag or number"},
        {"23 24", "proto: Sample: illegal tag or number"},       /* a group */
        {"f3 0f f4 0f", "proto: Sample: illegal tag or number"}, /* an unknown group */
        {"26", "proto: Sample: illegal tag or number"},
        {"20", "unexpected EOF"},
        {"20 80", "unexpected EOF"},
        {"20 ff ff ff ff ff ff ff ff ff 02", "proto: Sample: illegal tag or number"},
        {"20 80 80 80 80 80 80 80 80 80 80 00", "proto: Sample: illegal tag or number"},
        {"32 05 61", "unexpected EOF"},
        {"32 ff ff ff ff ff ff ff ff ff 01", "unexpected EOF"},
        {"29 00 00", "unexpected EOF"},
        {"22 01 05", "proto: wrong wireType = 2 for field i64"},
        {"80 01 05", "proto: wrong wireType = 0 for field list"},
        {"42 03 0a 01 78", "quantities must match the regular expression "
                           "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"},
        {"6a 04 0a 02 7b 7d 7d", "proto: wrong wireType = 5 for field numbers"},
        {"6a 03 0a 01 7b", "unexpected end of JSON input"},
    };
    check(&Sample_type, cases, ARRAY_LEN(cases));
}

TEST(proto_depth_and_memory_are_bounded) {
    struct arena a;
    struct err e = {0};
    struct buf b = {0}, c = {0};
    Inner obj;
    Sample s;
    arena_init(&a, 0);
    for (int i = 0; i <= PROTO_DEPTH_MAX; i++) {
        CHECK_INT(proto_read(&a, &Inner_type, buf_str(&b), &obj, &e),
                  i < PROTO_DEPTH_MAX ? 0 : -EINVAL);
        buf_clear(&c);
        buf_addc(&c, 0x1a);
        if (b.n >= 128)
            buf_addc(&c, (char)(b.n | 0x80));
        buf_addc(&c, (char)(b.n >= 128 ? b.n >> 7 : b.n));
        buf_add(&c, buf_str(&b));
        buf_clear(&b);
        buf_add(&b, buf_str(&c));
    }
    arena_done(&a);
    buf_clear(&b);
    for (int i = 0; i < 10000; i++)
        buf_add(&b, str_n("\x82\x01\x00", 3));
    arena_init(&a, 100000);
    CHECK_INT(proto_read(&a, &Sample_type, buf_str(&b), &s, &e), -E2BIG);
    CHECK(a.taken < 100000);
    arena_done(&a);
    buf_done(&b);
    buf_done(&c);
}

static void check_hex(str bytes, const char *want) {
    struct buf b = {0};
    for (size_t i = 0; i < bytes.n; i++)
        buf_printf(&b, "%02x", (unsigned char)bytes.p[i]);
    CHECK_STRC(buf_str(&b), want);
    buf_done(&b);
}

TEST(proto_writes_value_fields_even_when_zero) {
    struct buf b = {0};
    proto_write(&b, &Sample_type, &(Sample){0});
    /* Fields ascend though the rows do not; bytes that are nil, lists and pointers leave nothing.
     */
    check_hex(buf_str(&b), "0a06"
                           "0a00"
                           "3200"
                           "4200"
                           "1000"
                           "1800"
                           "2000"
                           "3200"
                           "b20102"
                           "0a00"
                           "c20102"
                           "0a00");
    buf_clear(&b);
    str strings[] = {STR("x")};
    proto_write(&b, &Sample_type, &(Sample){.strings = {strings, 1}, .bytes = STR("")});
    check_hex(buf_str(&b), "0a06"
                           "0a00"
                           "3200"
                           "4200"
                           "1000"
                           "1800"
                           "2000"
                           "3200"
                           "3a00"
                           "b20102"
                           "0a00"
                           "c20102"
                           "0a00"
                           "ca010178");
    buf_clear(&b);
    proto_write(&b, &Packed_type, &(Packed){0});
    CHECK_INT(b.n, 4); /* inner {name ""}: proto2 inside proto3 */
    int32_t numbers[] = {1, 300};
    buf_clear(&b);
    proto_write(&b, &Packed_type, &(Packed){.i32 = {numbers, 2}, .u32 = 7, .f64 = 1.25});
    check_hex(buf_str(&b), "0a03"
                           "01"
                           "ac02"
                           "2007"
                           "31000000000000f43f"
                           "42020a00");
    buf_done(&b);
}

TEST(proto_envelopes) {
    struct buf b = {0};
    struct proto_envelope env;
    struct err e = {0};
    Sample obj = {.text = STR("t")};
    proto_envelope_write(&b, &Sample_type, &obj);
    CHECK_INT(proto_envelope_read(buf_str(&b), &env, &e), 0);
    CHECK_STRC(env.api_version, "test.k8s.io/v1");
    CHECK_STRC(env.kind, "Sample");
    CHECK_INT(env.raw.n, proto_size(&Sample_type, &obj));
    CHECK_INT(env.content_type.n, 0);
    CHECK_INT(proto_envelope_read(STR("zzzz"), &env, &e), -EINVAL);
    CHECK_STRC(str_of(e.text), "provided data does not appear to be a protobuf message, expected "
                               "prefix [107 56 115 0]");
    CHECK_INT(proto_envelope_read(STR_NONE, &env, &e), -EINVAL);
    for (size_t n = 4; n < b.n; n++)
        proto_envelope_read(str_n(b.p, n), &env, &e);
    buf_done(&b);
}
