// SPDX-License-Identifier: Apache-2.0
/*
 * heaptap gc: the garbage collections of a running Node process, a line for each as it happens, and
 * a summary at the end. A line that cannot be written (the reader of a pipe has gone) is the end
 * too.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/stop.h"
#include "cmd/target_options.h"
#include "collect/gc_watch.h"
#include "export/gc_lines.h"
#include "export/text.h"
#include "util/clock.h"

#define POLL_MS 100 /* nobody wakes it for a collection */

struct gc_options {
	struct target_options targets;
	pid_t pid;
	uint64_t duration_ns; /* 0: none */
	struct caps caps;
	bool json, quiet, verbose;
};

struct gc_run_state {
	const struct gc_options *options;
	struct gc_lines lines;
	struct gc_stats stats;
	struct gc_watch *watch;
};

enum { OPTION_NO_FEATURE = OPTION_FIRST_FREE };

static const struct argp_option gc_table[] = {
	{"duration", 'd', "TIME", 0,
	 "Stop after 30s, 5m, 1h; without it at Ctrl-C or the end of the process", 1},
	{"format", 'f', "text|json", 0, "json is one object a line (default text)", 1},
	{"quiet", 'q', NULL, 0, "No messages on stderr but errors", 2},
	{"verbose", 'v', NULL, 0, "Say what was probed, and where", 2},
	{"no-feature", OPTION_NO_FEATURE, "NAMES", OPTION_HIDDEN, "Do without kernel features", 2},
	{0},
};

static const char gc_doc[] =
	"Show the garbage collections of a running Node process."
	"\v"
	"The process needs no flag and is not restarted. A line for each collection: when it began, "
	"its kind, the JavaScript heap before and after, how long it stopped its thread, and V8's "
	"reason. Then a summary: pauses by kind, what was allocated, and whether what full "
	"collections leave behind grows.\n"
	"\n"
	"Examples:\n"
	"  heaptap gc -p 1234\n"
	"  heaptap gc -p 1234 -d 10m -f json > gc.json\n"
	"\n" OPTION_EXIT_HELP;

