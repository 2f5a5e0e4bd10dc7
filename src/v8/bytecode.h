/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function's bytecode in the heap and its table of source positions.
 */
#ifndef HEAPTAP_V8_BYTECODE_H
#define HEAPTAP_V8_BYTECODE_H

#include <stdint.h>

#include "v8/heap.h"

/* Both malloc'd and the caller's. */
struct v8_bytecode_copy {
	uint8_t *bytes, *positions;
	uint32_t size, positions_size;
};

/* -ESTALE when @object is no BytecodeArray, or was moved while it was read. */
int v8_bytecode_read(struct v8_heap *heap, uint64_t object, struct v8_bytecode_copy *ret);

#endif
