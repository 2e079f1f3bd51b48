// SPDX-License-Identifier: Apache-2.0
#include "client/events.h"
#include "double.h"

#define EVENTS "/api/v1/events"

static const ObjectReference about = {
    .kind = {"Pod", 3}, .namespace_ = {"ns", 2}, .name = {"web", 3}, .uid = {"u", 1}};

static unsigned n_events(struct api_double *d) {
    unsigned n = 0;
    VEC_FOREACH (t, &d->things)
        n += strcmp(t->collection, EVENTS) == 0;
    return n;
}

static bool has_text(const struct thing *t, const char *text) {
    return strstr(t->json, text) != NULL;
}

TEST(equal_events_are_counted) {
    struct api_double d;
    double_start(&d, tap_seed());
    struct recorder *r = recorder_new(d.client, "test", "host");
    for (int i = 0; i < 3; i++) {
        recorder_event(r, &about, "Normal", "Pulled", STR("it is here"));
        run_for(&d, NSEC_PER_SEC);
    }
    REQUIRE(n_events(&d) == 1);
    CHECK(has_text(&d.things.v[0], "\"count\":3"));
    CHECK(has_text(&d.things.v[0], "\"reason\":\"Pulled\""));
    CHECK(has_text(&d.things.v[0], "\"component\":\"test\""));
    CHECK_STRC(str_of(d.things.v[0].ns), "ns");
    recorder_free(r);
    double_stop(&d);
}

TEST(events_of_one_moment_have_names_of_their_own) {
    struct api_double d;
    double_start(&d, tap_seed());
    struct recorder *r = recorder_new(d.client, "test", "");
    recorder_event(r, &about, "Normal", "Created", STR("one"));
    recorder_event(r, &about, "Normal", "Created", STR("two"));
    recorder_event(r, &about, "Normal", "Started", STR("three"));
    run_for(&d, NSEC_PER_SEC);
    CHECK_INT(n_events(&d), 3);
    recorder_free(r);
    double_stop(&d);
}

TEST(one_that_expired_is_made_anew) {
    struct api_double d;
    double_start(&d, tap_seed());
    struct recorder *r = recorder_new(d.client, "test", "");
    recorder_event(r, &about, "Normal", "Pulled", STR("x"));
    run_for(&d, NSEC_PER_SEC);
    REQUIRE(n_events(&d) == 1);
    end_thing(&d, &d.things.v[0]);
    recorder_event(r, &about, "Normal", "Pulled", STR("x")); /* finds out */
    run_for(&d, NSEC_PER_SEC);
    recorder_event(r, &about, "Normal", "Pulled", STR("x"));
    run_for(&d, NSEC_PER_SEC);
    CHECK_INT(n_events(&d), 1);
    recorder_free(r);
    double_stop(&d);
}

TEST(many_alike_become_one) {
    struct api_double d;
    double_start(&d, tap_seed());
    struct recorder *r = recorder_new(d.client, "test", "");
    char text[32];
    for (int i = 0; i < 20; i++) {
        int n = snprintf(text, sizeof(text), "message %d", i);
        recorder_event(r, &about, "Warning", "Failed", str_n(text, (size_t)n));
        run_for(&d, NSEC_PER_SEC);
    }
    CHECK_INT(n_events(&d), 11);
    unsigned combined = 0;
    VEC_FOREACH (t, &d.things)
        combined += has_text(t, "(combined from similar events): message 1");
    CHECK_INT(combined, 1);
    recorder_free(r);
    double_stop(&d);
}

TEST(a_flood_about_one_object_is_dropped) {
    struct api_double d;
    double_start(&d, tap_seed());
    struct recorder *r = recorder_new(d.client, "test", "");
    for (int i = 0; i < 100; i++) {
        recorder_event(r, &about, "Warning", "BackOff", STR("again"));
        run_for(&d, NSEC_PER_MSEC * 10);
    }
    REQUIRE(n_events(&d) == 1);
    CHECK(has_text(&d.things.v[0], "\"count\":25"));
    run_for(&d, 301 * NSEC_PER_SEC);
    recorder_event(r, &about, "Warning", "BackOff", STR("again"));
    run_for(&d, NSEC_PER_SEC);
    CHECK(has_text(&d.things.v[0], "\"count\":26"));
    recorder_free(r);
    double_stop(&d);
}
