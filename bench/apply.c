// SPDX-License-Identifier: Apache-2.0
/* µs of processor time for what a write of a Pod costs in ownership: sets, merge, and the two whole
 * operations on structs. Run in the top folder. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "api/types.h"
#include "schema/apply.h"
#include "schema/json.h"
#include "schema/ops.h"

#define SECONDS 0.3

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct input {
    Pod *pod, *changed, *sent; /* stored; after an update; of a create */
    Pod *reported;             /* after the kubelet wrote what it wrote before */
    ConfigMap *map, *map_sent;
    struct value tree, changed_tree, config;
    struct fieldset set;
    str text;
};

static const Pod no_pod;
static const ConfigMap no_map;

static struct apply_request request(struct arena *a) {
    return (struct apply_request){.a = a,
                                  .api_version = STR("v1"),
                                  .kind = STR("Pod"),
                                  .version.schema = schema_root(&Pod_type),
                                  .manager = STR("bench"),
                                  .force = true,
                                  .now = 1};
}

static void to_tree(struct arena *a, const struct input *in) {
    struct value v;
    json_write_value(a, &Pod_type, in->pod, &v);
}
static void set_of_tree(struct arena *a, const struct input *in) {
    field_paths(a, schema_root(&Pod_type), &in->tree);
}
static void set_of_struct(struct arena *a, const struct input *in) {
    field_paths_struct(a, &Pod_type, in->pod);
}
static void read_set(struct arena *a, const struct input *in) {
    struct fieldset s;
    fieldset_parse(a, in->text, &s, NULL);
}
static void write_set(struct arena *a, const struct input *in) {
    struct buf b;
    buf_init(&b, 0);
    fieldset_write(&b, &in->set);
    buf_done(&b);
}
static void unite(struct arena *a, const struct input *in) {
    fieldset_union(a, &in->set, &in->set);
}
static void compare(struct arena *a, const struct input *in) {
    field_compare(a, schema_root(&Pod_type), &in->tree, &in->changed_tree);
}
static void merge(struct arena *a, const struct input *in) {
    struct value v;
    field_merge(a, schema_root(&Pod_type), &in->tree, &in->config, &v, NULL);
}
static void apply_tree(struct arena *a, const struct input *in) {
    struct apply_request q = request(a);
    struct value v;
    bool changed;
    if (apply_object(&q, &in->tree, &in->config, &v, &changed, NULL, NULL) < 0)
        abort();
}
static void apply_pod(struct arena *a, const struct input *in) {
    struct apply_request q = request(a);
    Pod pod;
    bool changed;
    if (apply_struct(&q, &Pod_type, in->pod, &in->config, &pod, &changed, NULL, NULL) < 0)
        abort();
}
static void track_pod(struct arena *a, const struct input *in) {
    struct apply_request q = request(a);
    Pod pod;
    if (apply_track_struct(&q, &Pod_type, in->pod, in->changed, false, &pod, NULL) < 0)
        abort();
}
static void create_pod(struct arena *a, const struct input *in) {
    struct apply_request q = request(a);
    Pod pod;
    if (apply_track_struct(&q, &Pod_type, &no_pod, in->sent, false, &pod, NULL) < 0)
        abort();
}
static void report_pod(struct arena *a, const struct input *in) {
    struct apply_request q = request(a);
    Pod pod;
    q.manager = STR("kubelet");
    q.subresource = STR("status");
    if (apply_track_struct(&q, &Pod_type, in->pod, in->reported, false, &pod, NULL) < 0)
        abort();
}
static void repeat_pod(struct arena *a, const struct input *in) {
    struct apply_request q = request(a);
    Pod pod;
    if (apply_track_struct(&q, &Pod_type, in->pod, in->pod, false, &pod, NULL) < 0)
        abort();
}
static void create_map(struct arena *a, const struct input *in) {
    struct apply_request q = request(a);
    ConfigMap map;
    q.kind = STR("ConfigMap");
    q.version.schema = schema_root(&ConfigMap_type);
    if (apply_track_struct(&q, &ConfigMap_type, &no_map, in->map_sent, false, &map, NULL) < 0)
        abort();
}
static void update_map(struct arena *a, const struct input *in) {
    struct apply_request q = request(a);
    ConfigMap map;
    q.kind = STR("ConfigMap");
    q.version.schema = schema_root(&ConfigMap_type);
    if (apply_track_struct(&q, &ConfigMap_type, in->map, in->map_sent, false, &map, NULL) < 0)
        abort();
}

