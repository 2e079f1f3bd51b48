// SPDX-License-Identifier: Apache-2.0
/* Two lists, then the details of what is new or has changed its state since the last view: a
 * container that ran then and runs now is not asked about again. */
#include "kubelet/observe.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/vec.h"
#include "kubelet/host/host.h"
#include "kubelet/logs.h"
#include "schema/value.h"

#define OBSERVE_TIMEOUT  (60 * NSEC_PER_SEC)
#define DETAILS_MAX      256
#define TERM_MESSAGE_MAX 4096
#define TERM_LOG_MAX     2048
#define TERM_LOG_LINES   80

struct detail {
    struct observation *o;
    struct cri_call *call;
    uint32_t index;
    bool sandbox;
};

struct observation {
    struct cri *cri;
    const struct rt_pod *before;
    observed done;
    void *ctx;
    struct arena *arena;
    struct rt_pod *view;
    struct cri_call *sandboxes, *containers;
    struct detail details[DETAILS_MAX];
    uint32_t n_details;
    unsigned pending;
    int r;
};

void observation_cancel(struct observation *o) {
    if (!o)
        return;
    cri_cancel(o->sandboxes);
    cri_cancel(o->containers);
    for (uint32_t i = 0; i < o->n_details; i++)
        cri_cancel(o->details[i].call);
    arena_free(o->arena);
    free(o);
}

static str label(const str_map *m, const char *key) {
    for (uint32_t i = 0; i < m->n; i++)
        if (str_eqc(m->v[i].key, key))
            return m->v[i].value;
    return STR_NONE;
}

static void finish(struct observation *o) {
    struct arena *a = TAKE(o->arena);
    if (o->r < 0)
        a = arena_free(a);
    else
        rt_pod_sort(o->view);
    observed done = o->done;
    void *ctx = o->ctx;
    struct rt_pod *view = o->r < 0 ? NULL : o->view;
    int r = o->r;
    free(o);
    done(ctx, r, a, view);
}

/* "pid" of the verbose answer's JSON. */
static int pid_of(struct arena *a, const str_map *info) {
    struct value v;
    str text = label(info, "info");
    if (str_empty(text) || value_parse(a, text, &v, NULL, NULL) < 0)
        return 0;
    const struct value *pid = value_getc(&v, "pid");
    return pid && pid->tag == VALUE_INT ? (int)pid->i : 0;
}

static void sandbox_detail(struct arena *a, struct rt_sandbox *b,
                           const cri_PodSandboxStatusResponse *s) {
    struct {
        str *v;
        uint32_t n;
    } ips = {0};
    if (s->status && s->status->network && !str_empty(s->status->network->ip)) {
        *list_push(a, &ips) = str_dup(a, s->status->network->ip);
        for (uint32_t i = 0; i < s->status->network->additional_ips.n; i++)
            *list_push(a, &ips) = str_dup(a, s->status->network->additional_ips.v[i].ip);
    }
    b->ips = ips.v;
    b->n_ips = ips.n;
    b->pid = pid_of(a, &s->info);
    if (s->status && s->status->state == CRI_POD_SANDBOX_STATE_SANDBOX_NOTREADY)
        b->ready = false;
}

/* What the container wrote into its termination file. */
static str term_message(struct arena *a, const cri_ContainerStatus *s) {
    str path = label(&s->annotations, ANNO_TERM_PATH);
    for (uint32_t i = 0; !str_empty(path) && i < s->mounts.n; i++) {
        if (!str_eq(s->mounts.v[i].container_path, path))
            continue;
        char text[TERM_MESSAGE_MAX];
        ssize_t n = host_read_at(str_cdup(a, s->mounts.v[i].host_path), 0, text, sizeof(text));
        return n > 0 ? str_dup(a, str_n(text, (size_t)n)) : STR_NONE;
    }
    return STR_NONE;
}

