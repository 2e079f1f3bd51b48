// SPDX-License-Identifier: Apache-2.0
/* A pattern becomes a machine of states (Thompson); all states it can be in are advanced together,
 * character by character (Pike), the preferred ones first. So a text costs at most its length times
 * the number of states, whatever the pattern. No captures: a thread is a state and where its match
 * began. */
#include <stdlib.h>

#include "base/regexp_impl.h"

enum op { OP_CLASS, OP_ASSERT, OP_SPLIT, OP_JUMP, OP_MATCH };

struct state {
    uint8_t op, assertion;
    uint32_t next, other; /* SPLIT: next is preferred */
    const struct rune_class *class;
};

struct regexp {
    struct state *states;
    uint32_t n;
};

/* ---- from the tree ---- */

struct builder {
    struct state *states;
    uint32_t n, cap;
};

/* The new state's place; the states may have moved. */
static uint32_t emit(struct builder *b, enum op op) {
    if (b->n > REGEXP_STATES_MAX)
        return b->n - 1; /* told at the end */
    if (b->n == b->cap) {
        b->cap = MAX(64u, b->cap * 2);
        b->states = xrealloc(b->states, b->cap * sizeof(*b->states));
    }
    b->states[b->n] = (struct state){.op = (uint8_t)op, .next = b->n + 1};
    return b->n++;
}

static void build(struct builder *b, const struct node *n);

/* One branch of a split is what comes next, the other is told later. */
static void split_to(struct builder *b, uint32_t at, uint32_t other, bool lazy) {
    struct state *s = &b->states[at];
    s->other = lazy ? s->next : other;
    s->next = lazy ? other : s->next;
}

static void build_star(struct builder *b, const struct node *kid, bool lazy) {
    uint32_t start = emit(b, OP_SPLIT);
    build(b, kid);
    uint32_t back = emit(b, OP_JUMP);
    b->states[back].next = start;
    split_to(b, start, b->n, lazy);
}

/* x{2,4}: xx(x(x)?)? */
static void build_repeat(struct builder *b, const struct node *n) {
    const struct node *kid = n->kids.v[0];
    for (int32_t i = 0; i < n->min && b->n <= REGEXP_STATES_MAX; i++)
        build(b, kid);
    if (n->max < 0) {
        build_star(b, kid, n->lazy);
        return;
    }
    uint32_t first = b->n;
    for (int32_t i = n->min; i < n->max && b->n <= REGEXP_STATES_MAX; i++) {
        uint32_t at = emit(b, OP_SPLIT);
        b->states[at].other = UINT32_MAX;
        build(b, kid);
    }
    for (uint32_t i = first; i < b->n; i++)
        if (b->states[i].op == OP_SPLIT && b->states[i].other == UINT32_MAX)
            split_to(b, i, b->n, n->lazy);
}

static void build_alternate(struct builder *b, const struct node *n) {
    uint32_t ends = UINT32_MAX; /* the jumps to the end, a list through next */
    for (uint32_t i = 0; i < n->kids.n; i++) {
        bool last = i + 1 == n->kids.n;
        uint32_t at = last ? 0 : emit(b, OP_SPLIT);
        build(b, n->kids.v[i]);
        if (last)
            break;
        uint32_t jump = emit(b, OP_JUMP);
        b->states[jump].next = ends;
        ends = jump;
        split_to(b, at, b->n, false);
    }
    while (ends != UINT32_MAX && b->n <= REGEXP_STATES_MAX) {
        uint32_t next = b->states[ends].next;
        b->states[ends].next = b->n;
        ends = next;
    }
}

static void build(struct builder *b, const struct node *n) {
    uint32_t at;
    if (b->n > REGEXP_STATES_MAX)
        return;
    switch ((enum node_kind)n->kind) {
    case NODE_EMPTY:
    case NODE_KIND_MAX:
        return;
    case NODE_CLASS:
        at = emit(b, OP_CLASS);
        b->states[at].class = n->class;
        return;
    case NODE_ASSERT:
        at = emit(b, OP_ASSERT);
        b->states[at].assertion = n->assertion;
        return;
    case NODE_CONCAT:
        for (uint32_t i = 0; i < n->kids.n; i++)
            build(b, n->kids.v[i]);
        return;
    case NODE_ALTERNATE:
        build_alternate(b, n);
        return;
    case NODE_REPEAT:
        build_repeat(b, n);
        return;
    }
}

int regexp_compile(struct arena *a, str pattern, struct err *e, const struct regexp **ret) {
    struct node *tree;
    int r = regexp_parse(a, pattern, e, &tree);
    if (r < 0)
        return r;
    struct builder b = {0};
    build(&b, tree);
    emit(&b, OP_MATCH);
    if (b.n > REGEXP_STATES_MAX) {
        free(b.states);
        return err_set(e, -EINVAL, "error parsing regexp: expression too large: `" STR_FMT "`",
                       STR_ARG(pattern));
    }
    struct regexp *re = arena_make(a, struct regexp);
    re->n = b.n;
    re->states = arena_dup(a, b.states, b.n * sizeof(*b.states));
    free(b.states);
    *ret = re;
    return 0;
}

