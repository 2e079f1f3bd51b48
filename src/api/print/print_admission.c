// SPDX-License-Identifier: Apache-2.0
/* Webhook configurations, admission policies and their bindings. */
#include "api/print/print_impl.h"

static void cells(struct row *r, const ObjectMeta *m, uint32_t n, const ParamKind *param) {
    cell_text(r, m->name);
    cell_int(r, n);
    if (param)
        cell_fmt(r, STR_FMT "/" STR_FMT, STR_ARG(param->api_version), STR_ARG(param->kind));
    else
        cell_textc(r, "<unset>");
    cell_age(r, m->creation_timestamp);
}

static void print_validating(struct row *r, const void *obj) {
    const ValidatingAdmissionPolicy *p = obj;
    cells(r, &p->metadata, p->spec.validations.n, p->spec.param_kind);
}
PRINTER(admissionregistration_v1_validatingadmissionpolicies, print_validating, COLUMN_NAME,
        COLUMN_INT("Validations"), COLUMN("ParamKind"), COLUMN_AGE);

static void print_mutating(struct row *r, const void *obj) {
    const MutatingAdmissionPolicy *p = obj;
    cells(r, &p->metadata, p->spec.mutations.n, p->spec.param_kind);
}
PRINTER(admissionregistration_v1_mutatingadmissionpolicies, print_mutating, COLUMN_NAME,
        COLUMN_INT("Mutations"), COLUMN("ParamKind"), COLUMN_AGE);

static void binding_cells(struct row *r, const ObjectMeta *m, str policy, const ParamRef *ref) {
    cell_text(r, m->name);
    cell_text(r, policy);
    if (ref && ref->name.n)
        cell_fmt(r, STR_FMT "/" STR_FMT, STR_ARG(ref->namespace_.n ? ref->namespace_ : STR("*")),
                 STR_ARG(ref->name));
    else if (ref && ref->selector)
        cell_selector(r, ref->selector);
    else
        cell_textc(r, "<unset>");
    cell_age(r, m->creation_timestamp);
}

static void print_validating_binding(struct row *r, const void *obj) {
    const ValidatingAdmissionPolicyBinding *b = obj;
    binding_cells(r, &b->metadata, b->spec.policy_name, b->spec.param_ref);
}
PRINTER(admissionregistration_v1_validatingadmissionpolicybindings, print_validating_binding,
        COLUMN_NAME, COLUMN("PolicyName"), COLUMN("ParamRef"), COLUMN_AGE);

static void print_mutating_binding(struct row *r, const void *obj) {
    const MutatingAdmissionPolicyBinding *b = obj;
    binding_cells(r, &b->metadata, b->spec.policy_name, b->spec.param_ref);
}
PRINTER(admissionregistration_v1_mutatingadmissionpolicybindings, print_mutating_binding,
        COLUMN_NAME, COLUMN("PolicyName"), COLUMN("ParamRef"), COLUMN_AGE);

static void webhook_cells(struct row *r, const ObjectMeta *m, uint32_t n) {
    cell_text(r, m->name);
    cell_int(r, n);
    cell_age(r, m->creation_timestamp);
}

static void print_validating_webhooks(struct row *r, const void *obj) {
    const ValidatingWebhookConfiguration *c = obj;
    webhook_cells(r, &c->metadata, c->webhooks.n);
}
PRINTER(admissionregistration_v1_validatingwebhookconfigurations, print_validating_webhooks,
        COLUMN_NAME, COLUMN_INT("Webhooks"), COLUMN_AGE);

static void print_mutating_webhooks(struct row *r, const void *obj) {
    const MutatingWebhookConfiguration *c = obj;
    webhook_cells(r, &c->metadata, c->webhooks.n);
}
PRINTER(admissionregistration_v1_mutatingwebhookconfigurations, print_mutating_webhooks,
        COLUMN_NAME, COLUMN_INT("Webhooks"), COLUMN_AGE);