/* Its last lines, for who says nothing else: at most 2048 bytes and 80 lines. */
static str last_lines(struct arena *a, const cri_ContainerStatus *s) {
    struct log_options o = {.tail_lines = -1, .limit_bytes = -1};
    struct log_reader reader;
    struct buf out;
    int64_t size, mtime;
    char piece[2 * TERM_LOG_MAX];
    const char *path = str_cdup(a, s->log_path);
    if (str_empty(s->log_path) || host_stat(path, &size, &mtime) < 0)
        return STR_NONE;
    int64_t from = MAX(size - (int64_t)sizeof(piece), 0);
    ssize_t n = host_read_at(path, from, piece, sizeof(piece));
    str text = str_n(piece, n > 0 ? (size_t)n : 0);
    if (from > 0) /* begins within a line */
        str_cut(&text, '\n');
    log_reader_init(&reader, &o);
    buf_init(&out, 0);
    log_reader_feed(&reader, text, &out);
    str said = buf_str(&out);
    unsigned lines = 0;
    for (size_t i = said.n; i > 0; i--)
        if (said.n - i >= TERM_LOG_MAX ||
            (said.p[i - 1] == '\n' && i != said.n && ++lines == TERM_LOG_LINES)) {
            said = str_slice(said, i, said.n);
            break;
        }
    said = str_dup(a, said);
    buf_done(&out);
    log_reader_done(&reader);
    return said;
}

static void container_detail(struct arena *a, struct rt_container *c,
                             const cri_ContainerStatusResponse *r) {
    const cri_ContainerStatus *s = r->status;
    if (!s)
        return;
    c->state = (enum rt_state)s->state;
    c->created = s->created_at;
    c->started = s->started_at;
    c->finished = s->finished_at;
    c->exit_code = s->exit_code;
    c->reason = str_dup(a, s->reason);
    c->message = str_dup(a, s->message);
    c->log_path = str_dup(a, s->log_path);
    if (s->image)
        c->image = str_dup(a, s->image->image);
    c->image_ref = str_dup(a, s->image_ref);
    c->pid = c->state == RT_RUNNING ? pid_of(a, &r->info) : 0;
    if (c->state == RT_EXITED) {
        str said = term_message(a, s);
        if (str_empty(said) && c->exit_code &&
            str_eqc(label(&s->annotations, ANNO_TERM_POLICY), "FallbackToLogsOnError"))
            said = last_lines(a, s);
        if (!str_empty(said))
            c->message = str_empty(c->message) ? said
                                               : str_printf(a, STR_FMT ": " STR_FMT,
                                                            STR_ARG(c->message), STR_ARG(said));
        if (str_empty(c->reason))
            c->reason = c->exit_code ? STR("Error") : STR("Completed");
    }
}

static void on_detail(void *ctx, int r, const struct err *e, const void *response) {
    struct detail *d = ctx;
    struct observation *o = d->o;
    d->call = NULL;
    /* What is gone meanwhile shows so in the next view. */
    if (r < 0 && r != -ENOENT)
        o->r = r;
    else if (r == 0 && d->sandbox)
        sandbox_detail(o->arena, &o->view->sandboxes.v[d->index], response);
    else if (r == 0)
        container_detail(o->arena, &o->view->containers.v[d->index], response);
    if (--o->pending == 0)
        finish(o);
}

static bool taken_over(struct observation *o, struct rt_container *c) {
    const struct rt_container *was = o->before ? rt_by_id(o->before, c->id) : NULL;
    if (!was || was->state != c->state)
        return false;
    struct arena *a = o->arena;
    str id = c->id, name = c->name, sandbox = c->sandbox_id;
    *c = *was;
    c->id = id;
    c->name = name;
    c->sandbox_id = sandbox;
    c->image = str_dup(a, was->image);
    c->image_ref = str_dup(a, was->image_ref);
    c->reason = str_dup(a, was->reason);
    c->message = str_dup(a, was->message);
    c->hash = str_dup(a, was->hash);
    c->log_path = str_dup(a, was->log_path);
    return true;
}

