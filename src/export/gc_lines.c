// SPDX-License-Identifier: Apache-2.0
/* The text form, and the choice between the two. */
#include "export/gc_lines.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "export/gc_json.h"
#include "export/text.h"
#include "v8/gc_reason.h"

#define KIND_COLUMNS 18
#define MAX_HEAPS    8 /* in the summary */

void gc_lines_header(const struct gc_lines *lines)
{
	if (!lines->json)
		fprintf(lines->out, "%-12s  %-*s  %8s     %8s  %11s  %s\n", "TIME", KIND_COLUMNS,
			"KIND", "BEFORE", "AFTER", "PAUSE", "REASON");
}

/* Of the day, local, when the pause began. */
static void put_time(const struct gc_lines *lines, const struct ht_gc_event *event)
{
	int64_t ns = (int64_t)event->start_ns + lines->offset_ns;
	time_t seconds = ns / 1000000000;
	char text[16] = "";
	struct tm tm;

	strftime(text, sizeof(text), "%H:%M:%S", localtime_r(&seconds, &tm));
	fprintf(lines->out, "%s.%03d  ", text, (int)(ns / 1000000 % 1000));
}

int gc_lines_put(const struct gc_lines *lines, const struct ht_gc_event *event, bool thread)
{
	char before[TEXT_SIZE] = "?", after[TEXT_SIZE] = "?";
	bool known = !(event->missing & HT_GC_NO_KIND);
	const char *reason = known ? gc_reason_text(lines->v8_major, event->reason) : "?";

	if (lines->json)
		return gc_json_put(lines, event);
	if (!(event->missing & HT_GC_NO_SIZE)) {
		text_bytes(before, event->before);
		text_bytes(after, event->after);
	}
	put_time(lines, event);
	fprintf(lines->out, "%-*s  %8s  -> %8s  %8.2f ms  ", KIND_COLUMNS,
		known ? gc_kind_text(event->kind) : "?", before, after,
		(event->event.time_ns - event->start_ns) / 1e6);
	if (reason)
		fputs(reason, lines->out);
	else
		fprintf(lines->out, "reason %u", event->reason);
	if (thread)
		fprintf(lines->out, "  (thread %" PRIu32 ")", event->tid);
	fputc('\n', lines->out);
	return 0;
}

/* --- summary -----------------------------------------------------------------------------------
 */

static void put_pauses(const struct gc_lines *lines, const struct gc_stats *stats,
		       const struct gc_run *run)
{
	char duration[TEXT_SIZE];
	double pause_ns = gc_stats_pause_ns(stats);

	fprintf(lines->out, "%-*s  %8s  %11s  %9s  %9s  %9s\n", KIND_COLUMNS, "PAUSES", "COUNT",
		"TOTAL ms", "p50 ms", "p99 ms", "MAX ms");
	for (int i = 0; i < HT_NR_GC_KINDS; i++) {
		const struct histogram *h = &stats->pauses[i];

		if (h->nr)
			fprintf(lines->out, "%-*s  %8" PRIu64 "  %11.2f  %9.2f  %9.2f  %9.2f\n",
				KIND_COLUMNS, gc_kind_text(i), h->nr, h->total / 1e6,
				histogram_quantile(h, 0.5) / 1e6, histogram_quantile(h, 0.99) / 1e6,
				h->max / 1e6);
	}
	fprintf(lines->out, "in pauses: %.2f%% of the %s watched%s\n",
		run->watched_ns ? 100 * pause_ns / run->watched_ns : 0,
		text_duration(duration, run->watched_ns),
		stats->nr_heaps > 1 ? ", all threads added up" : "");
}

/* "+1.5M/h" */
static char *per_hour(char buffer[TEXT_SIZE + 8], double bytes_per_s)
{
	char bytes[TEXT_SIZE];

	snprintf(buffer, TEXT_SIZE + 8, "%s%s/h", bytes_per_s < 0 ? "-" : "+",
		 text_bytes(bytes, llround(fabs(bytes_per_s) * 3600)));
	return buffer;
}

