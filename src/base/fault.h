// SPDX-License-Identifier: Apache-2.0
/* struct fault: "fail the Nth, then M times": shared by the test doubles of memory, disk, network
 * and runtime, so that a failure is a parameter of a test. */
#pragma once

#include "base/base.h"

struct fault {
    int64_t countdown; /* < 0: off; 0: fail now */
    int64_t repeat;    /* how often to fail, < 0: for ever */
    int error;         /* negative errno to give */
};

#define FAULT_NONE ((struct fault){.countdown = -1})

/* 0, or the error when this call is to fail. */
static inline int fault_hit(struct fault *f) {
    if (f->countdown < 0)
        return 0;
    if (f->countdown > 0) {
        f->countdown--;
        return 0;
    }
    if (f->repeat == 0) {
        f->countdown = -1;
        return 0;
    }
    if (f->repeat > 0)
        f->repeat--;
    return f->error;
}
