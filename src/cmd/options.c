// SPDX-License-Identifier: Apache-2.0
/* The tables of shared options. argp prints usage errors itself and ends the process with the
 * status that main() gave it. */
#include "cmd/options.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/parse.h"

#define MIN_INTERVAL_NS 100000000ULL

static const struct argp_option output_options[] = {
	{"output", 'o', "FILE", 0,
	 "Write to FILE, which is replaced when all is written; - is stdout", 0},
	{"format", 'f', "FORMAT", 0,
	 "table, folded, svg, pprof, speedscope, json, heapprofile or prom; without it, by the name of "
	 "FILE (.txt .folded .svg .pb.gz .speedscope.json .json .heapprofile .prom)",
	 0},
	{"metric", 'm', "METRIC", 0,
	 "inuse_space, inuse_objects, alloc_space or alloc_objects; of garbage collections gc_pause "
	 "(time) or gc_pauses; without it the first of these that there is",
	 0},
	{"top", OPTION_TOP, "N", 0,
	 "Rows of the table, 0 for all (default 20); report: in other formats the largest sites alone",
	 0},
	{"stacks", OPTION_STACKS, NULL, 0,
	 "A row of the table for every call stack, with the stack under it", 0},
	{"by", OPTION_BY, "WHAT", 0,
	 "A row of the table, or a root of the stacks of folded, svg and speedscope, for each pid, "
	 "comm, cgroup or container",
	 0},
	{0},
};

static void parse_format(struct output_options *output, const char *name,
			 const struct argp_state *state)
{
	char names[128] = "";

	output->format = export_format_by_name(name);
	if (output->format)
		return;
	for (const struct export_format *format = export_formats; format->name; format++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), " %s", format->name);
	argp_error(state, "--format: there is no format '%s'; there are:%s", name, names);
}

static void no_metric(const struct argp_state *state, const char *text)
{
	char names[128] = "";

	for (int i = NR_METRICS - 1; i >= 0; i--)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), " %s",
			 metric_name(i));
	argp_error(state, "--metric: there is no metric '%s'; there are:%s", text, names);
}

static error_t parse_output(int key, char *arg, struct argp_state *state)
{
	struct output_options *output = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		*output = (struct output_options){.metric = METRIC_INUSE_SPACE,
						  .top = OUTPUT_DEFAULT_TOP};
		return 0;
	case 'o':
		if (!*arg)
			argp_error(state, "--output: the name is empty");
		output->path = arg;
		return 0;
	case 'f':
		parse_format(output, arg, state);
		return 0;
	case 'm':
		output->has_metric = true;
		output->metric_text = arg;
		output->foreign_metric = metric_parse(arg, &output->metric) != 0;
		return 0;
	case OPTION_TOP:
		output->has_top = true;
		output->top = option_number(state, "--top", arg, 0, UINT_MAX);
		return 0;
	case OPTION_STACKS:
		output->stacks = true;
		return 0;
	case OPTION_BY:
		if (group_parse(arg, &output->by))
			argp_error(state, "--by: '%s' is none of pid, comm, cgroup, container",
				   arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp output_argp = {.options = output_options, .parser = parse_output};

static bool to_terminal(const struct output_options *output)
{
	return output->path && !strcmp(output->path, "-") && isatty(STDOUT_FILENO);
}

void output_settle(struct output_options *output, const struct argp_state *state,
		   const struct export_format *fallback)
{
	if (!output->format && output->path)
		output->format = export_format_by_file(output->path);
	if (!output->format)
		output->format = fallback;
	if (output->foreign_metric && !output->selects)
		no_metric(state, output->metric_text);
	if (strcmp(output->format->name, "table") != 0 &&
	    (output->stacks || (output->has_top && !output->selects)))
		argp_error(state, "%s: is for the format table, not for %s",
			   output->stacks ? "--stacks" : "--top", output->format->name);
	if (output->by && !output->format->grouped)
		argp_error(state,
			   "--by: is for the formats table, folded, svg and speedscope, not for %s",
			   output->format->name);
	if (output->format->binary && to_terminal(output))
		argp_error(state,
			   "--format: %s is binary and stdout is a terminal: add -o FILE, or take "
			   "another format",
			   output->format->name);
}

bool option_wants_color(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

struct export_options output_export_options(const struct output_options *output, bool verbose)
{
	struct export_options options = {
		.metric = output->metric,
		.top = output->top,
		.stacks = output->stacks,
		.by = output->by,
		.lines = output->lines,
		.inverted = output->inverted,
		.cut = output->cut,
		.whole = output->is_part ? output->whole : NULL,
		.verbose = verbose,
	};
	struct winsize size;

	if (to_terminal(output)) {
		options.color = option_wants_color();
		if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
			options.width = size.ws_col;
	}
	return options;
}

uint64_t option_bytes(const struct argp_state *state, const char *option, const char *text)
{
	uint64_t bytes = 0;
	int err = parse_bytes(text, &bytes);

	if (err == -ERANGE)
		argp_error(state, "%s: '%s' is too large", option, text);
	else if (err)
		argp_error(state, "%s: '%s' is not a number of bytes, such as 4096, 512K, 1M or 2G",
			   option, text);
	return bytes;
}

uint64_t option_time_ns(const struct argp_state *state, const char *option, const char *text)
{
	uint64_t ns = 0;
	int err = parse_time_ns(text, &ns);

	if (err == -ERANGE)
		argp_error(state, "%s: '%s' is too long", option, text);
	else if (err)
		argp_error(state, "%s: '%s' is not a time, such as 250ms, 30s, 5m, 1h or 2d",
			   option, text);
	return ns;
}

/* Percent, as a share of 1. */
uint64_t option_interval_ns(const struct argp_state *state, const char *option, const char *text)
{
	uint64_t ns = option_time_ns(state, option, text);

	if (ns < MIN_INTERVAL_NS)
		argp_error(state, "%s: '%s' is less than 100ms", option, text);
	return ns;
}

double option_share(const struct argp_state *state, const char *option, const char *text)
{
	double share = 0;

	if (parse_percent(text, &share))
		argp_error(
			state,
			"%s: '%s' is not a percentage above 0 and up to 100, such as 5%% or 0.5%%",
			option, text);
	return share;
}

uint64_t option_number(const struct argp_state *state, const char *option, const char *text,
		       uint64_t min, uint64_t max)
{
	uint64_t value = 0;

	if (parse_u64(text, min, max, &value))
		argp_error(state, "%s: '%s' is not a number from %" PRIu64 " to %" PRIu64, option,
			   text, min, max);
	return value;
}

enum metric option_metric(const struct argp_state *state, const char *text)
{
	enum metric metric = METRIC_INUSE_SPACE;

	if (metric_parse(text, &metric))
		no_metric(state, text);
	return metric;
}

void option_no_feature(const struct argp_state *state, struct caps *caps, const char *names)
{
	if (caps_disable(caps, names))
		argp_error(state, "--no-feature: there is no feature '%s'", names);
}
