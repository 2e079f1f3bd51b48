// SPDX-License-Identifier: Apache-2.0
#include "kubelet/host/host.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CGROUP2_MAGIC        0x63677270
#define CAP_SYS_RESOURCE_BIT 24

static bool is_cgroup2(const char *path) {
    struct statfs fs;
    return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_MAGIC;
}

enum cgroup_mode host_cgroup_mode(void) {
    if (is_cgroup2("/sys/fs/cgroup"))
        return CGROUP_V2;
    return is_cgroup2("/sys/fs/cgroup/unified") ? CGROUP_HYBRID : CGROUP_V1;
}

/* First line of a file that starts with key, what stands behind it, blanks trimmed. */
static bool value_of(const char *path, const char *key, char *out, size_t max) {
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    char line[1024];
    bool found = false;
    size_t n = strlen(key);
    while (!found && fgets(line, sizeof(line), f))
        if (strncmp(line, key, n) == 0) {
            char *v = line + n;
            v += strspn(v, " \t\"");
            v[strcspn(v, "\"\n")] = '\0';
            snprintf(out, max, "%s", v);
            found = true;
        }
    fclose(f);
    return found;
}

static int64_t number_of(const char *path, const char *key) {
    char text[64];
    return value_of(path, key, text, sizeof(text)) ? strtoll(text, NULL, 10) : 0;
}

const char *host_find_dir_with(const char *const *dirs, const char *file) {
    for (; *dirs; dirs++) {
        char path[1024];
        snprintf(path, sizeof(path), "%s/%s", *dirs, file);
        if (access(path, X_OK) == 0)
            return *dirs;
    }
    return NULL;
}

void host_runtime_facts(struct runtime_facts *ret) {
    static const char *const sbin[] = {"/usr/sbin", "/sbin", "/usr/bin", "/usr/local/sbin", NULL};
    char caps[32] = "", yes[8] = "";
    value_of("/proc/self/status", "CapEff:", caps, sizeof(caps));
    value_of("/sys/module/apparmor/parameters/enabled", "", yes, sizeof(yes));
    *ret = (struct runtime_facts){
        .cgroup = host_cgroup_mode(),
        .cap_sys_resource = (strtoull(caps, NULL, 16) >> CAP_SYS_RESOURCE_BIT) & 1,
        .hugetlb = access("/sys/fs/cgroup/hugetlb", F_OK) == 0,
        .apparmor = yes[0] == 'Y' && host_find_dir_with(sbin, "apparmor_parser"),
        .iptables = host_find_dir_with(sbin, "iptables") != NULL,
    };
}

static bool usable(const struct ifaddrs *i) {
    if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !(i->ifa_flags & IFF_UP) ||
        (i->ifa_flags & IFF_LOOPBACK))
        return false;
    return strncmp(i->ifa_name, "cni", 3) != 0 && strncmp(i->ifa_name, "docker", 6) != 0 &&
           strncmp(i->ifa_name, "veth", 4) != 0;
}

/* The name of the interface of the default route, from /proc/net/route. */
static void default_interface(char *out, size_t max) {
    FILE *f = fopen("/proc/net/route", "re");
    char line[256], name[IFNAMSIZ + 1], dest[16];
    *out = '\0';
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "%16s %15s", name, dest) == 2 && strcmp(dest, "00000000") == 0) {
            snprintf(out, max, "%s", name);
            break;
        }
    if (f)
        fclose(f);
}

static void own_ip(char *out, size_t max) {
    char preferred[IFNAMSIZ + 1];
    struct ifaddrs *all;
    snprintf(out, max, "127.0.0.1");
    default_interface(preferred, sizeof(preferred));
    if (getifaddrs(&all) < 0)
        return;
    bool found = false;
    for (struct ifaddrs *i = all; i; i = i->ifa_next) {
        bool best = usable(i) && strcmp(i->ifa_name, preferred) == 0;
        if (!best && (found || !usable(i)))
            continue;
        struct sockaddr_in in;
        memcpy(&in, i->ifa_addr, sizeof(in));
        inet_ntop(AF_INET, &in.sin_addr, out, (socklen_t)max);
        found = true;
        if (best)
            break;
    }
    freeifaddrs(all);
}

/* What the machine may use, not only what it has: the v1 limit of the root or own group counts. */
static int64_t memory_limit(int64_t total) {
    int64_t limit = number_of("/sys/fs/cgroup/memory/memory.limit_in_bytes", "");
    return limit > 0 && limit < total ? limit : total;
}

void host_facts_read(const char *root_dir, struct host_facts *ret) {
    struct utsname u;
    struct statvfs fs;
    cpu_set_t set;
    *ret = (struct host_facts){0};
    uname(&u);
    snprintf(ret->hostname, sizeof(ret->hostname), "%s", u.nodename);
    snprintf(ret->kernel, sizeof(ret->kernel), "%s", u.release);
    snprintf(ret->architecture, sizeof(ret->architecture), "%s",
             strcmp(u.machine, "x86_64") == 0    ? "amd64"
             : strcmp(u.machine, "aarch64") == 0 ? "arm64"
                                                 : u.machine);
    if (!value_of("/etc/os-release", "PRETTY_NAME=", ret->os_image, sizeof(ret->os_image)))
        snprintf(ret->os_image, sizeof(ret->os_image), "Linux");
    if (!value_of("/etc/machine-id", "", ret->machine_id, sizeof(ret->machine_id)))
        value_of("/var/lib/dbus/machine-id", "", ret->machine_id, sizeof(ret->machine_id));
    value_of("/proc/sys/kernel/random/boot_id", "", ret->boot_id, sizeof(ret->boot_id));
    if (!value_of("/sys/class/dmi/id/product_uuid", "", ret->system_uuid, sizeof(ret->system_uuid)))
        snprintf(ret->system_uuid, sizeof(ret->system_uuid), "%s", ret->machine_id);
    own_ip(ret->ip, sizeof(ret->ip));
    ret->cpus = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    ret->memory_bytes = memory_limit(number_of("/proc/meminfo", "MemTotal:") * 1024);
    ret->swap_bytes = number_of("/proc/meminfo", "SwapTotal:") * 1024;
    ret->pid_max = number_of("/proc/sys/kernel/pid_max", "");
    if (statvfs(root_dir, &fs) == 0)
        ret->disk_bytes = (int64_t)fs.f_blocks * (int64_t)fs.f_frsize;
}

int64_t host_memory_available(void) {
    return number_of("/proc/meminfo", "MemAvailable:") * 1024;
}
