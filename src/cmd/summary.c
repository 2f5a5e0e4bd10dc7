// SPDX-License-Identifier: Apache-2.0
/* Losses come first: a figure is not to be read before what is missing from it. */
#include "cmd/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "cmd/mmap_recording.h"
#include "cmd/page_recording.h"
#include "cmd/rss.h"
#include "cmd/v8_recording.h"
#include "collect/arenas.h"
#include "export/text.h"

static const struct {
	const char *name, *text;
	bool data; /* allocations are missing; otherwise only parts of their stacks are */
} losses[] = {
#define X(name, text) {#name, text, HT_LOSS_##name < HT_NR_DATA_LOSSES},
	HT_LOSSES(X)
#undef X
};

bool summary_has_losses(const struct snapshot *snapshot)
{
	for (int i = 0; i < HT_NR_DATA_LOSSES; i++)
		if (snapshot->stats.loss[i])
			return true;
	return false;
}

static void say_probes(const struct attachments *attachments)
{
	for (unsigned int i = 0; i < attachments->nr; i++) {
		const struct probes *probes = &attachments->all[i].probes;

		for (unsigned int k = 0; k < probes->nr; k++) {
			const struct probe *probe = &probes->probes[k];

			if (probe->state == PROBE_USED)
				cmd_message("probe %s+%" PRIu64 " at 0x%" PRIx64 " of %s: %s (%s)",
					    probe_symbol(probe), probe->site.offset,
					    probe->offset + probe->site.offset,
					    probes->object->path,
					    probe_site_class_name(probe->site.class),
					    probe->site.insn);
		}
	}
}

/* Why JavaScript frames may have no names, or wrong ones. */
static void say_javascript_note(const struct session *session)
{
	struct javascript_report javascript;

	session_javascript(session, &javascript);
	if (javascript.unreadable)
		cmd_warning("JavaScript frames are shown as [anon]: %s", javascript.note);
	else if (*javascript.note)
		cmd_message("JavaScript: %s", javascript.note);
}

static void say_refused(const struct members *members, bool verbose)
{
	if (members->nr_refused && (verbose || !members->selection->all))
		cmd_message("%u of those that match cannot be watched, such as: %s",
			    members->nr_refused, members->refused.text);
}

void summary_start(const struct record_options *options, const struct session *session,
		   uint64_t attach_ns)
{
	bool running = !options->command;
	const struct caps *caps = &options->session.caps;
	bool open = selection_is_open(&options->targets.selection);
	char whom[384], duration[TEXT_SIZE], until[64];

	if (options->quiet)
		return;
	if (options->verbose) {
		say_probes(session_attachments(session));
		v8_say_probes(session_v8(session));
		cmd_message("links: %s", caps->has[CAPS_session] ? "uprobe_multi with sessions"
					 : caps->has[CAPS_multi] ? "uprobe_multi"
								 : "perf uprobes");
		cmd_message("maps: %.1f MiB of kernel memory at most",
			    session_map_bytes(session) / 1048576.0);
		cmd_message("attached in %.0f ms", attach_ns / 1e6);
	}
	snprintf(until, sizeof(until), "%s",
		 open				   ? "until Ctrl-C"
		 : session_nr_targets(session) > 1 ? "until they end, or Ctrl-C"
						   : "until it ends, or Ctrl-C");
	if (options->duration_ns)
		snprintf(until, sizeof(until), "for %s",
			 text_duration(duration, options->duration_ns));
	target_options_describe(&options->targets, &session_target(session)->process,
				session_nr_targets(session), whom, sizeof(whom));
	say_refused(session_members(session), options->verbose);
	cmd_message("recording %s %s%s%s", whom, running ? "" : "from its start ", until,
		    running && !source_is_v8(options->session.source)
			    ? "; what is held already is not counted"
			    : "");
	say_javascript_note(session);
}

static void say_losses(const struct snapshot *snapshot)
{
	uint64_t samples = snapshot->stats.count[HT_COUNT_samples];

	for (int i = 0; i < HT_NR_LOSSES; i++) {
		uint64_t n = snapshot->stats.loss[i];

		if (!n)
			continue;
		if (losses[i].data)
			cmd_warning("lost: %" PRIu64 " %s", n, losses[i].text);
		else
			cmd_message("partial: %" PRIu64 " of %" PRIu64 " %s", n, samples,
				    losses[i].text);
	}
	if (recording_incomplete(&snapshot->stats))
		cmd_warning("%s", recording_incomplete(&snapshot->stats));
}

