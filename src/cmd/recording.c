// SPDX-License-Identifier: Apache-2.0
/* Naming the sites of a snapshot and writing down what the run was like. */
#include "cmd/recording.h"
#include "cmd/v8_recording.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The allocator's function, inlined frames aside, every caller, and a mark where it was cut. */
#define MAX_LOCATIONS (HT_MAX_FRAMES + 2)

double relative_error(double total, double variance)
{
	return total > 0 ? 100 * sqrt(variance) / total : 0;
}

double recording_cost_share(const struct recording *recording)
{
	const struct target *target = session_target(recording->session);
	double cpu_ns = target->cpu_ns - target->cpu_start_ns;

	/* of an ended process the CPU time is known as of its last measurement */
	if (cpu_ns < recording->cost_ns)
		cpu_ns = recording->cost_ns;
	return cpu_ns > 0 ? 100 * recording->cost_ns / cpu_ns : 0;
}

const char *recording_incomplete(const struct ht_stats *stats)
{
	if (stats->loss[HT_LOSS_live_full])
		return "inuse is too low: repeat with a larger --map-memory or --rate";
	if (stats->loss[HT_LOSS_site_full])
		return "not everything has its stack: repeat with a larger --map-memory or --rate";
	return NULL;
}

static int name_leaf(const struct recording *recording, struct profile *profile,
		     const struct stack *stack, uint32_t *ret)
{
	const struct space *space = session_target(recording->session)->space;
	struct attached_function function;
	const struct v8_source *v8 = session_v8(recording->session);

	if (v8->source != SOURCE_MALLOC)
		return symbolize_label(profile, v8_source_leaf(v8, stack->probe), ret);
	attachments_function(session_attachments(recording->session), stack->probe, space,
			     &function);
	if (function.mapping == SPACE_NONE)
		return symbolize_label(profile, function.symbol, ret);
	return symbolize_frame(recording->symbolizer, profile, space,
			       &(struct frame){function.address, function.mapping}, ret);
}

/* Leaf first. Returns the count or -errno. */
static int name_stack(const struct recording *recording, struct profile *profile,
		      const struct stack *stack, uint32_t *locations)
{
	const struct space *space = session_target(recording->session)->space;
	int n = 0, err = name_leaf(recording, profile, stack, &locations[n++]);

	for (int i = 0; i < stack->nr && !err; i++) {
		struct frame frame = {stack->pcs[i] - 1, stack->mappings[i]};

		err = symbolize_frame(recording->symbolizer, profile, space, &frame,
				      &locations[n++]);
	}
	if (!err && stack->end != HT_STACK_complete)
		err = symbolize_label(profile, "[truncated]", &locations[n++]);
	return err ?: n;
}

static uint32_t add_number(struct profile_label *labels, uint32_t nr, const char *key, double value)
{
	labels[nr] = (struct profile_label){.key = key, .number = llround(value), .unit = "bytes"};
	return nr + 1;
}

static int add_site(const struct recording *recording, const struct site_totals *site, bool room,
		    struct profile *profile)
{
	uint32_t locations[MAX_LOCATIONS];
	struct profile_label labels[4];
	struct profile_sample sample = {
		.values[METRIC_ALLOC_OBJECTS] = llround(site->alloc_objects),
		.values[METRIC_ALLOC_SPACE] = llround(site->alloc_bytes),
		.values[METRIC_INUSE_OBJECTS] = llround(site->inuse_objects),
		.values[METRIC_INUSE_SPACE] = llround(site->inuse_bytes),
		.locations = locations,
		.labels = labels,
	};
	const struct v8_source *v8 = session_v8(recording->session);
	int n;

	if (site->stack)
		n = name_stack(recording, profile, site->stack, locations);
	else
		n = symbolize_label(profile, room ? "[lost stack]" : "[site map full]", locations)
			    ?: 1;
	if (n < 0)
		return n;
	sample.nr_locations = n;
	if (site->stack && site->stack->end != HT_STACK_complete)
		labels[sample.nr_labels++] = (struct profile_label){
			.key = "incomplete", .string = stack_end_name(site->stack->end)};
	if (v8->source != SOURCE_MALLOC) {
		v8_fill_sample(v8, site, &sample);
		return profile_add_sample(profile, &sample);
	}
	if (site->alloc_objects > 0)
		sample.nr_labels = add_number(labels, sample.nr_labels, "bytes",
					      site->alloc_bytes / site->alloc_objects);
	if (recording->rate > 1) {
		sample.nr_labels =
			add_number(labels, sample.nr_labels, "alloc_stderr", sqrt(site->alloc_var));
		sample.nr_labels =
			add_number(labels, sample.nr_labels, "inuse_stderr", sqrt(site->inuse_var));
	}
	return profile_add_sample(profile, &sample);
}

static int note_counts(struct profile *profile, const struct snapshot *snapshot, bool books)
{
	const struct ht_stats *stats = &snapshot->stats;
	static const struct {
		const char *key;
		enum ht_count count;
		bool books; /* of allocations and frees */
	} counts[] = {
		{"hits", HT_COUNT_hits, false},		  {"allocs", HT_COUNT_allocs, true},
		{"frees", HT_COUNT_frees, true},	  {"samples", HT_COUNT_samples, false},
		{"failed_allocs", HT_COUNT_failed, true},
	};
	static const char *const losses[] = {
#define X(name, text) "lost_" #name,
		HT_LOSSES(X)
#undef X
	};
	static const char *const ends[] = {
#define X(name, text) "stacks_" #name,
		HT_STACK_ENDS(X)
#undef X
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]) && !err; i++)
		if (books || !counts[i].books)
			err = profile_set_note(profile, counts[i].key, "%" PRIu64,
					       (uint64_t)stats->count[counts[i].count]);
	err = err
		      ?: profile_set_note(profile, "complete_samples", "%" PRIu64,
					  snapshot->nr_complete);
	for (int i = 0; i < HT_NR_STACK_ENDS && !err; i++)
		if (i != HT_STACK_complete && stats->ends[i])
			err = profile_set_note(profile, ends[i], "%" PRIu64,
					       (uint64_t)stats->ends[i]);
	for (int i = 0; i < HT_NR_LOSSES && !err; i++)
		err = profile_set_note(profile, losses[i], "%" PRIu64, (uint64_t)stats->loss[i]);
	if (!err && recording_incomplete(stats))
		err = profile_set_note(profile, "incomplete", "%s", recording_incomplete(stats));
	return err;
}

