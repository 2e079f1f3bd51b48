// SPDX-License-Identifier: Apache-2.0
/* The Kubernetes version that is spoken. */
#pragma once

#define API_VERSION_MAJOR     "1"
#define API_VERSION_MINOR     "36"
#define API_MIN_COMPATIBILITY "1.35"
#define API_GIT_VERSION       "v1.36.2+coxswain"
#ifdef __aarch64__
#define API_PLATFORM "linux/arm64"
#else
#define API_PLATFORM "linux/amd64"
#endif