void summary_describe_losses(const struct snapshot *snapshot, bool data, char *text, size_t size)
{
	size_t length = 0;

	*text = '\0';
	for (int i = 0; i < HT_NR_LOSSES && length < size; i++)
		if (snapshot->stats.loss[i] && losses[i].data == data)
			length += snprintf(text + length, size - length, "%s%" PRIu64 " %s",
					   length ? "; " : "", (uint64_t)snapshot->stats.loss[i],
					   losses[i].text);
	if (data && recording_incomplete(&snapshot->stats) && length < size)
		snprintf(text + length, size - length, ": %s",
			 recording_incomplete(&snapshot->stats));
}

/* The reader of the end alone must learn that it came early. */
static void say_ended(const struct recording *recording)
{
	if (recording->budget->ended)
		cmd_warning("%s", recording->budget->why);
}

void summary_cost(const struct recording *recording, const struct snapshot *snapshot, char *text,
		  size_t size)
{
	uint64_t hits = snapshot->stats.count[HT_COUNT_hits];
	uint64_t faults = snapshot->stats.count[HT_COUNT_fault_samples];

	if (recording->cost_ns < 0)
		snprintf(text, size, "not known: probes on heaptap's own code could not be timed");
	else if (faults)
		snprintf(text, size,
			 "%.2f%% of the target's CPU time, %.2f%% of one CPU (%" PRIu64
			 " samples of page faults, %" PRIu64 " probe hits)",
			 recording_cost_share(recording),
			 100 * recording->cost_ns / snapshot->watched_ns, faults, hits);
	else if (!hits)
		snprintf(text, size, "none, no probe was hit");
	else
		snprintf(text, size,
			 "%.1f%% of the target's CPU time, %.1f%% of one CPU (%" PRIu64
			 " probe hits of %.0f ns)",
			 recording_cost_share(recording),
			 100 * recording->cost_ns / snapshot->watched_ns, hits,
			 recording->cost_ns / hits);
}

static void say_cost(const struct recording *recording, const struct snapshot *snapshot)
{
	char text[160];

	summary_cost(recording, snapshot, text, sizeof(text));
	cmd_message("cost: %s", text);
}

static void say_javascript(const struct record_options *options, const struct session *session)
{
	struct javascript_report javascript;
	uint64_t frames, unnamed;

	session_javascript(session, &javascript);
	frames = javascript.stats.frames;
	unnamed = javascript.stats.unnamed;
	if (frames && (options->verbose || 100 * unnamed > frames))
		cmd_message("JavaScript: %" PRIu64 " frames of call stacks, %" PRIu64
			    " without a name ([js]), %" PRIu64 " without a line",
			    frames, unnamed, javascript.stats.unplaced);
	if (javascript.stats.cut_sources)
		cmd_message("JavaScript: %" PRIu64
			    " scripts are longer than 64M characters: no lines beyond that",
			    javascript.stats.cut_sources);
}

/* Of a process with V8, and of what the page lens saw: what the memory's growth is made of. */
static void say_rss(const struct recording *recording, const struct snapshot *snapshot)
{
	struct rss rss;
	char text[512];

	rss_account(recording->session, snapshot, &rss);
	if (!rss.has_v8 && !rss.pages)
		return;
	rss_describe(&rss, text, sizeof(text));
	cmd_message("rss: %s", text);
}

static void say_tables(const struct session *session)
{
	struct tables_stats stats;

	session_tables(session, &stats);
	cmd_message("unwind tables: %u files, %" PRIu64
		    " rows, %.1f MiB in the kernel, loaded in %.0f "
		    "ms; %u files have none, %u found no room",
		    stats.nr_objects, stats.rows, stats.bytes / 1048576.0, stats.load_ns / 1e6,
		    stats.nr_without, stats.nr_no_room);
}

/* For how long each child was not counted, or not in all. */
static void say_children(const struct session *session, bool verbose)
{
	struct session_children children;

	session_children(session, &children);
	if (children.nr_missed)
		cmd_message("%u %s watched", children.nr_missed,
			    children.nr_missed == 1 ? "process ended before it was"
						    : "processes ended before they were");
	for (unsigned int i = 0; verbose && i < session_nr_targets(session); i++) {
		const struct target *target = session_target_at(session, i);

		if (target->follow_late_ns)
			cmd_message("pid %d (%s) was watched %.1f ms after it began",
				    target->process.pid, target->process.comm,
				    target->follow_late_ns / 1e6);
	}
}

