// SPDX-License-Identifier: Apache-2.0
#include "kubelet/volumes/volume.h"

static bool is(const VolumeSource *s) {
    return s->host_path != NULL;
}

static str path_of(const VolumeSource *s) {
    return s->host_path->path;
}

static const struct {
    const char *type;
    char kind;
    const char *words;
} checks[] = {
    {"Directory", 'd', "directory"},      {"File", 'f', "file"},
    {"Socket", 's', "socket file"},       {"CharDevice", 'c', "character device"},
    {"BlockDevice", 'b', "block device"},
};

static int setup(struct volume_ctx *c, const struct Volume *v, const char *path, struct err *e) {
    str type = v->volume_source.host_path->type;
    char kind = host_file_kind(path);
    int r = 0;
    if (str_empty(type))
        return 0;
    if (str_eqc(type, "DirectoryOrCreate")) {
        if (!kind)
            r = host_mkdirs(path, 0755);
        else if (kind != 'd')
            r = err_set(e, -ENOTDIR, "hostPath type check failed: %s is not a directory", path);
        return r;
    }
    if (str_eqc(type, "FileOrCreate")) {
        if (!kind)
            r = host_touch(path, 0644);
        else if (kind != 'f')
            r = err_set(e, -EISDIR, "hostPath type check failed: %s is not a file", path);
        return r;
    }
    for (size_t i = 0; i < ARRAY_LEN(checks); i++)
        if (str_eqc(type, checks[i].type))
            return kind == checks[i].kind
                       ? 0
                       : err_set(e, -ENOENT, "hostPath type check failed: %s is not a %s", path,
                                 checks[i].words);
    return err_set(e, -EINVAL, STR_FMT " is an invalid volume type", STR_ARG(type));
}

const struct volume_type volume_host_path = {.is = is, .setup = setup, .path = path_of};
