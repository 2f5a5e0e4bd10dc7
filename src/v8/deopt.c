// SPDX-License-Identifier: Apache-2.0
/*
 * DeoptimizationData is an array with a head of words, the translations first, and then three for
 * each place: bytecode offset, index of a translation, offset of the exit. A translation begins
 * with an opcode and how many frames it makes; with one there is nothing inlined (V8's
 * src/objects/deoptimization-data.h).
 */
#include <errno.h>
#include <stdlib.h>

#include "v8/deopt.h"
#include "v8/positions.h"
#include "v8/safepoint.h"

#define HEAD_BEHIND_INLINING 4 /* words from the inlining positions to the first entry */
#define ENTRY		     3 /* bytecode offset, translation, exit */
#define MAX_ENTRIES	     (1 << 16)
#define MAX_TABLE	     4096      /* bytes of safepoints; of what is behind no line is known */
#define MAX_TRANSLATIONS     (4 << 20) /* bytes */

/* BEGIN, then how far back its twin is, the number of frames, and of those of JavaScript; signed.
 */
static bool is_one_frame(const uint8_t *bytes, uint32_t size, uint32_t index)
{
	uint64_t value[3];
	size_t at = (size_t)index + 1;

	if (index >= size)
		return false;
	for (int i = 0; i < 3; i++)
		if (v8_varint_read(bytes, size, &at, &value[i]))
			return false;
	/* Signed numbers have their sign in the lowest bit, unsigned ones are as they are: of
	 * either kind one frame in all and one of JavaScript are the same number, 2 or 1. */
	return value[1] == value[2] && (value[1] == 1 || value[1] == 2);
}

static int check_translation(struct v8_heap *heap, uint64_t array, int32_t index)
{
	uint32_t size;
	uint8_t *bytes;
	bool is_one;
	int err = v8_heap_bytes(heap, array, MAX_TRANSLATIONS, &bytes, &size);

	if (err)
		return err;
	is_one = index >= 0 && is_one_frame(bytes, size, (uint32_t)index);
	free(bytes);
	return is_one ? 0 : -ENOENT;
}

/* The whole of the entries; malloc'd and the caller's. */
static int read_entries(struct v8_heap *heap, uint64_t deopt, uint64_t **ret, uint32_t *ret_nr)
{
	const struct v8_offsets *at = &heap->layout->offsets;
	int32_t first = at->deopt_inlining + HEAD_BEHIND_INLINING, nr;
	uint64_t length, *words;
	int err = v8_heap_word(heap, deopt, at->array_length, &length);

	if (err)
		return err;
	nr = (HT_V8_SMI(length) - first) / ENTRY;
	if (HT_V8_IS_OBJECT(length) || nr <= 0 || nr > MAX_ENTRIES)
		return -ENOENT;
	words = malloc((size_t)nr * ENTRY * sizeof(*words));
	if (!words)
		return -ENOMEM;
	err = v8_memory_read(heap->memory,
			     deopt - HT_V8_TAG + (uint32_t)at->array_data +
				     (uint32_t)first * sizeof(*words),
			     words, (size_t)nr * ENTRY * sizeof(*words));
	if (err) {
		free(words);
		return err;
	}
	*ret = words;
	*ret_nr = (uint32_t)nr;
	return 0;
}

/* The entry of the call that returns to @pc_offset, found by the table behind the instructions. */
static const uint64_t *find_entry(struct v8_heap *heap, const struct v8_code *code,
				  uint32_t pc_offset, const uint64_t *words, uint32_t nr)
{
	uint8_t table[MAX_TABLE];
	size_t size = sizeof(table);

	/* It may end, with its page, before that. */
	while (size && v8_memory_read(heap->memory, code->start + code->size, table, size))
		size /= 2;
	for (uint32_t head = 0; head <= 1; head++) {
		struct v8_safepoint point;

		if (v8_safepoint_find(table, size, head, pc_offset, &point) ||
		    point.deopt_index >= nr)
			continue;
		if (words[point.deopt_index * ENTRY + 2] == (uint64_t)point.exit << 32)
			return &words[point.deopt_index * ENTRY];
	}
	return NULL;
}

bool v8_deopt_covers(struct v8_heap *heap, const struct v8_code *code, uint64_t deopt, uint64_t pc)
{
	uint64_t *words;
	uint32_t nr;
	bool covers = false;

	if (read_entries(heap, deopt, &words, &nr))
		return false;
	/* TurboFan's entries of calls have the call's own offset. */
	for (uint32_t i = 0; i < nr && !covers; i++)
		covers = words[i * ENTRY + 2] == (pc - code->start) << 32;
	covers = covers || find_entry(heap, code, (uint32_t)(pc - code->start), words, nr);
	free(words);
	return covers;
}

int v8_deopt_find(struct v8_heap *heap, const struct v8_code *code, uint64_t pc, int32_t *ret)
{
	const uint64_t *entry;
	uint64_t translations, *words;
	uint32_t nr;
	int err = v8_heap_word(heap, code->deopt, heap->layout->offsets.array_data, &translations);

	if (!err)
		err = read_entries(heap, code->deopt, &words, &nr);
	if (err)
		return err;
	entry = find_entry(heap, code, (uint32_t)(pc - code->start), words, nr);
	err = entry ? 0 : -ENOENT;
	if (entry && code->nr_inlinings)
		err = check_translation(heap, translations, HT_V8_SMI(entry[1]));
	if (!err)
		*ret = HT_V8_SMI(entry[0]);
	free(words);
	return err;
}
