// SPDX-License-Identifier: Apache-2.0
/*
 * V8 allocates a code's position table, then its deoptimization data and what hangs on them, in one
 * go: the array mostly lies a little behind the table, seldom elsewhere in the same page of the
 * heap. It has the map of the empty one, which spares guesses, and must have an entry for the very
 * call.
 */
#include <errno.h>

#include "v8/deopt.h"
#include "v8/dropped.h"

#define BLOCK	  4096
#define NR_WORDS  (BLOCK / sizeof(uint64_t))
#define PAGE	  (256 << 10) /* of V8's heap */
#define MAX_TRIES 512	      /* arrays */

bool v8_dropped_is(struct v8_heap *heap, uint64_t deopt)
{
	uint64_t length;

	return !v8_heap_word(heap, deopt, heap->layout->offsets.array_length, &length) && !length;
}

/* In the block at @start. */
static int search(struct v8_heap *heap, const struct v8_code *code, uint64_t pc, uint64_t map,
		  uint64_t start, uint32_t *nr_tries, uint64_t *ret)
{
	uint64_t words[NR_WORDS];
	int err = v8_memory_read(heap->memory, start, words, sizeof(words));

	for (uint32_t i = 0; i < NR_WORDS && !err; i++) {
		uint64_t object = (start + i * sizeof(*words)) | HT_V8_TAG;

		if (words[i] != map)
			continue;
		if (++*nr_tries > MAX_TRIES)
			return -E2BIG;
		if (!v8_deopt_covers(heap, code, object, pc))
			continue;
		*ret = object;
		return 0;
	}
	return -ENOENT;
}

int v8_dropped_find(struct v8_heap *heap, const struct v8_code *code, uint64_t pc, uint64_t *ret)
{
	uint64_t table = code->table - HT_V8_TAG, page = table & ~(uint64_t)(PAGE - 1), map;
	uint32_t nr_tries = 0;

	if (!HT_V8_IS_OBJECT(code->table) || v8_heap_word(heap, code->deopt, 0, &map))
		return -ESTALE;
	/* From the table to the page's end, and then what is before it. */
	for (uint32_t at = 0; at < PAGE; at += BLOCK) {
		uint64_t start = page + ((table - page) / BLOCK * BLOCK + at) % PAGE;
		int err = search(heap, code, pc, map, start, &nr_tries, ret);

		if (err != -ENOENT)
			return err ? -ESTALE : 0;
	}
	return -ESTALE;
}
