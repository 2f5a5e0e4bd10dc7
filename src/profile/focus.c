// SPDX-License-Identifier: Apache-2.0
/* A name is matched once, and a location once, however many stacks they are in. */
#include "profile/focus.h"

#include <errno.h>
#include <stdlib.h>

#include "profile/copier.h"
#include "profile/stack.h"

/* Which frames match: by location the line nearest to the leaf, PROFILE_NONE when there is none. */
struct matches {
	uint32_t *lines;
};

enum known {
	UNKNOWN,
	MATCHES,
	DIFFERS,
};

static bool match(const regex_t *regex, const char *name)
{
	return regexec(regex, name, 0, NULL, 0) == 0;
}

/* The function has a name; otherwise its module is shown, which is not the same for all of them. */
static bool match_frame(const regex_t *regex, const struct stack *stack,
			const struct stack_frame *frame, unsigned char *known)
{
	const struct profile *profile = stack->profile;
	const struct profile_location *location = &profile->locations[frame->location];
	unsigned char *result;
	uint32_t function;

	if (!location->nr_lines)
		return match(regex, frame->name);
	function = location->lines[frame->inline_line].function;
	if (frame->name != profile->functions[function].name)
		return match(regex, frame->name);
	result = &known[function];
	if (*result == UNKNOWN)
		*result = match(regex, frame->name) ? MATCHES : DIFFERS;
	return *result == MATCHES;
}

/* @regex NULL: nothing matches, and there are no lines. 0 or -ENOMEM. */
static int find_matches(struct matches *ret, struct stack *stack, const regex_t *regex)
{
	const struct profile *profile = stack->profile;
	unsigned char *known;
	int err = 0;

	ret->lines = NULL;
	if (!regex)
		return 0;
	known = calloc((size_t)profile->nr_functions + 1, sizeof(*known));
	ret->lines = calloc((size_t)profile->nr_locations + 1, sizeof(*ret->lines));
	if (!known || !ret->lines)
		err = -ENOMEM;
	for (uint32_t i = 0; i < profile->nr_locations && !err; i++) {
		struct profile_sample one = {.nr_locations = 1, .locations = &i};

		err = stack_load(stack, &one);
		ret->lines[i] = PROFILE_NONE;
		for (uint32_t k = stack->nr_frames; k-- > 0 && !err;)
			if (match_frame(regex, stack, &stack->frames[k], known))
				ret->lines[i] = k;
	}
	free(known);
	return err;
}

/* The location of @sample nearest to the leaf that has a match. */
static bool find(const struct matches *matches, const struct profile_sample *sample,
		 uint32_t *ret_location)
{
	for (uint32_t i = 0; matches->lines && i < sample->nr_locations; i++) {
		if (matches->lines[sample->locations[i]] == PROFILE_NONE)
			continue;
		*ret_location = i;
		return true;
	}
	return false;
}

static int copy_matching(struct profile *into, const struct profile *from,
			 const struct focus *focus, const struct matches *only,
			 const struct matches *never)
{
	struct copier copier;
	int err = copier_init(&copier, into, from);

	for (uint32_t i = 0; i < from->nr_samples && !err; i++) {
		const struct profile_sample *sample = &from->samples[i];
		struct copy_change change = {0};
		uint32_t at = 0, ignored;

		if (find(never, sample, &ignored) || (focus->only && !find(only, sample, &at)))
			continue;
		if (focus->cut && focus->only) {
			change.first_location = at;
			change.first_line = only->lines[sample->locations[at]];
		}
		err = copier_add(&copier, i, &change);
	}
	copier_done(&copier);
	return err;
}

int profile_focus(const struct profile *from, const struct focus *focus, struct profile **ret)
{
	struct profile *into = profile_new();
	struct matches only = {0}, never = {0};
	struct stack stack;
	int err;

	err = stack_init(&stack, from);
	err = err ?: find_matches(&only, &stack, focus->only);
	err = err ?: find_matches(&never, &stack, focus->never);
	if (!into)
		err = -ENOMEM;
	err = err ?: profile_copy_about(into, from);
	err = err ?: copy_matching(into, from, focus, &only, &never);
	free(only.lines);
	free(never.lines);
	stack_done(&stack);
	if (err)
		profile_free(into);
	else
		*ret = into;
	return err;
}
