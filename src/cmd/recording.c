// SPDX-License-Identifier: Apache-2.0
/* Naming the sites of a snapshot and writing down what the run was like. */
#include "cmd/recording.h"
#include "cmd/mmap_recording.h"
#include "cmd/v8_recording.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/rss.h"
#include "profile/merge.h"
#include "symbolize/javascript.h"

/* The allocator's function, inlined frames aside, every caller, and a mark where it was cut. */
#define MAX_LOCATIONS (HT_MAX_FRAMES + 2)

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

	if (v8->source != SOURCE_MALLOC)
		return symbolize_label(profile, v8_source_leaf(v8, stack->probe), ret);
	if (mmap_recording_is(stack))
		return symbolize_label(profile, mmap_recording_leaf(stack), ret);
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
	int n = 0, err = name_leaf(recording, profile, stack, &locations[n++]);
	uint32_t next = 0;

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

static uint32_t add_number(struct profile_label *labels, uint32_t nr, const char *key, double value)
{
	labels[nr] = (struct profile_label){.key = key, .number = llround(value), .unit = "bytes"};
	return nr + 1;
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

static int add_site(const struct recording *recording, const struct site_totals *site, bool room,
		    struct profile *profile)
{
	uint32_t locations[MAX_LOCATIONS];
	struct profile_label labels[10]; /* five of the process, five of the sample */
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
	if (site->stack)
		sample.nr_labels = label_process(recording, site->stack, labels);
	if (site->stack && site->stack->end != HT_STACK_complete)
		labels[sample.nr_labels++] = (struct profile_label){
			.key = "incomplete", .string = stack_end_name(site->stack->end)};
	if (v8->source != SOURCE_MALLOC) {
		v8_fill_sample(v8, site, &sample);
		return profile_add_sample(profile, &sample);
	}
	if (site->stack && mmap_recording_is(site->stack))
		labels[sample.nr_labels++] =
			(struct profile_label){.key = "kind", .string = "mmap"};
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

/* Samples of ended processes that are told apart by pid; some 20 MB. */
#define GONE_MAX 65536

/* What tells processes of one name apart goes, and figures that are of one sample alone. */
static int merge_gone(struct recording *recording)
{
	static const char *const without[] = {"pid",	      "inner_pid",    "bytes",
					      "alloc_stderr", "inuse_stderr", NULL};
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
	return err;
}

/* Which figures are not the whole, and that the run ended early. */
static int note_incomplete(struct profile *profile, const struct recording *recording,
			   const struct ht_stats *stats)
{
	const char *full = recording_incomplete(stats), *ended = recording->budget->why;

	if (!full && !*ended)
		return 0;
	return profile_set_note(profile, "incomplete", "%s%s%s", full ?: "",
				full && *ended ? "; " : "", ended);
}

/* What is known of one process besides. */
static int note_place(struct profile *profile, const struct target *target)
{
	const struct process *process = &target->process;
	int err = profile_set_note(profile, "comm", "%s", process->comm);

	if (!err && process->inner_pid && process->inner_pid != process->pid)
		err = profile_set_note(profile, "inner_pid", "%d", process->inner_pid);
	if (!err && target->cgroup.path && strcmp(target->cgroup.path, "/") != 0)
		err = profile_set_note(profile, "cgroup", "%s", target->cgroup.path);
	if (!err && *target->cgroup.container)
		err = profile_set_note(profile, "container", "%s", target->cgroup.container);
	return err;
}

/* "1234 comm path", or whom the user asked for. */
static int note_target(struct profile *profile, const struct recording *recording,
		       unsigned int nr_targets)
{
	const struct target *target = session_target(recording->session);
	const struct process *process = &target->process;
	int err;

	if (recording->whom)
		err = profile_set_note(profile, "target", "%u processes: %s", nr_targets,
				       recording->whom);
	else
		err = profile_set_note(profile, "target", "%d %s %s", process->pid, process->comm,
				       process->exe);
	if (!err && !recording->whom)
		err = note_place(profile, target);
	if (!err && nr_targets > 1)
		err = profile_set_note(profile, "targets", "%u", nr_targets);
	return err ?: profile_set_note(profile, "attached", "%s", target->late ? "late" : "start");
}

/* Which functions of which file were probed, and of one process why. */
static int note_allocators(struct profile *profile, const struct recording *recording)
{
	const struct attachments *attachments = session_attachments(recording->session);
	const struct choice *choice = session_choice(recording->session);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int err;

	if (!out)
		return -errno;
	for (unsigned int i = 0; i < attachments->nr; i++) {
		const struct probes *probes = &attachments->all[i].probes;
		enum choice_reason reason = choice->reasons[i];

		fprintf(out, "%s%s %s", i ? "; " : "", probes->family, probes->object->path);
		if (!recording->several)
			fprintf(out, " (%s)", choice_reason_text(reason));
		for (unsigned int k = 0; k < probes->nr && reason != CHOICE_INTERPOSED; k++)
			if (probes->probes[k].state == PROBE_USED)
				fprintf(out, "%s%s", k ? " " : ": ",
					probe_symbol(&probes->probes[k]));
	}
	err = fclose(out) ? -ENOMEM : profile_set_note(profile, "allocators", "%s", text);
	free(text);
	return err;
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

static int note_javascript(struct profile *profile, const struct session *session)
{
	struct javascript_report javascript;
	int err;

	session_javascript(session, &javascript);
	if (!javascript.nr_processes)
		return 0;
	err = profile_set_note(profile, "js_frames", "%" PRIu64, javascript.stats.frames);
	err = err ?: profile_set_note(profile, "js_unnamed", "%" PRIu64, javascript.stats.unnamed);
	err = err
		      ?: profile_set_note(profile, "js_unplaced", "%" PRIu64,
					  javascript.stats.unplaced);
	if (!err && *javascript.note)
		err = profile_set_note(profile, "js_note", "%s", javascript.note);
	return err;
}

static int note_children(struct profile *profile, const struct session *session)
{
	struct session_children children;
	int err = 0;

	session_children(session, &children);
	if (children.late_ns)
		err = profile_set_note(profile, "follow_late_ms", "%.1f", children.late_ns / 1e6);
	if (!err && children.nr_missed)
		err = profile_set_note(profile, "follow_missed", "%u", children.nr_missed);
	return err;
}

static int add_notes(const struct recording *recording, const struct snapshot *snapshot,
		     struct profile *profile)
{
	const struct v8_source *v8 = session_v8(recording->session);
	struct session_sums sums;
	struct site_totals total;
	struct rss rss;
	int err;

	snapshot_total(snapshot, &total);
	err = profile_set_note(profile, "version", "%s", HEAPTAP_VERSION);
	session_sums(recording->session, &sums);
	err = err ?: note_target(profile, recording, sums.nr_targets);
	if (recording->gone_merged)
		err = err ?: profile_set_note(profile, "ended_merged", "1");
	err = err ?: note_children(profile, recording->session);
	err = err ?: profile_set_note(profile, "source", "%s", source_name(v8->source));
	if (v8->source == SOURCE_MALLOC)
		err = err ?: note_allocators(profile, recording);
	err = err ?: budget_note(recording->budget, profile);
	err = err ?: profile_set_note(profile, "watched_ns", "%" PRIu64, snapshot->watched_ns);
	err = err ?: profile_set_note(profile, "min_age_ns", "%" PRIu64, recording->min_age_ns);
	err = err ?: note_counts(profile, snapshot, v8->source == SOURCE_MALLOC);
	err = err ?: note_incomplete(profile, recording, &snapshot->stats);
	err = err
		      ?: profile_set_note(profile, "alloc_error", "%.2f",
					  relative_error(total.alloc_bytes, total.alloc_var));
	err = err
		      ?: profile_set_note(profile, "live_error", "%.2f",
					  relative_error(total.inuse_bytes, total.inuse_var));
	err = err ?: note_javascript(profile, recording->session);
	err = err ?: note_cost(profile, recording, &snapshot->stats);
	err = err ?: mmap_recording_note(snapshot, profile);
	rss_account(recording->session, total.inuse_bytes - snapshot->mmaps.bytes, &rss);
	if (v8->source == SOURCE_MALLOC)
		err = err ?: rss_note(profile, &rss);
	else
		err = err ?: v8_add_notes(v8, snapshot, profile);
	return err
		       ?: profile_set_note(profile, "map_bytes", "%" PRIu64,
					   session_map_bytes(recording->session));
}

/* One that cannot be read is as none: names are missing, and that shows. */
static void set_perf_maps(const struct recording *recording)
{
	for (unsigned int i = 0; i < session_nr_targets(recording->session); i++) {
		const struct target *target = session_target_at(recording->session, i);

		if (target->perf_map >= 0)
			symbolizer_set_perf_map(recording->symbolizer, target->space->pid,
						target->perf_map);
	}
}

int recording_profile(const struct recording *recording, const struct snapshot *snapshot,
		      struct profile **ret)
{
	const struct v8_source *v8 = session_v8(recording->session);
	struct profile *profile = profile_new();
	struct timespec now;
	int err = profile ? 0 : -ENOMEM;

	set_perf_maps(recording);
	for (uint32_t i = 0; i < snapshot->nr_sites && !err; i++)
		if (snapshot->sites[i].samples)
			err = add_site(recording, &snapshot->sites[i], i > 0, profile);
	if (!err && recording->gone)
		err = profile_merge(profile, recording->gone, NULL);
	err = err ?: add_notes(recording, snapshot, profile);
	if (err) {
		profile_free(profile);
		return err;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	profile->time_ns = now.tv_sec * 1000000000LL + now.tv_nsec;
	profile->duration_ns = snapshot->watched_ns;
	profile->period =
		v8->source == SOURCE_MALLOC
			? (int64_t)budget_mean_rate(recording->budget,
						    snapshot->stats.count[HT_COUNT_allocs])
			: v8_period(v8, snapshot);
	for (int i = 0; i < NR_METRICS; i++)
		profile->has_metric[i] = v8_has_metric(v8->source, i);
	*ret = profile;
	return 0;
}
