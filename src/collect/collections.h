/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What V8's collections say beside a recording of memory: how many there were, how long they
 * stopped the process, and what survives the full ones, the floor of its heap. That rises when
 * JavaScript leaks, whatever the heap has committed.
 */
#ifndef HEAPTAP_COLLECT_COLLECTIONS_H
#define HEAPTAP_COLLECT_COLLECTIONS_H

#include <stdint.h>

#include "heaptap/gc.h"

/* Isolates that are told apart: a process's threads have one each. Those beyond have no floor. */
#define COLLECTIONS_MAX_HEAPS 32

struct collections {
	uint64_t nr, pause_ns;
	unsigned int nr_heaps;
	struct {
		uint64_t heap, floor; /* the least bytes that a full collection left */
	} heaps[COLLECTIONS_MAX_HEAPS];
};

void collections_add(struct collections *collections, const struct ht_gc_event *event);

/* That of the largest heap, which is the main thread's but for unusual programs; 0 before the first
 * full collection. */
uint64_t collections_floor(const struct collections *collections);

#endif
