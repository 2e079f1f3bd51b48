// SPDX-License-Identifier: Apache-2.0
/* Random objects of every kind, made from good ones by small changes, through create, read, put,
 * all patches and apply, in JSON and protobuf. Whatever comes, the answer is the object or a Status
 * of the right form, and all ways of reading an object agree. TEST_SEED gives others. */
#include <dirent.h>

#include "base/map.h"
#include "object_test.h"

#define ROUNDS 6

static void change(struct subject *s, struct fill *f, str item) {
    static const char *const types[] = {"application/merge-patch+json",
                                        "application/strategic-merge-patch+json",
                                        "application/apply-patch+yaml", "application/json", PROTO};
    struct arena *a = s->w->arena;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        void *obj = changed(s, f, 30);
        bool put = i >= 3, proto = i == 4;
        str target =
            i == 2 ? str_printf(a, STR_FMT "?fieldManager=m&force=true", STR_ARG(item)) : item;
        str body = proto ? proto_of(s, obj) : json_of(s, obj);
        struct answer n = send(s, put ? "PUT" : "PATCH", target, types[i], NULL, body);
        is_good(s, types[i], &n, proto ? json_of(s, obj) : body);
    }
    struct answer n =
        send(s, "PATCH", item, "application/json-patch+json", NULL,
             str_printf(a,
                        "[{\"op\":\"copy\",\"from\":\"/metadata/name\",\"path\":\"/metadata/"
                        "annotations\"},{\"op\":\"replace\",\"path\":\"/metadata/annotations\","
                        "\"value\":{\"r\":\"%llu\"}}]",
                        (unsigned long long)fill_random(f)));
    is_good(s, "JSON patch", &n, STR_NONE);
}

static void one_round(struct subject *s, struct fill *f) {
    bool proto = fill_random(f) % 2;
    void *obj = changed(s, f, (unsigned)(fill_random(f) % 120));
    str body = proto ? proto_of(s, obj) : json_of(s, obj);
    struct answer a =
        send(s, "POST", s->collection, proto ? PROTO : "application/json", NULL, body);
    if (!is_good(s, "POST", &a, json_of(s, obj))) {
        s->refused++;
        return;
    }
    s->made++;
    if (!s->res->prefix) /* a review */
        return;
    str item = str_printf(s->w->arena, STR_FMT "/" STR_FMT, STR_ARG(s->collection),
                          STR_ARG(text_at(s->w, a.body, "metadata.name")));
    check_reads(s, item, &a);
    change(s, f, item);
    send(s, "PATCH", item, "application/merge-patch+json", NULL,
         STR("{\"metadata\":{\"finalizers\":null}}"));
    a = send(s, "DELETE", str_printf(s->w->arena, STR_FMT "?gracePeriodSeconds=0", STR_ARG(item)),
             NULL, NULL, STR_NONE);
    CHECK(a.code == 200 || a.code == 202 || a.code == 409);
}

TEST(random_objects_of_every_kind) {
    DIR *d = opendir(OBJECTS);
    unsigned kinds = 0, made = 0, refused = 0;
    REQUIRE(d);
    for (struct dirent *e; (e = readdir(d));) {
        struct world w;
        struct subject s;
        if (!str_ends(str_of(e->d_name), STR(".json")))
            continue;
        world_init_with(
            &w, &(struct world_options){.admission_off = "ServiceAccount,NamespaceLifecycle"});
        if (subject_of(&w, e->d_name, &s)) {
            struct fill f = {.arena = w.arena,
                             .seed = tap_seed() ^ hash64(e->d_name, strlen(e->d_name)),
                             .chance = 12,
                             .tame = true};
            for (unsigned i = 0; i < ROUNDS; i++)
                one_round(&s, &f);
            kinds++;
            made += s.made;
            refused += s.refused;
        }
        world_done(&w);
    }
    closedir(d);
    tap_diag("%u kinds, %u made, %u refused", kinds, made, refused);
    CHECK(kinds > 50);
    CHECK(made > refused / 2); /* most of what is made must be good, or little is tried */
}