/* "1234 comm command line", and comm alone. */
static int note_target(struct profile *profile, const struct target *target)
{
	const struct process *process = &target->process;
	int err = profile_set_note(profile, "target", "%d %s %s", process->pid, process->comm,
				   process->exe);

	err = err ?: profile_set_note(profile, "comm", "%s", process->comm);
	return err ?: profile_set_note(profile, "attached", "%s", target->late ? "late" : "start");
}

/* Which functions of which file were probed. */
static int note_allocators(struct profile *profile, const struct attachments *attachments)
{
	char text[2048] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	if (!out)
		return -errno;
	for (unsigned int i = 0; i < attachments->nr; i++) {
		const struct probes *probes = &attachments->all[i].probes;

		fprintf(out, "%s%s:", i ? "; " : "", probes->object->path);
		for (unsigned int k = 0; k < probes->nr; k++)
			if (probes->probes[k].state == PROBE_USED)
				fprintf(out, " %s", probe_symbol(&probes->probes[k]));
	}
	fclose(out);
	return profile_set_note(profile, "allocators", "%s", text);
}

static int note_cost(struct profile *profile, const struct recording *recording,
		     const struct ht_stats *stats)
{
	double hits = stats->count[HT_COUNT_hits];

	if (recording->cost_ns < 0)
		return 0;
	return profile_set_note(profile, "cost", "hits=%.0f ns_per_hit=%.0f share=%.1f%%", hits,
				hits > 0 ? recording->cost_ns / hits : 0,
				recording_cost_share(recording));
}

/* Growth of anonymous memory beside what is held, so that nobody takes one for the other. */
static int note_rss(struct profile *profile, const struct target *target,
		    const struct site_totals *total)
{
	int64_t change = (int64_t)target->memory.rss_anon - (int64_t)target->memory_start.rss_anon;
	int64_t explained = llround(total->inuse_bytes);
	int err = profile_set_note(profile, "rss_anon", "%" PRIu64, target->memory.rss_anon);

	err = err ?: profile_set_note(profile, "rss_anon_change", "%" PRId64, change);
	err = err ?: profile_set_note(profile, "rss_explained", "%" PRId64, explained);
	return err ?: profile_set_note(profile, "rss_unexplained", "%" PRId64, change - explained);
}

static int add_notes(const struct recording *recording, const struct snapshot *snapshot,
		     struct profile *profile)
{
	const struct target *target = session_target(recording->session);
	const struct v8_source *v8 = session_v8(recording->session);
	struct site_totals total;
	int err;

	snapshot_total(snapshot, &total);
	err = profile_set_note(profile, "version", "%s", HEAPTAP_VERSION);
	err = err ?: note_target(profile, target);
	err = err ?: profile_set_note(profile, "source", "%s", source_name(v8->source));
	if (v8->source == SOURCE_MALLOC)
		err = err ?: note_allocators(profile, session_attachments(recording->session));
	err = err ?: profile_set_note(profile, "rate", "%" PRIu64, recording->rate);
	err = err ?: profile_set_note(profile, "watched_ns", "%" PRIu64, snapshot->watched_ns);
	err = err ?: profile_set_note(profile, "min_age_ns", "%" PRIu64, recording->min_age_ns);
	err = err ?: note_counts(profile, snapshot, v8->source == SOURCE_MALLOC);
	err = err
		      ?: profile_set_note(profile, "alloc_error", "%.2f",
					  relative_error(total.alloc_bytes, total.alloc_var));
	err = err
		      ?: profile_set_note(profile, "live_error", "%.2f",
					  relative_error(total.inuse_bytes, total.inuse_var));
	err = err ?: note_cost(profile, recording, &snapshot->stats);
	if (v8->source == SOURCE_MALLOC)
		err = err ?: note_rss(profile, target, &total);
	else
		err = err ?: v8_add_notes(v8, snapshot, profile);
	return err
		       ?: profile_set_note(profile, "map_bytes", "%" PRIu64,
					   session_map_bytes(recording->session));
}

int recording_profile(const struct recording *recording, const struct snapshot *snapshot,
		      struct profile **ret)
{
	const struct v8_source *v8 = session_v8(recording->session);
	struct profile *profile = profile_new();
	struct timespec now;
	int err = profile ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < snapshot->nr_sites && !err; i++)
		if (snapshot->sites[i].samples)
			err = add_site(recording, &snapshot->sites[i], i > 0, profile);
	err = err ?: add_notes(recording, snapshot, profile);
	if (err) {
		profile_free(profile);
		return err;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	profile->time_ns = now.tv_sec * 1000000000LL + now.tv_nsec;
	profile->duration_ns = snapshot->watched_ns;
	profile->period =
		v8->source == SOURCE_MALLOC ? (int64_t)recording->rate : v8_period(v8, snapshot);
	for (int i = 0; i < NR_METRICS; i++)
		profile->has_metric[i] = v8_has_metric(v8->source, i);
	*ret = profile;
	return 0;
}