static int put_floor(const struct gc_lines *lines, const struct gc_heap *heap)
{
	char last[TEXT_SIZE], rate[TEXT_SIZE + 8], low[TEXT_SIZE + 8], high[TEXT_SIZE + 8];
	enum gc_verdict verdict;
	struct slope slope;
	int err = gc_heap_floor(heap, &slope, &verdict);

	if (err == -ENOMEM)
		return err;
	fputs("floor (what full collections leave): ", lines->out);
	if (verdict == GC_TOO_FEW) {
		fprintf(lines->out,
			"too few collections to tell: %zu full ones, and it takes at least %d\n",
			heap->nr_floor, GC_VERDICT_MIN);
		return 0;
	}
	text_bytes(last, heap->floor[heap->nr_floor - 1].y);
	if (verdict == GC_FLAT)
		fprintf(lines->out, "flat at %s", last);
	else
		fprintf(lines->out, "%s %s, now %s",
			verdict == GC_GROWING ? "growing" : "shrinking",
			per_hour(rate, slope.slope), last);
	fprintf(lines->out, " (95%% interval %s to %s, p %.2g, %zu full collections)\n",
		per_hour(low, slope.low), per_hour(high, slope.high), slope.p, slope.nr);
	return 0;
}

static int put_heap(const struct gc_lines *lines, const struct gc_heap *heap, bool thread)
{
	char allocated[TEXT_SIZE], promoted[TEXT_SIZE];
	double promotion = gc_heap_promotion_rate(heap);

	if (thread)
		fprintf(lines->out,
			"heap of thread %" PRIu32 ": %" PRIu64 " collections, %.2f ms\n", heap->tid,
			heap->nr, heap->pause_ns / 1e6);
	if (heap->nr > 1)
		fprintf(lines->out,
			"allocated: %s/s; promoted (growth of what scavenges leave behind): "
			"%s%s/s\n",
			text_bytes(allocated, llround(gc_heap_allocation_rate(heap))),
			promotion < 0 ? "-" : "", text_bytes(promoted, llround(fabs(promotion))));
	return put_floor(lines, heap);
}

static int compare_heaps(const void *a, const void *b)
{
	const struct gc_heap *const *x = a, *const *y = b;

	if ((*x)->pause_ns != (*y)->pause_ns)
		return (*x)->pause_ns < (*y)->pause_ns ? 1 : -1;
	return *x < *y ? -1 : *x > *y;
}

/* Those that paused longest; a process may have had thousands of workers. */
static int put_heaps(const struct gc_lines *lines, const struct gc_stats *stats)
{
	const struct gc_heap **heaps = calloc(stats->nr_heaps, sizeof(struct gc_heap *));
	int err = heaps ? 0 : -ENOMEM;

	for (size_t i = 0; i < stats->nr_heaps && !err; i++)
		heaps[i] = &stats->heaps[i];
	if (!err)
		qsort(heaps, stats->nr_heaps, sizeof(struct gc_heap *), compare_heaps);
	for (size_t i = 0; i < stats->nr_heaps && i < MAX_HEAPS && !err; i++)
		err = put_heap(lines, heaps[i], stats->nr_heaps > 1);
	if (stats->nr_heaps > MAX_HEAPS && !err)
		fprintf(lines->out, "%zu more heaps (-f json has all)\n",
			stats->nr_heaps - MAX_HEAPS);
	free(heaps);
	return err;
}

static void put_losses(const struct gc_lines *lines, const struct gc_stats *stats,
		       const struct gc_run *run)
{
	if (run->nr_lost)
		fprintf(lines->out, "lost: %" PRIu64 " collections; no figure below has them\n",
			run->nr_lost);
	if (run->nr_half)
		fprintf(lines->out, "left out: %" PRIu64 " under way when heaptap attached\n",
			run->nr_half);
	if (stats->nr_incomplete)
		fprintf(lines->out,
			"left out of the figures: %" PRIu64 " of which not everything was seen\n",
			stats->nr_incomplete);
}

int gc_lines_summary(const struct gc_lines *lines, const struct gc_stats *stats,
		     const struct gc_run *run)
{
	char duration[TEXT_SIZE];

	if (lines->json)
		return gc_json_summary(lines, stats, run);
	fputc('\n', lines->out);
	put_losses(lines, stats, run);
	if (!stats->nr_heaps) {
		fprintf(lines->out, "no collection in %s\n",
			text_duration(duration, run->watched_ns));
		return 0;
	}
	put_pauses(lines, stats, run);
	return put_heaps(lines, stats);
}
