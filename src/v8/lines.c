// SPDX-License-Identifier: Apache-2.0
/*
 * What ends a line is ECMAScript's choice: LF, CR (one with an LF behind it), U+2028 and U+2029.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "v8/lines.h"
#include "v8/string.h"

#define LINE_SEPARATOR	    0x2028
#define PARAGRAPH_SEPARATOR 0x2029
#define MAX_LINE_ENDS	    (4U << 20) /* of an array that V8 made */
#define BLOCK		    512	       /* words of it read at once */

struct count {
	struct v8_lines *lines;
	bool after_cr;
};

static int add_end(struct v8_lines *lines, uint32_t position)
{
	if (lines->nr_ends == lines->nr_allocated) {
		uint32_t nr = lines->nr_allocated ? lines->nr_allocated * 2 : 64;
		uint32_t *ends = realloc(lines->ends, nr * sizeof(*ends));

		if (!ends)
			return -ENOMEM;
		lines->ends = ends;
		lines->nr_allocated = nr;
	}
	lines->ends[lines->nr_ends++] = position;
	return 0;
}

static int count_chars(void *arg, const struct v8_chars *chars)
{
	struct count *count = arg;
	struct v8_lines *lines = count->lines;

	for (uint32_t i = 0; i < chars->nr_chars; i++) {
		uint16_t c = v8_char_at(chars, i);
		uint32_t position = lines->nr_chars + i;
		bool after_cr = count->after_cr;

		count->after_cr = c == '\r';
		if (c != '\n' && c != '\r' && c != LINE_SEPARATOR && c != PARAGRAPH_SEPARATOR)
			continue;
		if (c == '\n' && after_cr)
			lines->ends[lines->nr_ends - 1] = position; /* the line ends here */
		else if (add_end(lines, position))
			return -ENOMEM;
	}
	lines->nr_chars += chars->nr_chars;
	return 0;
}

static int read_array(struct v8_heap *heap, uint64_t array, struct v8_lines *lines)
{
	const struct v8_offsets *at = &heap->layout->offsets;
	uint64_t length, address = array - HT_V8_TAG + (uint32_t)at->array_data;
	uint16_t type;
	int err = v8_heap_type(heap, array, &type);

	if (!err)
		err = v8_heap_word(heap, array, at->array_length, &length);
	if (err)
		return err;
	if (type != heap->layout->types.fixed_array || HT_V8_IS_OBJECT(length) ||
	    HT_V8_SMI(length) <= 0 || HT_V8_SMI(length) > (int32_t)MAX_LINE_ENDS)
		return -ESTALE;
	for (uint32_t done = 0; done < (uint32_t)HT_V8_SMI(length);) {
		uint64_t words[BLOCK];
		uint32_t nr = (uint32_t)HT_V8_SMI(length) - done;

		nr = nr < BLOCK ? nr : BLOCK;
		err = v8_memory_read(heap->memory, address + done * sizeof(*words), words,
				     nr * sizeof(*words));
		for (uint32_t i = 0; i < nr && !err; i++) {
			int32_t end = HT_V8_SMI(words[i]);

			if (HT_V8_IS_OBJECT(words[i]) || end < 0 ||
			    (lines->nr_ends && (uint32_t)end <= lines->ends[lines->nr_ends - 1]))
				return -ESTALE;
			err = add_end(lines, (uint32_t)end);
		}
		if (err)
			return err;
		done += nr;
	}
	/* The last end is the source's. */
	lines->nr_chars = lines->ends[lines->nr_ends - 1];
	return 0;
}

int v8_lines_read(struct v8_heap *heap, uint64_t line_ends, uint64_t source, struct v8_lines *ret)
{
	struct count count = {.lines = ret};
	int err;

	memset(ret, 0, sizeof(*ret));
	if (HT_V8_IS_OBJECT(line_ends)) {
		err = read_array(heap, line_ends, ret);
		if (!err || err == -ENOMEM)
			return err;
		ret->nr_ends = 0;
		ret->nr_chars = 0;
	}
	err = v8_string_each(heap, source, V8_MAX_SOURCE, count_chars, &count);
	if (err != -EFBIG)
		return err;
	ret->is_cut = true;
	return 0;
}

void v8_lines_done(struct v8_lines *lines)
{
	free(lines->ends);
	memset(lines, 0, sizeof(*lines));
}

bool v8_lines_find(const struct v8_lines *lines, int32_t position, int32_t *ret_line,
		   int32_t *ret_column)
{
	uint32_t low = 0, high = lines->nr_ends;

	if (position < 0 || (uint32_t)position > lines->nr_chars)
		return false;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (lines->ends[middle] < (uint32_t)position)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_line = (int32_t)low;
	*ret_column = position - (low ? (int32_t)lines->ends[low - 1] + 1 : 0);
	return true;
}