static void parse_format(struct gc_options *options, const char *arg, struct argp_state *state)
{
	options->json = !strcmp(arg, "json");
	if (!options->json && strcmp(arg, "text") != 0)
		argp_error(state, "--format: there is no format '%s'; there are: text json", arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct gc_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->targets;
		return 0;
	case 'd':
		options->duration_ns = option_time_ns(state, "--duration", arg);
		if (!options->duration_ns)
			argp_error(state, "--duration: '%s' is no time at all", arg);
		return 0;
	case 'f':
		parse_format(options, arg, state);
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case OPTION_NO_FEATURE:
		option_no_feature(state, &options->caps, arg);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': a process is given with -p", arg);
		return 0;
	case ARGP_KEY_END:
		if (!target_options_given(&options->targets))
			argp_error(state, "which process? Give -p PID");
		if (options->targets.selection.all || options->targets.selection.follow)
			argp_error(state, "--%s: this watches one process",
				   options->targets.selection.all ? "all" : "follow");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child gc_children[] = {
	{&target_argp, 0, "What to watch, one process:", 1},
	{0},
};

const struct argp gc_argp = {
	.options = gc_table,
	.parser = parse,
	.args_doc = "-p PID\n-n GLOB",
	.doc = gc_doc,
	.children = gc_children,
};

/* Flushed at once: a reader sees a collection soon after it is over. */
static int flush(struct gc_run_state *run)
{
	return fflush(run->lines.out) || ferror(run->lines.out) ? -EIO : 0;
}

static int on_collection(const struct ht_gc_event *event, void *arg)
{
	struct gc_run_state *run = arg;
	int err = gc_stats_add(&run->stats, event);

	err = err ?: gc_lines_put(&run->lines, event, run->stats.nr_heaps > 1);
	return err ?: flush(run);
}

static void say_probes(const struct v8_probes *probes)
{
	cmd_message("V8 in %s", probes->object->path);
	for (unsigned int i = 0; i < probes->nr; i++) {
		const struct v8_probe *probe = &probes->probes[i];

		cmd_message("probe %s+%" PRIu64 " at 0x%" PRIx64 ": %s (%s)", v8_probe_name(probe),
			    probe->site.offset, probe->offset + probe->site.offset,
			    probe_site_class_name(probe->site.class), probe->site.insn);
	}
}

static int64_t realtime_offset(void)
{
	return clock_utc_ns() - (int64_t)clock_now_ns();
}

static int start(struct gc_run_state *run, struct gc_options *options, const sigset_t *sleeping)
{
	struct gc_watch_options watch = {
		.verbose = options->verbose,
		.visit = on_collection,
		.arg = run,
	};
	struct diag diag = {0};
	const struct process *process;
	int err = target_options_one(&options->targets, sleeping, &diag, &options->pid);

	if (err == -EINTR)
		return err;
	err = err ?: caps_detect(&options->caps, &diag);
	watch.pid = options->pid;
	watch.caps = options->caps;
	err = err ?: gc_watch_open(&watch, &diag, &run->watch);
	if (err) {
		cmd_message("%s%s", diag.text,
			    cmd_exit_status(err) == EXIT_NOT_PERMITTED
				    ? "; `heaptap check` says what is missing"
				    : "");
		return err;
	}
	process = &gc_watch_target(run->watch)->process;
	run->lines.v8_major = gc_watch_probes(run->watch)->v8_major;
	run->lines.offset_ns = realtime_offset();
	if (options->verbose)
		say_probes(gc_watch_probes(run->watch));
	if (!options->quiet)
		cmd_message("watching the garbage collections of pid %d (%s) until it ends, or "
			    "Ctrl-C",
			    process->pid, process->comm);
	return 0;
}

/* Until a signal, the end of the duration, or of the process. */
static int watch(struct gc_run_state *run, uint64_t begin_ns, const sigset_t *sleeping)
{
	uint64_t duration = run->options->duration_ns, passed;
	int err = 0;

	while (!stop_signal() && !err) {
		uint64_t wait = POLL_MS * 1000000ULL;

		passed = clock_now_ns() - begin_ns;
		if (duration && passed >= duration)
			break;
		if (duration && duration - passed < wait)
			wait = duration - passed;
		err = gc_watch_poll(run->watch, (wait + 999999) / 1000000, sleeping);
	}
	return err < 0 ? err : 0;
}

static int finish(struct gc_run_state *run, uint64_t begin_ns)
{
	const struct process *process = &gc_watch_target(run->watch)->process;
	struct gc_run facts = {.pid = process->pid, .comm = process->comm};
	struct ht_stats counters;
	int err;

	facts.watched_ns = clock_now_ns() - begin_ns;
	err = gc_watch_stop(run->watch);
	err = err ?: gc_watch_stats(run->watch, &counters);
	if (err)
		return err;
	facts.nr_lost = counters.loss[HT_LOSS_gc_lost];
	facts.nr_half = counters.loss[HT_LOSS_gc_half];
	err = gc_lines_summary(&run->lines, &run->stats, &facts);
	return err ?: flush(run);
}

int cmd_gc(int argc, char **argv)
{
	struct gc_options options = {0};
	struct gc_run_state run = {.options = &options};
	sigset_t sleeping;
	uint64_t begin_ns;
	int err;

	argp_parse(&gc_argp, argc, argv, 0, NULL, &options);
	run.lines = (struct gc_lines){.out = stdout, .json = options.json};
	stop_prepare(&sleeping);
	err = start(&run, &options, &sleeping);
	if (!err) {
		begin_ns = clock_now_ns();
		gc_lines_header(&run.lines);
		err = flush(&run);
		err = err ?: watch(&run, begin_ns, &sleeping);
		err = err ?: finish(&run, begin_ns);
		/* main() says what became of a write that failed */
		if (err && !ferror(stdout))
			cmd_fail(err, NULL, "cannot go on watching pid %d", options.pid);
		if (err)
			err = -EIO;
	}
	gc_watch_close(run.watch);
	gc_stats_done(&run.stats);
	target_options_done(&options.targets);
	return err == -EINTR ? EXIT_DONE : cmd_exit_status(err);
}
