// SPDX-License-Identifier: Apache-2.0
/* Names, notes and lines of the summary. */
#include "cmd/page_recording.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "export/text.h"
#include "proc/resident.h"

bool page_recording_is_sampled(const struct session_options *options)
{
	return options->source == SOURCE_PAGE &&
	       (options->page_rate == PAGE_RATE_AUTO || pages_period(options->page_rate) > 1);
}

bool page_recording_has_leaf(const struct stack *stack)
{
	return stack->probe != HT_PROBE_PAGE;
}

/* Faults that one sample stands for, on average. */
static double mean_period(const struct snapshot *snapshot)
{
	const __u64 *count = snapshot->stats.count;

	return count[HT_COUNT_fault_samples]
		       ? (double)count[HT_COUNT_faults] / count[HT_COUNT_fault_samples]
		       : 1;
}

int64_t page_recording_rate(const struct snapshot *snapshot)
{
	double period = mean_period(snapshot);

	return period > 1 ? llround(period * RESIDENT_PAGE) : 1;
}

int page_recording_note(const struct recording *recording, const struct snapshot *snapshot,
			struct profile *profile)
{
	const struct snapshot_pages *pages = &snapshot->pages;
	int err = 0;

	if (!pages->on)
		return 0;
	if (session_v8(recording->session)->source == SOURCE_PAGE)
		err = profile_set_note(profile, "rate", "%" PRId64, page_recording_rate(snapshot));
	err = err
		      ?: profile_set_note(profile, "page_faults", "%" PRIu64,
					  (uint64_t)snapshot->stats.count[HT_COUNT_faults]);
	err = err ?: profile_set_note(profile, "page_samples", "%" PRIu64, pages->samples);
	err = err ?: profile_set_note(profile, "page_touched", "%.0f", pages->touched);
	err = err ?: profile_set_note(profile, "page_resident", "%.0f", pages->resident);
	err = err ?: profile_set_note(profile, "page_huge_faults", "%" PRIu64, pages->huge);
	err = err ?: profile_set_note(profile, "page_file_faults", "%" PRIu64, pages->files);
	err = err
		      ?: profile_set_note(profile, "page_read_only_faults", "%" PRIu64,
					  pages->read_only);
	if (!err && pages->sizes_unknown)
		err = profile_set_note(profile, "page_sizes", "unknown");
	return err;
}

static void say_held(const struct recording *recording, const struct snapshot *snapshot)
{
	bool late = session_target(recording->session)->late;
	char resident[TEXT_SIZE], touched[TEXT_SIZE], watched[TEXT_SIZE], error[64] = "";
	struct site_totals total;

	snapshot_total(snapshot, &total);
	if (total.inuse_var > 0)
		snprintf(error, sizeof(error), " (standard error %.1f%% at most)",
			 relative_error(total.inuse_bytes, total.inuse_var));
	cmd_message("resident: %s%s of %s that were touched in the %s since %s",
		    text_bytes(resident, llround(total.inuse_bytes)), error,
		    text_bytes(touched, llround(total.alloc_bytes)),
		    text_duration(watched, snapshot->watched_ns), late ? "attaching" : "the start");
}

void page_recording_say_both(const struct site_totals *total, const struct snapshot *snapshot)
{
	char native[TEXT_SIZE], resident[TEXT_SIZE];

	cmd_message("in use: %s of what was allocated until then; %s resident of what was touched "
		    "since",
		    text_bytes(native, llround(total->inuse_bytes - snapshot->pages.resident)),
		    text_bytes(resident, llround(snapshot->pages.resident)));
}

void page_recording_say(const struct recording *recording, const struct snapshot *snapshot)
{
	const struct snapshot_pages *pages = &snapshot->pages;
	const __u64 *count = snapshot->stats.count;
	char complete[64] = "", watched[TEXT_SIZE];

	if (!count[HT_COUNT_faults]) {
		cmd_message("no page was touched for the first time in %s",
			    text_duration(watched, snapshot->watched_ns));
		return;
	}
	say_held(recording, snapshot);
	if (count[HT_COUNT_samples])
		snprintf(complete, sizeof(complete), "; %.1f%% of the stacks complete",
			 100.0 * snapshot->nr_complete / count[HT_COUNT_samples]);
	cmd_message("seen: %" PRIu64 " page faults, %" PRIu64 " of huge pages; %" PRIu64
		    " samples, one per %.1f faults%s",
		    (uint64_t)count[HT_COUNT_faults], pages->huge, pages->samples,
		    mean_period(snapshot), complete);
	if (resident_has_middle_sizes())
		cmd_warning(
			"this system makes pages of more sizes than 4K and 2M: each of those "
			"counts as one of 4K, so what is resident is more (hugepages-*kB/enabled "
			"in /sys/kernel/mm/transparent_hugepage)");
	if (pages->sizes_unknown)
		cmd_warning(
			"huge pages are counted as one small page each: this kernel tells their "
			"size to root alone, in /proc/kpageflags");
}
