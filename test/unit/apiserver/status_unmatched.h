// SPDX-License-Identifier: Apache-2.0
/* Recorded answers that the server does not give yet, and why. */
#pragma once

static const struct {
    const char *name, *why;
} unmatched[] = {
    {"", ""},
};
