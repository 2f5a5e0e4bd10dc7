// SPDX-License-Identifier: Apache-2.0
/* heaptap top: its options. The run is top_run(). */
#include "cmd/top.h"

#include <argp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/top_lines.h"

#define DEFAULT_INTERVAL_NS 1000000000ULL

enum {
	OPTION_BUDGET = OPTION_FIRST_FREE,
	OPTION_ONCE,
	OPTION_BATCH,
	OPTION_ROWS,
	OPTION_SORT,
	OPTION_FILTER,
	OPTION_GROUP,
	OPTION_NO_FEATURE,
};

static const struct argp_option top_table[] = {
	{NULL, 0, NULL, 0, "How:", 2},
	{"rate", 'r', "BYTES|auto", 0,
	 "Mean bytes between two samples; 1 takes every allocation. auto, the default, begins with "
	 "1 and raises it as far as the budget demands",
	 2},
	{"budget", OPTION_BUDGET, "PCT", 0,
	 "What the process may lose, in percent of its CPU time, and at least 1% of one CPU: beyond "
	 "it the rate is raised, and when that is not enough the probes are removed (default 5% "
	 "with -r auto, none with -r BYTES)",
	 2},
	{"duration", 'd', "TIME", 0,
	 "End after 30s, 5m, 1h; with --once the time that is watched (default 1s)", 2},
	{"interval", 'i', "TIME", 0, "Refresh every TIME (default 1s)", 2},
	{NULL, 0, NULL, 0, "What to show:", 3},
	{"metric", 'm', "METRIC", 0,
	 "inuse_space (default), inuse_objects, alloc_space or alloc_objects", 3},
	{"sort", OPTION_SORT, "COLUMN", 0,
	 "live (default), growth, alloc, objects (or bytes, with a metric of objects), age or site",
	 3},
	{"filter", OPTION_FILTER, "REGEX", 0,
	 "Only stacks of which a frame matches, \"function  file:line\"", 3},
	{"by", OPTION_GROUP, "WHAT", 0,
	 "A row for each pid, comm, cgroup or container, instead of each site", 3},
	{"top", OPTION_ROWS, "N", 0, "Rows of plain text, 0 for all (default 20)", 3},
	{NULL, 0, NULL, 0, "Plain text instead of the terminal:", 4},
	{"once", OPTION_ONCE, NULL, 0, "One screen, and end", 4},
	{"batch", OPTION_BATCH, "N", 0, "N screens, one each interval, and end", 4},
	{"no-feature", OPTION_NO_FEATURE, "NAMES", OPTION_HIDDEN, "Do without kernel features", 4},
	{0},
};

static const char top_doc[] =
	"Show live which call sites hold the memory of processes, and how that changes."
	"\v"
	"A row for each site: bytes that it allocated since heaptap attached and that are not freed, "
	"their share, growth and allocations per second since the last refresh, objects, and since "
	"when the site is known. Enter shows the stacks of a row, h what the other keys do.\n"
	"\n"
	"A process goes on undisturbed; nothing is injected and nothing stays behind. The output of "
	"-- COMMAND is not shown in the live view.\n"
	"\n"
	"Examples:\n"
	"  heaptap top -p 1234\n"
	"  heaptap top -a --by comm\n"
	"  heaptap top -p 1234 --once -d 10s\n"
	"  heaptap top -p 1234 --batch 60 -i 1m --sort growth > day.txt\n"
	"\n" OPTION_EXIT_HELP;

static void parse_metric(struct top_options *options, const char *arg,
			 const struct argp_state *state)
{
	if (metric_parse(arg, &options->view.metric) || options->view.metric >= NR_HEAP_METRICS)
		argp_error(state,
			   "--metric: there is no metric '%s'; there are: inuse_space "
			   "inuse_objects alloc_space alloc_objects",
			   arg);
}

