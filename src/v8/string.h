/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings of a foreign V8 heap, whatever their form: flat, concatenated, a part of another, or kept
 * outside of the heap.
 */
#ifndef HEAPTAP_V8_STRING_H
#define HEAPTAP_V8_STRING_H

#include <stdbool.h>
#include <stdint.h>

#include "v8/heap.h"

/* Characters as V8 has them: Latin-1 bytes, or UTF-16 units. */
struct v8_chars {
	const void *chars; /* not aligned */
	uint32_t nr_chars;
	bool is_wide;
};

uint16_t v8_char_at(const struct v8_chars *chars, uint32_t i);

/*
 * Hands the characters of @string to @visit, block by block, until it returns non-zero, which is
 * returned. -ESTALE when @string is no string (any more), -EFBIG when it has more than @limit
 * characters (what came before has been visited), -ELOOP when it is nested too deeply.
 */
int v8_string_each(struct v8_heap *heap, uint64_t string, uint32_t limit,
		   int (*visit)(void *arg, const struct v8_chars *chars), void *arg);

/* As UTF-8 into @buffer, cut at @size, ending with 0; what is no valid text becomes U+FFFD, and
 * control characters '?'. -ESTALE when @string is none. */
int v8_string_read(struct v8_heap *heap, uint64_t string, char *buffer, size_t size);

#endif