/* ---- the machine ---- */

struct thread {
    uint32_t state;
    size_t start;
};

/* Threads in order of preference; `where` finds a state among them without being cleared. */
struct threads {
    struct thread *v;
    uint32_t *where;
    uint32_t n;
};

struct machine {
    const struct regexp *re;
    struct threads now, next;
    uint32_t *stack;
    str text;
    size_t at; /* the offset that assertions look at */
};

static bool has_thread(const struct threads *t, uint32_t state) {
    return t->where[state] < t->n && t->v[t->where[state]].state == state;
}

static bool is_word(str text, size_t at) {
    char c = at < text.n ? text.p[at] : 0;
    return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static bool holds(const struct machine *m, enum assertion what) {
    size_t at = m->at;
    bool first = at == 0, last = at == m->text.n;
    bool edge = (!first && is_word(m->text, at - 1)) != is_word(m->text, at);
    switch (what) {
    case ASSERT_LINE_START:
        return first || m->text.p[at - 1] == '\n';
    case ASSERT_LINE_END:
        return last || m->text.p[at] == '\n';
    case ASSERT_TEXT_START:
        return first;
    case ASSERT_TEXT_END:
        return last;
    case ASSERT_WORD:
        return edge;
    case ASSERT_NO_WORD:
        return !edge;
    case ASSERT_MAX:
        break;
    }
    return false;
}

/* Enters a state and all that it leads to without reading. The stack holds what is still to be
 * entered, each state at most once for each way into it: two a split. */
static void enter(struct machine *m, struct threads *to, uint32_t state, size_t start) {
    uint32_t n = 0;
    m->stack[n++] = state;
    while (n) {
        uint32_t i = m->stack[--n];
        const struct state *s = &m->re->states[i];
        if (has_thread(to, i))
            continue;
        to->where[i] = to->n;
        to->v[to->n++] = (struct thread){i, start};
        if (s->op == OP_SPLIT)
            m->stack[n++] = s->other;
        if (s->op == OP_SPLIT || s->op == OP_JUMP || (s->op == OP_ASSERT && holds(m, s->assertion)))
            m->stack[n++] = s->next;
    }
}

/* Reads one character (n bytes of it; 0 at the end). True: a thread has matched, *ret_start tells
 * where its match began; those that were less preferred are gone. */
static bool step(struct machine *m, uint32_t rune, size_t n, size_t *ret_start) {
    struct threads was = m->now;
    bool matched = false;
    m->next.n = 0;
    for (uint32_t i = 0; i < was.n && !matched; i++) {
        const struct state *s = &m->re->states[was.v[i].state];
        if (s->op == OP_MATCH) {
            *ret_start = was.v[i].start;
            matched = true;
        } else if (s->op == OP_CLASS && n && class_has(s->class, rune)) {
            enter(m, &m->next, s->next, was.v[i].start);
        }
    }
    m->now = m->next;
    m->next = was;
    return matched;
}

static bool run(struct machine *m, size_t from, bool any, size_t *ret_start, size_t *ret_end) {
    bool found = false;
    for (size_t at = from;; at = m->at) {
        size_t n = 0, start;
        uint32_t rune = at < m->text.n ? rune_at(str_slice(m->text, at, m->text.n), &n) : 0;
        m->at = at;
        if (!found)
            enter(m, &m->now, 0, at);
        m->at = at + n;
        if (step(m, rune, n, &start)) {
            found = true;
            *ret_start = start;
            *ret_end = at;
        }
        if (!n || (found && (any || !m->now.n)))
            return found;
    }
}

static bool search(const struct regexp *re, str text, size_t from, bool any, size_t *ret_start,
                   size_t *ret_end) {
    /* One block: two lists of threads, where their states are, and a stack of two ways a state. */
    size_t threads = re->n * sizeof(struct thread), places = re->n * sizeof(uint32_t);
    char *block = xcalloc(1, 2 * threads + 2 * places + 2 * places + sizeof(uint32_t));
    struct machine m = {.re = re, .text = text};
    m.now.v = (void *)block;
    m.next.v = (void *)(block + threads);
    m.now.where = (void *)(block + 2 * threads);
    m.next.where = m.now.where + re->n;
    m.stack = m.next.where + re->n;
    bool found = from <= text.n && run(&m, from, any, ret_start, ret_end);
    free(block);
    return found;
}

bool regexp_match(const struct regexp *r, str text) {
    size_t start, end;
    return search(r, text, 0, true, &start, &end);
}

bool regexp_find(const struct regexp *r, str text, size_t from, size_t *ret_start,
                 size_t *ret_end) {
    size_t start, end;
    if (!search(r, text, from, false, &start, &end))
        return false;
    *ret_start = start;
    *ret_end = end;
    return true;
}