static void say_own(const struct recording *recording)
{
	struct symbolizer_stats stats;
	struct rusage usage;

	symbolizer_stats(recording->symbolizer, &stats);
	getrusage(RUSAGE_SELF, &usage);
	cmd_message(
		"named %u frames from %u files, %u of them with source lines; %u without a name",
		stats.frames, stats.objects, stats.with_lines, stats.unnamed);
	cmd_message("heaptap itself took %.1f MiB and %.2f s of CPU", usage.ru_maxrss / 1024.0,
		    usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
			    (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

/* What is held: what the run was made for. */
static void say_held(const struct recording *recording, const struct snapshot *snapshot)
{
	bool late = session_target(recording->session)->late;
	char bytes[TEXT_SIZE], watched[TEXT_SIZE], error[64] = "";
	struct site_totals total;

	text_duration(watched, snapshot->watched_ns);
	if (!snapshot->stats.count[HT_COUNT_allocs] && !snapshot->mmaps.calls) {
		cmd_message("nothing was allocated in %s: the process was idle, or its memory does "
			    "not come from malloc",
			    watched);
		return;
	}
	snapshot_total(snapshot, &total);
	if (recording->budget->fell_back) {
		page_recording_say_both(&total, snapshot);
		return;
	}
	if (recording_is_sampled(recording) && total.inuse_bytes > 0)
		snprintf(error, sizeof(error), " (standard error %.1f%%)",
			 relative_error(total.inuse_bytes, total.inuse_var));
	else if (recording_is_sampled(recording))
		snprintf(error, sizeof(error), " (less than the rate can show)");
	cmd_message("in use: %s in %.0f objects%s, allocated in the %s since %s",
		    text_bytes(bytes, total.inuse_bytes), total.inuse_objects, error, watched,
		    late ? "attaching" : "the start");
}

static void say_seen(const struct recording *recording, const struct snapshot *snapshot)
{
	const __u64 *count = snapshot->stats.count;
	uint64_t samples = count[HT_COUNT_samples], nr_lost = 0;
	char rate[64] = "exact", bytes[TEXT_SIZE], complete[64] = "";

	for (int i = 0; i < HT_NR_DATA_LOSSES; i++)
		nr_lost += snapshot->stats.loss[i];
	if (attachments_are_told(session_attachments(recording->session)))
		snprintf(rate, sizeof(rate), "as the process's own sampler chose them");
	else if (recording->rate > 1)
		snprintf(rate, sizeof(rate), "%sone per %s",
			 recording->budget->past > 0 ? "at first more, in the end " : "",
			 text_bytes(bytes, recording->rate));
	if (samples)
		snprintf(complete, sizeof(complete), "; %.1f%% of the stacks complete",
			 100.0 * snapshot->nr_complete / samples);
	cmd_message("seen: %" PRIu64 " allocations, %" PRIu64 " frees; %" PRIu64
		    " samples (%s), %" PRIu64 " lost%s",
		    (uint64_t)count[HT_COUNT_allocs], (uint64_t)count[HT_COUNT_frees], samples,
		    rate, nr_lost, complete);
}

static void say_arenas(const struct recording *recording)
{
	uint32_t arenas = session_arenas(recording->session);
	const char *name;

	while ((name = arenas_next(&arenas)))
		cmd_message(
			"arenas: %s take blocks from the allocator: those are seen, not what is "
			"in them",
			name);
}

void summary_end(const struct record_options *options, const struct recording *recording,
		 const struct snapshot *snapshot)
{
	if (options->quiet)
		return;
	say_ended(recording);
	say_losses(snapshot);
	if (options->session.source == SOURCE_MALLOC) {
		say_held(recording, snapshot);
		mmap_recording_say(snapshot);
		if (snapshot->stats.count[HT_COUNT_allocs] || snapshot->stats.count[HT_COUNT_frees])
			say_seen(recording, snapshot);
	} else if (options->session.source == SOURCE_PAGE) {
		page_recording_say(recording, snapshot);
	} else {
		v8_say_seen(session_v8(recording->session), snapshot);
	}
	say_cost(recording, snapshot);
	if (!source_is_v8(options->session.source))
		say_rss(recording, snapshot);
	if (options->session.source == SOURCE_MALLOC)
		say_arenas(recording);
	say_javascript(options, recording->session);
	say_children(recording->session, options->verbose);
	if (options->verbose) {
		say_tables(recording->session);
		say_own(recording);
	}
	if (options->output.path && strcmp(options->output.path, "-") != 0)
		cmd_message("wrote %s", options->output.path);
}
