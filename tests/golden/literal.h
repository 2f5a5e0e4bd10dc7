/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles as literals: arrays of samples, each with its values, labels and frames. */
#ifndef HEAPTAP_TESTS_LITERAL_H
#define HEAPTAP_TESTS_LITERAL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/profile.h"

#define MAX_FRAMES 8
#define MAX_LABELS 4
#define NO_LABEL                                                                                   \
	{                                                                                          \
		NULL, NULL, 0, NULL                                                                \
	}

struct literal_frame {
	const char *function, *file;
	int line;
	const char *module; /* NULL: none */
	bool inlined;	    /* in the frame that follows */
};

struct literal {
	/* alloc objects and bytes, inuse objects and bytes, pauses and their ns */
	int64_t values[NR_METRICS];
	struct profile_label labels[MAX_LABELS];
	struct literal_frame frames[MAX_FRAMES]; /* leaf first */
};

static inline void check(int err)
{
	if (!err)
		return;
	fprintf(stderr, "profiles: %s\n", strerror(-err));
	exit(1);
}

static inline uint32_t add_module(struct profile *profile, const char *file)
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
	check(profile_add_mapping(profile, &mapping, &index));
	return index;
}

/* Adds the location that begins at frames[0]; returns how many frames it took. */
static inline uint32_t add_location(struct profile *profile, const struct literal_frame *frames,
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

		check(profile_add_function(profile, &function, &line->function));
		line->line = frame->line;
		more = frame->inlined;
	}
	check(profile_add_location(profile, &location, ret_location));
	return location.nr_lines;
}

static inline void add(struct profile *profile, const struct literal *literals, size_t nr_literals)
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
		check(profile_add_sample(profile, &sample));
	}
}

#define ADD(profile, literals) add(profile, literals, sizeof(literals) / sizeof(literals[0]))

#define FRAME(function, file, line, module)                                                        \
	{                                                                                          \
		function, file, line, module, false                                                \
	}
#define INLINED(function, file, line, module)                                                      \
	{                                                                                          \
		function, file, line, module, true                                                 \
	}

#endif
