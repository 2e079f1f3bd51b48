// SPDX-License-Identifier: Apache-2.0
#include "scheduler/framework.h"

static bool pre_enqueue(struct arena *a, const Pod *pod, str *ret_why);
extern const struct plugin scheduling_gates_plugin;
const struct plugin scheduling_gates_plugin = {
    .name = "SchedulingGates", .pre_enqueue = pre_enqueue, .events = EVENT_SELF};

static bool pre_enqueue(struct arena *a, const Pod *pod, str *ret_why) {
    uint32_t n = pod->spec.scheduling_gates.n;
    if (n == 0)
        return true;
    str *names = arena_array(a, n, sizeof(str));
    for (uint32_t i = 0; i < n; i++)
        names[i] = pod->spec.scheduling_gates.v[i].name;
    *ret_why = str_printf(a, "waiting for scheduling gates: [" STR_FMT "]",
                          STR_ARG(str_join(a, names, n, STR(" "))));
    return false;
}
