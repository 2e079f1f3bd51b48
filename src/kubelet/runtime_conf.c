// SPDX-License-Identifier: Apache-2.0
/* Why each line stands there:
 * - restrict_oom_score_adj: without CAP_SYS_RESOURCE no process may lower its score, and every
 *   sandbox (-998) would fail to start.
 * - SystemdCgroup = false: the kubelet drives cgroupfs itself, so that machines without systemd
 *   work the same way.
 * - Plug-ins nobody asks for are off: each costs memory or start-up time, and `opt` writes to /opt.
 * - max_container_log_line_size stays at its default: the log reader knows partial lines. */
#include "kubelet/runtime_conf.h"

#include "schema/value.h"

static void line_str(struct buf *b, const char *indent, const char *key, const char *value) {
    buf_printf(b, "%s%s = ", indent, key);
    json_quote(b, str_of(value)); /* a JSON string is a TOML basic string */
    buf_addc(b, '\n');
}

static void line_bool(struct buf *b, const char *indent, const char *key, bool value) {
    buf_printf(b, "%s%s = %s\n", indent, key, value ? "true" : "false");
}

static const char *const disabled_plugins[] = {
    "io.containerd.snapshotter.v1.aufs",       "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper",  "io.containerd.snapshotter.v1.zfs",
    "io.containerd.internal.v1.opt",           "io.containerd.internal.v1.tracing",
    "io.containerd.tracing.processor.v1.otlp",
};

static void cri_plugin(struct buf *b, const struct runtime_conf *c, const struct runtime_facts *f) {
    buf_adds(b, "\n[plugins.\"io.containerd.grpc.v1.cri\"]\n");
    line_str(b, "  ", "sandbox_image", c->sandbox_image);
    line_bool(b, "  ", "restrict_oom_score_adj", !f->cap_sys_resource);
    line_bool(b, "  ", "tolerate_missing_hugetlb_controller", true);
    line_bool(b, "  ", "disable_hugetlb_controller", !f->hugetlb);
    line_bool(b, "  ", "disable_apparmor", !f->apparmor);
    line_bool(b, "  ", "netns_mounts_under_state_dir", true);
    line_str(b, "  ", "stream_server_address", "127.0.0.1");
    line_str(b, "  ", "stream_server_port", "0");
    buf_adds(b, "  [plugins.\"io.containerd.grpc.v1.cri\".cni]\n");
    line_str(b, "    ", "bin_dir", c->cni_bin_dir);
    line_str(b, "    ", "conf_dir", c->cni_conf_dir);
    buf_adds(b, "  [plugins.\"io.containerd.grpc.v1.cri\".containerd]\n");
    line_str(b, "    ", "default_runtime_name", "default");
    buf_adds(b, "    [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.default]\n");
    line_str(b, "      ", "runtime_type", "io.containerd.runc.v2");
    buf_adds(b,
             "      [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.default.options]\n");
    line_str(b, "        ", "BinaryName", c->runtime_binary);
    line_bool(b, "        ", "SystemdCgroup", false);
    if (c->registry_dir) {
        buf_adds(b, "  [plugins.\"io.containerd.grpc.v1.cri\".registry]\n");
        line_str(b, "    ", "config_path", c->registry_dir);
    }
}

void runtime_containerd_toml(struct buf *b, const struct runtime_conf *c,
                             const struct runtime_facts *f) {
    buf_adds(b, "version = 2\n");
    line_str(b, "", "root", c->root);
    line_str(b, "", "state", c->state);
    if (f->cap_sys_resource)
        buf_adds(b, "oom_score = -999\n");
    buf_adds(b, "disabled_plugins = [");
    for (size_t i = 0; i < ARRAY_LEN(disabled_plugins); i++)
        buf_printf(b, "%s\"%s\"", i ? ", " : "", disabled_plugins[i]);
    buf_adds(b, "]\n\n[grpc]\n");
    line_str(b, "  ", "address", c->socket);
    buf_adds(b, "\n[debug]\n");
    line_str(b, "  ", "level", "warn");
    cri_plugin(b, c, f);
}

void runtime_cni_conflist(struct buf *b, const struct cni_conf *c, const struct runtime_facts *f) {
    buf_adds(b, "{\"cniVersion\":\"0.4.0\",\"name\":");
    json_quote(b, c->name);
    buf_adds(b, ",\"plugins\":[{\"type\":\"bridge\",\"bridge\":");
    json_quote(b, str_of(c->bridge));
    buf_printf(b, ",\"isGateway\":true,\"ipMasq\":%s,\"hairpinMode\":true",
               f->iptables ? "true" : "false");
    buf_adds(b, ",\"ipam\":{\"type\":\"host-local\",\"ranges\":[");
    bool v4 = false, v6 = false;
    for (size_t i = 0; i < c->n_pod_cidrs; i++) {
        buf_printf(b, "%s[{\"subnet\":", i ? "," : "");
        json_quote(b, c->pod_cidrs[i]);
        buf_adds(b, "}]");
        *(str_chr(c->pod_cidrs[i], ':') >= 0 ? &v6 : &v4) = true;
    }
    buf_printf(b, "],\"routes\":[%s%s%s],\"dataDir\":", v4 ? "{\"dst\":\"0.0.0.0/0\"}" : "",
               v4 && v6 ? "," : "", v6 ? "{\"dst\":\"::/0\"}" : "");
    json_quote(b, str_of(c->data_dir));
    buf_adds(b, "}}");
    if (f->iptables)
        buf_adds(b,
                 ",{\"type\":\"portmap\",\"capabilities\":{\"portMappings\":true},\"snat\":true}");
    buf_adds(b, "]}\n");
}
