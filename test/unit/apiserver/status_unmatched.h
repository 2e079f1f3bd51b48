// SPDX-License-Identifier: Apache-2.0
/* Recorded answers that the server does not give yet, and why. */
#pragma once

#define APPLY      "server-side apply is not served"
#define CUSTOM     "custom resources, webhooks, policies and aggregation are not served"
#define MANAGED    "the text shows managedFields, which are not kept yet"
#define VALIDATION "the kind is not fully validated yet"

static const struct {
    const char *name, *why;
} unmatched[] = {
    {"JSON patch makes wrong type", MANAGED},
    {"merge patch wrong type", MANAGED},
    {"merge patch changes kind", MANAGED},
    {"merge patch unknown field strict", MANAGED},
    {"apply malformed YAML", APPLY},
    {"apply missing apiVersion", APPLY},
    {"apply name mismatch", APPLY},
    {"apply with managedFields", APPLY},
    {"apply unknown field strict", APPLY},
    {"apply wrong type", APPLY},
    {"apply conflict one field", APPLY},
    {"apply conflict two fields", APPLY},
    {"apply conflict with update manager", APPLY},
    {"apply with uid that does not exist", APPLY},
    {"deployment apply duplicate list keys", APPLY},
    {"cronjob bad", VALIDATION},
    {"pod resources", VALIDATION},
    {"resourcequota bad", VALIDATION},
    {"event v1 bad", VALIDATION},
    {"admission policy bad CEL", CUSTOM},
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
    {"CRD immutable scope", CUSTOM},
    {"aggregated API unavailable", CUSTOM},
    {"VAP denied with message", CUSTOM},
    {"VAP denied no message, reason Forbidden", CUSTOM},
    {"webhook unreachable", CUSTOM},
    {"continue token expired", "names a revision that the replay has not reached"},
};
