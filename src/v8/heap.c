// SPDX-License-Identifier: Apache-2.0
/*
 * Tagged words, maps and instance types. The types of V8's own objects are remembered by map: their
 * maps live in a space that is neither moved nor freed. Those of JavaScript objects are not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "v8/heap.h"

#define FIRST_NONSTRING 128 /* v8dbg_FirstNonstringType, in all versions */

void v8_heap_init(struct v8_heap *heap, struct v8_memory *memory, const struct v8_layout *layout)
{
	memset(heap, 0, sizeof(*heap));
	heap->memory = memory;
	heap->layout = layout;
	heap->new_positions = layout->new_positions;
}

uint64_t v8_word_at(const void *copy, int32_t offset)
{
	uint64_t word;

	memcpy(&word, (const char *)copy + offset, sizeof(word));
	return word;
}

int32_t v8_int_at(const void *copy, int32_t offset)
{
	int32_t value;

	memcpy(&value, (const char *)copy + offset, sizeof(value));
	return value;
}

int v8_heap_read(struct v8_heap *heap, uint64_t object, void *buffer, size_t size)
{
	if (!HT_V8_IS_OBJECT(object))
		return -EINVAL;
	return v8_memory_read(heap->memory, object - HT_V8_TAG, buffer, size);
}

int v8_heap_word(struct v8_heap *heap, uint64_t object, int32_t offset, uint64_t *ret)
{
	if (!HT_V8_IS_OBJECT(object) || offset < 0)
		return -EINVAL;
	return v8_memory_read(heap->memory, object - HT_V8_TAG + (uint32_t)offset, ret,
			      sizeof(*ret));
}

/* Strings and what V8 makes for itself: those whose maps stay where they are. */
static bool is_own_type(const struct v8_layout *layout, uint16_t type)
{
	const struct v8_types *types = &layout->types;

	return type < FIRST_NONSTRING || type == types->shared || type == types->script ||
	       type == types->scope_info || type == types->bytecode_array ||
	       type == types->interpreter_data || type == types->fixed_array ||
	       type == types->weak_fixed_array || type == types->byte_array ||
	       type == types->trusted_byte_array || type == types->code;
}

static size_t slot_of(uint64_t map)
{
	_Static_assert(V8_NR_KNOWN_MAPS == 1 << (64 - 58), "the slot has as many bits");
	return (map >> 3) * 0x9e3779b97f4a7c15ULL >> 58;
}

int v8_heap_type_of_map(struct v8_heap *heap, uint64_t map, uint16_t *ret)
{
	size_t slot = slot_of(map);
	uint16_t type;
	int err;

	/* In a collection's pause a moved object has the address of its copy, which has the map;
	 * the rest of it is as it was. */
	if (!HT_V8_IS_OBJECT(map)) {
		err = map ? v8_heap_word(heap, map | HT_V8_TAG, 0, &map) : -ESTALE;
		if (err || !HT_V8_IS_OBJECT(map))
			return err ? err : -ESTALE;
		slot = slot_of(map);
	}
	if (heap->maps[slot].map == map) {
		*ret = heap->maps[slot].type;
		return 0;
	}
	err = v8_memory_read(heap->memory,
			     map - HT_V8_TAG + (uint32_t)heap->layout->offsets.map_type, &type,
			     sizeof(type));
	if (err)
		return err;
	if (is_own_type(heap->layout, type)) {
		heap->maps[slot].map = map;
		heap->maps[slot].type = type;
	}
	*ret = type;
	return 0;
}

int v8_heap_type(struct v8_heap *heap, uint64_t object, uint16_t *ret)
{
	uint64_t map;
	int err = v8_heap_word(heap, object, 0, &map);

	return err ? err : v8_heap_type_of_map(heap, map, ret);
}

int v8_heap_read_typed(struct v8_heap *heap, uint64_t object, int32_t type, void *buffer,
		       size_t size)
{
	uint16_t found;
	int err = v8_heap_read(heap, object, buffer, size);

	if (!err)
		err = v8_heap_type_of_map(heap, v8_word_at(buffer, 0), &found);
	if (err)
		return err;
	return found == type ? 0 : -ESTALE;
}

int v8_heap_bytes(struct v8_heap *heap, uint64_t array, uint32_t limit, uint8_t **ret,
		  uint32_t *ret_size)
{
	const struct v8_offsets *at = &heap->layout->offsets;
	const struct v8_types *types = &heap->layout->types;
	uint64_t length;
	uint16_t type;
	uint8_t *bytes;
	int32_t size;
	int err = v8_heap_type(heap, array, &type);

	if (err)
		return err;
	if (type != types->byte_array && type != types->trusted_byte_array)
		return -ESTALE;
	err = v8_heap_word(heap, array, at->array_length, &length);
	if (err)
		return err;
	size = HT_V8_SMI(length);
	if (size < 0 || HT_V8_IS_OBJECT(length))
		return -ESTALE;
	if ((uint32_t)size > limit)
		return -EFBIG;
	bytes = malloc((size_t)size + 1);
	if (!bytes)
		return -ENOMEM;
	if (size)
		err = v8_memory_read(heap->memory, array - HT_V8_TAG + (uint32_t)at->array_data,
				     bytes, (size_t)size);
	if (err) {
		free(bytes);
		return err;
	}
	*ret = bytes;
	*ret_size = (uint32_t)size;
	return 0;
}
