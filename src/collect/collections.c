// SPDX-License-Identifier: Apache-2.0
#include "collect/collections.h"

static void add_floor(struct collections *collections, uint64_t heap, uint64_t bytes)
{
	unsigned int i = 0;

	while (i < collections->nr_heaps && collections->heaps[i].heap != heap)
		i++;
	if (i == COLLECTIONS_MAX_HEAPS)
		return;
	if (i == collections->nr_heaps) {
		collections->heaps[collections->nr_heaps++].heap = heap;
		collections->heaps[i].floor = bytes;
	}
	if (bytes < collections->heaps[i].floor)
		collections->heaps[i].floor = bytes;
}

void collections_add(struct collections *collections, const struct ht_gc_event *event)
{
	collections->nr++;
	collections->pause_ns += event->event.time_ns - event->start_ns;
	if (event->kind == HT_GC_MARK_COMPACT && !event->missing)
		add_floor(collections, event->heap, event->after);
}

uint64_t collections_floor(const struct collections *collections)
{
	uint64_t most = 0;

	for (unsigned int i = 0; i < collections->nr_heaps; i++)
		if (collections->heaps[i].floor > most)
			most = collections->heaps[i].floor;
	return most;
}
