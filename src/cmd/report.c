// SPDX-License-Identifier: Apache-2.0
/*
 * heaptap report: a recorded profile in another form. Needs no privilege and no target; reads one
 * file, writes one.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "profile/pprof_read.h"

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

const struct argp report_argp = {
	.options = report_table,
	.parser = parse,
	.args_doc = "FILE",
	.doc = report_doc,
	.children = report_children,
};

static int load(const char *file, struct profile **ret)
{
	const char *name = strcmp(file, "-") ? file : "standard input";
	struct diag diag = {0};
	int fd = STDIN_FILENO, err;

	if (strcmp(file, "-") != 0) {
		fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0) {
			err = -errno;
			cmd_fail(err, NULL, "cannot open %s", file);
			return err;
		}
	}
	err = pprof_read(fd, ret, &diag);
	if (err)
		cmd_fail(err, &diag, "%s", name);
	if (fd != STDIN_FILENO)
		close(fd);
	return err;
}

/* Without -m the first of these that the profile has; it has one. */
static int choose_metric(struct output_options *output, const struct profile *profile,
			 const char *file)
{
	static const enum metric order[NR_METRICS] = {METRIC_INUSE_SPACE,   METRIC_ALLOC_SPACE,
						      METRIC_INUSE_OBJECTS, METRIC_ALLOC_OBJECTS,
						      METRIC_GC_TIME,	    METRIC_GC_PAUSES};
	char names[128] = "";

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

int cmd_report(int argc, char **argv)
{
	struct report_options options = {0};
	struct profile *profile = NULL;
	int err;

	argp_parse(&report_argp, argc, argv, 0, NULL, &options);
	err = load(options.file, &profile);
	if (!err)
		err = choose_metric(&options.output, profile, options.file);
	if (!err)
		err = output_write(&options.output, options.file, options.quiet, options.verbose,
				   profile);
	profile_free(profile);
	return err ? EXIT_FAILED : EXIT_DONE;
}
