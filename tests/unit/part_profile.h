/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of parts of a profile: stacks given as text. Include after cmocka.h. */
#ifndef HEAPTAP_TESTS_PART_PROFILE_H
#define HEAPTAP_TESTS_PART_PROFILE_H

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/stack.h"

#define MAX_FRAMES 16

static inline uint32_t add_function(struct profile *profile, const char *name)
{
	const struct profile_function function = {name, name, *name == '[' ? "" : "x.c", 1};
	uint32_t index;

	assert_int_equal(profile_add_function(profile, &function, &index), 0);
	return index;
}

/* "a+b": a is inlined into b. "[lib]": a place without a symbol in that file. */
static inline uint32_t add_location(struct profile *profile, char *text)
{
	struct profile_mapping mapping = {.start = 1, .limit = 2, .file = "/bin/x"};
	struct profile_line lines[MAX_FRAMES];
	struct profile_location location = {.address = 7, .lines = lines};
	char *part, library[64];
	uint32_t index;

	if (*text == '[') {
		snprintf(library, sizeof(library), "/lib/%.*s", (int)strlen(text) - 2, text + 1);
		mapping.file = library;
	}
	assert_int_equal(profile_add_mapping(profile, &mapping, &location.mapping), 0);
	while (*text != '[' && (part = strsep(&text, "+"))) {
		lines[location.nr_lines].line = 1;
		lines[location.nr_lines++].function = add_function(profile, part);
		if (!text)
			break;
	}
	assert_int_equal(profile_add_location(profile, &location, &index), 0);
	return index;
}

/* @stack is leaf first: "malloc;f+g;main"; "" has no frames. Values are of one object a byte. */
static inline void add_stack(struct profile *profile, const char *stack, int64_t bytes)
{
	uint32_t locations[MAX_FRAMES];
	struct profile_sample sample = {.values = {bytes, bytes, bytes, bytes},
					.locations = locations};
	char *copy = strdup(stack), *rest = *copy ? copy : NULL, *part;

	while ((part = strsep(&rest, ";")))
		locations[sample.nr_locations++] = add_location(profile, part);
	assert_int_equal(profile_add_sample(profile, &sample), 0);
	free(copy);
}

/* "malloc;f;g;main 10|..." of all samples, in the order of the profile; to be freed. */
static inline char *text_of(const struct profile *profile)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct stack stack;

	assert_int_equal(stack_init(&stack, profile), 0);
	for (uint32_t i = 0; i < profile->nr_samples; i++) {
		assert_int_equal(stack_load(&stack, &profile->samples[i]), 0);
		fputs(i ? "|" : "", out);
		for (uint32_t k = 0; k < stack.nr_frames; k++)
			fprintf(out, "%s%s", k ? ";" : "", stack.frames[k].name);
		fprintf(out, " %lld", (long long)profile->samples[i].values[METRIC_INUSE_SPACE]);
	}
	stack_done(&stack);
	fclose(out);
	return text;
}

static inline void expect_text(const struct profile *profile, const char *expected)
{
	char *text = text_of(profile);

	assert_string_equal(text, expected);
	free(text);
}

#endif
