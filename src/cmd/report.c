// SPDX-License-Identifier: Apache-2.0
/*
 * heaptap report: a recorded profile in another form. Needs no privilege and no target; reads
 * one or several, writes one.
 */
#include <argp.h>
#include <errno.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/filter_options.h"
#include "cmd/input.h"
#include "cmd/options.h"
#include "cmd/output.h"

struct report_options {
	char **files;
	unsigned int nr_files;
	struct output_options output;
	struct filter_options filter;
	bool quiet, verbose;
};

static const struct argp_option report_table[] = {
	{NULL, 0, NULL, 0, "Messages:", 2},
	{"quiet", 'q', NULL, 0, "No warnings", 2},
	{"verbose", 'v', NULL, 0, "The table ends with every note of the run", 2},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct report_options *options = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->output;
		state->child_inputs[1] = &options->filter;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case ARGP_KEY_ARGS:
		options->files = state->argv + state->next;
		options->nr_files = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if (!options->nr_files)
			argp_error(state, "which FILE? Give a recorded profile, or - for stdin");
		if (!options->output.path)
			options->output.path = "-";
		filter_settle(&options->filter, &options->output, state,
			      export_format_by_name("table"));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child report_children[] = {
	{&output_argp, 0, "Output:", 1},
	{&filter_argp, 0, "What is shown of it:", 1},
	{0},
};

static const char report_doc[] =
	"Show a recorded profile: who holds the memory, who allocated it."
	"\v"
	"FILE is a profile written by heaptap record, or any heap profile in the pprof format; - "
	"is stdin. Of several FILEs it is their sum. Without options a table of the memory in use "
	"goes to stdout: losses first, then the run, then a row for each function that "
	"allocated.\n"
	"\n"
	"Examples:\n"
	"  heaptap report app.pb.gz\n"
	"  heaptap report --stacks --top 5 app.pb.gz\n"
	"  heaptap report --lines --ignore '^Cache::' app.pb.gz\n"
	"  heaptap report --focus '^xmalloc$' --invert app.pb.gz\n"
	"  heaptap report -o app.svg app.pb.gz\n"
	"  heaptap report --min-share 1 -o app.svg monday.pb.gz tuesday.pb.gz\n"
	"  heaptap report -m alloc_space -o app.folded app.pb.gz\n"
	"  heaptap report -f json app.pb.gz | jq .totals\n"
	"\n" OPTION_EXIT_HELP;

const struct argp report_argp = {
	.options = report_table,
	.parser = parse,
	.args_doc = "FILE...",
	.doc = report_doc,
	.children = report_children,
};

/* Without -m what the writer of the profile wanted, else the first of these that the profile has;
 * it has one. */
static int choose_metric(struct output_options *output, const struct profile *profile,
			 const char *file)
{
	static const enum metric order[NR_METRICS] = {METRIC_INUSE_SPACE,   METRIC_ALLOC_SPACE,
						      METRIC_INUSE_OBJECTS, METRIC_ALLOC_OBJECTS,
						      METRIC_GC_TIME,	    METRIC_GC_PAUSES};
	char names[128] = "";

	if (output->foreign_metric)
		output->metric = profile->has_metric[METRIC_INUSE_SPACE] ? METRIC_INUSE_SPACE
									 : METRIC_INUSE_OBJECTS;
	if (!output->has_metric && profile->default_metric < NR_METRICS) {
		output->metric = profile->default_metric;
		return 0;
	}
	if (output->has_metric && profile->has_metric[output->metric])
		return 0;
	for (int i = NR_METRICS - 1; i >= 0; i--) {
		if (!profile->has_metric[order[i]])
			continue;
		if (!output->has_metric)
			output->metric = order[i];
		snprintf(names + strlen(names), sizeof(names) - strlen(names), " %s",
			 metric_name(order[i]));
	}
	if (!output->has_metric)
		return 0;
	cmd_message("%s does not hold %s; it holds:%s", file, metric_name(output->metric), names);
	return -ENOENT;
}

/* What the messages call it. */
static const char *input_name(const struct report_options *options)
{
	return options->nr_files == 1 ? options->files[0] : "the sum of the files";
}

static int report(struct report_options *options)
{
	struct output_options *output = &options->output;
	struct profile *profile = NULL;
	int err;

	err = input_read_all(options->files, options->nr_files, output->metric_text, options->quiet,
			     &profile);
	if (!err)
		err = choose_metric(output, profile, input_name(options));
	if (!err)
		err = filter_apply(&options->filter, output, options->quiet, &profile);
	if (!err)
		err = output_write(output, input_name(options), options->quiet, options->verbose,
				   profile);
	profile_free(profile);
	return err;
}

int cmd_report(int argc, char **argv)
{
	struct report_options options = {0};
	int err;

	argp_parse(&report_argp, argc, argv, 0, NULL, &options);
	err = report(&options);
	filter_options_done(&options.filter);
	return err ? EXIT_FAILED : EXIT_DONE;
}
