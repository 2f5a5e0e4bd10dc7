// SPDX-License-Identifier: Apache-2.0
/* Drawn over itself with a carriage return and an erase to the end of the line. */
#include "cmd/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "export/text.h"

#define DRAW_INTERVAL_NS 1000000000ULL
#define ERASE_LINE	 "\r\033[K"

void progress_init(struct progress *progress, bool quiet)
{
	*progress = (struct progress){.enabled = !quiet && isatty(STDERR_FILENO)};
}

/* ", cost 1.2% of one CPU", or nothing. */
static void format_cost(const struct session *session, const struct snapshot *snapshot,
			struct cost_calibration *calibration, char *text, size_t size)
{
	struct cost_traps traps;
	double ns;

	text[0] = '\0';
	if (cost_calibration_result(calibration, false, &traps) || !snapshot->watched_ns)
		return;
	ns = cost_of_run(&traps, &snapshot->stats, session_stepped_share(session));
	snprintf(text, size, "  cost %.1f%% of one CPU", 100 * ns / snapshot->watched_ns);
}

void progress_draw(struct progress *progress, struct session *session,
		   struct cost_calibration *calibration, uint64_t elapsed_ns)
{
	char elapsed[TEXT_SIZE], live[TEXT_SIZE], cost[64];
	struct site_totals total;
	struct snapshot snapshot;
	uint64_t allocs;
	double seconds;

	if (!progress->enabled || elapsed_ns - progress->drawn_ns < DRAW_INTERVAL_NS ||
	    session_snapshot(session, false, &snapshot))
		return;
	snapshot_total(&snapshot, &total);
	allocs = snapshot.stats.count[HT_COUNT_allocs];
	seconds = (elapsed_ns - progress->drawn_ns) / 1e9;
	format_cost(session, &snapshot, calibration, cost, sizeof(cost));
	text_duration(elapsed, elapsed_ns);
	if (source_is_v8(session_v8(session)->source))
		fprintf(stderr, ERASE_LINE "%s  %.0f %s in %u stacks%s", elapsed,
			(double)total.samples,
			session_v8(session)->source == SOURCE_GC ? "collections" : "samples",
			snapshot.nr_sites - 1, cost);
	else
		fprintf(stderr, ERASE_LINE "%s  %.0f allocations/s  %s live in %u stacks%s",
			elapsed, (allocs - progress->allocs) / seconds,
			text_bytes(live, total.inuse_bytes), snapshot.nr_sites - 1, cost);
	fflush(stderr);
	progress->drawn_ns = elapsed_ns;
	progress->allocs = allocs;
	snapshot_done(&snapshot);
}

void progress_clear(const struct progress *progress)
{
	if (progress->enabled && progress->drawn_ns)
		fputs(ERASE_LINE, stderr);
}
