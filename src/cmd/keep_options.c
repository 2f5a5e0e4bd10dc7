// SPDX-License-Identifier: Apache-2.0
#include "cmd/keep_options.h"

#include <limits.h>

#include "cmd/options.h"

#define NS_PER_S 1000000000ULL

enum { OPTION_KEEP = OPTION_FIRST_KEEP, OPTION_KEEP_FOR };

static const struct argp_option keep_table[] = {
	{"keep", OPTION_KEEP, "N", 0, "Of the store keep the newest N profiles of each series", 0},
	{"keep-for", OPTION_KEEP_FOR, "TIME", 0, "Of the store remove what is older: 12h, 30d", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct prune_options *options = state->input;

	switch (key) {
	case OPTION_KEEP:
		options->keep = option_number(state, "--keep", arg, 1, UINT_MAX);
		return 0;
	case OPTION_KEEP_FOR:
		options->keep_for = option_time_ns(state, "--keep-for", arg) / NS_PER_S;
		if (!options->keep_for)
			argp_error(state, "--keep-for: '%s' is less than a second", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp keep_argp = {.options = keep_table, .parser = parse};

bool keep_options_given(const struct prune_options *options)
{
	return options->keep || options->keep_for;
}
