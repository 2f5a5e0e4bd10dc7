// SPDX-License-Identifier: Apache-2.0
/*
 * Reads one property: the map's descriptors say where each is, in the object, in its array of
 * properties, or in the descriptor itself (V8's src/objects/property-details.h). The bits are the
 * v8dbg_prop_* and v8dbg_bit_field3_* of 10.2 to 14.6, which are all the same.
 */
#include <errno.h>
#include <string.h>

#include "v8/own_name.h"
#include "v8/string.h"

#define MAX_DESCRIPTORS 8 /* "name" comes first or second */
#define MAP_SIZE	48
#define DESCRIPTOR	3 /* words: key, details, value */
#define MAX_HEADER	8 /* words of a descriptor array before them */

#define MAP_INSTANCE_WORDS   8 /* bytes of a map */
#define MAP_INOBJECT_START   9
#define MAP_BIT_FIELD3	     16
#define IS_DICTIONARY(bits)  ((bits) >> 21 & 1)
#define NR_DESCRIPTORS(bits) ((bits) >> 10 & 0x3ff)
#define IS_ACCESSOR(details) ((details)&1)
#define IN_DESCRIPTOR(d)     ((d) >> 5 & 1)
#define FIELD_INDEX(details) ((details) >> 19 & 0x3ff)
#define PROPERTIES	     8 /* of an object: its property array */
#define PROPERTY_ARRAY_DATA  16

static bool is_name(struct v8_heap *heap, uint64_t key)
{
	char text[8];

	if (heap->name_string)
		return key == heap->name_string;
	if (!HT_V8_IS_OBJECT(key) || v8_string_read(heap, key, text, sizeof(text)) ||
	    strcmp(text, "name"))
		return false;
	heap->name_string = key; /* one for the whole process, in a space that is not moved */
	return true;
}

static int read_field(struct v8_heap *heap, uint64_t function, const char *map, uint32_t index,
		      uint64_t *ret)
{
	uint32_t start = (uint8_t)map[MAP_INOBJECT_START];
	uint32_t end = (uint8_t)map[MAP_INSTANCE_WORDS];
	uint64_t properties;
	int err;

	if (start + index < end)
		return v8_heap_word(heap, function, (int32_t)((start + index) * sizeof(*ret)), ret);
	if (end < start)
		return -ESTALE;
	err = v8_heap_word(heap, function, PROPERTIES, &properties);
	if (err)
		return err;
	index -= end - start;
	return v8_heap_word(heap, properties, (int32_t)(PROPERTY_ARRAY_DATA + index * sizeof(*ret)),
			    ret);
}

int v8_own_name_find(struct v8_heap *heap, uint64_t function, uint64_t *ret_string)
{
	const struct v8_offsets *at = &heap->layout->offsets;
	uint64_t words[MAX_HEADER + MAX_DESCRIPTORS * DESCRIPTOR], map, value;
	uint32_t bits, nr, header = (uint32_t)at->descriptors_header / sizeof(*words);
	char head[MAP_SIZE];
	int err;

	if (at->descriptors_header <= 0 || header > MAX_HEADER || at->map_descriptors <= 0 ||
	    at->map_descriptors > (int32_t)(MAP_SIZE - sizeof(map)))
		return -ENOENT;
	err = v8_heap_word(heap, function, 0, &map);
	if (!err)
		err = v8_heap_read(heap, map, head, sizeof(head));
	if (err)
		return err;
	bits = (uint32_t)v8_int_at(head, MAP_BIT_FIELD3);
	nr = NR_DESCRIPTORS(bits);
	if (IS_DICTIONARY(bits) || !nr)
		return -ENOENT;
	nr = nr < MAX_DESCRIPTORS ? nr : MAX_DESCRIPTORS;
	err = v8_heap_read(heap, v8_word_at(head, at->map_descriptors), words,
			   (header + nr * DESCRIPTOR) * sizeof(*words));
	if (err)
		return err;
	for (const uint64_t *entry = words + header; nr--; entry += DESCRIPTOR) {
		uint32_t details = (uint32_t)HT_V8_SMI(entry[1]);

		if (!is_name(heap, entry[0]))
			continue;
		if (IS_ACCESSOR(details))
			return -ENOENT;
		value = entry[2];
		if (!IN_DESCRIPTOR(details))
			err = read_field(heap, function, head, FIELD_INDEX(details), &value);
		if (!err)
			*ret_string = value;
		return err;
	}
	return -ENOENT;
}
