// SPDX-License-Identifier: Apache-2.0
/* The keys are those that docs/json.md lists; a note that does not hold for a run is left out. */
#include "cmd/recording_notes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cmd/mmap_recording.h"
#include "cmd/page_recording.h"
#include "cmd/rss.h"
#include "cmd/v8_recording.h"
#include "collect/arenas.h"
#include "proc/cgroup_memory.h"
#include "proc/procfs.h"

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

/* What the process's control group uses now, and may use. */
static int note_cgroup_memory(struct profile *profile, const struct target *target)
{
	struct cgroup_memory memory;
	int err;

	if (!target->cgroup.memory || !strcmp(target->cgroup.memory, "/") ||
	    cgroup_memory_read(target->cgroup.memory, &memory))
		return 0;
	err = profile_set_note(profile, "cgroup_memory", "%" PRIu64, memory.used);
	if (!err && memory.limit)
		err = profile_set_note(profile, "cgroup_limit", "%" PRIu64, memory.limit);
	return err;
}

/* What is known of one process besides. Its number may be another's later. */
static int note_place(struct profile *profile, const struct target *target)
{
	const struct process *process = &target->process;
	int err = profile_set_note(profile, "comm", "%s", process->comm);

	err = err ?: profile_set_note(profile, "start_ticks", "%" PRIu64, process->start_ticks);
	if (!err && process->inner_pid && process->inner_pid != process->pid)
		err = profile_set_note(profile, "inner_pid", "%d", process->inner_pid);
	if (!err && target->cgroup.path && strcmp(target->cgroup.path, "/") != 0)
		err = profile_set_note(profile, "cgroup", "%s", target->cgroup.path);
	if (!err && *target->cgroup.container)
		err = profile_set_note(profile, "container", "%s", target->cgroup.container);
	return err ?: note_cgroup_memory(profile, target);
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
			if (probes_at(probes, probes->probes[k].number) == &probes->probes[k])
				fprintf(out, "%s%s", k ? " " : ": ",
					probe_symbol(&probes->probes[k]));
	}
	err = fclose(out) ? -ENOMEM : profile_set_note(profile, "allocators", "%s", text);
	free(text);
	return err;
}

/* "PostgreSQL's memory contexts; ..." */
static int note_arenas(struct profile *profile, const struct recording *recording)
{
	uint32_t arenas = session_arenas(recording->session);
	const char *name;
	char text[512];
	size_t length = 0;

	while ((name = arenas_next(&arenas)) && length < sizeof(text))
		length += snprintf(text + length, sizeof(text) - length, "%s%s", length ? "; " : "",
				   name);
	return length ? profile_set_note(profile, "arenas", "%s", text) : 0;
}

static int note_cost(struct profile *profile, const struct recording *recording,
		     const struct ht_stats *stats)
{
	double hits = stats->count[HT_COUNT_hits] + stats->count[HT_COUNT_fault_samples];

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

static int note_collections(struct profile *profile, const struct collections *collections)
{
	uint64_t floor = collections_floor(collections);
	int err = 0;

	if (!collections->nr)
		return 0;
	err = profile_set_note(profile, "collections", "%" PRIu64, collections->nr);
	err = err ?: profile_set_note(profile, "pause_ns", "%" PRIu64, collections->pause_ns);
	if (!err && floor)
		err = profile_set_note(profile, "v8_floor", "%" PRIu64, floor);
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

int recording_note_origin(struct profile *profile)
{
	char boot[PROCFS_BOOT_ID_SIZE];
	struct utsname machine;
	int err = profile_set_note(profile, "version", "%s", HEAPTAP_VERSION);

	if (!err && !uname(&machine))
		err = profile_set_note(profile, "host", "%s", machine.nodename);
	if (!err && !procfs_boot_id(boot))
		err = profile_set_note(profile, "boot", "%s", boot);
	return err;
}

int recording_notes(const struct recording *recording, const struct snapshot *snapshot,
		    struct profile *profile)
{
	const struct v8_source *v8 = session_v8(recording->session);
	struct session_sums sums;
	struct site_totals total;
	struct rss rss;
	int err;

	snapshot_total(snapshot, &total);
	err = recording_note_origin(profile);
	session_sums(recording->session, &sums);
	err = err ?: note_target(profile, recording, sums.nr_targets);
	if (recording->gone_merged)
		err = err ?: profile_set_note(profile, "ended_merged", "1");
	err = err ?: note_children(profile, recording->session);
	err = err ?: profile_set_note(profile, "source", "%s", source_name(v8->source));
	if (v8->source == SOURCE_MALLOC)
		err = err ?: note_allocators(profile, recording) ?: note_arenas(profile, recording);
	err = err ?: budget_note(recording->budget, profile);
	err = err ?: profile_set_note(profile, "began_ns", "%" PRId64, recording->began_ns);
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
	err = err ?: page_recording_note(recording, snapshot, profile);
	rss_account(recording->session, snapshot, &rss);
	if (!source_is_v8(v8->source))
		err = err ?: rss_note(profile, &rss) ?: note_collections(profile, &v8->collections);
	else
		err = err ?: v8_add_notes(v8, snapshot, profile);
	return err
		       ?: profile_set_note(profile, "map_bytes", "%" PRIu64,
					   session_map_bytes(recording->session));
}
