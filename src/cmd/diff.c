// SPDX-License-Identifier: Apache-2.0
/*
 * heaptap diff: two recorded profiles, what grew and what shrank. Needs no privilege and no target;
 * reads two files, writes one.
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/input.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "export/diff_view.h"
#include "export/summary.h"

enum { OPTION_PER_SECOND = OPTION_FIRST_FREE };

struct diff_options {
	const char *files[NR_DIFF_SIDES];
	int nr_files;
	/* path, metric, top and stacks count; its formats are those of one profile */
	struct output_options output;
	const struct diff_format *format;
	bool per_second, quiet;
};

static const struct argp_option diff_table[] = {
	{NULL, 0, NULL, 0, "Output:", 1},
	{"output", 'o', "FILE", 0,
	 "Write to FILE, which is replaced when all is written; - is stdout", 1},
	{"format", 'f', "FORMAT", 0,
	 "table, folded2, svg, pprof or json; without it, by the name of FILE (.txt .folded2 .svg "
	 ".pb.gz .json)",
	 1},
	{"metric", 'm', "METRIC", 0,
	 "inuse_space, inuse_objects, alloc_space or alloc_objects; of garbage collections gc_pause "
	 "(time) or gc_pauses; without it the first of these that both have",
	 1},
	{"per-second", OPTION_PER_SECOND, NULL, 0,
	 "Divide the values of each profile by the time it watched", 1},
	{"top", OPTION_TOP, "N", 0, "Rows of the table, 0 for all (default 20)", 1},
	{"stacks", OPTION_STACKS, NULL, 0,
	 "A row of the table for every call stack, with the stack under it", 1},
	{NULL, 0, NULL, 0, "Messages:", 2},
	{"quiet", 'q', NULL, 0, "No warnings", 2},
	{0},
};

static void refuse_format(const char *option, const char *name, const struct argp_state *state)
{
	char names[128] = "";

	if (!strcmp(name, "folded"))
		argp_error(state,
			   "%s: folded stacks have one unsigned number, and a difference may be "
			   "negative; -f folded2 writes two: base and new",
			   option);
	for (const struct diff_format *format = diff_formats; format->name; format++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), " %s", format->name);
	argp_error(state, "%s: there is no format '%s' of a difference; there are:%s", option, name,
		   names);
}

/* A name that report takes for a format that is none of a difference is no table. */
static const struct diff_format *format_of_file(const char *path, const struct argp_state *state)
{
	const struct export_format *other = export_format_by_file(path);

	if (other && !diff_format_by_name(other->name))
		refuse_format("--output", other->name, state);
	return diff_format_by_file(path);
}

/* What only all options together tell. */
static void settle(struct diff_options *options, const struct argp_state *state)
{
	struct output_options *output = &options->output;

	if (options->nr_files < NR_DIFF_SIDES)
		argp_error(state,
			   "which two profiles? Give BASE, the older one, and NEW; - is stdin");
	if (!strcmp(options->files[DIFF_BASE], "-") && !strcmp(options->files[DIFF_NEW], "-"))
		argp_error(state, "only one of BASE and NEW can be stdin");
	if (!options->format && output->path)
		options->format = format_of_file(output->path, state);
	if (!options->format)
		options->format = diff_format_by_name("table");
	if (!output->path)
		output->path = "-";
	if ((output->has_top || output->stacks) && strcmp(options->format->name, "table") != 0)
		argp_error(state, "%s: is for the format table, not for %s",
			   output->has_top ? "--top" : "--stacks", options->format->name);
	if (options->format->binary && !strcmp(output->path, "-") && isatty(STDOUT_FILENO))
		argp_error(state,
			   "--format: %s is binary and stdout is a terminal: add -o FILE, or take "
			   "another format",
			   options->format->name);
}

