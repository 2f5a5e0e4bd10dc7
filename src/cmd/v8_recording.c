// SPDX-License-Identifier: Apache-2.0
/* Pauses and their time, or bytes that JavaScript allocated; neither knows what is still in use. */
#include "cmd/v8_recording.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "export/text.h"
#include "v8/gc_reason.h"

enum metric v8_default_metric(enum source source)
{
	return source == SOURCE_GC   ? METRIC_GC_TIME
	       : source == SOURCE_JS ? METRIC_ALLOC_SPACE
				     : METRIC_INUSE_SPACE;
}

bool v8_has_metric(enum source source, enum metric metric)
{
	switch (metric) {
	case METRIC_GC_PAUSES:
	case METRIC_GC_TIME:
		return source == SOURCE_GC;
	case METRIC_ALLOC_OBJECTS:
	case METRIC_ALLOC_SPACE:
		return source != SOURCE_GC;
	default:
		return !source_is_v8(source);
	}
}

static void fill_pauses(const struct v8_source *v8, const struct site_totals *site,
			struct profile_sample *sample)
{
	unsigned int reason = site->stack ? HT_GC_PROBE_REASON(site->stack->probe) : UINT32_MAX;
	const char *text = gc_reason_text(v8->probes.v8_major, reason);

	sample->values[METRIC_GC_PAUSES] = llround(site->alloc_objects);
	sample->values[METRIC_GC_TIME] = llround(site->alloc_bytes);
	if (text)
		sample->labels[sample->nr_labels++] =
			(struct profile_label){.key = "reason", .string = text};
}

void v8_fill_sample(const struct v8_source *v8, const struct site_totals *site,
		    struct profile_sample *sample)
{
	memset(sample->values, 0, sizeof(sample->values));
	if (v8->source == SOURCE_GC) {
		fill_pauses(v8, site, sample);
		return;
	}
	sample->values[METRIC_ALLOC_OBJECTS] = llround(site->alloc_objects);
	sample->values[METRIC_ALLOC_SPACE] = llround(site->alloc_bytes);
	if (site->alloc_objects > 0)
		sample->labels[sample->nr_labels++] = (struct profile_label){
			.key = "bytes",
			.number = llround(site->alloc_bytes / site->alloc_objects),
			.unit = "bytes"};
	sample->labels[sample->nr_labels++] = (struct profile_label){
		.key = "alloc_stderr", .number = llround(sqrt(site->alloc_var)), .unit = "bytes"};
}

int64_t v8_period(const struct v8_source *v8, const struct snapshot *snapshot)
{
	return v8->source == SOURCE_GC ? 1 : llround(snapshot->js.sample_bytes);
}

static const char *weight_text(const struct snapshot *snapshot)
{
	return snapshot->js.measured
		       ? "by what the heap grew between collections"
		       : "known of this V8, since too few collections happened to measure it";
}

/* Percent. */
static double error_of(const struct snapshot *snapshot, const struct site_totals *total)
{
	return relative_error(total->alloc_bytes, snapshot->js.error * snapshot->js.error);
}

int v8_add_notes(const struct v8_source *v8, const struct snapshot *snapshot,
		 struct profile *profile)
{
	const char *file = v8->probes.object ? v8->probes.object->path : "";
	struct site_totals total;
	int err = profile_set_note(profile, "v8", "%s", file);

	snapshot_total(snapshot, &total);
	if (v8->source == SOURCE_GC) {
		err = err ?: profile_set_note(profile, "collections", "%.0f", total.alloc_objects);
		return err ?: profile_set_note(profile, "pause_ns", "%.0f", total.alloc_bytes);
	}
	err = err
		      ?: profile_set_note(profile, "weight",
					  "%s; standard error of the total %.1f%%",
					  weight_text(snapshot), error_of(snapshot, &total));
	err = err ?: profile_set_note(profile, "alloc_error", "%.2f", error_of(snapshot, &total));
	return err
		       ?: profile_set_note(profile, "metrics", "%s",
					   "alloc only: what is in use cannot be told");
}

void v8_say_probes(const struct v8_source *v8)
{
	const struct v8_probes *probes = &v8->probes;

	for (unsigned int i = 0; i < probes->nr; i++) {
		const struct v8_probe *probe = &probes->probes[i];

		cmd_message("probe %s+%" PRIu64 " at 0x%" PRIx64 " of %s: %s (%s)",
			    v8_probe_name(probe), probe->site.offset,
			    probe->offset + probe->site.offset, probes->object->path,
			    probe_site_class_name(probe->site.class), probe->site.insn);
	}
}

/* "; 99.3% of the stacks complete", of some. */
static const char *complete_text(const struct snapshot *snapshot, char *buffer, size_t size)
{
	uint64_t samples = snapshot->stats.count[HT_COUNT_samples];

	buffer[0] = '\0';
	if (samples)
		snprintf(buffer, size, "; %.1f%% of the stacks complete",
			 100.0 * snapshot->nr_complete / samples);
	return buffer;
}

static void say_pauses(const struct snapshot *snapshot, const struct site_totals *total)
{
	char watched[TEXT_SIZE], pause[TEXT_SIZE], complete[64];

	cmd_message("seen: %" PRIu64 " collections, %s in pauses, %.2f%% of %s%s",
		    (uint64_t)snapshot->stats.count[HT_COUNT_samples],
		    text_pause(pause, llround(total->alloc_bytes)),
		    100 * total->alloc_bytes / snapshot->watched_ns,
		    text_duration(watched, snapshot->watched_ns),
		    complete_text(snapshot, complete, sizeof(complete)));
}

static void say_allocated(const struct snapshot *snapshot, const struct site_totals *total)
{
	char bytes[TEXT_SIZE], each[TEXT_SIZE], watched[TEXT_SIZE], complete[64];

	text_duration(watched, snapshot->watched_ns);
	if (total->alloc_bytes <= 0) {
		cmd_message("no sample in %s: JavaScript allocated little or nothing", watched);
		return;
	}
	cmd_message("allocated by JavaScript: %s in %s (standard error %.1f%%); what is in use of "
		    "it cannot be told: only the alloc metrics are there",
		    text_bytes(bytes, llround(total->alloc_bytes)), watched,
		    error_of(snapshot, total));
	cmd_message("seen: %" PRIu64 " samples of %s on average, %s%s",
		    (uint64_t)snapshot->stats.count[HT_COUNT_samples],
		    text_bytes(each, llround(snapshot->js.sample_bytes)), weight_text(snapshot),
		    complete_text(snapshot, complete, sizeof(complete)));
}

void v8_say_seen(const struct v8_source *v8, const struct snapshot *snapshot)
{
	struct site_totals total;

	snapshot_total(snapshot, &total);
	if (!v8->probes.object)
		cmd_warning("no V8 was found: the command is no Node process, or its file is "
			    "stripped of its symbols");
	else if (v8->source == SOURCE_GC)
		say_pauses(snapshot, &total);
	else
		say_allocated(snapshot, &total);
}
