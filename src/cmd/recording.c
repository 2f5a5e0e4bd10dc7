// SPDX-License-Identifier: Apache-2.0
/* Naming the sites of a snapshot and writing down what the run was like. */
#include "cmd/recording.h"
#include "cmd/mmap_recording.h"
#include "cmd/page_recording.h"
#include "cmd/v8_recording.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/recording_notes.h"
#include "proc/maps.h"
#include "profile/label.h"
#include "profile/merge.h"
#include "symbolize/javascript.h"
#include "util/clock.h"

/* The allocator's function, inlined frames aside, every caller, and a mark where it was cut. */
#define MAX_LOCATIONS (HT_MAX_FRAMES + 2)
#define MAX_LABELS    12 /* five of the process, seven of the sample */

double relative_error(double total, double variance)
{
	return total > 0 ? 100 * sqrt(variance) / total : 0;
}

double recording_cost_share(const struct recording *recording)
{
	struct session_sums sums;
	double cpu_ns;

	session_sums(recording->session, &sums);
	cpu_ns = sums.cpu_ns;
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
	if (stats->loss[HT_LOSS_mmap_lost])
		return "what was mapped is not right: repeat with a larger --map-memory";
	return NULL;
}

static const struct target *target_of(const struct recording *recording, const struct stack *stack)
{
	return session_target_of(recording->session, stack->tgid, stack->epoch);
}

static int name_leaf(const struct recording *recording, struct profile *profile,
		     const struct stack *stack, uint32_t *ret)
{
	const struct space *space = target_of(recording, stack)->space;
	struct attached_function function;
	const struct v8_source *v8 = session_v8(recording->session);

	if (source_is_v8(v8->source))
		return symbolize_label(profile, v8_source_leaf(v8, stack->probe), ret);
	if (mmap_recording_is(stack))
		return symbolize_label(profile, mmap_recording_leaf(stack), ret);
	if (pages_have(stack))
		return symbolize_label(profile, PAGE_RECORDING_LEAF, ret);
	attachments_function(session_attachments(recording->session), stack->probe, space,
			     &function);
	if (function.mapping == SPACE_NONE)
		return symbolize_label(profile, function.symbol, ret);
	return symbolize_frame(recording->symbolizer, profile, space,
			       &(struct frame){function.address, function.mapping}, ret);
}

/* The JavaScript of frame @i, when the walker saw some; the next one to be met is *next. */
static const struct js_place *javascript_of(const struct stack *stack, uint32_t i, uint32_t *next)
{
	if (*next >= stack->nr_places || stack->places[*next].frame != i)
		return NULL;
	return &stack->places[(*next)++];
}

/* Leaf first. Returns the count or -errno. */
static int name_stack(const struct recording *recording, struct profile *profile,
		      const struct stack *stack, uint32_t *locations)
{
	const struct space *space = target_of(recording, stack)->space;
	int n = 0, err = 0;
	uint32_t next = 0;

	if (page_recording_has_leaf(stack))
		err = name_leaf(recording, profile, stack, &locations[n++]);

	for (uint32_t i = 0; i < stack->nr && !err; i++) {
		const struct js_place *javascript = javascript_of(stack, i, &next);
		struct frame frame = {stack->pcs[i] - 1, stack->mappings[i]};

		if (javascript)
			err = symbolize_javascript(
				profile, v8_resolver_place(stack->resolver, javascript->place),
				&locations[n++]);
		else
			err = symbolize_frame(recording->symbolizer, profile, space, &frame,
					      &locations[n++]);
	}
	if (!err && stack->end != HT_STACK_complete)
		err = symbolize_label(profile, "[truncated]", &locations[n++]);
	return err ?: n;
}

static void add_number(struct profile_sample *sample, const char *key, double value,
		       const char *unit)
{
	sample->labels[sample->nr_labels++] =
		(struct profile_label){.key = key, .number = llround(value), .unit = unit};
}

static void label_figures(const struct recording *recording, const struct site_totals *site,
			  struct profile_sample *sample)
{
	if (site->alloc_objects > 0)
		add_number(sample, "bytes", site->alloc_bytes / site->alloc_objects, "bytes");
	if (recording_is_sampled(recording)) {
		add_number(sample, LABEL_ALLOC_ERROR, sqrt(site->alloc_var), "bytes");
		add_number(sample, LABEL_INUSE_ERROR, sqrt(site->inuse_var), "bytes");
	}
	if (site->ages.known && site->inuse_objects > 0) {
		add_number(sample, LABEL_YOUNGEST, site->ages.youngest_ms, "milliseconds");
		add_number(sample, LABEL_OLDEST, site->ages.oldest_ms, "milliseconds");
	}
}

