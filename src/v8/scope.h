/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ScopeInfo: what V8 keeps of a compiled function's scope, here its names and where it begins.
 */
#ifndef HEAPTAP_V8_SCOPE_H
#define HEAPTAP_V8_SCOPE_H

#include <stdint.h>

#include "v8/heap.h"

struct v8_scope {
	uint64_t name, inferred_name; /* tagged strings, 0: none */
	int32_t start_position;	      /* in the source, -1: not known */
};

/* -ESTALE when @object is no ScopeInfo or says what cannot be. */
int v8_scope_read(struct v8_heap *heap, uint64_t object, struct v8_scope *ret);

#endif
