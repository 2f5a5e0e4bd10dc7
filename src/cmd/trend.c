// SPDX-License-Identifier: Apache-2.0
/*
 * heaptap trend: which of the stacks that a store's profiles name leaks, how fast and how sure.
 * Needs no privilege and no target; reads a directory, writes one file.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/trend_files.h"

#define THRESHOLD_DEFAULT (1048576.0 / 3600) /* 1M/h */

enum { OPTION_THRESHOLD = OPTION_FIRST_FREE, OPTION_LIMIT };

struct trend_options {
	const char *directory, *series, *path;
	const struct trend_format *format;
	unsigned int top;
	bool has_top, stacks, quiet;
	double threshold, limit;
};

static const struct argp_option trend_table[] = {
	{NULL, 0, NULL, 0, "Verdict:", 1},
	{"threshold", OPTION_THRESHOLD, "RATE", 0,
	 "Growth that is slower is no leak: 10M/h, 1K/s, 2G/d (default 1M/h)", 1},
	{"limit", OPTION_LIMIT, "BYTES", 0,
	 "What the process must not reach (default: the limit of its control group)", 1},
	{NULL, 0, NULL, 0, "Output:", 2},
	{"output", 'o', "FILE", 0,
	 "Write to FILE, which is replaced when all is written; - is stdout", 2},
	{"format", 'f', "FORMAT", 0,
	 "table, json or svg; without it, by the name of FILE (.txt .json .svg)", 2},
	{"top", OPTION_TOP, "N", 0,
	 "Sites that are shown, 0 for all (default 20, of a plot 8, of json all)", 2},
	{"stacks", OPTION_STACKS, NULL, 0,
	 "The stack under every site of the table, not only under leaks", 2},
	{NULL, 0, NULL, 0, "Messages:", 3},
	{"quiet", 'q', NULL, 0, "Do not name the files that are skipped", 3},
	{0},
};

/* "10M/h" as bytes per second. */
static double parse_rate(const struct argp_state *state, const char *arg)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = {{"/s", 1}, {"/m", 60}, {"/h", 3600}, {"/d", 86400}};
	const char *slash = strchr(arg, '/');
	size_t length = slash ? (size_t)(slash - arg) : strlen(arg);
	double seconds = slash ? 0 : 3600;
	char bytes[32];

	for (size_t i = 0; slash && i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(slash, units[i].unit))
			seconds = units[i].seconds;
	if (!seconds || length >= sizeof(bytes))
		argp_error(state, "--threshold: '%s' is not a rate, such as 10M/h, 1K/s or 2G/d",
			   arg);
	memcpy(bytes, arg, length);
	bytes[length] = '\0';
	return (double)option_bytes(state, "--threshold", bytes) / seconds;
}

static void settle(struct trend_options *options, const struct argp_state *state)
{
	if (!options->directory)
		argp_error(state, "which DIR? The directory that record --store writes to");
	if (!options->format && options->path)
		options->format = trend_format_by_file(options->path);
	if (!options->format)
		options->format = trend_format_by_name("table");
	if (!options->path)
		options->path = "-";
	if (!options->has_top && strcmp(options->format->name, "json") != 0)
		options->top = OUTPUT_DEFAULT_TOP;
	if (options->stacks && strcmp(options->format->name, "table") != 0)
		argp_error(state, "--stacks: is for the format table, not for %s",
			   options->format->name);
}

static void parse_argument(struct trend_options *options, char *arg, const struct argp_state *state)
{
	if (!options->directory)
		options->directory = arg;
	else if (!options->series)
		options->series = arg;
	else
		argp_error(state, "'%s' is one argument too many", arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct trend_options *options = state->input;

	switch (key) {
	case 'o':
		if (!*arg)
			argp_error(state, "--output: the name is empty");
		options->path = arg;
		return 0;
	case 'f':
		options->format = trend_format_by_name(arg);
		if (!options->format)
			argp_error(state,
				   "--format: there is no format '%s' of a trend; there are: table "
				   "json svg",
				   arg);
		return 0;
	case OPTION_THRESHOLD:
		options->threshold = parse_rate(state, arg);
		return 0;
	case OPTION_LIMIT:
		options->limit = (double)option_bytes(state, "--limit", arg);
		return 0;
	case OPTION_TOP:
		options->top = option_number(state, "--top", arg, 0, UINT32_MAX);
		options->has_top = true;
		return 0;
	case OPTION_STACKS:
		options->stacks = true;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		parse_argument(options, arg, state);
		return 0;
	case ARGP_KEY_END:
		settle(options, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const char trend_doc[] =
	"Tell from a directory of profiles which call site leaks, how fast and how sure."
	"\v"
	"DIR is what record --store writes to, or holds profiles of other tools in the pprof "
	"format; each directory in it is a target (with SERIES only that one). Snapshots of one "
	"recording (record -i) are judged by what a site holds, recordings of their own (from cron, "
	"with --min-age) by what of each outlives it. At least 8 profiles of one run are needed.\n"
	"\n"
	"Examples:\n"
	"  heaptap record -n server -d 60s --min-age 30s --store /var/lib/heaptap     from cron\n"
	"  heaptap trend /var/lib/heaptap\n"
	"  heaptap trend --threshold 10M/h --limit 4G -o server.svg /var/lib/heaptap server\n"
	"\n" OPTION_EXIT_HELP;

const struct argp trend_argp = {
	.options = trend_table,
	.parser = parse,
	.args_doc = "DIR [SERIES]",
	.doc = trend_doc,
};

struct rendering {
	const struct trend_options *options;
	const struct trend_view *view;
};

static int render(void *context, FILE *out)
{
	const struct rendering *rendering = context;
	const struct trend_options *options = rendering->options;
	const struct output_options output = {
		.path = options->path,
		.top = options->top,
		.stacks = options->stacks,
	};
	struct export_options export = output_export_options(&output, false);

	return options->format->write(rendering->view, &export, out);
}

static int show(const struct trend_options *options, const struct trend_files *files)
{
	const struct trend_view view = {
		.directory = options->directory,
		.nr_targets = files->nr_targets,
		.targets = files->targets,
		.nr_skipped = files->nr_skipped,
		.threshold = options->threshold,
		.limit = options->limit,
	};
	struct rendering rendering = {options, &view};

	return output_put(&(struct output_file){.path = options->path}, options->format->name,
			  "the trends", render, &rendering);
}

/* An exit status. */
static int judge(const struct trend_options *options, struct trend_files *files)
{
	bool leaks = false;
	int err = 0;

	if (!files->nr_targets) {
		cmd_message("%s%s%s holds no profiles of memory in use: record --store %s writes "
			    "some",
			    options->directory, options->series ? "/" : "", options->series ?: "",
			    options->directory);
		return EXIT_FAILED;
	}
	for (uint32_t i = 0; i < files->nr_targets && !err; i++) {
		err = history_judge(&files->targets[i].history, options->threshold);
		leaks |= !err && history_leaks(&files->targets[i].history);
	}
	if (err)
		return cmd_fail(err, NULL, "cannot judge the profiles of %s", options->directory);
	if (show(options, files))
		return EXIT_FAILED;
	return leaks ? EXIT_LEAK : EXIT_DONE;
}

int cmd_trend(int argc, char **argv)
{
	struct trend_options options = {.threshold = THRESHOLD_DEFAULT};
	struct trend_files files;
	int status = EXIT_FAILED;

	argp_parse(&trend_argp, argc, argv, 0, NULL, &options);
	if (!trend_files_read(options.directory, options.series, options.quiet, &files))
		status = judge(&options, &files);
	trend_files_done(&files);
	return status;
}
