// SPDX-License-Identifier: Apache-2.0
/* The correlator of client-go's tools/record: three looks at an event before it goes out.
 *   spam       a token bucket an object: 25 at once, then one in five minutes
 *   aggregate  more than ten different messages of one kind (all but the message equal) within ten
 *              minutes become one "(combined from similar events)"
 *   deduplicate an equal event within the cache's life raises the count of the first by PATCH
 * The cache is bounded; the entry that was used longest ago goes first. */
#include "client/events.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/time.h"
#include "schema/json.h"

#define CACHE_MAX      4096
#define IN_FLIGHT_MAX  256 /* past it events are dropped */
#define SPAM_BURST     25
#define SPAM_EVERY     (300 * NSEC_PER_SEC)
#define SIMILAR_MAX    10
#define SIMILAR_WINDOW (600 * NSEC_PER_SEC)

enum record_kind { SPAM, SIMILAR, SENT };

struct record {
    struct list lru;
    enum record_kind kind;
    char *key;
    size_t key_n;
    int64_t at; /* SPAM: when the bucket is in debt until; SIMILAR: last seen */
    uint32_t n; /* SIMILAR: different messages in the window */
    struct map messages;
    /* SENT */
    char *ns, *name;
    uint32_t count;
    Time first;
};

struct recorder {
    struct rest_client *client;
    char *component, *host;
    struct map records;
    struct list lru; /* oldest first */
    unsigned in_flight;
    int64_t named; /* of the newest event, in its name: no two are alike */
    struct list calls;
};

struct event_call {
    struct list node;
    struct recorder *recorder;
    struct rest_call *call;
    char *raised; /* key of the record whose count this raises */
};

struct recorder *recorder_new(struct rest_client *c, const char *component, const char *host) {
    struct recorder *r = xcalloc(1, sizeof(*r));
    r->client = c;
    r->component = xstrndup(component, strlen(component));
    r->host = xstrndup(host, strlen(host));
    map_init(&r->records, NULL);
    list_init(&r->lru);
    list_init(&r->calls);
    return r;
}

static void record_free(struct recorder *r, struct record *rec) {
    list_remove(&rec->lru);
    map_del(&r->records, str_n(rec->key, rec->key_n));
    if (rec->kind == SIMILAR)
        map_done(&rec->messages);
    free(rec->key);
    free(rec->ns);
    free(rec->name);
    free(rec);
}

struct recorder *recorder_free(struct recorder *r) {
    if (!r)
        return NULL;
    LIST_FOREACH (n, &r->calls) {
        struct event_call *c = container_of(n, struct event_call, node);
        rest_cancel(c->call);
        free(c->raised);
        free(c);
    }
    while (!list_empty(&r->lru))
        record_free(r, container_of(r->lru.next, struct record, lru));
    map_done(&r->records);
    free(r->component);
    free(r->host);
    free(r);
    return NULL;
}

static struct record *record_of(struct recorder *r, enum record_kind kind, str key) {
    struct record *rec = map_get(&r->records, key);
    if (rec) {
        list_remove(&rec->lru);
    } else {
        if (r->records.n >= CACHE_MAX)
            record_free(r, container_of(r->lru.next, struct record, lru));
        rec = xcalloc(1, sizeof(*rec));
        list_init(&rec->lru);
        rec->kind = kind;
        rec->key = xstrndup(key.p, key.n);
        rec->key_n = key.n;
        rec->at = INT64_MIN / 2; /* a full bucket, however young the clock is */
        if (kind == SIMILAR)
            map_init(&rec->messages, NULL);
        map_put(&r->records, key, rec);
    }
    list_append(&r->lru, &rec->lru);
    return rec;
}

/* ---- the three looks ---- */

static bool is_spam(struct recorder *r, str object, int64_t now) {
    struct record *rec = record_of(r, SPAM, object);
    int64_t full = now - SPAM_BURST * SPAM_EVERY;
    int64_t at = MAX(rec->at, full) + SPAM_EVERY;
    if (at > now)
        return true;
    rec->at = at;
    return false;
}

static bool is_one_of_many(struct recorder *r, str similar, str message, int64_t now) {
    struct record *rec = record_of(r, SIMILAR, similar);
    if (now - rec->at > SIMILAR_WINDOW) {
        map_done(&rec->messages);
        map_init(&rec->messages, NULL);
    }
    rec->at = now;
    if (rec->messages.n < SIMILAR_MAX || map_get(&rec->messages, message))
        map_put(&rec->messages, message, rec);
    else
        return true;
    return false;
}

/* ---- sending ---- */

