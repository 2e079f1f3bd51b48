// SPDX-License-Identifier: Apache-2.0
#include "api/cel_names.h"

#include "api/names.h"
#include "base/vec.h"

void cel_check_name(struct arena *a, str kind, str s, str_list *errors) {
    static const struct {
        const char *kind;
        name_check *check;
        bool prefix;
    } kinds[] = {
        {"dns1123Label", name_dns1123_label, false},
        {"dns1123Subdomain", name_dns1123_subdomain, false},
        {"dns1035Label", name_dns1035_label, false},
        {"qualifiedName", name_qualified, false},
        {"labelValue", name_label_value, false},
        {"dns1123LabelPrefix", name_dns1123_label, true},
        {"dns1123SubdomainPrefix", name_dns1123_subdomain, true},
        {"dns1035LabelPrefix", name_dns1035_label, true},
    };
    struct name_errors e = {{0}, 0};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!str_eqc(kind, kinds[i].kind))
            continue;
        if (kinds[i].prefix)
            name_check_prefix(a, kinds[i].check, s, &e);
        else
            kinds[i].check(s, &e);
    }
    for (unsigned i = 0; i < e.n; i++)
        *list_push(a, errors) = str_of(e.v[i]);
}
