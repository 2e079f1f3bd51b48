// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/version.h"
#include "server/cluster.h"
#include "server/commands.h"

/* --config is needed before the others. */
static const char *config_file(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--config=", 9) == 0)
            return argv[i] + 9;
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            return argv[i + 1];
    }
    return NULL;
}

int command_flags(const struct flag *table, struct server_config *c,
                  int (*complete)(struct server_config *, struct err *), int argc, char **argv,
                  int *ret_status) {
    struct err e = {0};
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            struct buf b;
            buf_init(&b, 0);
            flags_help(&b, table);
            printf("usage: coxswain %s [flags]\n\n" STR_FMT, argv[0], STR_ARG(buf_str(&b)));
            buf_done(&b);
            *ret_status = 0;
            return 0;
        }
    struct env env;
    env_real_init(&env, argv[0]);
    const char *file = config_file(argc, argv);
    int r = flags_defaults(table, c, &e);
    if (r == 0 && file)
        r = flags_file(table, c, &env, file, &e);
    if (r == 0)
        r = flags_argv(table, c, argc, argv, 1, &e);
    if (r >= 0 && r < argc)
        r = err_set(&e, -EINVAL, "unexpected argument \"%s\"", argv[r]);
    if (r >= 0)
        r = complete(c, &e);
    if (r < 0) {
        fprintf(stderr, "coxswain %s: %s\n", argv[0], e.text);
        *ret_status = 2;
        return 0;
    }
    return 1;
}

static void on_ready(const struct server_config *c, int64_t took_ns) {
    fprintf(stderr, "coxswain: ready in %lld ms: KUBECONFIG=%s\n",
            (long long)(took_ns / NSEC_PER_MSEC), c->kubeconfig);
}

int cmd_server(int argc, char **argv) {
    struct server_config c = {0};
    int status;
    if (!command_flags(server_flags, &c, server_config_complete, argc, argv, &status))
        return status;
    umask(077);
    return cluster_run(&c, on_ready);
}

int cmd_version(int argc, char **argv) {
    printf("Coxswain, Kubernetes %s\n", API_GIT_VERSION);
    return 0;
}