/* Whose stack it is, where a profile holds several processes. Returns the number of labels. */
static uint32_t label_process(const struct recording *recording, const struct stack *stack,
			      struct profile_label *labels)
{
	const struct target *target;
	const struct process *process;
	uint32_t nr = 0;

	if (!recording->several)
		return 0;
	target = target_of(recording, stack);
	process = &target->process;
	labels[nr++] = (struct profile_label){.key = "pid", .number = process->pid, .unit = ""};
	labels[nr++] = (struct profile_label){.key = "comm", .string = process->comm};
	if (target->cgroup.path)
		labels[nr++] =
			(struct profile_label){.key = "cgroup", .string = target->cgroup.path};
	if (*target->cgroup.container)
		labels[nr++] = (struct profile_label){.key = "container",
						      .string = target->cgroup.container};
	if (process->inner_pid && process->inner_pid != process->pid)
		labels[nr++] = (struct profile_label){
			.key = "inner_pid", .number = process->inner_pid, .unit = ""};
	return nr;
}

/* Fills the locations and the first labels of @sample, which has room for them. */
static int name_site(const struct recording *recording, const struct site_totals *site, bool room,
		     struct profile *profile, struct profile_sample *sample)
{
	struct profile_label *labels = sample->labels;
	int n;

	if (site->stack)
		n = name_stack(recording, profile, site->stack, sample->locations);
	else
		n = symbolize_label(profile, room ? "[lost stack]" : "[site map full]",
				    sample->locations)
			    ?: 1;
	if (n < 0)
		return n;
	sample->nr_locations = n;
	if (site->stack)
		sample->nr_labels = label_process(recording, site->stack, labels);
	if (site->stack && site->stack->end != HT_STACK_complete)
		labels[sample->nr_labels++] = (struct profile_label){
			.key = "incomplete", .string = stack_end_name(site->stack->end)};
	return 0;
}

int recording_add_stack(const struct recording *recording, const struct site_totals *site,
			bool room, int64_t number, struct profile *profile)
{
	uint32_t locations[MAX_LOCATIONS];
	struct profile_label labels[MAX_LABELS];
	struct profile_sample sample = {.locations = locations, .labels = labels};
	int err = name_site(recording, site, room, profile, &sample);

	if (err)
		return err;
	labels[sample.nr_labels++] =
		(struct profile_label){.key = "stack", .number = number, .unit = ""};
	return profile_add_sample(profile, &sample);
}

static int add_site(const struct recording *recording, const struct site_totals *site, bool room,
		    struct profile *profile)
{
	uint32_t locations[MAX_LOCATIONS];
	struct profile_label labels[MAX_LABELS];
	struct profile_sample sample = {
		.values[METRIC_ALLOC_OBJECTS] = llround(site->alloc_objects),
		.values[METRIC_ALLOC_SPACE] = llround(site->alloc_bytes),
		.values[METRIC_INUSE_OBJECTS] = llround(site->inuse_objects),
		.values[METRIC_INUSE_SPACE] = llround(site->inuse_bytes),
		.locations = locations,
		.labels = labels,
	};
	const struct v8_source *v8 = session_v8(recording->session);
	int err = name_site(recording, site, room, profile, &sample);

	if (err)
		return err;
	if (source_is_v8(v8->source)) {
		v8_fill_sample(v8, site, &sample);
		return profile_add_sample(profile, &sample);
	}
	if (site->stack && mmap_recording_is(site->stack))
		labels[sample.nr_labels++] =
			(struct profile_label){.key = "kind", .string = "mmap"};
	if (site->stack && pages_have(site->stack))
		labels[sample.nr_labels++] =
			(struct profile_label){.key = "kind", .string = "page"};
	label_figures(recording, site, &sample);
	return profile_add_sample(profile, &sample);
}

/* Samples of ended processes that are told apart by pid; some 20 MB. */
#define GONE_MAX 65536

