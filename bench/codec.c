// SPDX-License-Identifier: Apache-2.0
/* MB/s of processor time of the codecs on a Pod that upstream recorded. Run in the top folder. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "api/types.h"
#include "base/base64.h"
#include "schema/json.h"
#include "schema/proto.h"

#define SECONDS 0.5

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct input {
    str json, proto;
    void *pod;
};

static void json_in(struct arena *a, struct buf *b, const struct input *in) {
    void *obj = arena_alloc(a, Pod_type.size);
    if (json_read(a, &Pod_type, in->json, obj, NULL, NULL) < 0)
        abort();
}

static void json_out(struct arena *a, struct buf *b, const struct input *in) {
    json_write(b, &Pod_type, in->pod, 0, NULL);
}

static void tree_in(struct arena *a, struct buf *b, const struct input *in) {
    struct value v;
    if (value_parse(a, in->json, &v, NULL, NULL) < 0)
        abort();
}

static void proto_in(struct arena *a, struct buf *b, const struct input *in) {
    void *obj = arena_alloc(a, Pod_type.size);
    if (proto_read(a, &Pod_type, in->proto, obj, NULL) < 0)
        abort();
}

static void proto_out(struct arena *a, struct buf *b, const struct input *in) {
    proto_write(b, &Pod_type, in->pod);
}

static void measure(const char *name,
                    void (*run)(struct arena *, struct buf *, const struct input *),
                    const struct input *in, size_t bytes) {
    struct arena a;
    struct buf b;
    arena_init(&a, 0);
    buf_init(&b, 0);
    unsigned long n = 0;
    double start = now(), end = start;
    for (; end - start < SECONDS; end = now())
        for (int i = 0; i < 200; i++, n++) {
            run(&a, &b, in);
            arena_reset(&a);
            buf_clear(&b);
        }
    double ns = (end - start) / (double)n * 1e9;
    printf("%-10s %6zu bytes %8.0f ns %8.0f MB/s\n", name, bytes, ns, (double)bytes / ns * 1e3);
    arena_done(&a);
    buf_done(&b);
}

static str recorded_pod(struct arena *a, str *ret_proto) {
    static char line[1 << 20];
    FILE *f = fopen("test/data/recorded/objects.jsonl", "r");
    struct value v;
    while (f && fgets(line, sizeof(line), f)) {
        str s = str_dup(a, str_of(line));
        if (value_parse(a, str_trim(str_slice(s, 0, s.n - 1)), &v, NULL, NULL) == 0 &&
            str_eqc(value_str(value_getc(&v, "kind")), "Pod")) {
            fclose(f);
            base64_decode_in(a, value_str(value_getc(&v, "protobuf")), 0, ret_proto);
            return value_str(value_getc(&v, "json"));
        }
    }
    fprintf(stderr, "no recorded Pod: run in the top folder\n");
    exit(1);
}

int main(void) {
    struct arena a;
    struct err e;
    str bytes = STR_NONE;
    struct proto_envelope env = {0};
    arena_init(&a, 0);
    struct input in = {.json = recorded_pod(&a, &bytes), .pod = arena_alloc(&a, Pod_type.size)};
    if (proto_envelope_read(bytes, &env, &e) < 0 ||
        json_read(&a, &Pod_type, in.json, in.pod, NULL, &e) < 0) {
        fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    in.proto = env.raw;
    measure("json in", json_in, &in, in.json.n);
    measure("json out", json_out, &in, in.json.n);
    measure("json tree", tree_in, &in, in.json.n);
    measure("proto in", proto_in, &in, in.proto.n);
    measure("proto out", proto_out, &in, in.proto.n);
    arena_done(&a);
    return 0;
}
