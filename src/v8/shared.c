// SPDX-License-Identifier: Apache-2.0
/*
 * SharedFunctionInfo.
 */
#include <errno.h>
#include <string.h>

#include "v8/shared.h"

#define HEAD	   96 /* bytes of an object that are looked at */
#define WEAK_BITS  3
#define IS_WEAK(w) (((w)&WEAK_BITS) == WEAK_BITS)
#define KIND_MASK  31 /* of the flags */
#define MAX_STEPS  3  /* from a SharedFunctionInfo to its bytecode */

int v8_shared_read(struct v8_heap *heap, uint64_t object, struct v8_shared *ret)
{
	const struct v8_offsets *at = &heap->layout->offsets;
	size_t size = (size_t)at->shared_literal + sizeof(int32_t);
	char head[HEAD];
	int err;

	if (size > sizeof(head))
		return -EINVAL;
	err = v8_heap_read_typed(heap, object, heap->layout->types.shared, head, size);
	if (err)
		return err;
	ret->object = object;
	ret->data = v8_word_at(head, at->shared_data);
	ret->name = v8_word_at(head, at->shared_name);
	ret->script = v8_word_at(head, at->shared_script);
	ret->literal_id = v8_int_at(head, at->shared_literal);
	ret->kind = V8_UNKNOWN;
	if (at->shared_flags >= 0 && at->shared_flags < at->shared_literal)
		ret->kind = v8_int_at(head, at->shared_flags) & KIND_MASK;
	return 0;
}

int v8_shared_of_function(struct v8_heap *heap, uint64_t function, uint64_t *ret)
{
	const struct v8_offsets *at = &heap->layout->offsets;
	size_t size = (size_t)at->function_shared + sizeof(uint64_t);
	char head[HEAD];
	uint16_t type;
	int err = size > sizeof(head) ? -EINVAL : v8_heap_read(heap, function, head, size);

	if (!err)
		err = v8_heap_type_of_map(heap, v8_word_at(head, 0), &type);
	if (err)
		return err;
	if (type < heap->layout->types.function_first || type > heap->layout->types.function_last)
		return -ESTALE;
	*ret = v8_word_at(head, at->function_shared);
	return 0;
}

int v8_shared_of_script(struct v8_heap *heap, uint64_t script, uint32_t literal_id, uint64_t *ret)
{
	const struct v8_offsets *at = &heap->layout->offsets;
	uint64_t infos, length, word;
	int err = v8_heap_word(heap, script, at->script_infos, &infos);
	uint16_t type;

	if (!err)
		err = v8_heap_type(heap, infos, &type);
	if (!err && type != heap->layout->types.weak_fixed_array)
		err = -ESTALE;
	if (!err)
		err = v8_heap_word(heap, infos, at->array_length, &length);
	if (err)
		return err;
	if (HT_V8_IS_OBJECT(length) || (int64_t)literal_id >= HT_V8_SMI(length))
		return -ESTALE;
	err = v8_memory_read(heap->memory,
			     infos - HT_V8_TAG + (uint32_t)at->array_data +
				     literal_id * sizeof(word),
			     &word, sizeof(word));
	if (err)
		return err;
	*ret = IS_WEAK(word) ? (word & ~(uint64_t)WEAK_BITS) | HT_V8_TAG : word;
	return 0;
}

int v8_shared_bytecode(struct v8_heap *heap, const struct v8_shared *shared, uint64_t *ret)
{
	const struct v8_offsets *at = &heap->layout->offsets;
	const struct v8_types *types = &heap->layout->types;
	uint64_t object = shared->data;

	for (int i = 0; i < MAX_STEPS; i++) {
		uint16_t type;
		int err = v8_heap_type(heap, object, &type);

		if (err)
			return err;
		if (type == types->bytecode_array) {
			*ret = object;
			return 0;
		}
		if (type == types->interpreter_data)
			err = v8_heap_word(heap, object, at->interpreter_bytecode, &object);
		else if (type == types->code) /* of the baseline compiler */
			err = v8_heap_word(heap, object, at->code_deopt, &object);
		else
			err = -ESTALE;
		if (err)
			return err;
	}
	return -ESTALE;
}

void v8_shared_read_uncompiled(struct v8_heap *heap, const struct v8_shared *shared,
			       struct v8_scope *ret)
{
	const struct v8_offsets *at = &heap->layout->offsets;
	bool is_uncompiled = false;
	char head[HEAD];
	uint16_t type;

	if (at->uncompiled_inferred < 0 || at->uncompiled_start < 0 ||
	    v8_heap_read(heap, shared->data, head, 4 * sizeof(uint64_t)) ||
	    v8_heap_type_of_map(heap, v8_word_at(head, 0), &type))
		return;
	for (int i = 0; i < V8_NR_UNCOMPILED; i++)
		is_uncompiled |= type == heap->layout->types.uncompiled[i];
	if (!is_uncompiled)
		return;
	ret->inferred_name = v8_word_at(head, at->uncompiled_inferred);
	ret->start_position = v8_int_at(head, at->uncompiled_start);
}
