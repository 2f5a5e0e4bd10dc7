// SPDX-License-Identifier: Apache-2.0
/* The part of a profile that its largest sites hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "part_profile.h"
#include "profile/largest.h"

static struct profile *make(void)
{
	struct profile *profile = profile_new();

	add_stack(profile, "malloc;small;main", 5);
	add_stack(profile, "malloc;large;main", 60);
	add_stack(profile, "malloc;middle;main", 25);
	add_stack(profile, "malloc;large;other", 9);
	add_stack(profile, "malloc;freed;main", 0);
	add_stack(profile, "", 1);
	return profile;
}

static struct largest_result expect(struct profile *profile, double share, uint32_t top,
				    const char *text)
{
	const struct largest_limits limits = {
		.metric = METRIC_INUSE_SPACE, .min_share = share, .whole = 100, .top = top};
	struct largest_result result = {0};
	struct profile *part = NULL;

	assert_int_equal(profile_largest(profile, &limits, &part, &result), 0);
	expect_text(part, text);
	assert_int_equal(profile_total(part, METRIC_INUSE_SPACE) + result.small + result.beyond,
			 profile_total(profile, METRIC_INUSE_SPACE));
	profile_free(part);
	return result;
}

#define LARGE  "malloc;large;main 60"
#define LARGE2 "malloc;large;other 9"
#define MIDDLE "malloc;middle;main 25"
#define SMALL  "malloc;small;main 5"

static void test_share(void **state)
{
	struct profile *profile = make();
	struct largest_result result;

	(void)state;
	result = expect(profile, 0.05, 0, SMALL "|" LARGE "|" MIDDLE "|" LARGE2);
	assert_int_equal(result.nr_sites, 4);
	assert_int_equal(result.nr_small, 1);
	assert_int_equal(result.small, 1);
	result = expect(profile, 0.051, 0, LARGE "|" MIDDLE "|" LARGE2);
	assert_int_equal(result.nr_small, 2);
	assert_int_equal(result.small, 6);
	assert_int_equal(result.nr_beyond, 0);
	/* A site is as large as all its stacks. */
	expect(profile, 0.69, 0, LARGE "|" LARGE2);
	expect(profile, 0.70, 0, "");
	profile_free(profile);
}

static void test_top(void **state)
{
	struct profile *profile = make();
	struct largest_result result;

	(void)state;
	result = expect(profile, 0, 1, LARGE "|" LARGE2);
	assert_int_equal(result.nr_beyond, 3);
	assert_int_equal(result.beyond, 31);
	result = expect(profile, 0.05, 2, LARGE "|" MIDDLE "|" LARGE2);
	assert_int_equal(result.nr_small, 1);
	assert_int_equal(result.nr_beyond, 1);
	assert_int_equal(result.beyond, 5);
	expect(profile, 0, 100, SMALL "|" LARGE "|" MIDDLE "|" LARGE2 "| 1");
	profile_free(profile);
}

/* A difference of two profiles has these. */
static void test_negative(void **state)
{
	struct profile *profile = profile_new();
	struct largest_result result;

	(void)state;
	add_stack(profile, "malloc;grew;main", 30);
	add_stack(profile, "malloc;shrank;main", -50);
	add_stack(profile, "malloc;same;main", -2);
	add_stack(profile, "malloc;extreme;main", -INT64_MAX + 1000);
	result = expect(profile, 0.1, 0,
			"malloc;grew;main 30|malloc;shrank;main -50|malloc;extreme;main "
			"-9223372036854774807");
	assert_int_equal(result.small, -2);
	expect(profile, 0, 1, "malloc;extreme;main -9223372036854774807");
	profile_free(profile);
}

static void test_empty(void **state)
{
	struct profile *profile = profile_new();
	struct largest_result result = expect(profile, 0.5, 3, "");

	(void)state;
	assert_int_equal(result.nr_sites, 0);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_negative),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
