/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resolver on memory that is no process's: for tests.
 */
#ifndef HEAPTAP_V8_RESOLVER_PRIVATE_H
#define HEAPTAP_V8_RESOLVER_PRIVATE_H

#include "v8/memory.h"
#include "v8/resolver.h"

struct v8_resolver *v8_resolver_new_in(struct v8_memory memory, const struct v8_layout *layout);

#endif
