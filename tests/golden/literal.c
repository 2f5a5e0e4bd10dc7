// SPDX-License-Identifier: Apache-2.0
/* From literals to profiles. */
#include "literal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void literal_check(int err)
{
	if (!err)
		return;
	fprintf(stderr, "profiles: %s\n", strerror(-err));
	exit(1);
}

static uint32_t add_module(struct profile *profile, const char *file)
{
	struct profile_mapping mapping = {
		.start = 0x400000,
		.limit = 0x500000,
		.file = file,
		.build_id = "5ca1ab1e",
	};
	uint32_t index;

	if (!file)
		return PROFILE_NONE;
	literal_check(profile_add_mapping(profile, &mapping, &index));
	return index;
}

/* Adds the location that begins at frames[0]; returns how many frames it took. */
static uint32_t add_location(struct profile *profile, const struct literal_frame *frames,
			     uint64_t address, uint32_t *ret_location)
{
	struct profile_line lines[MAX_FRAMES];
	struct profile_location location = {.address = address, .lines = lines};
	bool more = true;

	location.mapping = add_module(profile, frames->module);
	while (more) {
		const struct literal_frame *frame = &frames[location.nr_lines];
		struct profile_function function = {
			.name = frame->function,
			.system_name = frame->function,
			.file = frame->file ? frame->file : "",
		};
		struct profile_line *line = &lines[location.nr_lines++];

		literal_check(profile_add_function(profile, &function, &line->function));
		line->line = frame->line;
		more = frame->inlined;
	}
	literal_check(profile_add_location(profile, &location, ret_location));
	return location.nr_lines;
}

void literal_add(struct profile *profile, const struct literal *literals, size_t nr_literals)
{
	uint32_t locations[MAX_FRAMES];

	for (size_t i = 0; i < nr_literals; i++) {
		struct literal literal = literals[i];
		struct profile_sample sample = {.locations = locations, .labels = literal.labels};

		memcpy(sample.values, literal.values, sizeof(sample.values));
		while (sample.nr_labels < MAX_LABELS && literal.labels[sample.nr_labels].key)
			sample.nr_labels++;
		for (uint32_t frame = 0; frame < MAX_FRAMES && literal.frames[frame].function;)
			frame +=
				add_location(profile, &literal.frames[frame], 0x401000 + 16 * frame,
					     &locations[sample.nr_locations++]);
		literal_check(profile_add_sample(profile, &sample));
	}
}

void literal_set_run(struct profile *profile, int64_t period)
{
	profile->time_ns = 1763634600000000000; /* 2025-11-20 10:30:00 UTC */
	profile->duration_ns = 30000000000;
	profile->period = period;
	literal_check(profile_set_note(profile, "version", "0.1.0"));
	literal_check(profile_set_note(profile, "target", "1234 leaky ./leaky --serve"));
	literal_check(profile_set_note(profile, "comm", "leaky"));
	literal_check(profile_set_note(profile, "source", "malloc"));
	literal_check(profile_set_note(profile, "rate", "%lld", (long long)period));
	literal_check(profile_set_note(profile, "watched_ns", "30000000000"));
	literal_check(profile_set_note(profile, "lost_live_full", "0"));
	literal_check(profile_set_note(profile, "lost_stack_truncated", "0"));
}