static error_t parse_argument(struct diff_options *options, char *arg,
			      const struct argp_state *state)
{
	if (options->nr_files == NR_DIFF_SIDES)
		argp_error(state, "two profiles at a time: '%s' is the third", arg);
	options->files[options->nr_files++] = arg;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct diff_options *options = state->input;
	struct output_options *output = &options->output;

	switch (key) {
	case 'o':
		if (!*arg)
			argp_error(state, "--output: the name is empty");
		output->path = arg;
		return 0;
	case 'f':
		options->format = diff_format_by_name(arg);
		if (!options->format)
			refuse_format("--format", arg, state);
		return 0;
	case 'm':
		output->has_metric = true;
		output->metric = option_metric(state, arg);
		return 0;
	case OPTION_PER_SECOND:
		options->per_second = true;
		return 0;
	case OPTION_TOP:
		output->has_top = true;
		output->top = option_number(state, "--top", arg, 0, UINT_MAX);
		return 0;
	case OPTION_STACKS:
		output->stacks = true;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		return parse_argument(options, arg, state);
	case ARGP_KEY_END:
		settle(options, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const char diff_doc[] =
	"Compare two recorded profiles: what grew, what shrank."
	"\v"
	"BASE and NEW are profiles written by heaptap record, or heap profiles in the pprof format; "
	"- is stdin. Without options a table goes to stdout: losses first, then the runs, then a row "
	"for each function whose memory changed, the largest change first.\n"
	"\n"
	"Stacks are matched by the names of their functions and modules, not by addresses or lines, "
	"so that a restart or a new build of the program makes no difference.\n"
	"\n"
	"Examples:\n"
	"  heaptap diff before.pb.gz after.pb.gz\n"
	"  heaptap diff --per-second -m alloc_space monday.pb.gz friday.pb.gz\n"
	"  heaptap diff -o change.svg before.pb.gz after.pb.gz\n"
	"  heaptap diff -f json before.pb.gz after.pb.gz | jq .totals\n"
	"\n" OPTION_EXIT_HELP;

const struct argp diff_argp = {
	.options = diff_table,
	.parser = parse,
	.args_doc = "BASE NEW",
	.doc = diff_doc,
};

/* --- what a reader of the difference must know --------------------------------------------------
 */

/* -EINVAL after a message when values of the two mean different things. */
static int check_sources(const struct profile *base, const struct profile *new)
{
	const char *a = profile_note(base, "source"), *b = profile_note(new, "source");

	if (!a || !b || !strcmp(a, b))
		return 0;
	cmd_message("BASE has the source %s and NEW %s: their bytes mean different things, and a "
		    "difference would mean nothing; record both with the same --source",
		    a, b);
	return -EINVAL;
}

static bool differ(const struct profile *base, const struct profile *new, const char *key)
{
	const char *a = profile_note(base, key), *b = profile_note(new, key);

	return a && b && strcmp(a, b) != 0;
}

static void warn_targets(const struct profile *base, const struct profile *new)
{
	if (differ(base, new, "comm"))
		cmd_warning(
			"BASE is a profile of %s and NEW of %s: only what is called the same in "
			"both is compared",
			profile_note(base, "comm"), profile_note(new, "comm"));
	if (differ(base, new, "attached"))
		cmd_warning("one profile was recorded from the start of its target and one later: "
			    "what was in use before is in the first alone");
	if (differ(base, new, "min_age_ns"))
		cmd_warning("the profiles differ in --min-age, so do their figures in use");
}

static void warn_metrics(const struct profile *base, const struct profile *new)
{
	for (int i = 0; i < NR_METRICS; i++)
		if (base->has_metric[i] != new->has_metric[i])
			cmd_warning("only %s holds %s: it is left out",
				    base->has_metric[i] ? "BASE" : "NEW", metric_name(i));
}

static void warn_durations(const struct diff *diff)
{
	double base = diff->seconds[DIFF_BASE], new = diff->seconds[DIFF_NEW];

	if (diff->per_second || base <= 0 || new <= 0 || (base < 1.5 * new &&new < 1.5 * base))
		return;
	cmd_warning("BASE watched for %.3g s and NEW for %.3g s: --per-second compares their rates",
		    base, new);
}

/* Where the format has no place for them. */
static void warn_losses(const struct profile *profile, const char *name)
{
	for (uint32_t i = 0; i < profile->nr_notes; i++) {
		const struct profile_note *note = &profile->notes[i];
		const char *loss = summary_loss_name(note->key);

		if (loss && strcmp(note->value, "0") != 0)
			cmd_warning("%s lost data: %s=%s", name, loss, note->value);
		else if (!strcmp(note->key, "incomplete"))
			cmd_warning("%s is incomplete: %s", name, note->value);
	}
}

static void warn(const struct diff_options *options, const struct diff_view *view)
{
	const struct profile *base = view->profiles[DIFF_BASE], *new = view->profiles[DIFF_NEW];

	if (options->quiet)
		return;
	if (!options->format->tells_losses) {
		warn_losses(base, "BASE");
		warn_losses(new, "NEW");
	}
	warn_targets(base, new);
	warn_metrics(base, new);
	warn_durations(view->diff);
}

/* --- the command -------------------------------------------------------------------------------
 */

struct rendering {
	const struct diff_options *options;
	const struct diff_view *view;
	struct export_options export;
};

static int render(void *context, FILE *out)
{
	const struct rendering *rendering = context;

	return rendering->options->format->write(rendering->view, &rendering->export, out);
}

static int compare(struct diff_options *options, struct profile *const profiles[NR_DIFF_SIDES])
{
	struct diff diff = {0};
	struct diff_view view = {
		.diff = &diff,
		.profiles = {profiles[DIFF_BASE], profiles[DIFF_NEW]},
		.names = {options->files[DIFF_BASE], options->files[DIFF_NEW]},
	};
	struct rendering rendering = {.options = options, .view = &view};
	struct diag diag = {0};
	int err;

	err = check_sources(profiles[DIFF_BASE], profiles[DIFF_NEW]);
	if (err)
		return err;
	err = diff_build(&diff, profiles[DIFF_BASE], profiles[DIFF_NEW], options->per_second,
			 &diag);
	if (err)
		cmd_fail(err, &diag, "cannot compare %s with %s", options->files[DIFF_NEW],
			 options->files[DIFF_BASE]);
	if (!err)
		err = input_settle_metric(diff.profile, "the difference",
					  options->output.has_metric, &options->output.metric);
	if (!err) {
		warn(options, &view);
		rendering.export = output_export_options(&options->output, false);
		err = output_put(&(struct output_file){.path = options->output.path},
				 options->format->name, "the difference", render, &rendering);
	}
	diff_done(&diff);
	return err;
}

int cmd_diff(int argc, char **argv)
{
	struct diff_options options = {
		.output = {.metric = METRIC_INUSE_SPACE, .top = OUTPUT_DEFAULT_TOP}};
	struct profile *profiles[NR_DIFF_SIDES] = {NULL};
	int err = 0;

	argp_parse(&diff_argp, argc, argv, 0, NULL, &options);
	for (int side = DIFF_BASE; side < NR_DIFF_SIDES && !err; side++)
		err = input_read(options.files[side], NULL, &profiles[side]);
	if (!err)
		err = compare(&options, profiles);
	profile_free(profiles[DIFF_BASE]);
	profile_free(profiles[DIFF_NEW]);
	return err ? EXIT_FAILED : EXIT_DONE;
}
