// SPDX-License-Identifier: Apache-2.0
/* The air-gap folder: archives that are imported into the runtime at start. */
#pragma once

#include "loop/loop.h"

struct image_import;
/* Imports the folder's .tar files one after another through `ctr`, but for those that were imported
 * as they are now already (noted in folder/.imported). done() once; failures are logged and tried
 * again at the next start. */
struct image_import *image_import_start(struct loop *l, const char *folder, const char *ctr,
                                        const char *socket, void (*done)(void *ctx), void *ctx);
struct image_import *image_import_free(struct image_import *i);
