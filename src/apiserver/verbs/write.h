// SPDX-License-Identifier: Apache-2.0
/* One write: the bracket of the request phases.
 *
 *     current   the object as it is (none for a create)
 *     build     the wanted object: body, patch, or what deletion makes of it
 *     track     who owns which field from now on (track.c)
 *     mutate    admission plugins may change it
 *     allocate  ports and addresses of a service are chosen
 *     prepare   what the server sets and what the client may not change
 *     validate
 *     admit     admission plugins may refuse it
 *     reserve   addresses, in the store
 *     propose   to the store, expecting `current`
 *
 * When the store holds another object by then, all of it runs again, at most WRITE_ATTEMPTS_MAX
 * times: a precondition of the client's fails in `build` or `prepare` the next time. */
#pragma once

#include "api/hooks.h"
#include "apiserver/request.h"

#define WRITE_ATTEMPTS_MAX    300
#define GENERATE_ATTEMPTS_MAX 8 /* names drawn for a generateName */

enum write_op { WRITE_CREATE, WRITE_UPDATE, WRITE_DELETE };

enum step_result {
    STEP_NEXT,
    STEP_WAIT, /* the step runs again when write_again() is called */
    STEP_STOP, /* outcome is known: status, or result */
};

struct write {
    struct request *r;
    enum write_op op;
    const struct api_resource *res, *st; /* as asked for; what is stored */
    const struct api_subresource *sub;
    const struct view *view; /* how the subresource looks at the object; NULL: the object itself */
    str ns, name, key;
    bool dry_run;
    bool create_on_update;
    bool direct; /* the server's own change: spec and status as `build` leaves them, no checks */
    str manager; /* who owns what is written; empty: who the request says */
    /* Makes obj (of st->type) from `old` and the request; obj NULL: delete. */
    enum step_result (*build)(struct write *w);
    void *data; /* build's */

    struct object *current; /* referenced */
    void *old;              /* decoded */
    void *obj;
    unsigned step, attempts, generated, waits;
    bool tracked; /* `build` has said who owns what */
    bool forgets; /* the client wants all owners forgotten */
    bool mutated; /* a plugin changed obj: defaults run again */
    bool deletes; /* the object goes with this write */
    struct object *proposed;
    struct store_write sw;
    void *alloc; /* what this attempt has taken (alloc/service.c) */
    void *quota; /* and charged (admission/quota.c) */

    /* Outcome: status (not NULL: failed), else result or result_obj. */
    Status *status;
    struct object *result; /* referenced; as stored */
    void *result_obj;      /* of st->type: dry run, or the last state of what was deleted */
    bool created, unchanged;
    uint64_t revision; /* of the write */
    void (*done)(struct write *w);
};

/* ns and name as in the path; fills res, st, sub, view from the request. */
struct write *write_new(struct request *r, enum write_op op, str name);
void write_free(struct write *w); /* drops what it holds; its memory is the request's */
/* Runs it; done() is called once, perhaps before this returns. */
void write_start(struct write *w);
void write_again(struct write *w);
/* From the done() of a store write that a step has proposed beside the main one, after
 * request_state(REQUEST_STORE) and STEP_WAIT. e < 0: the write fails with it. */
void write_resume(struct write *w, int e);
/* As a phase that is one write answered by write_answer. */
enum phase_result write_phase(struct write *w);
/* 200 or 201 with the object, or the status. */
void write_answer(struct write *w);

enum step_result write_fail(struct write *w, Status *s);
/* 422 about the kind. */
enum step_result write_invalid(struct write *w, const struct field_errors *fe);

/* prepare.c */
enum step_result write_prepare(struct write *w);
enum step_result write_validate(struct write *w);
/* A claim's adminAccess (resource.k8s.io), which the namespace must allow. */
void check_admin_access(struct write *w, struct field_errors *fe);
/* name and namespace of a body against the path; what is missing is filled in. */
enum step_result write_check_meta(struct write *w, ObjectMeta *m);
/* What the client of a create cannot set. */
void write_wipe_meta(ObjectMeta *m);
/* modify.c: obj from a body of the view's type, or of the version asked for. */
enum step_result write_put(struct write *w, void *body);
/* Runs the step again after ns. */
enum step_result write_sleep(struct write *w, int64_t ns);
/* volatile.c: the change is a heartbeat and nothing else. */
bool write_is_heartbeat(struct write *w);
