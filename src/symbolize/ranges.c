// SPDX-License-Identifier: Apache-2.0
/*
 * Sorted address ranges that may overlap. Each entry knows the highest end of all entries up to
 * and including it, so a search that walks backwards knows when to stop.
 */
#include "symbolize/ranges.h"

#include <errno.h>
#include <stdlib.h>

int ranges_add(struct ranges *ranges, uint64_t low, uint64_t high, uint32_t value, uint32_t tag)
{
	if (low >= high)
		return 0;
	if (ranges->nr == ranges->room) {
		size_t room = ranges->room ? ranges->room + ranges->room / 2 : 64;
		struct range *entries = reallocarray(ranges->entries, room, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		ranges->entries = entries;
		ranges->room = room;
	}
	ranges->entries[ranges->nr++] =
		(struct range){.low = low, .high = high, .value = value, .tag = tag};
	return 0;
}

/* Of those with the same start the smaller one comes later, as the inner one. */
static int range_order(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	if (a->high != b->high)
		return a->high > b->high ? -1 : 1;
	return a->value < b->value ? -1 : a->value > b->value;
}

void ranges_sort(struct ranges *ranges)
{
	uint64_t max_high = 0;

	if (ranges->nr)
		qsort(ranges->entries, ranges->nr, sizeof(*ranges->entries), range_order);
	for (size_t i = 0; i < ranges->nr; i++) {
		if (ranges->entries[i].high > max_high)
			max_high = ranges->entries[i].high;
		ranges->entries[i].max_high = max_high;
	}
}

size_t ranges_above(const struct ranges *ranges, uint64_t address)
{
	size_t low = 0, high = ranges->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->entries[middle].low > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

size_t ranges_find(const struct ranges *ranges, uint64_t address)
{
	size_t i = ranges_above(ranges, address);

	while (i-- > 0 && ranges->entries[i].max_high > address) {
		if (ranges->entries[i].high > address)
			return i;
	}
	return RANGES_NONE;
}

void ranges_done(struct ranges *ranges)
{
	free(ranges->entries);
	*ranges = (struct ranges){};
}
