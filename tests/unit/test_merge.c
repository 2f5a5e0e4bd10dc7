// SPDX-License-Identifier: Apache-2.0
/* Merging profiles: what is equal is one, whatever its index was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "profile/merge.h"

/* A sample of one frame, function @name of file @file, for process @pid. */
static void add(struct profile *profile, const char *name, const char *file, int64_t pid,
		int64_t bytes)
{
	const struct profile_mapping mapping = {.start = 0x1000, .limit = 0x2000, .file = file};
	const struct profile_function function = {.name = name, .system_name = name, .file = "x.c"};
	struct profile_label labels[] = {{.key = "pid", .number = pid, .unit = ""},
					 {.key = "comm", .string = "x"}};
	struct profile_line line = {.line = 7};
	struct profile_location location = {.address = 0x1234, .nr_lines = 1, .lines = &line};
	struct profile_sample sample = {.nr_locations = 1, .nr_labels = 2, .labels = labels};
	uint32_t at;

	assert_int_equal(profile_add_mapping(profile, &mapping, &location.mapping), 0);
	assert_int_equal(profile_add_function(profile, &function, &line.function), 0);
	assert_int_equal(profile_add_location(profile, &location, &at), 0);
	sample.locations = &at;
	sample.values[METRIC_INUSE_SPACE] = bytes;
	assert_int_equal(profile_add_sample(profile, &sample), 0);
}

static const struct profile_sample *find(const struct profile *profile, const char *name,
					 int64_t pid)
{
	for (uint32_t i = 0; i < profile->nr_samples; i++) {
		const struct profile_sample *sample = &profile->samples[i];
		const struct profile_location *location = &profile->locations[sample->locations[0]];
		uint32_t function = location->lines[0].function;

		if (!strcmp(profile->functions[function].name, name) &&
		    (!pid || sample->labels[0].number == pid))
			return sample;
	}
	return NULL;
}

static void test_equal(void **state)
{
	struct profile *a = profile_new(), *b = profile_new();

	(void)state;
	add(a, "f", "/lib/a", 1, 10);
	add(a, "g", "/lib/b", 1, 20);
	add(b, "g", "/lib/b", 1, 3);
	add(b, "h", "/lib/a", 1, 5);
	add(b, "f", "/lib/a", 2, 7);
	assert_int_equal(profile_merge(a, b, NULL), 0);
	assert_int_equal(a->nr_samples, 4);
	assert_int_equal(a->nr_mappings, 2);
	assert_int_equal(a->nr_functions, 3);
	assert_int_equal(find(a, "f", 1)->values[METRIC_INUSE_SPACE], 10);
	assert_int_equal(find(a, "f", 2)->values[METRIC_INUSE_SPACE], 7);
	assert_int_equal(find(a, "g", 1)->values[METRIC_INUSE_SPACE], 23);
	assert_int_equal(find(a, "h", 1)->values[METRIC_INUSE_SPACE], 5);
	assert_int_equal(profile_total(a, METRIC_INUSE_SPACE), 45);
	profile_free(a);
	profile_free(b);
}

static void test_without_label(void **state)
{
	static const char *const without[] = {"pid", NULL};
	struct profile *a = profile_new(), *b = profile_new();

	(void)state;
	for (int pid = 1; pid <= 100; pid++)
		add(b, "f", "/lib/a", pid, pid);
	assert_int_equal(b->nr_samples, 100);
	assert_int_equal(profile_merge(a, b, without), 0);
	assert_int_equal(a->nr_samples, 1);
	assert_int_equal(a->samples[0].nr_labels, 1);
	assert_string_equal(a->samples[0].labels[0].key, "comm");
	assert_int_equal(a->samples[0].values[METRIC_INUSE_SPACE], 5050);
	profile_free(a);
	profile_free(b);
}

static void test_empty(void **state)
{
	struct profile *a = profile_new(), *b = profile_new();

	(void)state;
	assert_int_equal(profile_merge(a, b, NULL), 0);
	assert_int_equal(a->nr_samples, 0);
	profile_free(a);
	profile_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_without_label),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