static bool sandbox_taken_over(struct observation *o, struct rt_sandbox *b) {
    for (uint32_t i = 0; o->before && i < o->before->sandboxes.n; i++) {
        const struct rt_sandbox *was = &o->before->sandboxes.v[i];
        if (!str_eq(was->id, b->id) || was->ready != b->ready)
            continue;
        str *ips = arena_array(o->arena, was->n_ips + 1, sizeof(*ips));
        for (uint32_t j = 0; j < was->n_ips; j++)
            ips[j] = str_dup(o->arena, was->ips[j]);
        b->ips = ips;
        b->n_ips = was->n_ips;
        b->pid = was->pid;
        return true;
    }
    return false;
}

static struct detail *add_detail(struct observation *o, bool sandbox, uint32_t index) {
    if (o->n_details == DETAILS_MAX)
        return NULL;
    struct detail *d = &o->details[o->n_details++];
    *d = (struct detail){.o = o, .index = index, .sandbox = sandbox};
    o->pending++;
    return d;
}

static void ask_details(struct observation *o) {
    for (uint32_t i = 0; i < o->view->sandboxes.n; i++) {
        struct rt_sandbox *b = &o->view->sandboxes.v[i];
        struct detail *d = NULL;
        if (!b->ready || sandbox_taken_over(o, b) || !(d = add_detail(o, true, i)))
            continue;
        cri_PodSandboxStatusRequest q = {.pod_sandbox_id = b->id, .verbose = true};
        d->call = cri_send(o->cri, CRI_POD_SANDBOX_STATUS, &q, OBSERVE_TIMEOUT, on_detail, d);
    }
    for (uint32_t i = 0; i < o->view->containers.n; i++) {
        struct rt_container *c = &o->view->containers.v[i];
        struct detail *d = NULL;
        if (taken_over(o, c) || !(d = add_detail(o, false, i)))
            continue;
        cri_ContainerStatusRequest q = {.container_id = c->id, .verbose = c->state == RT_RUNNING};
        d->call = cri_send(o->cri, CRI_CONTAINER_STATUS, &q, OBSERVE_TIMEOUT, on_detail, d);
    }
}

static void after_lists(struct observation *o) {
    if (--o->pending > 0)
        return;
    if (o->r == 0)
        ask_details(o);
    if (o->pending == 0)
        finish(o);
}

static void on_sandboxes(void *ctx, int r, const struct err *e, const void *response) {
    struct observation *o = ctx;
    const cri_ListPodSandboxResponse *l = response;
    struct arena *a = o->arena;
    o->sandboxes = NULL;
    if (r < 0)
        o->r = r;
    for (uint32_t i = 0; r == 0 && i < l->items.n; i++) {
        const cri_PodSandbox *s = &l->items.v[i];
        *list_push(a, &o->view->sandboxes) = (struct rt_sandbox){
            .id = str_dup(a, s->id),
            .ready = s->state == CRI_POD_SANDBOX_STATE_SANDBOX_READY,
            .attempt = s->metadata ? s->metadata->attempt : 0,
            .created = s->created_at,
        };
        o->view->ns = str_dup(a, label(&s->labels, LABEL_POD_NAMESPACE));
        o->view->name = str_dup(a, label(&s->labels, LABEL_POD_NAME));
    }
    after_lists(o);
}

static void on_containers(void *ctx, int r, const struct err *e, const void *response) {
    struct observation *o = ctx;
    const cri_ListContainersResponse *l = response;
    struct arena *a = o->arena;
    o->containers = NULL;
    if (r < 0)
        o->r = r;
    for (uint32_t i = 0; r == 0 && i < l->containers.n; i++) {
        const cri_Container *s = &l->containers.v[i];
        int64_t grace = -1;
        str_to_i64(label(&s->annotations, ANNO_GRACE), &grace);
        *list_push(a, &o->view->containers) = (struct rt_container){
            .id = str_dup(a, s->id),
            .name = str_dup(a, label(&s->labels, LABEL_CONTAINER_NAME)),
            .sandbox_id = str_dup(a, s->pod_sandbox_id),
            .state = (enum rt_state)s->state,
            .attempt = s->metadata ? s->metadata->attempt : 0,
            .created = s->created_at,
            .hash = str_dup(a, label(&s->annotations, ANNO_HASH)),
            .grace = grace,
        };
    }
    after_lists(o);
}

