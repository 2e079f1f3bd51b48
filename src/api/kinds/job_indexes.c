// SPDX-License-Identifier: Apache-2.0
/* Lists of a job's indexes as text: "1,3-5,7". */
#include "api/kinds/job.h"

#include "schema/go_errors.h"

static int index_parse(str text, int32_t completions, int64_t *ret, struct err *e) {
    struct buf b = {0};
    go_quote(&b, text);
    str shown = buf_str(&b);
    int r = 0;
    if (go_atoi(text, ret, NULL) < 0)
        r = err_set(e, -EINVAL, "cannot convert string to integer for index: " STR_FMT,
                    STR_ARG(shown));
    else if (*ret >= completions)
        r = err_set(e, -EINVAL, "too large index: " STR_FMT, STR_ARG(shown));
    buf_done(&b);
    return r;
}

int index_range_parse(str text, int32_t completions, struct index_range *ret, struct err *e) {
    str last = text, first = str_cut(&last, '-');
    if (last.p && str_chr(last, '-') >= 0) {
        struct buf b = {0};
        go_quote(&b, text);
        str shown = buf_str(&b);
        err_set(e, -EINVAL,
                "the fragment " STR_FMT " violates the requirement that an index interval can have "
                "at most two parts separated by '-'",
                STR_ARG(shown));
        buf_done(&b);
        return -EINVAL;
    }
    int r = index_parse(first, completions, &ret->first, e);
    if (r < 0)
        return r;
    ret->last = ret->first;
    if (!last.p)
        return 0;
    if ((r = index_parse(last, completions, &ret->last, e)) < 0)
        return r;
    if (ret->first >= ret->last)
        return err_set(e, -EINVAL, "non-increasing order, previous: %lld, current: %lld",
                       (long long)ret->first, (long long)ret->last);
    return 0;
}

int indexes_count(str text, int32_t completions, int32_t *ret, struct err *e) {
    int64_t last = INT64_MIN, total = 0;
    while (text.n) {
        struct index_range i;
        int r = index_range_parse(str_cut(&text, ','), completions, &i, e);
        if (r == 0 && text.p && !text.n) /* a comma at the end begins one more */
            r = index_range_parse(STR(""), completions, &i, e);
        if (r < 0)
            return r;
        if (last != INT64_MIN && last >= i.first)
            return err_set(e, -EINVAL, "non-increasing order, previous: %lld, current: %lld",
                           (long long)last, (long long)i.first);
        total += i.last - i.first + 1;
        last = i.last;
    }
    *ret = (int32_t)total;
    return 0;
}
