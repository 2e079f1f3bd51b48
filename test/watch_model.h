// SPDX-License-Identifier: Apache-2.0
/* What became of the objects of one resource, revision by revision, and whether a client's lists
 * and watches have shown it that: all of what it selected, in order, once, as it was.
 *
 * The model knows nothing of logs, trees and snapshots: it is a list of changes, and it selects by
 * looking at the JSON. */
#pragma once

#include "base/vec.h"
#include "schema/value.h"

struct model_change {
    uint64_t revision;
    str key;                    /* NAMESPACE/NAME */
    const struct value *object; /* without resourceVersion; NULL: deleted */
    const struct value *before; /* NULL: created */
};
struct model {
    struct arena *arena; /* of changes and of what is wrong */
    struct model_change *v;
    uint32_t n;
};
/* Revisions rise. Key and object are borrowed for as long as the model lives. */
void model_add(struct model *m, uint64_t revision, str key, const struct value *object);

/* `is` NULL: it is there, with any value (labels only). */
struct model_term {
    const char *at; /* a label's key; a field's path, "spec.nodeName"; NULL: everything */
    const char *is;
    bool not ;
};
struct model_selection {
    const char *ns, *name; /* NULL: all */
    struct model_term label, field;
};

enum model_type {
    MODEL_ADDED,
    MODEL_MODIFIED,
    MODEL_DELETED,
    MODEL_BOOKMARK,
    MODEL_INITIAL_END, /* the bookmark behind the initial state */
};
struct model_seen {
    enum model_type type;
    uint64_t revision;
    str key;
    const struct value *object; /* without resourceVersion; NULL: only its key was shown */
    bool only_metadata;
};

/* One watch, from its begin to where it ended or broke. */
struct model_watch {
    const struct model_selection *selection;
    /* It began behind `after`; with `initial`, with the state at a revision from `after` to
     * `until`, and then, if `initial_end`, the bookmark that names it. */
    uint64_t after, until;
    bool initial, initial_end;
    const struct model_seen *seen;
    uint32_t n_seen;
    uint64_t whole; /* all up to this revision must have been seen; 0: it broke off anywhere */
};
/* NULL: right. Otherwise what is wrong. */
const char *model_check_watch(const struct model *m, const struct model_watch *w);
/* The items of a list at a revision, of all its pages. */
const char *model_check_list(const struct model *m, const struct model_selection *s,
                             uint64_t revision, const struct model_seen *items, uint32_t n);
