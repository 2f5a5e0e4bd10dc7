// SPDX-License-Identifier: Apache-2.0
/* The model: equal things are one, different things are two, and bad indices are refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "profile/profile.h"

static int setup(void **state)
{
	*state = profile_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	profile_free(*state);
	return 0;
}

static uint32_t add_function(struct profile *profile, const char *name, int64_t start_line)
{
	const struct profile_function function = {name, name, "x.c", start_line};
	uint32_t index = PROFILE_NONE;

	assert_int_equal(profile_add_function(profile, &function, &index), 0);
	return index;
}

static uint32_t add_location(struct profile *profile, uint64_t address, uint32_t nr_lines,
			     struct profile_line *lines)
{
	const struct profile_location location = {PROFILE_NONE, address, nr_lines, lines};
	uint32_t index = PROFILE_NONE;

	assert_int_equal(profile_add_location(profile, &location, &index), 0);
	return index;
}

static void test_metrics(void **state)
{
	enum metric metric = NR_METRICS;

	(void)state;
	for (int i = 0; i < NR_METRICS; i++) {
		assert_int_equal(metric_parse(metric_name(i), &metric), 0);
		assert_int_equal(metric, i);
	}
	assert_string_equal(metric_name(METRIC_INUSE_SPACE), "inuse_space");
	assert_string_equal(metric_unit(METRIC_INUSE_SPACE), "bytes");
	assert_string_equal(metric_unit(METRIC_ALLOC_OBJECTS), "count");
	assert_int_equal(metric_parse("space", &metric), -EINVAL);
	assert_int_equal(metric_parse("", &metric), -EINVAL);
}

static void test_mappings(void **state)
{
	struct profile_mapping mapping = {0x1000, 0x2000, 0, "/bin/a", "aa"};
	struct profile *profile = *state;
	uint32_t first, again, other;
	char path[] = "/bin/a";

	assert_int_equal(profile_add_mapping(profile, &mapping, &first), 0);
	mapping.file = path; /* equal by content, not by pointer */
	assert_int_equal(profile_add_mapping(profile, &mapping, &again), 0);
	assert_int_equal(first, again);
	path[5] = 'b';
	assert_int_equal(profile_add_mapping(profile, &mapping, &other), 0);
	assert_int_not_equal(first, other);
	mapping.build_id = NULL;
	assert_int_equal(profile_add_mapping(profile, &mapping, &other), 0);
	assert_int_equal(profile->nr_mappings, 3);
	assert_string_equal(profile->mappings[first].file, "/bin/a");
	assert_string_equal(profile->mappings[other].build_id, "");
}

static void test_functions(void **state)
{
	struct profile *profile = *state;
	uint32_t f = add_function(profile, "f", 1);

	assert_int_equal(add_function(profile, "f", 1), f);
	assert_int_not_equal(add_function(profile, "f", 2), f);
	assert_int_not_equal(add_function(profile, "g", 1), f);
	assert_int_equal(profile->nr_functions, 3);
	/* one text, one pointer */
	assert_ptr_equal(profile->functions[f].name, profile->functions[f].system_name);
}

static void test_names_are_utf8(void **state)
{
	struct profile *profile = *state;
	uint32_t f = add_function(profile, "caf\xe9", 1);

	assert_string_equal(profile->functions[f].name, "caf?");
}

static void test_locations(void **state)
{
	struct profile *profile = *state;
	uint32_t f = add_function(profile, "f", 1), g = add_function(profile, "g", 1), index;
	/* what is between the members must not make a difference */
	struct profile_line lines[2], same[2];
	struct profile_location bad = {0, 1, 0, NULL};

	memset(lines, 0x55, sizeof(lines));
	memset(same, 0xaa, sizeof(same));
	lines[0].function = same[0].function = f;
	lines[1].function = same[1].function = g;
	lines[0].line = same[0].line = 10;
	lines[1].line = same[1].line = 20;
	index = add_location(profile, 0x1234, 2, lines);
	assert_int_equal(add_location(profile, 0x1234, 2, same), index);
	assert_int_not_equal(add_location(profile, 0x1234, 1, lines), index);
	assert_int_not_equal(add_location(profile, 0x1235, 2, lines), index);
	assert_int_not_equal(add_location(profile, 0x1234, 0, NULL), index);
	assert_int_equal(profile->nr_locations, 4);
	assert_int_equal(profile->locations[index].nr_lines, 2);
	assert_ptr_not_equal(profile->locations[index].lines, lines);
	assert_int_equal(profile->locations[index].lines[1].line, 20);

	assert_int_equal(profile_add_location(profile, &bad, &index), -EINVAL);
	bad.mapping = PROFILE_NONE;
	bad.nr_lines = 1;
	bad.lines = lines;
	lines[0].function = 2;
	assert_int_equal(profile_add_location(profile, &bad, &index), -EINVAL);
	assert_int_equal(profile->nr_locations, 4);
}

