// SPDX-License-Identifier: Apache-2.0
#include "base/env_sim_disk.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/vec.h"

#define SIM_PATH_MAX 1024

enum sim_kind { SIM_ABSENT, SIM_FILE, SIM_FOLDER };

struct sim_state {
    enum sim_kind kind;
    char *data;
    size_t n;
};

struct sim_file {
    struct sim_state seen, durable;
};

static void state_clear(struct sim_state *s) {
    free(s->data);
    *s = (struct sim_state){0};
}

static void state_set(struct sim_state *s, enum sim_kind kind, str data) {
    char *copy = kind == SIM_FILE ? xstrndup(data.p, data.n) : NULL;
    free(s->data);
    *s = (struct sim_state){kind, copy, kind == SIM_FILE ? data.n : 0};
}

static void state_copy(struct sim_state *to, const struct sim_state *from) {
    state_set(to, from->kind, str_n(from->data, from->n));
}

struct env_sim_disk *env_sim_disk_new(void) {
    struct env_sim_disk *d = xcalloc(1, sizeof(*d));
    map_init(&d->files, NULL);
    d->read_fault = d->write_fault = d->change_fault = FAULT_NONE;
    return d;
}

struct env_sim_disk *env_sim_disk_free(struct env_sim_disk *d) {
    if (!d)
        return NULL;
    MAP_FOREACH (it, &d->files) {
        struct sim_file *f = it->value;
        state_clear(&f->seen);
        state_clear(&f->durable);
        free(f);
    }
    map_done(&d->files);
    free(d);
    return NULL;
}

void env_sim_crash(struct env_sim *sim) {
    MAP_FOREACH (it, &sim->disk->files) {
        struct sim_file *f = it->value;
        state_copy(&f->seen, &f->durable);
    }
}

static struct env_sim_disk *disk_of(struct env *e) {
    return container_of(e, struct env_sim, env)->disk;
}

struct sim_path {
    char text[SIM_PATH_MAX];
    str name; /* in text */
};

/* Drops doubled and trailing slashes and "." so that one file has one name. */
static int normalise(const char *path, struct sim_path *ret) {
    char *out = ret->text;
    if (strlen(path) >= SIM_PATH_MAX)
        return -ENAMETOOLONG;
    size_t n = 0;
    if (path[0] == '/')
        out[n++] = '/';
    str rest = str_of(path);
    while (rest.p) {
        str part = str_cut(&rest, '/');
        if (!part.n || str_eqc(part, "."))
            continue;
        if (n && out[n - 1] != '/')
            out[n++] = '/';
        memcpy(out + n, part.p, part.n);
        n += part.n;
    }
    out[n] = 0;
    ret->name = str_n(out, n);
    return 0;
}

/* How every call begins: its path, then its fault. */
static int enter(const char *path, struct fault *fault, struct sim_path *ret) {
    int r = normalise(path, ret);
    return r < 0 ? r : fault_hit(fault);
}

/* The folder a normalised path stands in: "/" and "" are always there. */
static str parent_of(str path) {
    size_t n = path.n;
    while (n && path.p[n - 1] != '/')
        n--;
    return str_n(path.p, n > 1 ? n - 1 : n);
}

static bool is_top(str path) {
    return path.n == 0 || str_eqc(path, "/");
}

static struct sim_file *lookup(struct env_sim_disk *d, str path) {
    struct sim_file *f = map_get(&d->files, path);
    return f && f->seen.kind != SIM_ABSENT ? f : NULL;
}

static int check_folder(struct env_sim_disk *d, str path) {
    if (is_top(path))
        return 0;
    struct sim_file *f = lookup(d, path);
    if (!f)
        return -ENOENT;
    return f->seen.kind == SIM_FOLDER ? 0 : -ENOTDIR;
}

static struct sim_file *make(struct env_sim_disk *d, str path) {
    struct sim_file *f = map_get(&d->files, path);
    if (!f) {
        f = xcalloc(1, sizeof(*f));
        map_put(&d->files, path, f);
    }
    return f;
}

/* fsync of a folder: its entries become durable, and so does the way to it, as file systems with a
 * journal do in effect. */
static void sync_folder(struct env_sim_disk *d, str folder) {
    MAP_FOREACH (it, &d->files) {
        struct sim_file *f = it->value;
        if (!is_top(it->key) && str_eq(parent_of(it->key), folder))
            state_copy(&f->durable, &f->seen);
    }
    for (str up = folder; !is_top(up); up = parent_of(up)) {
        struct sim_file *f = map_get(&d->files, up);
        if (f)
            state_copy(&f->durable, &f->seen);
    }
}

int sim_disk_read(struct env *e, const char *path, size_t max, struct buf *ret) {
    struct env_sim_disk *d = disk_of(e);
    struct sim_path p;
    int r = enter(path, &d->read_fault, &p);
    if (r < 0)
        return r;
    struct sim_file *f = lookup(d, p.name);
    if (!f)
        return -ENOENT;
    if (f->seen.kind == SIM_FOLDER)
        return -EISDIR;
    if (f->seen.n > max)
        return -EFBIG;
    buf_add(ret, str_n(f->seen.data, f->seen.n));
    return ret->over ? -EFBIG : 0;
}

