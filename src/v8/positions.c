// SPDX-License-Identifier: Apache-2.0
/*
 * Decodes source position tables: V8's src/codegen/source-position-table.cc. Entries are
 * differences of code offset and of position. Until 13.6 a negative code difference means an entry
 * that is no statement; since 14.1 that is a bit of its own.
 */
#include <errno.h>

#include "v8/positions.h"

#define FIRST_OLD 1
#define FIRST_NEW 2

bool v8_positions_detect(const uint8_t *table, size_t size, bool *ret_new)
{
	if (!size || (table[0] != FIRST_OLD && table[0] != FIRST_NEW))
		return false;
	*ret_new = table[0] == FIRST_NEW;
	return true;
}

int v8_varint_read(const uint8_t *bytes, size_t size, size_t *at, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint8_t byte;

		if (*at >= size)
			return -EINVAL;
		byte = bytes[(*at)++];
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = value;
			return 0;
		}
	}
	return -EINVAL;
}

static int64_t zigzag(uint64_t value)
{
	return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

/* How far the next entry's code lies behind the one before. */
static int64_t code_step(uint64_t value, bool is_new)
{
	int64_t step;

	if (is_new)
		return (int64_t)(value >> 2);
	step = zigzag(value);
	return step >= 0 ? step : -(step + 1);
}

int v8_positions_find(const uint8_t *table, size_t size, bool is_new, int64_t offset,
		      uint64_t *ret_raw)
{
	uint64_t code = (uint64_t)-1; /* the function's entry, in V8's terms */
	uint64_t raw = 0, found = 0;
	bool is_found = false;
	size_t at = 0;

	while (at < size) {
		uint64_t value;

		if (v8_varint_read(table, size, &at, &value))
			return -EINVAL;
		code += (uint64_t)code_step(value, is_new);
		if ((int64_t)code > offset)
			break;
		if (v8_varint_read(table, size, &at, &value))
			return -EINVAL;
		raw += (uint64_t)zigzag(value);
		found = raw;
		is_found = true;
	}
	if (!is_found)
		return -ENOENT;
	*ret_raw = found;
	return 0;
}
