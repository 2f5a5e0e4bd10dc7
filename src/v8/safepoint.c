// SPDX-License-Identifier: Apache-2.0
/*
 * V8's src/codegen/maglev-safepoint-table.h: [a word since V8 13,] number of entries, layout of an
 * entry, and further words up to 16 bytes; entries of pc, deoptimization index + 1, exit + 1, a
 * byte of spill slots, registers.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "v8/safepoint.h"

#define HEADER		   16
#define HAS_DEOPT(layout)  ((layout)&1)
#define REGISTERS_SIZE(l)  ((l) >> 1 & 7)
#define PC_SIZE(layout)	   ((layout) >> 4 & 7)
#define INDEX_SIZE(layout) ((layout) >> 7 & 7)
#define MAX_NUMBER	   4 /* bytes */

static uint32_t number(const uint8_t *bytes, uint32_t size)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < size; i++)
		value |= (uint32_t)bytes[i] << 8 * i;
	return value;
}

int v8_safepoint_find(const uint8_t *table, size_t size, uint32_t head, uint32_t pc_offset,
		      struct v8_safepoint *ret)
{
	uint32_t nr, layout, pc_size, index_size, entry_size;

	if (size < HEADER || head > 1)
		return -ENOENT;
	memcpy(&nr, table + head * sizeof(nr), sizeof(nr));
	memcpy(&layout, table + (head + 1) * sizeof(nr), sizeof(layout));
	pc_size = PC_SIZE(layout);
	index_size = INDEX_SIZE(layout);
	if (!HAS_DEOPT(layout) || !pc_size || pc_size > MAX_NUMBER || !index_size ||
	    index_size > MAX_NUMBER)
		return -ENOENT;
	entry_size = 2 * pc_size + index_size + 1 + REGISTERS_SIZE(layout);
	for (uint32_t i = 0; i < nr && (i + 1) * (size_t)entry_size <= size - HEADER; i++) {
		const uint8_t *entry = table + HEADER + (size_t)i * entry_size;
		uint32_t index = number(entry + pc_size, index_size);
		uint32_t exit = number(entry + pc_size + index_size, pc_size);

		if (number(entry, pc_size) != pc_offset || !index || !exit)
			continue;
		*ret = (struct v8_safepoint){index - 1, exit - 1};
		return 0;
	}
	return -ENOENT;
}
