// SPDX-License-Identifier: Apache-2.0
/*
 * Walks the bytecode and the table of code lengths side by side (V8's
 * src/baseline/bytecode-offset-iterator.h). A prefix makes the next bytecode's operands wide; it is
 * one with it, and its offset is the prefix's.
 */
#include <errno.h>

#include "v8/baseline.h"
#include "v8/positions.h"

/* The first bytecodes of every version. */
enum {
	WIDE,
	EXTRA_WIDE,
	DEBUG_BREAK_WIDE,
	DEBUG_BREAK_EXTRA_WIDE,
	NR_PREFIXES,
};

/* The size of the bytecode at @at, with its prefix; 0 when it is none. */
static size_t size_at(const struct v8_layout *layout, const struct v8_bytecode *bytecode, size_t at)
{
	size_t prefix = 0, scale = 0, size;
	uint8_t code = bytecode->bytes[at];

	if (code < NR_PREFIXES) {
		prefix = 1;
		scale = code == WIDE || code == DEBUG_BREAK_WIDE ? 1 : 2;
		if (at + 1 >= bytecode->size)
			return 0;
		code = bytecode->bytes[at + 1];
	}
	size = code < layout->nr_bytecodes ? layout->bytecode_sizes[scale][code] : 0;
	return size ? prefix + size : 0;
}

int v8_baseline_find(const struct v8_layout *layout, const uint8_t *table, size_t size,
		     const struct v8_bytecode *bytecode, uint64_t pc_offset, int32_t *ret)
{
	size_t at = 0, next = 0;
	int64_t offset = -1; /* the first length is the prologue's */
	uint64_t end = 0;

	if (!layout->nr_bytecodes)
		return -ENOTSUP;
	for (;;) {
		uint64_t length;
		size_t step;

		if (v8_varint_read(table, size, &at, &length))
			return -EINVAL;
		end += length;
		if (end >= pc_offset)
			break;
		if (next >= bytecode->size)
			return -EINVAL;
		offset = (int64_t)next;
		step = size_at(layout, bytecode, next);
		if (!step)
			return -EINVAL;
		next += step;
	}
	*ret = (int32_t)offset;
	return 0;
}
