// SPDX-License-Identifier: Apache-2.0
/* What was left out is always said: of how much the rest is shown, and by which option. */
#include "cmd/filter_options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/text.h"
#include "profile/focus.h"
#include "profile/largest.h"

static const struct argp_option filter_options[] = {
	{"focus", OPTION_FOCUS, "REGEX", 0,
	 "Only stacks with a function whose name matches the extended regular expression", 0},
	{"ignore", OPTION_IGNORE, "REGEX", 0, "No stacks with a function whose name matches", 0},
	{"min-share", OPTION_MIN_SHARE, "PCT", 0,
	 "Leave out sites that hold less than this share of the whole profile", 0},
	{"invert", OPTION_INVERT, NULL, 0,
	 "Who calls: a row of the table for each caller of a site, or of what --focus matches; in "
	 "folded, svg and speedscope stacks begin at the leaf, or at the function that --focus "
	 "matches, and end at the root",
	 0},
	{"lines", OPTION_LINES, NULL, 0,
	 "Tell lines of code apart, not functions: rows of the table, frames of folded, svg and "
	 "speedscope",
	 0},
	{0},
};

static void compile(regex_t *regex, const char *option, const char *text,
		    const struct argp_state *state)
{
	char why[128];
	int status;

	if (!*text)
		argp_error(state, "%s: the expression is empty, and would match everything",
			   option);
	status = regcomp(regex, text, REG_EXTENDED | REG_NOSUB);
	if (!status)
		return;
	regerror(status, regex, why, sizeof(why));
	argp_error(state, "%s: '%s' is not an extended regular expression: %s", option, text, why);
}