struct observation *observe_pod(struct cri *c, str uid, const struct rt_pod *before, observed done,
                                void *ctx) {
    struct observation *o = xcalloc(1, sizeof(*o));
    *o = (struct observation){
        .cri = c, .before = before, .done = done, .ctx = ctx, .arena = arena_new(0), .pending = 2};
    o->view = arena_make(o->arena, struct rt_pod);
    o->view->uid = str_dup(o->arena, uid);
    struct str_pair pair = {STR(LABEL_POD_UID), uid};
    cri_PodSandboxFilter sf = {.label_selector = {&pair, 1}};
    cri_ContainerFilter cf = {.label_selector = {&pair, 1}};
    cri_ListPodSandboxRequest sq = {.filter = &sf};
    cri_ListContainersRequest cq = {.filter = &cf};
    o->sandboxes = cri_send(c, CRI_LIST_POD_SANDBOX, &sq, OBSERVE_TIMEOUT, on_sandboxes, o);
    o->containers = cri_send(c, CRI_LIST_CONTAINERS, &cq, OBSERVE_TIMEOUT, on_containers, o);
    return o;
}

/* ---- survey ---- */

struct survey {
    struct cri_call *sandboxes, *containers;
    void (*seen)(void *ctx, str uid, str ns, str name);
    void (*done)(void *ctx, int r, const struct err *e);
    void *ctx;
    unsigned pending;
    int r;
    struct err e;
};

void survey_cancel(struct survey *s) {
    if (s) {
        cri_cancel(s->sandboxes);
        cri_cancel(s->containers);
        free(s);
    }
}

static void survey_part(struct survey *s, int r, const struct err *e) {
    if (r < 0) {
        s->r = r;
        s->e = *e;
    }
    if (--s->pending == 0) {
        s->done(s->ctx, s->r, &s->e);
        free(s);
    }
}

static void report(struct survey *s, const str_map *labels) {
    str uid = label(labels, LABEL_POD_UID);
    if (!str_empty(uid))
        s->seen(s->ctx, uid, label(labels, LABEL_POD_NAMESPACE), label(labels, LABEL_POD_NAME));
}

static void survey_sandboxes(void *ctx, int r, const struct err *e, const void *response) {
    struct survey *s = ctx;
    const cri_ListPodSandboxResponse *l = response;
    s->sandboxes = NULL;
    for (uint32_t i = 0; r == 0 && i < l->items.n; i++)
        report(s, &l->items.v[i].labels);
    survey_part(s, r, e);
}

static void survey_containers(void *ctx, int r, const struct err *e, const void *response) {
    struct survey *s = ctx;
    const cri_ListContainersResponse *l = response;
    s->containers = NULL;
    for (uint32_t i = 0; r == 0 && i < l->containers.n; i++)
        report(s, &l->containers.v[i].labels);
    survey_part(s, r, e);
}

struct survey *survey_start(struct cri *c, void (*seen)(void *ctx, str uid, str ns, str name),
                            void (*done)(void *ctx, int r, const struct err *e), void *ctx) {
    struct survey *s = xcalloc(1, sizeof(*s));
    *s = (struct survey){.seen = seen, .done = done, .ctx = ctx, .pending = 2};
    cri_ListPodSandboxRequest sq = {0};
    cri_ListContainersRequest cq = {0};
    s->sandboxes = cri_send(c, CRI_LIST_POD_SANDBOX, &sq, OBSERVE_TIMEOUT, survey_sandboxes, s);
    s->containers = cri_send(c, CRI_LIST_CONTAINERS, &cq, OBSERVE_TIMEOUT, survey_containers, s);
    return s;
}
