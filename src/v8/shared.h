/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One SharedFunctionInfo in the heap, and the ways to it and from it.
 */
#ifndef HEAPTAP_V8_SHARED_H
#define HEAPTAP_V8_SHARED_H

#include <stdint.h>

#include "v8/heap.h"
#include "v8/scope.h"

struct v8_shared {
	uint64_t object;	     /* tagged */
	uint64_t data, name, script; /* tagged words: code or bytecode; a string or ScopeInfo */
	int32_t literal_id;
	int32_t kind; /* V8's FunctionKind, V8_UNKNOWN */
};

/* -ESTALE when @object is none. */
int v8_shared_read(struct v8_heap *heap, uint64_t object, struct v8_shared *ret);

/* Its address from a JSFunction, or from a Script, which has a list by literal id. */
int v8_shared_of_function(struct v8_heap *heap, uint64_t function, uint64_t *ret);
int v8_shared_of_script(struct v8_heap *heap, uint64_t script, uint32_t literal_id, uint64_t *ret);

/* The BytecodeArray behind it, also when it has baseline code by now. */
int v8_shared_bytecode(struct v8_heap *heap, const struct v8_shared *shared, uint64_t *ret);

/* What is known of a function that has no ScopeInfo: leaves *ret alone when that is nothing. */
void v8_shared_read_uncompiled(struct v8_heap *heap, const struct v8_shared *shared,
			       struct v8_scope *ret);

#endif
