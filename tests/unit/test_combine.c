// SPDX-License-Identifier: Apache-2.0
/* Several recordings as one profile: sums, notes, labels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "part_profile.h"
#include "profile/combine.h"

static void note(struct profile *profile, const char *key, const char *value)
{
	assert_int_equal(profile_set_note(profile, key, "%s", value), 0);
}

static struct profile *make(const char *target, const char *comm)
{
	struct profile *profile = profile_new();

	add_stack(profile, "malloc;f;main", 10);
	note(profile, "target", target);
	note(profile, "comm", comm);
	note(profile, "source", "malloc");
	note(profile, "version", "1");
	note(profile, "lost_live_full", "3");
	note(profile, "allocs", "100");
	note(profile, "rss_anon", "4096");
	note(profile, "", "a comment");
	profile->duration_ns = 5;
	profile->period = 1;
	return profile;
}

static struct profile *sum(struct profile *a, struct profile *b, struct combine_result *result)
{
	struct combination combination;
	struct profile *profile = NULL;
	struct diag diag = {""};

	assert_int_equal(combination_init(&combination), 0);
	assert_int_equal(combination_add(&combination, a, &diag), 0);
	profile_free(a); /* what was added may go */
	assert_int_equal(combination_add(&combination, b, &diag), 0);
	profile_free(b);
	assert_int_equal(combination_finish(&combination, &profile, result), 0);
	combination_done(&combination);
	return profile;
}

static void test_notes(void **state)
{
	struct profile *a = make("1 x ./x", "x"), *b = make("2 y ./y", "y"), *both;
	struct combine_result result;

	(void)state;
	note(b, "attached", "late");
	note(b, "min_age_ns", "7");
	note(b, "incomplete", "why");
	note(b, "lost_new", "1");
	note(a, "host", "h");
	b->time_ns = 9;
	both = sum(a, b, &result);
	assert_false(result.types_differ || result.sources_differ || result.same_target);
	assert_string_equal(profile_note(both, "target"), "2 files: 1 x ./x, 2 y ./y");
	assert_string_equal(profile_note(both, "files"), "2");
	assert_string_equal(profile_note(both, "lost_live_full"), "6");
	assert_string_equal(profile_note(both, "lost_new"), "1");
	assert_string_equal(profile_note(both, "allocs"), "200");
	assert_string_equal(profile_note(both, "source"), "malloc");
	assert_string_equal(profile_note(both, "version"), "1");
	assert_string_equal(profile_note(both, "attached"), "late");
	assert_string_equal(profile_note(both, "min_age_ns"), "7");
	assert_string_equal(profile_note(both, "incomplete"), "why");
	assert_null(profile_note(both, "comm"));
	assert_null(profile_note(both, "rss_anon"));
	assert_null(profile_note(both, "host"));
	assert_int_equal(both->duration_ns, 10);
	assert_int_equal(both->time_ns, 9);
	assert_int_equal(profile_total(both, METRIC_INUSE_SPACE), 20);
	profile_free(both);
}

/* Whose a sample is stays known, and what two processes share is one location. */
static void test_labels(void **state)
{
	struct combine_result result;
	struct profile *both = sum(make("1 x ./x", "x"), make("2 y ./y", "y"), &result);

	(void)state;
	assert_int_equal(both->nr_samples, 2);
	assert_int_equal(both->nr_locations, 3);
	for (uint32_t i = 0; i < 2; i++) {
		const struct profile_sample *sample = &both->samples[i];

		assert_int_equal(sample->nr_labels, 2);
		assert_string_equal(sample->labels[0].key, "pid");
		assert_int_equal(sample->labels[0].number, i + 1);
		assert_string_equal(sample->labels[1].string, i ? "y" : "x");
	}
	profile_free(both);
	both = sum(make("1 x ./x", "x"), make("1 x ./x", "x"), &result);
	assert_true(result.same_target);
	assert_int_equal(both->nr_samples, 1);
	assert_int_equal(both->samples[0].values[METRIC_INUSE_SPACE], 20);
	profile_free(both);
}

/* Errors add in squares, so two samples of one error must not become one sample. */
static void test_errors(void **state)
{
	struct profile *parts[2], *both;
	struct combine_result result;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct profile_label label = {.key = "inuse_stderr", .number = 5, .unit = "bytes"};
		struct profile_sample sample = {
			.values = {1, 1, 1, 1}, .nr_labels = 1, .labels = &label};

		parts[i] = make("1 x ./x", "x");
		assert_int_equal(profile_add_sample(parts[i], &sample), 0);
	}
	both = sum(parts[0], parts[1], &result);
	assert_int_equal(both->nr_samples, 4);
	profile_free(both);
}

static void test_kinds(void **state)
{
	struct profile *a = make("1 x ./x", "x"), *b = make("2 y ./y", "y"), *both;
	struct combine_result result;

	(void)state;
	note(b, "source", "page");
	b->has_metric[METRIC_ALLOC_SPACE] = b->has_metric[METRIC_ALLOC_OBJECTS] = false;
	both = sum(a, b, &result);
	assert_true(result.types_differ && result.sources_differ);
	assert_false(both->has_metric[METRIC_ALLOC_SPACE]);
	assert_true(both->has_metric[METRIC_INUSE_SPACE]);
	assert_string_equal(profile_note(both, "source"), "malloc, page");
	profile_free(both);
}

static void test_incompatible(void **state)
{
	struct profile *a = make("1 x ./x", "x"), *b = make("2 y ./y", "y");
	struct combination combination;
	struct diag diag = {""};

	(void)state;
	memset(b->has_metric, 0, sizeof(b->has_metric));
	b->has_metric[METRIC_GC_TIME] = true;
	assert_int_equal(combination_init(&combination), 0);
	assert_int_equal(combination_add(&combination, a, &diag), 0);
	assert_int_equal(combination_add(&combination, b, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, "no metric"));
	combination_done(&combination);
	profile_free(a);
	profile_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notes),	     cmocka_unit_test(test_labels),
		cmocka_unit_test(test_errors),	     cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_incompatible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