static void parse_sort(struct top_options *options, const char *arg, const struct argp_state *state)
{
	if (top_lines_parse_column(arg, &options->view.sort))
		argp_error(state,
			   "--sort: there is no column '%s'; there are: live growth alloc objects "
			   "age site",
			   arg);
}

/* What is shown of it. */
static error_t parse_shown(int key, char *arg, struct argp_state *state)
{
	struct top_options *options = state->input;

	switch (key) {
	case 'm':
		parse_metric(options, arg, state);
		return 0;
	case OPTION_SORT:
		parse_sort(options, arg, state);
		return 0;
	case OPTION_FILTER:
		options->filter = arg;
		return 0;
	case OPTION_GROUP:
		if (group_parse(arg, &options->view.by))
			argp_error(state, "--by: '%s' is none of pid, comm, cgroup, container",
				   arg);
		return 0;
	case OPTION_ROWS:
		options->top = option_number(state, "--top", arg, 0, UINT_MAX);
		return 0;
	case OPTION_ONCE:
		options->once = true;
		return 0;
	case OPTION_BATCH:
		options->batch = option_number(state, "--batch", arg, 1, UINT_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* A regular expression that is none is said before anything is attached. */
static void check_filter(const struct top_options *options, const struct argp_state *state)
{
	char why[128];
	regex_t regex;
	int err;

	if (!options->filter)
		return;
	err = regcomp(&regex, options->filter, REG_EXTENDED | REG_NOSUB);
	if (err) {
		regerror(err, &regex, why, sizeof(why));
		argp_error(state, "--filter: '%s': %s", options->filter, why);
	}
	regfree(&regex);
}

static void settle(struct top_options *options, const struct argp_state *state)
{
	record_settle_watching(&options->record, state);
	check_filter(options, state);
	if (options->once && options->batch)
		argp_error(state, "--once excludes --batch");
	if (options->once) {
		options->batch = 1;
		if (options->record.duration_ns)
			options->interval_ns = options->record.duration_ns;
	}
	if (!options->batch && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
		argp_error(state, "standard input and output are not a terminal: add --once for "
				  "one screen as plain text, or --batch N for N of them");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct top_options *options = state->input;
	struct record_options *record = &options->record;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &record->targets;
		return 0;
	case 'r':
		record_parse_rate(record, arg, state);
		return 0;
	case OPTION_BUDGET:
		record->budget = option_share(state, "--budget", arg);
		return 0;
	case 'd':
		record->duration_ns = option_interval_ns(state, "--duration", arg);
		return 0;
	case 'i':
		options->interval_ns = option_interval_ns(state, "--interval", arg);
		return 0;
	case OPTION_NO_FEATURE:
		option_no_feature(state, &record->session.caps, arg);
		return 0;
	case ARGP_KEY_ARGS:
		record->command = state->argv + state->next;
		return 0;
	case ARGP_KEY_END:
		settle(options, state);
		return 0;
	default:
		return parse_shown(key, arg, state);
	}
}

static const struct argp_child top_children[] = {
	{&target_argp, 0, "What to watch:", 1},
	{0},
};

const struct argp top_argp = {
	.options = top_table,
	.parser = parse,
	.args_doc = "-p PID[,PID...]\n-n GLOB\n-c CGROUP\n-a\n-- COMMAND [ARG...]",
	.doc = top_doc,
	.children = top_children,
};

int cmd_top(int argc, char **argv)
{
	struct top_options options = {
		.record = {.rate_auto = true,
			   .session = {.rate = 1, .map_memory = KERNEL_MAP_MEMORY_DEFAULT}},
		.interval_ns = DEFAULT_INTERVAL_NS,
		.top = OUTPUT_DEFAULT_TOP,
		.view = {.metric = METRIC_INUSE_SPACE, .sort = TOP_VALUE},
	};
	int status;

	argp_parse(&top_argp, argc, argv, ARGP_IN_ORDER, NULL, &options);
	status = top_run(&options);
	target_options_done(&options.record.targets);
	return status;
}
