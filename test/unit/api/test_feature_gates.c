// SPDX-License-Identifier: Apache-2.0
#include "api/feature_gates.h"
#include "tap.h"

TEST(feature_gates) {
    static const struct {
        const char *gates, *error; /* NULL: accepted */
    } cases[] = {
        {"", NULL},
        {",", NULL},
        {"APIResponseCompression=true", NULL},
        {" APIResponseCompression = T ,APIServingWithRoutine=0,", NULL},
        {"APIServerTracing=true", NULL},
        {"AllAlpha=false", NULL},
        {"Nope=true", "unrecognized feature gate: Nope"},
        {"=true", "unrecognized feature gate: "},
        {"AllAlpha", "missing bool value for AllAlpha"},
        {"AllAlpha=", "invalid value of AllAlpha=, err: strconv.ParseBool: parsing \"\": invalid "
                      "syntax"},
        {"AllAlpha=yes", "invalid value of AllAlpha=yes, err: strconv.ParseBool: parsing \"yes\": "
                         "invalid syntax"},
        {"APIServerTracing=false",
         "cannot set feature gate APIServerTracing to false, feature is locked to true"},
        {"APIServingWithRoutine=true", "cannot set feature gate APIServingWithRoutine (Alpha) to "
                                       "true: it has no switch in this program"},
        {"AllBeta=false", "cannot set feature gate AllBeta (Beta) to false: it has no switch in "
                          "this program"},
        {"AllAlpha=false,AllAlpha=true", "cannot set feature gate AllAlpha (Alpha) to true: it has "
                                         "no switch in this program"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = {0};
        int r = feature_gates_check(str_of(cases[i].gates), &e);
        CHECK_INT(r, cases[i].error ? -EINVAL : 0);
        CHECK_STRC(str_of(e.text), cases[i].error ? cases[i].error : "");
    }
}
