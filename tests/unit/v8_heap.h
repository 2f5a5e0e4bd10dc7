/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A heap of a few objects at chosen addresses, with the offsets of V8 13.6, for tests of its
 * readers.
 */
#ifndef HEAPTAP_TESTS_UNIT_V8_HEAP_H
#define HEAPTAP_TESTS_UNIT_V8_HEAP_H

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "v8/heap.h"

#define HEAP_BASE  0x10000000ULL
#define HEAP_SIZE  0x10000
#define TAGGED(at) (HEAP_BASE + (at) + HT_V8_TAG)
#define SMI(value) ((uint64_t)(uint32_t)(value) << 32)

struct small_heap {
	uint8_t bytes[HEAP_SIZE];
	struct v8_layout layout;
	struct v8_memory memory;
	struct v8_heap heap;
};

static inline int small_heap_read(void *data, uint64_t address, void *buffer, size_t size)
{
	const struct small_heap *heap = data;

	if (address < HEAP_BASE || address - HEAP_BASE > HEAP_SIZE ||
	    size > HEAP_SIZE - (address - HEAP_BASE))
		return -EFAULT;
	memcpy(buffer, heap->bytes + (address - HEAP_BASE), size);
	return 0;
}

static inline void put(struct small_heap *heap, uint32_t at, const void *bytes, size_t size)
{
	memcpy(heap->bytes + at, bytes, size);
}

static inline void put_word(struct small_heap *heap, uint32_t at, uint64_t word)
{
	put(heap, at, &word, sizeof(word));
}

/* An object's map is made beside it, one for each type. */
static inline void put_map(struct small_heap *heap, uint32_t at, uint16_t type)
{
	uint32_t map = HEAP_SIZE - 0x4000 + (uint32_t)type * 16;

	put(heap, map + (uint32_t)heap->layout.offsets.map_type, &type, sizeof(type));
	put_word(heap, at, TAGGED(map));
}

static inline void small_heap_init(struct small_heap *heap)
{
	memset(heap, 0, sizeof(*heap));
	memset(&heap->layout.offsets, 0xff, sizeof(heap->layout.offsets));
	memset(&heap->layout.types, 0xff, sizeof(heap->layout.types));
	heap->layout.offsets.map_type = 12;
	heap->layout.offsets.string_length = 12;
	heap->layout.offsets.string_chars = 16;
	heap->layout.offsets.cons_first = 16;
	heap->layout.offsets.cons_second = 24;
	heap->layout.offsets.thin_actual = 16;
	heap->layout.offsets.sliced_parent = 16;
	heap->layout.offsets.sliced_offset = 24;
	heap->layout.offsets.external_data = 24;
	heap->layout.offsets.array_length = 8;
	heap->layout.offsets.array_data = 16;
	heap->layout.types.fixed_array = 205;
	heap->layout.types.function_first = 2065;
	heap->memory = (struct v8_memory){.read = small_heap_read, .data = heap};
	v8_heap_init(&heap->heap, &heap->memory, &heap->layout);
}

#endif
