// SPDX-License-Identifier: Apache-2.0
#include "server/flags.h"
#include "tap.h"

struct options {
    const char *name, *path;
    bool fast, slow;
    int64_t port, level, wait;
    struct flag_strs files;
};

#define AT(m) offsetof(struct options, m)
static const struct flag table[] = {
    {"name", FLAG_STR, AT(name), "none", "a name"},
    {"path", FLAG_STR, AT(path), NULL, "a path"},
    {"fast", FLAG_BOOL, AT(fast), "false", "be fast"},
    {"slow", FLAG_BOOL, AT(slow), "true", "be slow"},
    {"port", FLAG_INT, AT(port), "6443", "a port", 1, 65535},
    {"level", FLAG_INT, AT(level), "-3", "any number"},
    {"wait", FLAG_DURATION, AT(wait), "0s", "how long"},
    {"file", FLAG_STRS, AT(files), NULL, "a file"},
    {0},
};

#define WORDS 8
static const struct flag_case {
    const char *words[WORDS]; /* behind the program's name */
    int end;                  /* of flags_parse: index of the first other word, or negative errno */
    const char *text;         /* what differs from the defaults; or the error */
} cases[] = {
#define BAD(text_) -EINVAL, (text_)
    {{NULL}, 1, ""},
    {{"--name=a"}, 2, "name=a"},
    {{"--name", "a"}, 3, "name=a"},
    {{"--name="}, 2, "name="},
    {{"--name=a=b"}, 2, "name=a=b"},
    {{"--name", "--fast"}, 3, "name=--fast"}, /* as pflag: the next word, whatever it is */
    {{"--name=a", "--name=b"}, 3, "name=b"},
    {{"--path", ""}, 3, "path="},
    {{"--fast"}, 2, "fast=true"},
    {{"--fast=true"}, 2, "fast=true"},
    {{"--slow=false"}, 2, "slow=false"},
    {{"--fast", "false"}, 2, "fast=true"}, /* a bool takes no word of its own */
    {{"--port=1"}, 2, "port=1"},
    {{"--port", "65535"}, 3, "port=65535"},
    {{"--level=-9223372036854775808"}, 2, "level=-9223372036854775808"},
    {{"--wait=1m30s"}, 2, "wait=90000000000"},
    {{"--fast", "word", "--port=7"}, 2, "fast=true"},
    {{"--fast", "--", "--port=7"}, 3, "fast=true"},
    {{"-v"}, 1, ""},
    {{""}, 1, ""},

    {{"--nam=a"}, BAD("unknown flag: --nam")},
    {{"--names"}, BAD("unknown flag: --names")},
    {{"---name"}, BAD("unknown flag: ---name")},
    {{"--=x"}, BAD("unknown flag: --")},
    {{"--name"}, BAD("flag needs an argument: --name")},
    {{"--port"}, BAD("flag needs an argument: --port")},
    {{"--fast="}, BAD("invalid argument \"\" for \"--fast\" flag: want true or false")},
    {{"--fast=maybe"}, BAD("invalid argument \"maybe\" for \"--fast\" flag: want true or false")},
    {{"--port=0"},
     BAD("invalid argument \"0\" for \"--port\" flag: want a number from 1 to 65535")},
    {{"--port=65536"},
     BAD("invalid argument \"65536\" for \"--port\" flag: want a number from 1 to 65535")},
    {{"--port=80x"},
     BAD("invalid argument \"80x\" for \"--port\" flag: want a number from 1 to 65535")},
    {{"--port="}, BAD("invalid argument \"\" for \"--port\" flag: want a number from 1 to 65535")},
    {{"--wait=5"}, BAD("invalid argument \"5\" for \"--wait\" flag: want a duration")},
    {{"--wait=-1s"}, BAD("invalid argument \"-1s\" for \"--wait\" flag: want a duration")},
    {{"--level=1.5"}, BAD("invalid argument \"1.5\" for \"--level\" flag: want a number")},
    {{"--level=9223372036854775808"},
     BAD("invalid argument \"9223372036854775808\" for \"--level\" flag: want a number")},
};

/* "port=7 fast=true": what the defaults are not. */
static str described(struct buf *b, const struct options *o) {
    buf_clear(b);
    if (strcmp(o->name, "none") != 0)
        buf_printf(b, " name=%s", o->name);
    if (o->path)
        buf_printf(b, " path=%s", o->path);
    if (o->wait)
        buf_printf(b, " wait=%lld", (long long)o->wait);
    if (o->fast)
        buf_adds(b, " fast=true");
    if (!o->slow)
        buf_adds(b, " slow=false");
    if (o->port != 6443)
        buf_printf(b, " port=%lld", (long long)o->port);
    if (o->level != -3)
        buf_printf(b, " level=%lld", (long long)o->level);
    return str_slice(buf_str(b), 1, b->n);
}