static void test_samples(void **state)
{
	struct profile *profile = *state;
	uint32_t a = add_location(profile, 1, 0, NULL), b = add_location(profile, 2, 0, NULL);
	struct profile_label labels[] = {{"comm", "x", 0, NULL}, {"pid", NULL, 7, NULL}};
	struct profile_sample sample = {
		.values = {1, 2, 3, 4}, .nr_locations = 2, .locations = (uint32_t[]){a, b}};

	assert_int_equal(profile_add_sample(profile, &sample), 0);
	assert_int_equal(profile_add_sample(profile, &sample), 0);
	assert_int_equal(profile->nr_samples, 1);
	assert_int_equal(profile->samples[0].values[METRIC_INUSE_SPACE], 8);
	sample.locations = (uint32_t[]){b, a};
	assert_int_equal(profile_add_sample(profile, &sample), 0);
	assert_int_equal(profile->nr_samples, 2);
	sample.nr_labels = 1;
	sample.labels = labels;
	assert_int_equal(profile_add_sample(profile, &sample), 0);
	sample.nr_labels = 2;
	assert_int_equal(profile_add_sample(profile, &sample), 0);
	labels[1].number = 8;
	assert_int_equal(profile_add_sample(profile, &sample), 0);
	labels[1].unit = "bytes";
	assert_int_equal(profile_add_sample(profile, &sample), 0);
	labels[1].string = "";
	assert_int_equal(profile_add_sample(profile, &sample), 0);
	assert_int_equal(profile->nr_samples, 7);
	assert_null(profile->samples[5].labels[1].string);
	assert_string_equal(profile->samples[5].labels[1].unit, "bytes");
	assert_string_equal(profile->samples[6].labels[0].string, "x");
	assert_string_equal(profile->samples[6].labels[1].string, "");
	assert_int_equal(profile->samples[6].locations[0], b);
	assert_int_equal(profile_total(profile, METRIC_ALLOC_OBJECTS), 8);

	sample.locations = (uint32_t[]){a, 2};
	assert_int_equal(profile_add_sample(profile, &sample), -EINVAL);
	assert_int_equal(profile->nr_samples, 7);
}

/* Eight locations take the bytes of one label: counts must tell them apart. */
static void test_sample_without_frames(void **state)
{
	struct profile *profile = *state;
	struct profile_sample sample = {.values = {1, 1, 1, 1}};

	assert_int_equal(profile_add_sample(profile, &sample), 0);
	sample.nr_labels = 1;
	sample.labels = &(struct profile_label){"k", NULL, 0, ""};
	assert_int_equal(profile_add_sample(profile, &sample), 0);
	assert_int_equal(profile->nr_samples, 2);
	assert_int_equal(profile->samples[0].nr_locations, 0);
}

static void test_sums_saturate(void **state)
{
	struct profile *profile = *state;
	uint32_t location = add_location(profile, 1, 0, NULL);
	struct profile_sample sample = {.values = {INT64_MAX, INT64_MIN, 1, -1}};

	assert_int_equal(profile_add_sample(profile, &sample), 0);
	assert_int_equal(profile_add_sample(profile, &sample), 0);
	assert_true(profile->samples[0].values[0] == INT64_MAX);
	assert_true(profile->samples[0].values[1] == INT64_MIN);
	assert_int_equal(profile->samples[0].values[2], 2);
	assert_int_equal(profile->samples[0].values[3], -2);
	sample.nr_locations = 1;
	sample.locations = &location;
	assert_int_equal(profile_add_sample(profile, &sample), 0);
	assert_true(profile_total(profile, 0) == INT64_MAX);
	assert_true(profile_total(profile, 1) == INT64_MIN);
}

static void test_notes(void **state)
{
	struct profile *profile = *state;

	assert_null(profile_note(profile, "rate"));
	assert_int_equal(profile_set_note(profile, "rate", "%d", 512), 0);
	assert_int_equal(profile_set_note(profile, "lost_samples", "%d", 0), 0);
	assert_int_equal(profile_set_note(profile, "rate", "%s=%d", "a", 1024), 0);
	assert_int_equal(profile_set_note(profile, "", "%s", "foreign"), 0);
	assert_int_equal(profile_set_note(profile, "", "%s", "foreign"), 0);
	assert_int_equal(profile_set_note(profile, "a=b", "c"), -EINVAL);
	assert_int_equal(profile->nr_notes, 4);
	assert_string_equal(profile->notes[0].key, "rate");
	assert_string_equal(profile_note(profile, "rate"), "a=1024");
	assert_string_equal(profile_note(profile, "lost_samples"), "0");
	assert_string_equal(profile->notes[3].key, "");
	assert_null(profile_note(profile, ""));
	assert_null(profile_note(profile, "foreign"));
}

/* Beyond several doublings of arrays and tables everything is still found. */
static void test_many(void **state)
{
	struct profile *profile = *state;
	enum { NR = 5000 };
	char name[16];

	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < NR; i++) {
			struct profile_line line = {.line = i};
			uint32_t stack[3];
			struct profile_sample sample = {
				.values = {1, i, 1, i}, .nr_locations = 3, .locations = stack};

			snprintf(name, sizeof(name), "f%u", i);
			line.function = add_function(profile, name, i);
			assert_int_equal(line.function, i);
			stack[0] = stack[2] = add_location(profile, i, 1, &line);
			stack[1] = 0;
			assert_int_equal(stack[0], i);
			assert_int_equal(profile_add_sample(profile, &sample), 0);
		}
	}
	assert_int_equal(profile->nr_samples, NR);
	assert_int_equal(profile_total(profile, METRIC_ALLOC_OBJECTS), 2 * NR);
	assert_int_equal(profile_total(profile, METRIC_INUSE_SPACE), NR * (NR - 1));
	assert_string_equal(profile->functions[NR - 1].name, "f4999");
	assert_int_equal(profile->samples[NR - 1].locations[2], NR - 1);
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_metrics),
		test(test_mappings),
		test(test_functions),
		test(test_names_are_utf8),
		test(test_locations),
		test(test_samples),
		test(test_sample_without_frames),
		test(test_sums_saturate),
		test(test_notes),
		test(test_many),
	};

	profile_free(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
