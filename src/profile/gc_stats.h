/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What many garbage collections say together: pauses by kind, and for each heap how much was
 * allocated, how much of it outlived scavenges, and whether the floor (what full collections leave)
 * grows. A pure function of the collections; memory is bounded, whatever their number.
 */
#ifndef HEAPTAP_PROFILE_GC_STATS_H
#define HEAPTAP_PROFILE_GC_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heaptap/gc.h"
#include "profile/slope.h"
#include "util/histogram.h"

/* Half of the points of a floor are left out when there are so many. */
#define GC_FLOOR_POINTS 2048

/* One heap: an isolate, of the main thread or of a worker. A worker that came later may have the
 * address of one that has ended, so the thread tells them apart. */
struct gc_heap {
	uint64_t heap; /* its address */
	uint32_t tid;
	uint64_t nr, pause_ns;
	uint64_t after;	    /* of the last collection */
	uint64_t allocated; /* bytes, between the first and the last collection */
	int64_t promoted;   /* growth, over all minor collections, of what they left behind */
	uint64_t first_ns, last_ns; /* ends of the first and the last collection */
	size_t nr_floor;
	uint32_t floor_every, floor_skipped; /* one full collection in so many is a point */
	struct slope_point *floor;	     /* s since the first collection, bytes */
};

struct gc_stats {
	struct histogram pauses[HT_NR_GC_KINDS]; /* ns */
	uint64_t nr_incomplete; /* collections of which something was not seen; in no figure */
	size_t nr_heaps;
	struct gc_heap *heaps; /* in the order they were met */
};

/* Takes @event in. 0 or -ENOMEM. A zeroed struct gc_stats is empty and ready. */
int gc_stats_add(struct gc_stats *stats, const struct ht_gc_event *event);
void gc_stats_done(struct gc_stats *stats);

/* NULL when it was not met. */
const struct gc_heap *gc_stats_heap(const struct gc_stats *stats, uint64_t heap, uint32_t tid);

/* Sum of all pauses, ns. */
uint64_t gc_stats_pause_ns(const struct gc_stats *stats);

/* Bytes a second that the heap was allocated, and that outlived minor collections; 0 with fewer
 * than two collections. */
double gc_heap_allocation_rate(const struct gc_heap *heap);
double gc_heap_promotion_rate(const struct gc_heap *heap);

/*
 * A floor grows or shrinks when at least GC_VERDICT_MIN full collections were seen, an order such
 * as theirs comes by chance in less than GC_VERDICT_P of all cases, and the change over the time
 * they span is more than GC_VERDICT_SHARE of the floor.
 */
#define GC_VERDICT_MIN	 8
#define GC_VERDICT_P	 0.01
#define GC_VERDICT_SHARE 0.01

enum gc_verdict { GC_TOO_FEW, GC_FLAT, GC_GROWING, GC_SHRINKING };

/* @ret is only set when there are three full collections, then 0; -EDOM with fewer; -ENOMEM. */
int gc_heap_floor(const struct gc_heap *heap, struct slope *ret, enum gc_verdict *ret_verdict);

#endif
