// SPDX-License-Identifier: Apache-2.0
/* Discovery and OpenAPI over HTTP. */
#pragma once

#include "apiserver/request.h"

enum phase_result serve_paths(struct request *r, str rest);
enum phase_result serve_api(struct request *r, str rest);
enum phase_result serve_apis(struct request *r, str rest);
enum phase_result serve_api_version(struct request *r, str rest);
enum phase_result serve_apis_group(struct request *r, str rest);
enum phase_result serve_openapi_v2(struct request *r, str rest);
enum phase_result serve_openapi_v3_index(struct request *r, str rest);
enum phase_result serve_openapi_v3(struct request *r, str rest);
