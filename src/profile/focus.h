/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of a profile whose stacks have a function, or have it not. Pure: a profile in, another
 * one out, which says of itself what the first does. Names are those a reader sees: a frame without
 * a symbol is "[libfoo.so.1]" here too.
 */
#ifndef HEAPTAP_PROFILE_FOCUS_H
#define HEAPTAP_PROFILE_FOCUS_H

#include <regex.h>

#include "profile/profile.h"

struct focus {
	/* Samples are kept when a frame matches @only and none matches @never. NULL: not asked. */
	const regex_t *only, *never;
	/* Stacks begin at the frame nearest to the leaf that matches @only: who called it. */
	bool cut;
};

/* A new profile, the caller's, or -ENOMEM. */
int profile_focus(const struct profile *from, const struct focus *focus, struct profile **ret);

#endif
