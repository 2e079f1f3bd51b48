// SPDX-License-Identifier: Apache-2.0
/* How a command has ended, in the words of upstream's stream translator. */
#include "apiserver/connect/channels.h"
#include "schema/json.h"

#define PROTOCOL_ERROR "error stream protocol error: "

Status *channels_internal_error(struct arena *a, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    str why = str_vprintf(a, fmt, ap);
    va_end(ap);
    Status *s =
        status_new(a, 500, "InternalError", "Internal error occurred: " STR_FMT, STR_ARG(why));
    status_add_cause(a, s, NULL, why, STR_NONE);
    return s;
}

static Status *of_exit_code(struct arena *a, const Status *said) {
    for (uint32_t i = 0; i < said->details->causes.n; i++) {
        const StatusCause *c = &said->details->causes.v[i];
        int64_t code;
        if (!str_eqc(c->type, "ExitCode"))
            continue;
        if (str_to_i64(c->message, &code) < 0 || code < 0 || code > UINT8_MAX)
            return channels_internal_error(
                a, PROTOCOL_ERROR "invalid exit code value \"" STR_FMT "\"", STR_ARG(c->message));
        Status *s =
            status_new(a, 0, "NonZeroExitCode",
                       "command terminated with non-zero exit code: command terminated with "
                       "exit code %d",
                       (int)code);
        status_add_cause(a, s, "ExitCode", str_printf(a, "%d", (int)code), STR_NONE);
        return s;
    }
    return channels_internal_error(a, PROTOCOL_ERROR "no ExitCode cause given");
}

Status *channels_status(struct arena *a, str said) {
    Status s;
    struct err e = {0};
    if (json_read(a, &Status_type, said, &s, NULL, &e) < 0)
        return channels_internal_error(a, PROTOCOL_ERROR "%s in \"" STR_FMT "\"", e.text,
                                       STR_ARG(said));
    if (str_eqc(s.status, "Success"))
        return status_success(a);
    if (!str_eqc(s.status, "Failure"))
        return channels_internal_error(a, PROTOCOL_ERROR "unknown error");
    if (!str_eqc(s.reason, "NonZeroExitCode"))
        return channels_internal_error(a, STR_FMT, STR_ARG(s.message));
    if (!s.details)
        return channels_internal_error(a, PROTOCOL_ERROR "details must be set");
    return of_exit_code(a, &s);
}

str channels_status_text(struct arena *a, const Status *s) {
    CLEANUP(buf_done) struct buf b = {0};
    json_write(&b, &Status_type, s, JSON_NO_TYPE_META, NULL);
    return str_dup(a, buf_str(&b));
}
