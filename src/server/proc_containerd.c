// SPDX-License-Identifier: Apache-2.0
/* containerd with a root, state and socket of its own. The process writes the configuration and
 * becomes containerd; containers live on under their shims when it ends. */
#include <stdio.h>
#include <unistd.h>

#include "kubelet/host/host.h"
#include "server/proc.h"

static int write_file(struct env *env, const char *path, const struct buf *b) {
    int r = env->ops->disk.write(env, path, buf_str(b), 0600);
    if (r < 0)
        log_error(env, "%s: %s", path, strerror(-r));
    return r;
}

static int configure(struct env *env, const struct server_config *c, const char *toml_path) {
    struct runtime_facts facts;
    struct arena a;
    struct buf toml, cni;
    arena_init(&a, 0);
    buf_init(&toml, 0);
    buf_init(&cni, 0);
    host_runtime_facts(&facts);
    static const char *const bin_dirs[] = {"/opt/cni/bin", "/usr/lib/cni", NULL};
    const char *bin_dir = host_find_dir_with(bin_dirs, "bridge");
    str conf_dir = str_printf(&a, "%s/agent/cni", c->data_dir);
    str conf_file = str_printf(&a, "%s/" CNI_CONFLIST_NAME, conf_dir.p);
    str cidr = str_of(c->pod_cidr);
    runtime_containerd_toml(
        &toml,
        &(struct runtime_conf){.root = str_printf(&a, "%s/agent/containerd", c->data_dir).p,
                               .state = str_printf(&a, "%s/containerd", c->run_dir).p,
                               .socket = str_printf(&a, "%s/containerd.sock", c->run_dir).p,
                               .runtime_binary = "crun",
                               .sandbox_image = c->sandbox_image,
                               .cni_conf_dir = conf_dir.p,
                               .cni_bin_dir = bin_dir ? bin_dir : bin_dirs[0],
                               .registry_dir = str_printf(&a, "%s/certs.d", c->data_dir).p},
        &facts);
    runtime_cni_conflist(&cni,
                         &(struct cni_conf){.name = STR("coxswain"),
                                            .bridge = "cni0",
                                            .pod_cidrs = &cidr,
                                            .n_pod_cidrs = 1,
                                            .data_dir = str_printf(&a, "%s/cni", c->run_dir).p},
                         &facts);
    int r = host_mkdirs(conf_dir.p, 0755);
    if (r == 0)
        r = host_mkdirs(c->run_dir, 0755);
    if (r == 0)
        r = write_file(env, conf_file.p, &cni);
    if (r == 0)
        r = write_file(env, toml_path, &toml);
    buf_done(&toml);
    buf_done(&cni);
    arena_done(&a);
    return r;
}

int proc_containerd(const void *ctx, int ready_fd) {
    const struct component_start *s = ctx;
    struct env env;
    char toml[512];
    env_real_init(&env, "containerd");
    snprintf(toml, sizeof(toml), "%s/agent/containerd.toml", s->config->data_dir);
    if (configure(&env, s->config, toml) < 0)
        return 1;
    component_ready(ready_fd, NULL);
    execlp("containerd", "containerd", "--config", toml, "--log-level", "error", (char *)NULL);
    log_error(&env, "containerd: %s", strerror(errno));
    return 127;
}
