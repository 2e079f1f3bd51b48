// SPDX-License-Identifier: Apache-2.0
/* An orderly end (apiserver_shutdown). Private to the server. */
#pragma once

#include "apiserver/request.h"

struct shutdown;
/* A request has ended, or has become one that ends only when it is told to. */
void shutdown_look(struct apiserver *s);
struct shutdown *shutdown_free(struct shutdown *d);
