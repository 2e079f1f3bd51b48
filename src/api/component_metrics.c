// SPDX-License-Identifier: Apache-2.0
#include "api/component_metrics.h"

#include "api/feature_gates.h"
#include "api/version.h"
#include "base/metrics.h"

static void build_info(struct buf *out) {
    static const char *const labels[] = {
        "build_date", "compiler", "git_commit", "git_tree_state", "git_version",
        "go_version", "major",    "minor",      "platform",       NULL};
    static const char name[] = "kubernetes_build_info";
    str values[ARRAY_LEN(labels) - 1] = {[4] = STR(API_GIT_VERSION),
                                         [6] = STR(API_VERSION_MAJOR),
                                         [7] = STR(API_VERSION_MINOR),
                                         [8] = STR(API_PLATFORM)};
    metrics_text_head(out, name, "[BETA] 1, with the version as labels.", "gauge");
    metrics_text_sample(out, name, labels, values, 1);
}

static void version_info(const char *component, struct buf *out) {
    static const char *const labels[] = {"binary", "component", "emulation", "min_compat", NULL};
    static const char name[] = "version_info";
    str version = STR(API_VERSION_MAJOR "." API_VERSION_MINOR);
    str values[] = {version, str_of(component), version, STR(API_MIN_COMPATIBILITY)};
    metrics_text_head(out, name, "[ALPHA] 1, with the versions it works as.", "gauge");
    metrics_text_sample(out, name, labels, values, 1);
}

static void feature_gates(struct buf *out) {
    static const char *const labels[] = {"name", "stage", NULL};
    static const char name[] = "kubernetes_feature_enabled";
    struct feature_gate g;
    metrics_text_head(out, name, "[BETA] Feature gates: 1 for those that are on.", "gauge");
    for (unsigned i = 0; feature_gate_at(i, &g); i++) {
        char stage[16];
        unsigned n = 0;
        for (; g.stage[n] && n < sizeof(stage); n++)
            stage[n] = (char)(g.stage[n] >= 'a' ? g.stage[n] - 32 : g.stage[n]);
        bool is_ga = strcmp(g.stage, "GA") == 0;
        str values[] = {str_of(g.name), is_ga ? STR("") : str_n(stage, n)};
        metrics_text_sample(out, name, labels, values, g.on);
    }
}

/* Families whose help begins so. */
static unsigned count(str text, str stability) {
    unsigned n = 0;
    while (text.n) {
        str line = str_cut(&text, '\n'), word = str_cut(&line, ' ');
        if (!str_eqc(word, "#") || !str_eqc(str_cut(&line, ' '), "HELP"))
            continue;
        str_cut(&line, ' '); /* its name */
        n += str_starts(line, stability);
    }
    return n;
}

static void counts(struct buf *out) {
    static const char *const helps[] = {"[ALPHA]", "[BETA]", "[STABLE]"};
    static const char *const labels[] = {"deprecated_version", "stability_level", NULL};
    static const char name[] = "registered_metrics_total";
    unsigned n[ARRAY_LEN(helps)];
    metrics_text_head(out, name, "[BETA] Metrics that are kept, by stability.", "counter");
    for (size_t i = 0; i < ARRAY_LEN(helps); i++)
        n[i] = count(buf_str(out), str_of(helps[i]));
    for (size_t i = 0; i < ARRAY_LEN(helps); i++) {
        str help = str_of(helps[i]), values[] = {STR(""), str_slice(help, 1, help.n - 1)};
        metrics_text_sample(out, name, labels, values, n[i]);
    }
}

void component_metrics(const char *component, struct buf *out) {
    build_info(out);
    version_info(component, out);
    feature_gates(out);
    counts(out);
}
