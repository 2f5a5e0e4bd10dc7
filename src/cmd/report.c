// SPDX-License-Identifier: Apache-2.0
/*
 * heaptap report: a recorded profile in another form. Needs no privilege and no target; reads one
 * file, writes one.
 */
#include <argp.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/input.h"
#include "cmd/options.h"
#include "cmd/output.h"

struct report_options {
	const char *file;
	struct output_options output;
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

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->output;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		if (options->file)
			argp_error(state, "one FILE at a time: '%s' is the second", arg);
		options->file = arg;
		return 0;
	case ARGP_KEY_END:
		if (!options->file)
			argp_error(state, "which FILE? Give a recorded profile, or - for stdin");
		if (!options->output.path)
			options->output.path = "-";
		output_settle(&options->output, state, export_format_by_name("table"));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child report_children[] = {
	{&output_argp, 0, "Output:", 1},
	{0},
};

static const char report_doc[] =
	"Show a recorded profile: who holds the memory, who allocated it."
	"\v"
	"FILE is a profile written by heaptap record, or any heap profile in the pprof format; - "
	"is stdin. Without options a table of the memory in use goes to stdout: losses first, then "
	"the run, then a row for each line of code that allocated.\n"
	"\n"
	"Examples:\n"
	"  heaptap report app.pb.gz\n"
	"  heaptap report --stacks --top 5 app.pb.gz\n"
	"  heaptap report -o app.svg app.pb.gz\n"
	"  heaptap report -m alloc_space -o app.folded app.pb.gz\n"
	"  heaptap report -f json app.pb.gz | jq .totals\n"
	"\n" OPTION_EXIT_HELP;

static const struct argp report_argp = {
	.options = report_table,
	.parser = parse,
	.args_doc = "FILE",
	.doc = report_doc,
	.children = report_children,
};

int cmd_report(int argc, char **argv)
{
	struct report_options options = {0};
	struct profile *profile = NULL;
	int err;

	argp_parse(&report_argp, argc, argv, 0, NULL, &options);
	err = input_read(options.file, &profile);
	if (!err)
		err = input_settle_metric(profile, options.file, options.output.has_metric,
					  &options.output.metric);
	if (!err)
		err = output_write(&options.output, options.file, options.quiet, options.verbose,
				   profile);
	profile_free(profile);
	return err ? EXIT_FAILED : EXIT_DONE;
}
