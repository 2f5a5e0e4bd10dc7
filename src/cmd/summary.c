// SPDX-License-Identifier: Apache-2.0
/* Losses come first: a figure is not to be read before what is missing from it. */
#include "cmd/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

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

void summary_start(const struct record_options *options, const struct session *session,
		   uint64_t attach_ns)
{
	const struct process *process = &session_target(session)->process;
	const struct caps *caps = &options->session.caps;

	if (options->quiet)
		return;
	if (options->verbose) {
		say_probes(session_attachments(session));
		cmd_message("links: %s", caps->has[CAPS_session] ? "uprobe_multi with sessions"
					 : caps->has[CAPS_multi] ? "uprobe_multi"
								 : "perf uprobes");
		cmd_message("maps: %.1f MiB of kernel memory at most",
			    session_map_bytes(session) / 1048576.0);
		cmd_message("attached in %.0f ms", attach_ns / 1e6);
	}
	if (options->pid)
		cmd_message("recording pid %d (%s); it was running: inuse counts what it allocates "
			    "since attaching",
			    process->pid, process->comm);
	else
		cmd_message("recording pid %d (%s) from its start", process->pid, process->comm);
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
			cmd_message("%" PRIu64 " of %" PRIu64 " %s", n, samples, losses[i].text);
	}
	if (snapshot->stats.loss[HT_LOSS_live_full] || snapshot->stats.loss[HT_LOSS_site_full])
		cmd_warning("the figures are too low: repeat with --map-memory larger, or with a "
			    "larger --rate");
}

static void say_cost(const struct recording *recording, const struct snapshot *snapshot)
{
	const struct target *target = session_target(recording->session);
	double cpu_ns = target->cpu_ns - target->cpu_start_ns;
	double hits = snapshot->stats.count[HT_COUNT_hits];

	if (recording->cost_ns < 0)
		return;
	if (cpu_ns < recording->cost_ns)
		cpu_ns = recording->cost_ns;
	cmd_message("cost: %.1f%% of the target's CPU time (%.0f probe hits of %.0f ns)",
		    cpu_ns > 0 ? 100 * recording->cost_ns / cpu_ns : 0, hits,
		    hits > 0 ? recording->cost_ns / hits : 0);
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

void summary_end(const struct record_options *options, const struct recording *recording,
		 const struct snapshot *snapshot)
{
	const __u64 *count = snapshot->stats.count;
	char watched[TEXT_SIZE], rate[64], live[TEXT_SIZE], bytes[TEXT_SIZE], error[64] = "";
	struct site_totals total;
	uint64_t nr_lost = 0;

	if (options->quiet)
		return;
	say_losses(snapshot);
	snapshot_total(snapshot, &total);
	for (int i = 0; i < HT_NR_DATA_LOSSES; i++)
		nr_lost += snapshot->stats.loss[i];
	if (recording->rate > 1) {
		snprintf(rate, sizeof(rate), "one sample per %s",
			 text_bytes(bytes, recording->rate));
		snprintf(error, sizeof(error), " (standard error %.1f%%)",
			 relative_error(total.inuse_bytes, total.inuse_var));
	} else {
		strcpy(rate, "exact");
	}
	cmd_message("%s, %s: %" PRIu64 " allocations, %" PRIu64 " frees, %" PRIu64
		    " samples, %" PRIu64 " lost; %.1f%% of the stacks complete",
		    text_duration(watched, snapshot->watched_ns), rate,
		    (uint64_t)count[HT_COUNT_allocs], (uint64_t)count[HT_COUNT_frees],
		    (uint64_t)count[HT_COUNT_samples], nr_lost,
		    count[HT_COUNT_samples]
			    ? 100.0 * count[HT_COUNT_complete] / count[HT_COUNT_samples]
			    : 100.0);
	cmd_message("%s%s in use by %.0f objects%s", text_bytes(live, total.inuse_bytes), error,
		    total.inuse_objects,
		    session_target(recording->session)->late ? ", allocated since attaching" : "");
	say_cost(recording, snapshot);
	if (options->verbose)
		say_own(recording);
	if (options->output.path && strcmp(options->output.path, "-") != 0)
		cmd_message("wrote %s", options->output.path);
}
