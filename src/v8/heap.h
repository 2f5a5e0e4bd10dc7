/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of a foreign V8 heap. What is read may be anything by then: the collector moves objects
 * and reuses their memory, so every object's type is read before it is believed.
 */
#ifndef HEAPTAP_V8_HEAP_H
#define HEAPTAP_V8_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "v8/layout.h"
#include "v8/memory.h"

#define V8_NR_KNOWN_MAPS 64

struct v8_heap {
	struct v8_memory *memory;
	const struct v8_layout *layout;
	bool new_positions, positions_known; /* encoding of position tables, and whether seen */
	uint64_t name_string;		     /* "name", once it was seen; 0 before */
	uint64_t stream_map;		     /* of instructions, once one was seen; 0 before */
	/* Maps of V8's own objects; they are never moved. Direct-mapped by address. */
	struct {
		uint64_t map;
		uint16_t type;
	} maps[V8_NR_KNOWN_MAPS];
};

void v8_heap_init(struct v8_heap *heap, struct v8_memory *memory, const struct v8_layout *layout);

/* Copies @size bytes from the beginning of @object (tagged). -EINVAL when it is no object. */
int v8_heap_read(struct v8_heap *heap, uint64_t object, void *buffer, size_t size);

/* Also checks that it is of @type: -ESTALE when not. @size at least the map's word. */
int v8_heap_read_typed(struct v8_heap *heap, uint64_t object, int32_t type, void *buffer,
		       size_t size);

/* The tagged word at @offset of @object. */
int v8_heap_word(struct v8_heap *heap, uint64_t object, int32_t offset, uint64_t *ret);

/* The instance type of @object, and that of an object with the map word @map. */
int v8_heap_type(struct v8_heap *heap, uint64_t object, uint16_t *ret);
int v8_heap_type_of_map(struct v8_heap *heap, uint64_t map, uint16_t *ret);

/* Of a copy of an object's beginning; @offset is one of the layout, inside the copy. */
uint64_t v8_word_at(const void *copy, int32_t offset);
int32_t v8_int_at(const void *copy, int32_t offset);

/*
 * The bytes of a ByteArray, at most @limit of them: -EFBIG when longer. *ret is malloc'd, with one
 * byte more than *ret_size, and the caller's.
 */
int v8_heap_bytes(struct v8_heap *heap, uint64_t array, uint32_t limit, uint8_t **ret,
		  uint32_t *ret_size);

#endif
