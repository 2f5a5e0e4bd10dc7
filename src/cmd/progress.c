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

void progress_draw(struct progress *progress, struct session *session, uint64_t elapsed_ns)
{
	char elapsed[TEXT_SIZE], live[TEXT_SIZE];
	struct site_totals total;
	struct snapshot snapshot;
	uint64_t allocs;
	double seconds;

	if (!progress->enabled || elapsed_ns - progress->drawn_ns < DRAW_INTERVAL_NS ||
	    session_snapshot(session, 0, &snapshot))
		return;
	snapshot_total(&snapshot, &total);
	allocs = snapshot.stats.count[HT_COUNT_allocs];
	seconds = (elapsed_ns - progress->drawn_ns) / 1e9;
	fprintf(stderr, ERASE_LINE "%s  %.0f allocations/s  %s live in %u stacks",
		text_duration(elapsed, elapsed_ns), (allocs - progress->allocs) / seconds,
		text_bytes(live, total.inuse_bytes), snapshot.nr_sites - 1);
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
