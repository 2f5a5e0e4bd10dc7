// SPDX-License-Identifier: Apache-2.0
/* Each object is packed by one format string; jansson frees what went in when that fails. */
#include "export/gc_json.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "util/utf8.h"
#include "v8/gc_reason.h"

#define SCHEMA "heaptap-gc-1"

static int put(const struct gc_lines *lines, json_t *object)
{
	int err = 0;

	if (!object || (json_dumpf(object, lines->out, JSON_COMPACT) && !ferror(lines->out)))
		err = -ENOMEM;
	json_decref(object);
	fputc('\n', lines->out);
	return err;
}

static json_t *integer_if(bool known, uint64_t value)
{
	return known ? json_integer((json_int_t)value) : json_null();
}

int gc_json_put(const struct gc_lines *lines, const struct ht_gc_event *event)
{
	bool kind = !(event->missing & HT_GC_NO_KIND), size = !(event->missing & HT_GC_NO_SIZE);
	const char *reason = kind ? gc_reason_text(lines->v8_major, event->reason) : NULL;
	char heap[24];

	snprintf(heap, sizeof(heap), "0x%" PRIx64, (uint64_t)event->heap);
	return put(lines, json_pack("{s:s, s:I, s:s?, s:s?, s:o, s:o, s:o, s:I, s:I, s:s?}", "type",
				    "gc", "time_ns", (json_int_t)event->start_ns + lines->offset_ns,
				    "kind", kind ? gc_kind_text(event->kind) : NULL, "reason",
				    reason, "reason_code", integer_if(kind, event->reason),
				    "before", integer_if(size, event->before), "after",
				    integer_if(size, event->after), "pause_ns",
				    (json_int_t)(event->event.time_ns - event->start_ns), "tid",
				    (json_int_t)event->tid, "heap", kind ? heap : NULL));
}

static json_t *new_pauses(const struct gc_stats *stats)
{
	json_t *object = json_object();

	for (int i = 0; i < HT_NR_GC_KINDS; i++) {
		const struct histogram *h = &stats->pauses[i];
		json_t *one;

		if (!h->nr)
			continue;
		one = json_pack("{s:I, s:I, s:I, s:I, s:I}", "count", (json_int_t)h->nr, "total_ns",
				(json_int_t)h->total, "p50_ns",
				(json_int_t)histogram_quantile(h, 0.5), "p99_ns",
				(json_int_t)histogram_quantile(h, 0.99), "max_ns",
				(json_int_t)h->max);
		if (json_object_set_new(object, gc_kind_text(i), one)) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *new_floor(const struct gc_heap *heap)
{
	static const char *const verdicts[] = {
		[GC_TOO_FEW] = "too few collections",
		[GC_FLAT] = "flat",
		[GC_GROWING] = "growing",
		[GC_SHRINKING] = "shrinking",
	};
	enum gc_verdict verdict;
	struct slope slope;
	int err = gc_heap_floor(heap, &slope, &verdict);
	json_t *last = heap->nr_floor ? json_integer(llround(heap->floor[heap->nr_floor - 1].y))
				      : json_null();

	if (err == -ENOMEM) {
		json_decref(last);
		return NULL;
	}
	if (err)
		return json_pack("{s:s, s:I, s:o}", "verdict", verdicts[verdict], "collections",
				 (json_int_t)heap->nr_floor, "last", last);
	return json_pack("{s:s, s:I, s:o, s:f, s:f, s:f, s:f}", "verdict", verdicts[verdict],
			 "collections", (json_int_t)heap->nr_floor, "last", last, "bytes_per_hour",
			 slope.slope * 3600, "low_per_hour", slope.low * 3600, "high_per_hour",
			 slope.high * 3600, "p", slope.p);
}

static json_t *new_heap(const struct gc_heap *heap)
{
	char address[24];

	snprintf(address, sizeof(address), "0x%" PRIx64, heap->heap);
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:o}", "heap", address, "tid",
			 (json_int_t)heap->tid, "collections", (json_int_t)heap->nr, "pause_ns",
			 (json_int_t)heap->pause_ns, "allocated", (json_int_t)heap->allocated,
			 "promoted", (json_int_t)heap->promoted, "allocated_per_s",
			 gc_heap_allocation_rate(heap), "promoted_per_s",
			 gc_heap_promotion_rate(heap), "floor", new_floor(heap));
}

int gc_json_summary(const struct gc_lines *lines, const struct gc_stats *stats,
		    const struct gc_run *run)
{
	json_t *heaps = json_array();
	char comm[64];

	snprintf(comm, sizeof(comm), "%s", run->comm);
	utf8_repair(comm);
	for (size_t i = 0; i < stats->nr_heaps; i++)
		if (json_array_append_new(heaps, new_heap(&stats->heaps[i]))) {
			json_decref(heaps);
			return -ENOMEM;
		}
	return put(lines, json_pack("{s:s, s:s, s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
				    "type", "summary", "schema", SCHEMA, "pid", run->pid, "comm",
				    comm, "watched_ns", (json_int_t)run->watched_ns, "pause_ns",
				    (json_int_t)gc_stats_pause_ns(stats), "lost",
				    (json_int_t)run->nr_lost, "half", (json_int_t)run->nr_half,
				    "incomplete", (json_int_t)stats->nr_incomplete, "pauses",
				    new_pauses(stats), "heaps", heaps));
}
