// SPDX-License-Identifier: Apache-2.0
/* Recorded answers that the server does not give yet, and why. */
#pragma once

#define CUSTOM "custom resources, webhooks, policies and aggregation are not served"

static const struct {
    const char *name, *why;
} unmatched[] = {
    {"CR missing required", CUSTOM},
    {"CR several causes", CUSTOM},
    {"CR wrong type", CUSTOM},
    {"CR CEL rule", CUSTOM},
    {"CR unknown field strict", CUSTOM},
    {"CR CEL transition", CUSTOM},
    {"CR PUT without resourceVersion", CUSTOM},
    {"CR strategic merge not supported", CUSTOM},
    {"CR wrong kind", CUSTOM},
    {"CR wrong version", CUSTOM},
    {"CR accept protobuf only", CUSTOM},
    {"CR no scale subresource", CUSTOM},
    {"CR not found", CUSTOM},
    {"aggregated API unavailable", CUSTOM},
    {"VAP denied with message", CUSTOM},
    {"VAP denied no message, reason Forbidden", CUSTOM},
    {"webhook unreachable", CUSTOM},
};
