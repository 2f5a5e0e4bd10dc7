// SPDX-License-Identifier: Apache-2.0
/*
 * BytecodeArray. Its first table of positions tells how this V8 encodes them all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "v8/bytecode.h"
#include "v8/positions.h"

#define HEAD	      40	 /* bytes up to the table's pointer */
#define MAX_BYTECODE  (16 << 20) /* of one function */
#define MAX_POSITIONS (16 << 20)

static int read_head(struct v8_heap *heap, uint64_t object, char head[HEAD])
{
	return v8_heap_read_typed(heap, object, heap->layout->types.bytecode_array, head, HEAD);
}

static int read_bytes(struct v8_heap *heap, uint64_t object, const char *head,
		      struct v8_bytecode_copy *copy)
{
	const struct v8_offsets *at = &heap->layout->offsets;
	uint64_t length = v8_word_at(head, at->bytecode_length);
	int32_t size = HT_V8_SMI(length);

	if (HT_V8_IS_OBJECT(length) || size <= 0)
		return -ESTALE;
	if (size > MAX_BYTECODE)
		return -EFBIG;
	copy->bytes = malloc((size_t)size);
	if (!copy->bytes)
		return -ENOMEM;
	copy->size = (uint32_t)size;
	return v8_memory_read(heap->memory, object - HT_V8_TAG + (uint32_t)at->bytecode_data,
			      copy->bytes, copy->size);
}

int v8_bytecode_read(struct v8_heap *heap, uint64_t object, struct v8_bytecode_copy *ret)
{
	struct v8_bytecode_copy copy = {NULL};
	char head[HEAD], again[HEAD];
	int err = read_head(heap, object, head);

	if (!err)
		err = read_bytes(heap, object, head, &copy);
	if (!err)
		err = v8_heap_bytes(heap,
				    v8_word_at(head, heap->layout->offsets.bytecode_positions),
				    MAX_POSITIONS, &copy.positions, &copy.positions_size);
	if (!err)
		err = read_head(heap, object, again);
	if (!err && memcmp(head, again, HEAD))
		err = -ESTALE;
	if (err) {
		free(copy.bytes);
		free(copy.positions);
		return err;
	}
	if (!heap->positions_known)
		heap->positions_known = v8_positions_detect(copy.positions, copy.positions_size,
							    &heap->new_positions);
	*ret = copy;
	return 0;
}
