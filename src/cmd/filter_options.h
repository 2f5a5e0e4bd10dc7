/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --focus --ignore --invert --lines --min-share: which part of a profile is shown, and how its
 * stacks are seen; with them --top goes with every format.
 */
#ifndef HEAPTAP_CMD_FILTER_OPTIONS_H
#define HEAPTAP_CMD_FILTER_OPTIONS_H

#include <regex.h>

#include "cmd/options.h"

/*
 * A command lists it as a child beside output_argp, hands a zeroed struct filter_options down as
 * state->child_inputs[] in ARGP_KEY_INIT, calls filter_settle() at ARGP_KEY_END, filter_apply()
 * for each profile, and filter_options_done().
 */
extern const struct argp filter_argp;

struct filter_options {
	const char *focus, *ignore, *min_share; /* as given; NULL: not */
	regex_t focus_regex, ignore_regex;
	double share;
	bool invert, lines;
};

void filter_options_done(struct filter_options *filter);

/* Instead of output_settle(): the same, and whether the format can do what the filter asks for. */
void filter_settle(const struct filter_options *filter, struct output_options *output,
		   const struct argp_state *state, const struct export_format *fallback);

/*
 * Puts in the place of *profile the part of it that is asked for, with the note "shown" of how much
 * that is, and fills output->whole. Formats that cannot tell have it told on stderr, unless @quiet
 * or it is all.
 * 0, or -errno after a message; *profile is then as it was.
 */
int filter_apply(const struct filter_options *filter, struct output_options *output, bool quiet,
		 struct profile **profile);

#endif