static void measure(const char *name, void (*run)(struct arena *, const struct input *),
                    const struct input *in) {
    struct arena a;
    size_t bytes = 0;
    unsigned long n = 0;
    arena_init(&a, 0);
    double start = now(), end = start;
    for (; end - start < SECONDS; end = now())
        for (int i = 0; i < 50; i++, n++) {
            run(&a, in);
            bytes = a.taken;
            arena_reset(&a);
        }
    printf("%-28s %8.1f us %8zu bytes\n", name, (end - start) / (double)n * 1e6, bytes);
    arena_done(&a);
}

/* The Pod that upstream recorded, whole and as what was sent. */
static void load(struct arena *a, struct input *in) {
    static char line[1 << 20];
    struct value v;
    FILE *f = fopen("test/data/recorded/objects.jsonl", "r");
    while (f && fgets(line, sizeof(line), f)) {
        str s = str_dup(a, str_of(line));
        if (value_parse(a, str_slice(s, 0, s.n - 1), &v, NULL, NULL) < 0 ||
            !str_eqc(value_str(value_getc(&v, "kind")), "Pod"))
            continue;
        fclose(f);
        in->pod = arena_make(a, Pod);
        json_read(a, &Pod_type, value_str(value_getc(&v, "json")), in->pod, NULL, NULL);
        in->config = *value_getc(&v, "sent");
        return;
    }
    fprintf(stderr, "no recorded Pod: run in the top folder\n");
    exit(1);
}

/* A ConfigMap of one key, stored with its owner, and with another value. */
static void make_maps(struct arena *a, struct input *in) {
    static const char text[] = "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"v\"}}";
    struct apply_request q = request(a);
    in->map = arena_make(a, ConfigMap);
    in->map_sent = arena_make(a, ConfigMap);
    json_read(a, &ConfigMap_type, str_of(text), in->map_sent, NULL, NULL);
    q.version.schema = schema_root(&ConfigMap_type);
    apply_track_struct(&q, &ConfigMap_type, &no_map, in->map_sent, false, in->map, NULL);
    in->map->metadata.uid = STR("u");
    in->map->data.v = arena_dup(a, in->map->data.v, sizeof(*in->map->data.v));
    in->map->data.v[0].value = STR("w");
}

int main(void) {
    struct arena a;
    struct input in = {0};
    struct buf b;
    arena_init(&a, 0);
    load(&a, &in);
    in.changed = api_clone(&a, &Pod_type, in.pod);
    in.changed->status.phase = STR("Succeeded");
    in.reported = api_clone(&a, &Pod_type, in.pod);
    in.reported->spec = in.pod->spec; /* a decoded patch shares what it leaves alone */
    in.reported->status.conditions.v[0].status = STR("Unknown");
    in.sent = arena_make(&a, Pod);
    json_read_value(&a, &Pod_type, &in.config, in.sent, NULL, NULL);
    make_maps(&a, &in);
    json_write_value(&a, &Pod_type, in.pod, &in.tree);
    json_write_value(&a, &Pod_type, in.changed, &in.changed_tree);
    in.set = field_paths(&a, schema_root(&Pod_type), &in.tree);
    buf_init(&b, 0);
    fieldset_write(&b, &in.set);
    in.text = buf_str(&b);
    printf("a Pod of %zu owned fields, %zu bytes of FieldsV1\n", fieldset_size(&in.set), b.n);
    measure("struct to tree", to_tree, &in);
    measure("set of a tree", set_of_tree, &in);
    measure("set of a struct", set_of_struct, &in);
    measure("FieldsV1 to set", read_set, &in);
    measure("set to FieldsV1", write_set, &in);
    measure("union", unite, &in);
    measure("comparison of trees", compare, &in);
    measure("merge of trees", merge, &in);
    measure("apply, tree", apply_tree, &in);
    measure("apply, struct", apply_pod, &in);
    measure("track an update, structs", track_pod, &in);
    measure("track a status", report_pod, &in);
    measure("track a repetition", repeat_pod, &in);
    measure("track a create", create_pod, &in);
    measure("track a create, ConfigMap", create_map, &in);
    measure("track an update, ConfigMap", update_map, &in);
    buf_done(&b);
    arena_done(&a);
    return 0;
}
