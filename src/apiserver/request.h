// SPDX-License-Identifier: Apache-2.0
/* One request on its way through the server: a row of phases (phases.c), each a named function. A
 * phase that has to wait says so and is called again, or followed by the next, when what it waited
 * for has happened. */
#pragma once

#include "api/status.h"
#include "apiserver/apiserver.h"
#include "apiserver/encoding/negotiate.h"
#include "apiserver/route.h"
#include "base/vec.h"

#define REQUEST_ARENA_MAX    (128 * 1024 * 1024)
#define REQUEST_WARNINGS_MAX 100

enum phase_result {
    PHASE_NEXT,  /* go on with the next phase */
    PHASE_AGAIN, /* call this one again */
    PHASE_WAIT,  /* request_resume() will go on with the next phase, request_again() with this */
    PHASE_DONE,  /* answered, or will be by what the phase started: phases are over */
};

enum request_state {
    REQUEST_RUNNING,
    REQUEST_BODY,     /* reading the body */
    REQUEST_STORE,    /* a write is proposed: the request must outlive it, whoever hangs up */
    REQUEST_REVISION, /* waits for a revision to be published */
    REQUEST_TIMER,    /* waits for a moment */
    REQUEST_STREAM,   /* writes a list or a watch */
    REQUEST_DONE,
    REQUEST_STATE_MAX,
};
extern const char *const request_state_names[REQUEST_STATE_MAX];

struct series;
struct write;

struct request {
    struct list node; /* apiserver.requests */
    struct apiserver *server;
    struct exchange *x; /* NULL once it is answered or gone */
    struct arena *arena;
    enum request_state state;
    uint8_t phase;
    uint16_t code; /* of the answer; 0: none was given */
    bool running;  /* phases are on the stack */
    bool goaway;   /* the answer ends its HTTP/2 connection */
    bool endless;  /* streams until somebody ends it: set by request_endless() */
    int64_t began; /* env_mono */
    str audit_id;  /* the client's, or a new one: Audit-Id of the answer */
    uint64_t sent; /* bytes of the answer's body, but of watches */
    /* It is counted: "" for what is asked of a resource, else a path. NULL: nobody has routed it */
    const char *measured;
    struct series *running_now; /* the gauge of those that are endless */
    /* Ends such a stream in good order; NULL: it can only be cut. May free r. */
    void (*finish)(struct request *r);

    struct query query;
    struct request_info info;
    struct user user;
    const struct api_resource *res; /* as asked for; res->storage is what the store holds */
    const struct api_subresource *sub;
    enum verb verb;
    const struct special *special; /* handler of a path that is not generic, or NULL */
    struct media accept;
    enum media_format body_format;
    enum patch_type { PATCH_NONE, PATCH_JSON, PATCH_MERGE, PATCH_STRATEGIC, PATCH_APPLY } patch;
    str body;

    bool dry_run;
    enum field_validation { VALIDATION_WARN, VALIDATION_STRICT, VALIDATION_IGNORE } validation;
    str_list warnings;

    struct store_wait *wait;
    uint64_t wait_revision;
    int64_t wait_began; /* env_mono */
    struct timer timer;
    struct task task;
    struct write *sleeper; /* the write that `timer` wakes */
    /* Ends what the verb holds (watch, snapshot, objects); called once, when the request ends. */
    void (*cleanup)(struct request *r);
    void *data;
};

/* phases.c */
void request_start(struct apiserver *s, struct exchange *x);
void request_resume(struct request *r); /* next phase */
void request_again(struct request *r);  /* this phase */
void request_state(struct request *r, enum request_state to);
/* Ends a request whose exchange is answered or gone. */
void request_end(struct request *r);
/* From now on it streams, without an end of its own. */
void request_endless(struct request *r, void (*finish)(struct request *r));
/* Cuts it from outside: server shutdown. */
void request_cut(struct request *r);
struct attributes request_attributes(const struct request *r);
/* Whether the authoriser allows it. */
bool request_may(struct request *r, const struct attributes *at, str *ret_reason);
/* 403 about it, in upstream's words. */
enum phase_result request_refuse(struct request *r, const struct attributes *at, str reason);
/* impersonate.c: the phase behind authentication. */
enum phase_result request_impersonate(struct request *r);

/* In the format the client accepts: what encode_x() wrote whole. Frees nothing. */
enum phase_result respond_buf(struct request *r, int code, struct buf *b);
/* Answers; each is PHASE_DONE for the caller to return. */
enum phase_result respond_status(struct request *r, Status *s);
enum phase_result respond_err(struct request *r, const struct err *e);
enum phase_result respond_text(struct request *r, int code, str text); /* text/plain */
/* Text that no browser may take for something else (X-Content-Type-Options). */
enum phase_result respond_plain(struct request *r, int code, const char *type, str body);
enum phase_result respond_bytes(struct request *r, int code, const char *type, str body);
/* The same, gzipped for those who take it, however short. */
enum phase_result respond_packed(struct request *r, int code, const char *type, str body);
enum phase_result respond_no_page(struct request *r);     /* 404 where nothing is served */
enum phase_result respond_no_resource(struct request *r); /* 404 as a Status */
/* An object as stored, in what the client accepts; view applied (scale). */
enum phase_result respond_object(struct request *r, int code, const struct object *o);
/* A struct that is not stored: t, or what dry run made. */
enum phase_result respond_typed(struct request *r, int code, const struct api_type *t,
                                const void *obj);

/* warn.c: what the answer's Warning headers say. Texts are the request's arena's, each is said
 * once, and those that are no printable text are left out. */
void request_warn(struct request *r, str text);
void request_warn_deprecated(struct request *r); /* that r->res is */
void request_warning_headers(struct request *r, struct http_headers *h);

/* "apps/v1", or "v1" in the core group. */
str api_version_of(struct arena *a, const char *group, const char *version);
/* Headers of every answer: Audit-Id, caching, type, warnings. */
struct http_headers request_headers(struct request *r, const char *content_type);
/* Of an answer that may be kept: cache is its Cache-Control, content_type may be NULL. */
struct http_headers request_headers_kept(struct request *r, const char *cache,
                                         const char *content_type);

/* Waits until the store has published `revision`; answers 504 by itself when it does not come.
 * PHASE_NEXT when it is there already, else PHASE_WAIT (then request_again). */
enum phase_result request_wait_revision(struct request *r, uint64_t revision);
/* Calls the phase again after ns. */
enum phase_result request_sleep(struct request *r, int64_t ns);

/* Options of the query (options.c): answer and return PHASE_DONE when they are bad. */
enum phase_result request_options(struct request *r);

/* Verbs. */
enum phase_result verb_get(struct request *r);
enum phase_result verb_list(struct request *r);
enum phase_result verb_watch(struct request *r);
enum phase_result verb_create(struct request *r);
enum phase_result verb_update(struct request *r);
enum phase_result verb_patch(struct request *r);
enum phase_result verb_delete(struct request *r);
enum phase_result verb_deletecollection(struct request *r);
enum phase_result serve_nonresource(struct request *r);