/* What tells processes of one name apart goes, and figures that are of one sample alone. */
static int merge_gone(struct recording *recording)
{
	static const char *const without[] = {
		"pid",		"inner_pid",  "bytes", LABEL_ALLOC_ERROR, LABEL_INUSE_ERROR,
		LABEL_YOUNGEST, LABEL_OLDEST, NULL};
	struct profile *merged = profile_new();
	int err = merged ? profile_merge(merged, recording->gone, without) : -ENOMEM;

	if (err) {
		profile_free(merged);
		return err;
	}
	profile_free(recording->gone);
	recording->gone = merged;
	recording->gone_limit = GONE_MAX + 2 * merged->nr_samples;
	recording->gone_merged = true;
	return 0;
}

int recording_fold(void *arg, const struct site_totals *site)
{
	struct recording *recording = arg;
	const struct target *target = site->stack ? target_of(recording, site->stack) : NULL;

	if (!recording->gone)
		recording->gone = profile_new();
	if (!recording->gone)
		return -ENOMEM;
	if (target && target->perf_map >= 0)
		symbolizer_set_perf_map(recording->symbolizer, target->space->pid,
					target->perf_map);
	if (recording->gone->nr_samples >= (recording->gone_limit ?: GONE_MAX)) {
		int err = merge_gone(recording);

		if (err)
			return err;
	}
	return add_site(recording, site, true, recording->gone);
}

void recording_done(struct recording *recording)
{
	profile_free(recording->gone);
	recording->gone = NULL;
}

void recording_set_perf_maps(const struct recording *recording)
{
	for (unsigned int i = 0; i < session_nr_targets(recording->session); i++) {
		const struct target *target = session_target_at(recording->session, i);

		if (target->perf_map >= 0)
			symbolizer_set_perf_map(recording->symbolizer, target->space->pid,
						target->perf_map);
	}
}

bool recording_is_sampled(const struct recording *recording)
{
	return recording->rate > 1 || recording->pages_sampled ||
	       attachments_are_told(session_attachments(recording->session));
}

/* Mean bytes between two samples; of what processes sample themselves as it came out. */
static int64_t mean_rate(const struct recording *recording, const struct snapshot *snapshot)
{
	const __u64 *count = snapshot->stats.count;
	struct site_totals total;

	if (session_v8(recording->session)->source == SOURCE_PAGE)
		return page_recording_rate(snapshot);
	if (!attachments_are_told(session_attachments(recording->session)))
		return (int64_t)budget_mean_rate(recording->budget, count[HT_COUNT_allocs]);
	snapshot_total(snapshot, &total);
	return count[HT_COUNT_samples] ? total.alloc_bytes / count[HT_COUNT_samples] : 1;
}

/* The mapping of the executable, of which there may be none: memfd, binfmt. */
static uint32_t main_mapping(const struct target *target)
{
	const struct space *space = target->space;

	for (uint32_t i = 0; i < space->nr_mappings; i++) {
		const struct object *object = space->mappings[i].object;

		if (object && *object->path && maps_name_is(target->process.exe, object->path))
			return i;
	}
	return SPACE_NONE;
}

/* Readers take the first mapping of a pprof file for the program. */
static int add_main_mapping(const struct recording *recording, struct profile *profile)
{
	const struct target *target;
	uint32_t mapping;

	if (recording->several || !session_nr_targets(recording->session))
		return 0;
	target = session_target_at(recording->session, 0);
	mapping = main_mapping(target);
	if (mapping == SPACE_NONE)
		return 0;
	return symbolize_mapping(recording->symbolizer, profile, target->space, mapping);
}

int recording_profile(const struct recording *recording, const struct snapshot *snapshot,
		      struct profile **ret)
{
	const struct v8_source *v8 = session_v8(recording->session);
	struct profile *profile = profile_new();
	int err = profile ? 0 : -ENOMEM;

	recording_set_perf_maps(recording);
	err = err ?: add_main_mapping(recording, profile);
	for (uint32_t i = 0; i < snapshot->nr_sites && !err; i++)
		if (snapshot->sites[i].samples)
			err = add_site(recording, &snapshot->sites[i], i > 0, profile);
	if (!err && recording->gone)
		err = profile_merge(profile, recording->gone, NULL);
	err = err ?: recording_notes(recording, snapshot, profile);
	if (err) {
		profile_free(profile);
		return err;
	}
	profile->time_ns = clock_utc_ns();
	profile->duration_ns = snapshot->watched_ns;
	profile->period =
		source_is_v8(v8->source) ? v8_period(v8, snapshot) : mean_rate(recording, snapshot);
	for (int i = 0; i < NR_METRICS; i++)
		profile->has_metric[i] = v8_has_metric(v8->source, i);
	*ret = profile;
	return 0;
}
