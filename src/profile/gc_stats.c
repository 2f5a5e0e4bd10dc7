// SPDX-License-Identifier: Apache-2.0
/* Sums over collections in the order they happened; each heap's own, since threads overlap. */
#include "profile/gc_stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct gc_heap *heap_of(struct gc_stats *stats, const struct ht_gc_event *event)
{
	struct gc_heap *heap = (struct gc_heap *)gc_stats_heap(stats, event->heap, event->tid);
	struct gc_heap *heaps;

	if (heap)
		return heap;
	heaps = reallocarray(stats->heaps, stats->nr_heaps + 1, sizeof(*heaps));
	if (!heaps)
		return NULL;
	stats->heaps = heaps;
	heap = &heaps[stats->nr_heaps];
	*heap = (struct gc_heap){.heap = event->heap,
				 .tid = event->tid,
				 .first_ns = event->event.time_ns,
				 .floor_every = 1};
	stats->nr_heaps++;
	return heap;
}

static void thin_floor(struct gc_heap *heap)
{
	for (size_t i = 0; 2 * i < heap->nr_floor; i++)
		heap->floor[i] = heap->floor[2 * i];
	heap->nr_floor = (heap->nr_floor + 1) / 2;
	heap->floor_every *= 2;
}

/* The capacity is not stored; it is the power of two that holds nr_floor. */
static int add_floor(struct gc_heap *heap, const struct ht_gc_event *event)
{
	size_t nr = heap->nr_floor;
	struct slope_point *floor;

	if (nr && ++heap->floor_skipped < heap->floor_every)
		return 0;
	heap->floor_skipped = 0;
	if (nr == GC_FLOOR_POINTS) {
		thin_floor(heap);
	} else if (!(nr & (nr - 1)) && heap->floor_every == 1) {
		floor = reallocarray(heap->floor, nr ? 2 * nr : 1, sizeof(*floor));
		if (!floor)
			return -ENOMEM;
		heap->floor = floor;
	}
	heap->floor[heap->nr_floor++] = (struct slope_point){
		(event->event.time_ns - heap->first_ns) / 1e9, (double)event->after};
	return 0;
}

int gc_stats_add(struct gc_stats *stats, const struct ht_gc_event *event)
{
	bool known = !event->missing && event->kind < HT_NR_GC_KINDS;
	uint64_t pause = event->event.time_ns - event->start_ns;
	struct gc_heap *heap;
	int err = 0;

	if (!known) {
		stats->nr_incomplete++;
		return 0;
	}
	heap = heap_of(stats, event);
	if (!heap)
		return -ENOMEM;
	histogram_add(&stats->pauses[event->kind], pause);
	if (heap->nr && event->before > heap->after)
		heap->allocated += event->before - heap->after;
	if (heap->nr && event->kind != HT_GC_MARK_COMPACT)
		heap->promoted += (int64_t)(event->after - heap->after);
	if (event->kind == HT_GC_MARK_COMPACT)
		err = add_floor(heap, event);
	heap->nr++;
	heap->pause_ns += pause;
	heap->after = event->after;
	heap->last_ns = event->event.time_ns;
	return err;
}

void gc_stats_done(struct gc_stats *stats)
{
	for (size_t i = 0; i < stats->nr_heaps; i++)
		free(stats->heaps[i].floor);
	free(stats->heaps);
	memset(stats, 0, sizeof(*stats));
}

const struct gc_heap *gc_stats_heap(const struct gc_stats *stats, uint64_t heap, uint32_t tid)
{
	for (size_t i = 0; i < stats->nr_heaps; i++)
		if (stats->heaps[i].heap == heap && stats->heaps[i].tid == tid)
			return &stats->heaps[i];
	return NULL;
}

uint64_t gc_stats_pause_ns(const struct gc_stats *stats)
{
	uint64_t total = 0;

	for (int i = 0; i < HT_NR_GC_KINDS; i++)
		total += stats->pauses[i].total;
	return total;
}

static double rate(const struct gc_heap *heap, double bytes)
{
	return heap->last_ns > heap->first_ns ? bytes / ((heap->last_ns - heap->first_ns) / 1e9)
					      : 0;
}

double gc_heap_allocation_rate(const struct gc_heap *heap)
{
	return rate(heap, heap->allocated);
}

double gc_heap_promotion_rate(const struct gc_heap *heap)
{
	return rate(heap, heap->promoted);
}

int gc_heap_floor(const struct gc_heap *heap, struct slope *ret, enum gc_verdict *ret_verdict)
{
	const struct slope_point *floor = heap->floor;
	int err = slope_estimate(floor, heap->nr_floor, ret);
	double change;

	*ret_verdict = GC_TOO_FEW;
	if (err || heap->nr_floor < GC_VERDICT_MIN)
		return err;
	change = ret->slope * (floor[heap->nr_floor - 1].x - floor[0].x);
	if (ret->p >= GC_VERDICT_P || fabs(change) <= GC_VERDICT_SHARE * ret->middle)
		*ret_verdict = GC_FLAT;
	else
		*ret_verdict = change > 0 ? GC_GROWING : GC_SHRINKING;
	return 0;
}
