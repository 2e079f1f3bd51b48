// SPDX-License-Identifier: Apache-2.0
/* A walk over text that is known to be JSON, for what upstream's strict decoder says of patches,
 * which it reads into maps: a key is reported where it stands for the second time. */
#include "base/map.h"
#include "schema/json_reader.h"

struct walk {
    struct json_reader r;
    const char *const *known; /* members of the objects in the outermost list; NULL: any */
    char once, told;          /* their addresses mark keys */
};

static bool walk_value(struct walk *w, const struct json_frame *at);

static bool is_unknown(const struct walk *w, const struct json_frame *at) {
    const struct json_frame *list = at->up;
    return w->known && list && !list->key.p && !list->up && !str_in(at->key, w->known);
}

/* A key is told once: its path may be as long as the text. */
static void look_at_key(struct walk *w, struct map *seen, const struct json_frame *at,
                        bool unknown) {
    void *before = map_get(seen, at->key);
    bool tells = unknown ? !before : before == &w->once;
    if (tells && unknown)
        json_report_unknown(&w->r, at);
    else if (tells)
        json_report_duplicate(&w->r, at);
    if (tells || !before)
        map_put(seen, at->key, tells ? &w->told : &w->once);
}

static bool walk_members(struct walk *w, struct map *seen, const struct json_frame *up) {
    struct json_frame at = {.up = up};
    for (;;) {
        if (lex_peek(&w->r.in) != '"' || !lex_string(&w->r.in, &at.key) || !lex_take(&w->r.in, ':'))
            return false;
        bool unknown = is_unknown(w, &at);
        look_at_key(w, seen, &at, unknown);
        if (!(unknown ? lex_skip(&w->r.in) : walk_value(w, &at)))
            return false;
        if (lex_take(&w->r.in, '}'))
            return true;
        if (!lex_take(&w->r.in, ','))
            return false;
    }
}

static bool walk_object(struct walk *w, const struct json_frame *up) {
    w->r.in.p++;
    if (lex_take(&w->r.in, '}'))
        return true;
    struct map seen;
    map_init(&seen, NULL);
    bool ok = walk_members(w, &seen, up);
    map_done(&seen);
    return ok;
}

static bool walk_list(struct walk *w, const struct json_frame *up) {
    struct json_frame at = {.up = up};
    w->r.in.p++;
    if (lex_take(&w->r.in, ']'))
        return true;
    for (;; at.index++) {
        if (!walk_value(w, &at))
            return false;
        if (lex_take(&w->r.in, ']'))
            return true;
        if (!lex_take(&w->r.in, ','))
            return false;
    }
}

static bool walk_value(struct walk *w, const struct json_frame *at) {
    char c = lex_peek(&w->r.in);
    if (c != '{' && c != '[')
        return lex_skip(&w->r.in);
    if (++w->r.in.depth > JSON_DEPTH_MAX)
        return false;
    bool ok = c == '{' ? walk_object(w, at) : walk_list(w, at);
    w->r.in.depth--;
    return ok;
}

void json_strict(struct arena *a, str json, const char *const *known,
                 struct decode_report *report) {
    struct walk w = {
        .r = {.in = {.p = json.p, .end = json.p + json.n, .a = a}, .a = a, .report = report},
        .known = known};
    walk_value(&w, NULL);
}
