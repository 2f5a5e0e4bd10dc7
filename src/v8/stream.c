// SPDX-License-Identifier: Apache-2.0
/*
 * Searches backwards for the map word of an InstructionStream (of a Code before V8 11). Any word of
 * machine code may look like one, so the Code object behind it must name this very place. One that
 * does, and ends before the pc, ends the search, for objects do not overlap.
 */
#include <errno.h>
#include <string.h>

#include "v8/stream.h"

#define BLOCK	     4096
#define MAX_DISTANCE (512 << 10) /* larger than V8's largest code outside of large pages */
#define HEAD	     128	 /* bytes of a Code object that are looked at */
#define MAX_GUESSES  4096	 /* words that may be the map, while it is not known */
#define ADDRESS_END  (1ULL << 47)

int v8_code_head_read(struct v8_heap *heap, uint64_t code, struct v8_code_head *ret)
{
	const struct v8_offsets *at = &heap->layout->offsets;
	bool is_inside = heap->layout->types.stream == V8_UNKNOWN;
	char head[HEAD];
	int err = v8_heap_read_typed(heap, code, heap->layout->types.code, head, sizeof(head));

	if (err)
		return err;
	ret->object = code;
	ret->map = v8_word_at(head, 0);
	ret->start = is_inside ? code - HT_V8_TAG + (uint32_t)at->code_start
			       : v8_word_at(head, at->code_start);
	ret->size = (uint32_t)v8_int_at(head, at->code_size);
	ret->flags = (uint32_t)v8_int_at(head, at->code_flags);
	ret->table = v8_word_at(head, at->code_positions);
	ret->deopt = v8_word_at(head, at->code_deopt);
	return 0;
}

/* Is the object at @address one that holds instructions? Before V8 11 none says so of itself. */
static bool is_stream(struct v8_heap *heap, uint64_t address, struct v8_code_head *ret)
{
	const struct v8_offsets *at = &heap->layout->offsets;
	uint64_t code = address | HT_V8_TAG;

	if (heap->layout->types.stream == V8_UNKNOWN)
		return !v8_code_head_read(heap, code, ret);
	return !v8_heap_word(heap, code, at->stream_code, &code) &&
	       !v8_code_head_read(heap, code, ret) &&
	       ret->start == address + (uint32_t)at->stream_start;
}

static bool holds(const struct v8_code_head *head, uint64_t pc)
{
	return pc > head->start && pc - head->start <= head->size;
}

/* Not through the heap's memory of maps: most words that come here are none. */
static bool is_stream_map(struct v8_heap *heap, uint64_t word, uint32_t *nr_guesses)
{
	const struct v8_types *types = &heap->layout->types;
	uint16_t type;

	if (heap->stream_map)
		return word == heap->stream_map;
	if ((word & 7) != HT_V8_TAG || word >= ADDRESS_END || word < BLOCK ||
	    ++*nr_guesses > MAX_GUESSES ||
	    v8_memory_read(heap->memory,
			   word - HT_V8_TAG + (uint32_t)heap->layout->offsets.map_type, &type,
			   sizeof(type)))
		return false;
	return type == (types->stream == V8_UNKNOWN ? types->code : types->stream);
}

/* -ENOENT when other code ends before @pc, -ESTALE when nothing was found. */
static int search(struct v8_heap *heap, uint64_t pc, struct v8_code_head *ret)
{
	uint64_t end = (pc - 1) & ~(uint64_t)7;
	uint32_t nr_guesses = 0;
	uint64_t lowest = end > MAX_DISTANCE ? end - MAX_DISTANCE : 0;

	while (end > lowest) {
		uint64_t start = (end - 1) & ~(uint64_t)(BLOCK - 1);
		uint64_t words[BLOCK / sizeof(uint64_t)];
		size_t nr = (end - start) / sizeof(*words);
		int err = v8_memory_read(heap->memory, start, words, nr * sizeof(*words));

		if (err)
			return err == -EFAULT ? -ESTALE : err;
		while (nr--) {
			uint64_t address = start + nr * sizeof(*words);

			if (!is_stream_map(heap, words[nr], &nr_guesses) ||
			    !is_stream(heap, address, ret))
				continue;
			if (holds(ret, pc)) {
				heap->stream_map = words[nr];
				return 0;
			}
			if (heap->layout->types.stream != V8_UNKNOWN)
				return -ENOENT;
		}
		end = start;
	}
	return -ESTALE;
}

int v8_stream_find(struct v8_heap *heap, uint64_t pc, struct v8_code_head *ret)
{
	uint64_t known = heap->stream_map;
	int err;

	if (pc < BLOCK || pc >= ADDRESS_END)
		return -ESTALE;
	err = search(heap, pc, ret);
	if (err == -ESTALE && known) {
		heap->stream_map = 0; /* of another isolate's heap? */
		err = search(heap, pc, ret);
		if (err)
			heap->stream_map = known;
	}
	return err == -ENOENT ? -ESTALE : err;
}
