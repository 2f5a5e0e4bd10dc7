/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the lines of one script's source end: from V8's own array when it has made it, else counted
 * in the source.
 */
#ifndef HEAPTAP_V8_LINES_H
#define HEAPTAP_V8_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "v8/heap.h"

/* Of a source, in characters. What lies behind has no line. */
#define V8_MAX_SOURCE (64U << 20)

struct v8_lines {
	uint32_t *ends; /* positions of line terminators, ascending */
	uint32_t nr_ends, nr_allocated;
	uint32_t nr_chars; /* of the source that were looked at */
	bool is_cut;	   /* the source has more */
};

/* @line_ends and @source are those of a Script. -ENOMEM, or another error of reading; then *ret is
 * to be given to v8_lines_done() all the same. */
int v8_lines_read(struct v8_heap *heap, uint64_t line_ends, uint64_t source, struct v8_lines *ret);
void v8_lines_done(struct v8_lines *lines);

/* From 0. False when @position is not in the part that was looked at. */
bool v8_lines_find(const struct v8_lines *lines, int32_t position, int32_t *ret_line,
		   int32_t *ret_column);

#endif