TEST(flags_table) {
    struct buf b;
    buf_init(&b, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct flag_case *c = &cases[i];
        struct options o = {0};
        struct err e = {0};
        char program[] = "x", words[WORDS][64], *argv[WORDS + 2] = {program};
        int argc = 1;
        for (; c->words[argc - 1]; argc++) {
            snprintf(words[argc - 1], sizeof(words[0]), "%s", c->words[argc - 1]);
            argv[argc] = words[argc - 1];
        }
        int r = flags_parse(table, &o, argc, argv, 1, &e);
        if (r != c->end)
            tap_fail(__FILE__, __LINE__, "case %zu (%s): got %d, want %d", i,
                     c->words[0] ? c->words[0] : "", r, c->end);
        CHECK_STRC(r < 0 ? str_of(e.text) : described(&b, &o), c->text);
    }
    buf_done(&b);
}

/* ---- the configuration file ---- */

static const struct file_case {
    const char *yaml;
    int result;
    const char *text;
} files[] = {
    {"", 0, ""},
    {"# nothing\n", 0, ""},
    {"name: a\nfast: true\nport: 7\nlevel: -9\n", 0, "name=a fast=true port=7 level=-9"},
    {"name: \"7\"\npath: 8\n", 0, "name=7 path=8"},
    {"port: \"80\"\n", 0, "port=80"},
    {"nam: a\n", BAD("x.yaml: unknown flag: nam")},
    {"name: [a]\n", BAD("x.yaml: unknown flag: name")},
    {"- name\n", BAD("x.yaml: want `flag: value` lines")},
    {"port: 70000\n", BAD("x.yaml: invalid argument \"70000\" for \"--port\" flag: want a number "
                          "from 1 to 65535")},
    {"fast: 1\n", BAD("x.yaml: invalid argument \"1\" for \"--fast\" flag: want true or false")},
};

static char *loose(const char *s) {
    return (char *)(uintptr_t)s;
}

TEST(flags_file_table) {
    struct env_sim sim;
    struct buf b;
    env_sim_init(&sim, 1);
    buf_init(&b, 0);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct options o = {0};
        struct err e = {0};
        REQUIRE(flags_defaults(table, &o, &e) == 0);
        const char *name = o.name;
        REQUIRE(sim.env.ops->disk.write(&sim.env, "x.yaml", str_of(files[i].yaml), 0600) == 0);
        int r = flags_file(table, &o, &sim.env, "x.yaml", &e);
        if (r != files[i].result)
            tap_fail(__FILE__, __LINE__, "case %zu: got %d, want %d", i, r, files[i].result);
        CHECK_STRC(r < 0 ? str_of(e.text) : described(&b, &o), files[i].text);
        if (o.name != name)
            free(loose(o.name));
        free(loose(o.path));
    }
    struct options o = {0};
    struct err e = {0};
    CHECK_INT(flags_file(table, &o, &sim.env, "none.yaml", &e), -ENOENT);
    CHECK_STRC(str_of(e.text), "none.yaml: No such file or directory");
    buf_done(&b);
    env_sim_done(&sim);
}

TEST(flags_that_are_given_several_times) {
    struct err e = {0};
    struct options o = {0};
    char *argv[FLAG_STRS_MAX + 2] = {loose("x")};
    for (unsigned i = 1; i <= FLAG_STRS_MAX + 1; i++)
        argv[i] = loose(i % 2 ? "--file=a" : "--file=b");
    CHECK_INT(flags_parse(table, &o, FLAG_STRS_MAX + 1, argv, 1, &e), FLAG_STRS_MAX + 1);
    CHECK_INT(o.files.n, FLAG_STRS_MAX);
    CHECK_STRC(str_of(o.files.v[1]), "b");
    o = (struct options){0};
    CHECK_INT(flags_parse(table, &o, FLAG_STRS_MAX + 2, argv, 1, &e), -EINVAL);
    CHECK_STRC(str_of(e.text), "--file is given more than 16 times");

    struct env_sim sim;
    struct buf b;
    env_sim_init(&sim, 1);
    buf_init(&b, 0);
    buf_adds(&b, "file: [a, b]\n");
    CHECK_INT(sim.env.ops->disk.write(&sim.env, "c.yaml", buf_str(&b), 0600), 0);
    o = (struct options){0};
    CHECK_INT(flags_file(table, &o, &sim.env, "c.yaml", &e), 0);
    CHECK_INT(o.files.n, 2);
    for (unsigned i = 0; i < o.files.n; i++)
        free(loose(o.files.v[i]));
    buf_done(&b);
    env_sim_done(&sim);
}

TEST(flags_help_names_each_with_its_default) {
    struct buf b;
    buf_init(&b, 0);
    flags_help(&b, table);
    for (const struct flag *f = table; f->name; f++)
        CHECK(str_find(buf_str(&b), str_of(f->name)) >= 0 &&
              str_find(buf_str(&b), str_of(f->help)) >= 0);
    CHECK(str_find(buf_str(&b), STR("--port int\n            a port (default 6443)\n")) >= 0);
    CHECK(str_find(buf_str(&b), STR("--wait duration\n            how long (default 0s)\n")) >= 0);
    CHECK(str_find(buf_str(&b), STR("--path string\n            a path\n")) >= 0);
    buf_done(&b);
}