static void on_sent(void *ctx, const struct rest_result *res) {
    struct event_call *c = ctx;
    if (res->r < 0 || res->code >= 400)
        log_debug(loop_env(rest_client_loop(c->recorder->client)), "event lost: r %d code %d",
                  res->r, res->code);
    if (res->code == 404 && c->raised) { /* it expired: the next one is a new event */
        struct record *rec = map_get(&c->recorder->records, str_of(c->raised));
        if (rec)
            free(TAKE(rec->name));
    }
    c->recorder->in_flight--;
    list_remove(&c->node);
    free(c->raised);
    free(c);
}

static void send(struct recorder *r, struct rest_request *rq, const struct record *raised) {
    if (r->in_flight >= IN_FLIGHT_MAX)
        return;
    struct event_call *c = xcalloc(1, sizeof(*c));
    c->recorder = r;
    c->raised = raised ? xstrndup(raised->key, raised->key_n) : NULL;
    list_append(&r->calls, &c->node);
    r->in_flight++;
    rq->resource = RESOURCE_OF(core_v1_events);
    rq->done = on_sent;
    rq->ctx = c;
    c->call = rest_send(r->client, rq);
}

static Time time_of(int64_t wall) {
    return (Time){wall / NSEC_PER_SEC, 0, true};
}

static void raise_count(struct recorder *r, struct arena *a, struct record *rec, str message,
                        int64_t wall) {
    char when[TIME_TEXT_MAX];
    struct buf b;
    buf_init(&b, 0);
    rec->count++;
    buf_printf(&b, "{\"count\":%u,\"message\":", rec->count);
    json_quote(&b, message);
    buf_printf(&b, ",\"lastTimestamp\":\"" STR_FMT "\"}", STR_ARG(time_format_ns(when, wall, 0)));
    send(r,
         &(struct rest_request){.verb = REST_PATCH,
                                .patch = REST_PATCH_MERGE,
                                .ns = str_of(rec->ns),
                                .name = str_of(rec->name),
                                .raw = buf_str(&b)},
         rec);
    buf_done(&b);
}

static void create(struct recorder *r, struct arena *a, struct record *rec,
                   const ObjectReference *about, const char *type, const char *reason, str message,
                   int64_t wall) {
    str ns = about->namespace_.n ? about->namespace_ : STR("default");
    r->named = MAX(wall, r->named + 1);
    str name = str_printf(a, STR_FMT ".%llx", STR_ARG(about->name), (unsigned long long)r->named);
    free(rec->ns);
    free(rec->name);
    rec->ns = xstrndup(ns.p, ns.n);
    rec->name = xstrndup(name.p, name.n);
    rec->count = 1;
    rec->first = time_of(wall);
    Event ev = {
        .metadata = {.name = name, .namespace_ = ns},
        .involved_object = *about,
        .reason = str_of(reason),
        .message = message,
        .source = {.component = str_of(r->component), .host = str_of(r->host)},
        .first_timestamp = rec->first,
        .last_timestamp = rec->first,
        .count = 1,
        .type = str_of(type),
        .reporting_controller = str_of(r->component),
        .reporting_instance = str_of(r->host),
    };
    send(r,
         &(struct rest_request){
             .verb = REST_CREATE, .ns = ns, .body_type = &Event_type, .body = &ev},
         NULL);
}

void recorder_event(struct recorder *r, const ObjectReference *about, const char *type,
                    const char *reason, str message) {
    struct loop *l = rest_client_loop(r->client);
    int64_t now = loop_now(l), wall = loop_wall(l);
    struct arena a;
    arena_init(&a, 0);
    str object =
        str_printf(&a, "o\n" STR_FMT "\n" STR_FMT "\n" STR_FMT "\n" STR_FMT, STR_ARG(about->kind),
                   STR_ARG(about->namespace_), STR_ARG(about->name), STR_ARG(about->uid));
    str similar = str_printf(&a, "s" STR_FMT "\n" STR_FMT "\n%s\n%s", STR_ARG(object),
                             STR_ARG(about->field_path), type, reason);
    if (is_one_of_many(r, similar, message, now))
        message = str_concat(&a, STR("(combined from similar events): "), message);
    bool combined = str_starts(message, STR("(combined"));
    str equal = str_printf(&a, "e" STR_FMT "\n" STR_FMT, STR_ARG(similar),
                           STR_ARG(combined ? STR("") : message));
    if (!is_spam(r, object, now)) {
        struct record *rec = record_of(r, SENT, equal);
        if (rec->name)
            raise_count(r, &a, rec, message, wall);
        else
            create(r, &a, rec, about, type, reason, message, wall);
    }
    arena_done(&a);
}
