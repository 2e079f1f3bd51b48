// SPDX-License-Identifier: Apache-2.0
/* Command-line flags as a table, in pflag's manner: --name=value, --name value, --bool. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/env.h"

enum flag_type { FLAG_STR, FLAG_STRS, FLAG_BOOL, FLAG_INT, FLAG_DURATION, FLAG_MAX };

/* A flag that may be given several times. */
#define FLAG_STRS_MAX 16
struct flag_strs {
    const char *v[FLAG_STRS_MAX];
    unsigned n;
};

struct flag {
    const char *name;
    enum flag_type type;
    size_t offset;   /* of a const char *, struct flag_strs, bool or int64_t (durations: ns) in
                      * the options */
    const char *def; /* as it would be typed; NULL: zero */
    const char *help;
    int64_t min, max; /* of FLAG_INT; both 0: any */
};

/* Fills opts: defaults first, then argv[from...]. Flags end at "--" or the first other
 * word, whose index is returned (argc when there is none); negative errno with text in e ("unknown
 * flag: --x", "invalid argument \"x\" for \"--port\" flag: ..."). table ends in a NULL name. */
int flags_parse(const struct flag *table, void *opts, int argc, char **argv, int from,
                struct err *e);
/* In parts, for programs with a configuration file between defaults and command line: the same
 * flags out of YAML, `data-dir: /srv/coxswain` a line; unknown names are errors. */
int flags_defaults(const struct flag *table, void *opts, struct err *e);
int flags_file(const struct flag *table, void *opts, struct env *env, const char *path,
               struct err *e);
int flags_argv(const struct flag *table, void *opts, int argc, char **argv, int from,
               struct err *e);
void flags_help(struct buf *b, const struct flag *table);
