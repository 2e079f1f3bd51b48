// SPDX-License-Identifier: Apache-2.0
/* POST and PUT: the wanted object is the body. */
#include "apiserver/encoding/decode.h"
#include "apiserver/verbs/track.h"
#include "apiserver/verbs/view.h"

/* The body in the stored version. */
static enum step_result to_storage(struct write *w, void *body) {
    if (!w->res->convert) {
        w->obj = body;
        return STEP_NEXT;
    }
    struct err e = {0};
    w->obj = arena_zalloc(w->r->arena, w->st->type->size);
    if (w->res->convert->to_storage(w->r->arena, body, w->obj, &e) < 0)
        return write_fail(w, status_bad_request(w->r->arena, "%s", e.text));
    apply_defaults(w->r, w->st, w->st->type, w->obj);
    return STEP_NEXT;
}

static enum step_result build_create(struct write *w) {
    void *body;
    struct body_kind k = body_kind_of(w->r);
    if (decode_body(w->r, &k, &body, &w->status) < 0)
        return STEP_STOP;
    w->forgets = track_is_reset(w->r, body);
    w->name = STR_NONE;
    enum step_result s = write_check_meta(w, body);
    if (s == STEP_NEXT)
        w->name = ((ObjectMeta *)body)->name;
    return s == STEP_NEXT ? to_storage(w, body) : s;
}

enum phase_result verb_create(struct request *r) {
    struct write *w = write_new(r, WRITE_CREATE, STR_NONE);
    w->build = build_create;
    return write_phase(w);
}

static Status *wrong_uid(struct write *w, str wanted, str there) {
    str why = str_printf(w->r->arena,
                         "StorageError: invalid object, Code: 4, Key: " STR_FMT
                         ", ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in "
                         "precondition: " STR_FMT ", UID in object meta: " STR_FMT,
                         STR_ARG(w->key), STR_ARG(wanted), STR_ARG(there));
    return status_conflict(w->r->arena, w->res, w->name, why.p);
}

/* A view changes its part of what is there. */
static enum step_result put_view(struct write *w, void *body) {
    if (w->view->validate) {
        struct field_errors fe = {.arena = w->r->arena};
        w->view->validate(&fe, body);
        if (fe.list.n)
            return write_invalid(w, &fe);
    }
    w->obj = w->view->put(w, body);
    return STEP_NEXT;
}

enum step_result write_put(struct write *w, void *body) {
    enum step_result s = write_check_meta(w, body);
    if (s != STEP_NEXT)
        return s;
    if (!w->view || w->view->type || !w->res->convert)
        return w->view ? put_view(w, body) : to_storage(w, body);
    s = to_storage(w, body);
    return s == STEP_NEXT ? put_view(w, w->obj) : s;
}

static enum step_result build_update(struct write *w) {
    void *body;
    struct body_kind k = body_kind_of(w->r);
    if (decode_body(w->r, &k, &body, &w->status) < 0)
        return STEP_STOP;
    const ObjectMeta *m = body;
    const ObjectMeta *old = w->old;
    w->forgets = track_is_reset(w->r, m);
    enum step_result s = write_put(w, body);
    if (s != STEP_NEXT)
        return s;
    if (old && m->uid.n && !str_eq(m->uid, old->uid))
        return write_fail(w, wrong_uid(w, m->uid, old->uid));
    return STEP_NEXT;
}

enum phase_result verb_update(struct request *r) {
    struct write *w = write_new(r, WRITE_UPDATE, r->info.name);
    w->build = build_update;
    w->create_on_update = !r->sub && resource_is(w->st, RESOURCE_CREATE_ON_UPDATE);
    return write_phase(w);
}
