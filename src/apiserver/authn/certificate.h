// SPDX-License-Identifier: Apache-2.0
/* Client certificates: the verified subject's CN is the user, its O's are the groups. */
#pragma once

#include "apiserver/auth.h"

extern const struct authn_ops certificate_ops; /* ctx unused */
