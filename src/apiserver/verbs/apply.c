// SPDX-License-Identifier: Apache-2.0
#include "apiserver/verbs/apply.h"

#include "apiserver/encoding/decode.h"
#include "apiserver/verbs/track.h"
#include "schema/patch.h"
#include "schema/yaml.h"

#define CONVERTING "error converting YAML to JSON: "

static enum step_result bad_yaml(struct write *w, const char *prefix, const char *why) {
    if (str_starts(str_of(why), STR(CONVERTING)))
        prefix = "";
    return write_fail(w, status_bad_request(w->r->arena, "error decoding YAML: %s%s", prefix, why));
}

/* JSON is YAML, and kubectl sends JSON: the quick parser first. Of keys given twice only the other
 * knows the lines. */
static enum step_result parse(struct write *w, struct value *ret, str_list *ret_duplicates) {
    struct arena *a = w->r->arena;
    struct err e = {0};
    struct value v;
    str twice;
    bool json = value_parse(a, w->r->body, ret, &twice, NULL) == 0;
    *ret_duplicates = (str_list){0};
    if (!json || twice.p) {
        int error = yaml_parse_strict(a, w->r->body, &v, ret_duplicates, &e);
        if (error < 0 && !json)
            return bad_yaml(w, CONVERTING, e.text);
        if (!json)
            *ret = v;
    }
    if (ret->tag == VALUE_NULL)
        *ret = (struct value){.tag = VALUE_OBJECT};
    if (ret->tag == VALUE_OBJECT)
        return STEP_NEXT;
    err_set(&e, -EINVAL, "json: cannot unmarshal %s into Go value of type map[string]interface {}",
            value_json_type(ret));
    return bad_yaml(w, "error unmarshaling JSON: while decoding JSON: ", e.text);
}

/* The stored object has no such identity, for it is not there. */
static enum step_result check_uid(struct write *w, const ObjectMeta *m) {
    if (w->old || !m->uid.n)
        return STEP_NEXT;
    str why = str_printf(w->r->arena,
                         "uid mismatch: the provided object specified uid " STR_FMT
                         ", and no existing object was found",
                         STR_ARG(m->uid));
    return write_fail(w, status_conflict(w->r->arena, w->res, w->name, why.p));
}

static enum step_result check_strict(struct write *w, const str_list *duplicates) {
    struct arena *a = w->r->arena;
    decode_warn(w->r, duplicates);
    if (!duplicates->n || w->r->validation != VALIDATION_STRICT)
        return STEP_NEXT;
    return write_fail(w, status_bad_request(a, "error strict decoding YAML: " CONVERTING STR_FMT,
                                            STR_ARG(decode_yaml_strict(a, duplicates))));
}

enum step_result build_apply(struct write *w) {
    struct value config;
    str_list duplicates;
    void *body;
    ObjectMeta entries;
    struct body_kind k = body_kind_of(w->r);
    enum step_result s = parse(w, &config, &duplicates);
    if (s == STEP_NEXT)
        s = track_apply(w, &config, &body, &entries);
    if (s == STEP_NEXT)
        s = check_strict(w, &duplicates);
    if (s == STEP_NEXT)
        s = check_uid(w, body);
    if (s != STEP_NEXT)
        return s;
    apply_defaults(w->r, w->res, k.type, body);
    s = write_put(w, body);
    if (s != STEP_NEXT)
        return s;
    ((ObjectMeta *)w->obj)->managed_fields = entries.managed_fields;
    w->tracked = true;
    return STEP_NEXT;
}
