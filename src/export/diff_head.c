// SPDX-License-Identifier: Apache-2.0
/* What is said of two profiles before their difference is. Declared in diff_view.h. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "export/diff_view.h"
#include "export/summary.h"
#include "export/text.h"

static void put_time(const struct profile *profile, double seconds, FILE *out)
{
	time_t end = profile->time_ns / 1000000000;
	char duration[TEXT_SIZE], date[64];
	struct tm tm;

	if (seconds > 0)
		fprintf(out, "; %s", text_duration(duration, (int64_t)(seconds * 1e9)));
	if (profile->time_ns > 0 && gmtime_r(&end, &tm) &&
	    strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &tm))
		fprintf(out, "%s until %s", seconds > 0 ? "" : ";", date);
}

/* The period of another tool's file says nothing sure. */
static void put_rate(const struct profile *profile, FILE *out)
{
	char bytes[TEXT_SIZE];

	if (!profile_note(profile, "source") || profile->has_metric[METRIC_GC_PAUSES])
		return;
	if (profile->period > 1)
		fprintf(out, "; one sample per %s", text_bytes(bytes, profile->period));
	else
		fputs("; exact", out);
}

/* "base      a.pb.gz: 1234 leaky ./leaky; 30.0 s until ...; exact" */
static void put_side(const struct diff_view *view, enum diff_side side, FILE *out)
{
	const struct profile *profile = view->profiles[side];
	const char *target = profile_note(profile, "target");

	fprintf(out, "%-10s", side == DIFF_BASE ? "base" : "new");
	text_put(out, view->names[side], 0);
	if (target) {
		fputs(": ", out);
		text_put(out, target, 60);
	}
	put_time(profile, view->diff->seconds[side], out);
	put_rate(profile, out);
	putc('\n', out);
}

void diff_head(const struct diff_view *view, const struct export_options *options, FILE *out)
{
	summary_losses(view->profiles[DIFF_BASE], options, "in BASE: ", out);
	summary_losses(view->profiles[DIFF_NEW], options, "in NEW: ", out);
	put_side(view, DIFF_BASE, out);
	put_side(view, DIFF_NEW, out);
	fprintf(out, "%-10s%s%s\n", "compared", metric_name(options->metric),
		view->diff->per_second ? ", per second: each divided by its own time" : "");
}

struct diff_entry diff_total(const struct diff *diff)
{
	struct diff_entry total = diff_entry_zero;

	for (uint32_t i = 0; i < diff->profile->nr_samples; i++)
		diff_entry_add(&total, &diff->entries[i]);
	return total;
}

enum metric diff_other_metric(enum metric metric)
{
	static const enum metric others[NR_METRICS] = {
		[METRIC_ALLOC_OBJECTS] = METRIC_ALLOC_SPACE,
		[METRIC_ALLOC_SPACE] = METRIC_ALLOC_OBJECTS,
		[METRIC_INUSE_OBJECTS] = METRIC_INUSE_SPACE,
		[METRIC_INUSE_SPACE] = METRIC_INUSE_OBJECTS,
		[METRIC_GC_PAUSES] = METRIC_GC_TIME,
		[METRIC_GC_TIME] = METRIC_GC_PAUSES,
	};

	return others[metric];
}
