// SPDX-License-Identifier: Apache-2.0
/*
 * Of a library that is nothing but an allocator all its code is; of others the functions that are
 * known, and what lies between two that are near each other: glibc's malloc may jump to its slow
 * path, whose name nobody knows.
 */
#include "collect/allocator_code.h"

#include <string.h>

#define NEAR 8192 /* bytes between functions of one piece of source */

/* @offset is in the file. */
static bool is_inside(const struct probes *probes, uint64_t offset)
{
	bool known = strcmp(probes->family, "own") != 0;
	uint64_t below = 0, above = UINT64_MAX;

	if (probes->only_allocator)
		return true;
	for (unsigned int i = 0; i < probes->nr; i++) {
		uint64_t start = probes->probes[i].offset, end = start + probes->probes[i].size;

		if (offset >= start && offset < end)
			return true;
		if (end <= offset && end > below)
			below = end;
		if (start > offset && start < above)
			above = start;
	}
	return known && below && above != UINT64_MAX && above - below <= NEAR;
}

bool allocator_code_in(const struct attachments *attachments, const struct choice *choice,
		       const struct space *space, const struct stack *stack)
{
	for (uint32_t i = 0; i < stack->nr; i++) {
		const struct mapping *mapping;

		if (stack->mappings[i] == SPACE_NONE)
			continue;
		mapping = &space->mappings[stack->mappings[i]];
		for (unsigned int k = 0; k < attachments->nr; k++) {
			const struct probes *probes = &attachments->all[k].probes;

			if (mapping->object == probes->object &&
			    choice->reasons[k] != CHOICE_INTERPOSED &&
			    is_inside(probes,
				      stack->pcs[i] - 1 - mapping->start + mapping->offset))
				return true;
		}
	}
	return false;
}
