// SPDX-License-Identifier: Apache-2.0
#include "tap.h"

#include <setjmp.h>
#include <stdarg.h>

static struct tap_test *first, **last = &first;
static int failures;
static jmp_buf bail;

void tap_register(struct tap_test *t) {
    *last = t;
    last = &t->next;
}

void tap_diag(const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    fputs("# ", stdout);
    vprintf(fmt, ap);
    fputc('\n', stdout);
    va_end(ap);
}

void tap_fail(const char *file, int line, const char *fmt, ...) {
    va_list ap;
    failures++;
    printf("# %s:%d: ", file, line);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    fputc('\n', stdout);
}

void tap_bail(void) {
    longjmp(bail, 1);
}

uint64_t tap_seed(void) {
    const char *s = getenv("TEST_SEED");
    return s ? strtoull(s, NULL, 0) : 0x636f787377616e01ULL;
}

void tap_check_int(const char *file, int line, const char *what, long long a, long long b) {
    if (a != b)
        tap_fail(file, line, "%s: got %lld, want %lld", what, a, b);
}

void tap_check_str(const char *file, int line, const char *what, str a, str b) {
    if (!str_eq(a, b))
        tap_fail(file, line, "%s:\n#   got  '" STR_FMT "'\n#   want '" STR_FMT "'", what,
                 STR_ARG(a), STR_ARG(b));
}

/* Arguments name the tests to run; none means all. */
static bool wanted(const struct tap_test *t, int argc, char **argv) {
    if (argc < 2)
        return true;
    for (int i = 1; i < argc; i++)
        if (strstr(t->name, argv[i]))
            return true;
    return false;
}

/* Apart from main, whose locals a longjmp would leave undefined. */
static void run_one(const struct tap_test *t) {
    if (!setjmp(bail))
        t->run();
}

int main(int argc, char **argv) {
    int n = 0, failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (struct tap_test *t = first; t; t = t->next) {
        if (!wanted(t, argc, argv))
            continue;
        failures = 0;
        run_one(t);
        printf("%sok %d - %s\n", failures ? "not " : "", ++n, t->name);
        if (failures) {
            printf("# seed 0x%llx\n", (unsigned long long)tap_seed());
            failed++;
        }
    }
    printf("1..%d\n", n);
    return failed ? 1 : 0;
}