int sim_disk_write(struct env *e, const char *path, str data, mode_t mode) {
    struct env_sim_disk *d = disk_of(e);
    struct sim_path p;
    int r = normalise(path, &p);
    if (r < 0)
        return r;
    if ((r = check_folder(d, parent_of(p.name))) < 0)
        return r;
    struct sim_file *f = lookup(d, p.name);
    if (is_top(p.name) || (f && f->seen.kind == SIM_FOLDER))
        return -EISDIR;
    r = fault_hit(&d->write_fault);
    if (r < 0 && env_random_below(e, 2))
        return r;
    if (d->files.n >= SIM_FILES_MAX)
        return -ENOSPC;
    state_set(&make(d, p.name)->seen, SIM_FILE, data);
    if (r < 0)
        return r;
    sync_folder(d, parent_of(p.name));
    d->writes++;
    return 0;
}

static int make_folder(struct env_sim_disk *d, str path) {
    struct sim_file *f = lookup(d, path);
    if (is_top(path) || (f && f->seen.kind == SIM_FOLDER))
        return 0;
    if (f)
        return -ENOTDIR;
    if (d->files.n >= SIM_FILES_MAX)
        return -ENOSPC;
    state_set(&make(d, path)->seen, SIM_FOLDER, STR_NONE);
    return 0;
}

int sim_disk_mkdir(struct env *e, const char *path, mode_t mode) {
    struct env_sim_disk *d = disk_of(e);
    struct sim_path p;
    int r = enter(path, &d->change_fault, &p);
    if (r < 0)
        return r;
    for (size_t i = 1; i < p.name.n && r == 0; i++)
        if (p.name.p[i] == '/')
            r = make_folder(d, str_slice(p.name, 0, i));
    return r < 0 ? r : make_folder(d, p.name);
}

int sim_disk_unlink(struct env *e, const char *path) {
    struct env_sim_disk *d = disk_of(e);
    struct sim_path p;
    int r = enter(path, &d->change_fault, &p);
    if (r < 0)
        return r;
    struct sim_file *f = lookup(d, p.name);
    if (!f)
        return is_top(p.name) ? -EISDIR : -ENOENT;
    if (f->seen.kind == SIM_FOLDER)
        return -EISDIR;
    state_clear(&f->seen);
    return 0;
}

/* Files only: nothing of the program renames a folder. */
int sim_disk_rename(struct env *e, const char *from, const char *to) {
    struct env_sim_disk *d = disk_of(e);
    struct sim_path x, y;
    int r = normalise(from, &x);
    if (r < 0 || (r = enter(to, &d->change_fault, &y)) < 0)
        return r;
    str a = x.name, b = y.name;
    struct sim_file *f = lookup(d, a), *old = lookup(d, b);
    if (!f)
        return -ENOENT;
    if (f->seen.kind == SIM_FOLDER || is_top(b) || (old && old->seen.kind == SIM_FOLDER))
        return -EISDIR;
    if ((r = check_folder(d, parent_of(b))) < 0)
        return r;
    if (str_eq(a, b))
        return 0;
    state_copy(&make(d, b)->seen, &f->seen);
    state_clear(&f->seen);
    return 0;
}

static int by_name(const void *x, const void *y) {
    return str_cmp(*(const str *)x, *(const str *)y);
}

int sim_disk_list(struct env *e, const char *path, struct buf *ret) {
    struct env_sim_disk *d = disk_of(e);
    struct sim_path p;
    int r = enter(path, &d->read_fault, &p);
    if (r < 0)
        return r;
    if ((r = check_folder(d, p.name)) < 0)
        return r;
    VEC(str) names = {0};
    MAP_FOREACH (it, &d->files) {
        struct sim_file *f = it->value;
        if (f->seen.kind == SIM_ABSENT || !str_eq(parent_of(it->key), p.name))
            continue;
        size_t skip = is_top(p.name) ? p.name.n : p.name.n + 1;
        *vec_push(&names) = str_slice(it->key, skip, it->key.n);
    }
    if (names.n)
        qsort(names.v, names.n, sizeof(*names.v), by_name);
    for (uint32_t i = 0; i < names.n; i++) {
        if (i)
            buf_addc(ret, '\n');
        buf_add(ret, names.v[i]);
    }
    vec_done(&names);
    return ret->over ? -E2BIG : 0;
}

int sim_disk_exists(struct env *e, const char *path) {
    struct env_sim_disk *d = disk_of(e);
    struct sim_path p;
    int r = normalise(path, &p);
    if (r < 0)
        return r;
    return is_top(p.name) || lookup(d, p.name) ? 1 : 0;
}