static error_t parse_filter(int key, char *arg, struct argp_state *state)
{
	struct filter_options *filter = state->input;

	switch (key) {
	case OPTION_FOCUS:
		if (filter->focus)
			argp_error(state, "--focus: given twice; join the two by |");
		compile(&filter->focus_regex, "--focus", arg, state);
		filter->focus = arg;
		return 0;
	case OPTION_IGNORE:
		if (filter->ignore)
			argp_error(state, "--ignore: given twice; join the two by |");
		compile(&filter->ignore_regex, "--ignore", arg, state);
		filter->ignore = arg;
		return 0;
	case OPTION_MIN_SHARE:
		filter->share = option_share(state, "--min-share", arg);
		filter->min_share = arg;
		return 0;
	case OPTION_INVERT:
		filter->invert = true;
		return 0;
	case OPTION_LINES:
		filter->lines = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp filter_argp = {.options = filter_options, .parser = parse_filter};

void filter_options_done(struct filter_options *filter)
{
	if (filter->focus)
		regfree(&filter->focus_regex);
	if (filter->ignore)
		regfree(&filter->ignore_regex);
}

void filter_settle(const struct filter_options *filter, struct output_options *output,
		   const struct argp_state *state, const struct export_format *fallback)
{
	output->selects = true;
	output_settle(output, state, fallback);
	if ((filter->invert || filter->lines) && !output->format->grouped)
		argp_error(state,
			   "%s: is for the formats table, folded, svg and speedscope, not for %s",
			   filter->invert ? "--invert" : "--lines", output->format->name);
	if (filter->invert && output->by && !strcmp(output->format->name, "table"))
		argp_error(state, "--invert: its rows are callers, those of --by are not");
	output->lines = filter->lines;
	output->inverted = filter->invert;
	output->cut = filter->invert && filter->focus;
}

static bool is_table(const struct output_options *output)
{
	return !strcmp(output->format->name, "table");
}

/* The table leaves out rows for --top, and says so itself. */
static uint32_t top_sites(const struct output_options *output)
{
	return output->has_top && !is_table(output) ? output->top : 0;
}

static void put_amount(FILE *out, enum metric metric, int64_t value)
{
	char text[TEXT_SIZE];

	if (!strcmp(metric_unit(metric), "bytes"))
		fputs(text_bytes(text, value), out);
	else if (!strcmp(metric_unit(metric), "nanoseconds"))
		fputs(text_pause(text, value), out);
	else
		fprintf(out, "%" PRId64, value);
}

static double percent(int64_t part, int64_t whole)
{
	return whole ? 100 * (double)part / (double)whole : 0;
}

static void put_left_out(FILE *out, const struct output_options *output, uint32_t nr, int64_t held,
			 const char *why, const char *value)
{
	if (!nr)
		return;
	fprintf(out, "; without %" PRIu32 " site%s of ", nr, nr == 1 ? "" : "s");
	put_amount(out, output->metric, held);
	fprintf(out, ", %.1f%%, by %s %s", percent(held, output->whole[output->metric]), why,
		value);
}

/* "1.2M of 5.0M inuse_space, 24.0%, with --focus cache; without 12 sites of 40K, 0.8%, by
 * --min-share 1". NULL when out of memory. */
static char *describe(const struct filter_options *filter, const struct output_options *output,
		      const struct profile *profile, const struct largest_result *left)
{
	const char *before = profile_note(profile, "shown");
	int64_t shown = profile_total(profile, output->metric);
	char *text = NULL, top[16];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	snprintf(top, sizeof(top), "%u", output->top);
	put_amount(out, output->metric, shown);
	fputs(" of ", out);
	put_amount(out, output->metric, output->whole[output->metric]);
	fprintf(out, " %s, %.1f%%", metric_name(output->metric),
		percent(shown, output->whole[output->metric]));
	if (filter->focus)
		fprintf(out, ", with --focus %s", filter->focus);
	if (filter->ignore)
		fprintf(out, ", %s--ignore %s", filter->focus ? "" : "with ", filter->ignore);
	put_left_out(out, output, left->nr_small, left->small, "--min-share", filter->min_share);
	put_left_out(out, output, left->nr_beyond, left->beyond, "--top", top);
	if (before)
		fprintf(out, "; of a part: %s", before);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

/* Takes the place of *profile, which is freed. */
static void replace(struct profile **profile, struct profile *by)
{
	profile_free(*profile);
	*profile = by;
}

static int focus(const struct filter_options *filter, bool cut, struct profile **profile)
{
	const struct focus what = {
		.only = filter->focus ? &filter->focus_regex : NULL,
		.never = filter->ignore && !cut ? &filter->ignore_regex : NULL,
		.cut = cut,
	};
	struct profile *part;
	int err;

	if (!what.only && !what.never)
		return 0;
	err = profile_focus(*profile, &what, &part);
	if (!err)
		replace(profile, part);
	return err;
}

static int keep_largest(const struct filter_options *filter, const struct output_options *output,
			struct profile **profile, struct largest_result *ret)
{
	const struct largest_limits limits = {
		.metric = output->metric,
		.lines = filter->lines,
		.min_share = filter->share,
		.whole = output->whole[output->metric],
		.top = top_sites(output),
	};
	struct profile *part;
	int err;

	if (!limits.top && !filter->min_share)
		return 0;
	err = profile_largest(*profile, &limits, &part, ret);
	if (!err)
		replace(profile, part);
	return err;
}

/* Sites are those of whole stacks, so these are cut last. */
static int apply(const struct filter_options *filter, struct output_options *output, bool quiet,
		 struct profile **profile)
{
	struct largest_result left = {0};
	char *text;
	int err = focus(filter, false, profile);

	err = err ?: keep_largest(filter, output, profile, &left);
	if (err)
		return err;
	text = describe(filter, output, *profile, &left);
	if (!text)
		return -ENOMEM;
	if (output->cut)
		err = focus(filter, true, profile);
	err = err ?: profile_set_note(*profile, "shown", "%s", text);
	if (!err && !quiet && !output->format->tells_shown &&
	    profile_total(*profile, output->metric) != output->whole[output->metric])
		cmd_message("shown: %s", text);
	free(text);
	return err;
}

int filter_apply(const struct filter_options *filter, struct output_options *output, bool quiet,
		 struct profile **profile)
{
	int err;

	if (!filter->focus && !filter->ignore && !filter->min_share && !top_sites(output))
		return 0;
	for (int i = 0; i < NR_METRICS; i++)
		output->whole[i] = profile_total(*profile, i);
	output->is_part = true;
	err = apply(filter, output, quiet, profile);
	if (err)
		cmd_fail(err, NULL, "cannot choose a part of the profile");
	return err;
}
