// SPDX-License-Identifier: Apache-2.0
/* Slopes and their significance, against figures worked out by hand. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "profile/slope.h"

static void near(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance))
		fail_msg("%.6f, expected %.6f", value, expected);
}

static void fill(struct slope_point *points, size_t nr, const double *values)
{
	for (size_t i = 0; i < nr; i++)
		points[i] = (struct slope_point){i, values[i]};
}

/* S = 10, variance 50/3, z = 9 / 4.0825: p = 0.0275 */
static void test_line(void **state)
{
	struct slope_point points[5];
	struct slope slope;

	(void)state;
	fill(points, 5, (double[]){1, 3, 5, 7, 9});
	assert_int_equal(slope_estimate(points, 5, &slope), 0);
	assert_int_equal(slope.nr, 5);
	near(slope.slope, 2, 1e-12);
	near(slope.low, 2, 1e-12);
	near(slope.high, 2, 1e-12);
	near(slope.middle, 5, 1e-12);
	near(slope.p, 0.0275, 0.0001);
}

/* Of the slopes of all pairs 4 are wild, the median is not. S = 8. */
static void test_outlier(void **state)
{
	struct slope_point points[6];
	struct slope slope;

	(void)state;
	fill(points, 6, (double[]){0, 1, 1000, 3, 4, 5});
	assert_int_equal(slope_estimate(points, 6, &slope), 0);
	near(slope.slope, 1, 1e-12);
}

/* Two values, three times each: S = 9; (6*5*17 - 2 * 3*2*11) / 18 = 21; z = 8 / 4.5826. */
static void test_ties(void **state)
{
	struct slope_point points[6];
	struct slope slope;

	(void)state;
	fill(points, 6, (double[]){1, 1, 1, 2, 2, 2});
	assert_int_equal(slope_estimate(points, 6, &slope), 0);
	near(slope.p, 0.0809, 0.0001);
}

static void test_flat(void **state)
{
	struct slope_point points[8];
	struct slope slope;

	(void)state;
	fill(points, 8, (double[]){7, 7, 7, 7, 7, 7, 7, 7});
	assert_int_equal(slope_estimate(points, 8, &slope), 0);
	near(slope.slope, 0, 0);
	near(slope.p, 1, 0);
}

static void test_down(void **state)
{
	struct slope_point points[8];
	struct slope slope;

	(void)state;
	fill(points, 8, (double[]){80, 70, 60, 50, 40, 30, 20, 10});
	assert_int_equal(slope_estimate(points, 8, &slope), 0);
	near(slope.slope, -10, 1e-12);
	assert_true(slope.p < 0.01);
}

static void test_refused(void **state)
{
	const struct slope_point points[] = {{1, 1}, {1, 2}, {1, 3}};
	struct slope slope;

	(void)state;
	assert_int_equal(slope_estimate(points, 2, &slope), -EDOM);
	assert_int_equal(slope_estimate(points, 3, &slope), -EDOM);
}

/* More points than are used: the first and the last still are. */
static void test_many(void **state)
{
	size_t nr = 10 * SLOPE_MAX_POINTS + 7;
	struct slope_point *points = calloc(nr, sizeof(*points));
	struct slope slope;

	(void)state;
	assert_non_null(points);
	for (size_t i = 0; i < nr; i++)
		points[i] = (struct slope_point){i, 3.0 * i + i % 2};
	assert_int_equal(slope_estimate(points, nr, &slope), 0);
	assert_int_equal(slope.nr, SLOPE_MAX_POINTS);
	near(slope.slope, 3, 0.01);
	free(points);
}

/* Without a trend, p below 1 % is as rare as it says: noise of a fixed generator, 2000 series. */
static void test_false_alarms(void **state)
{
	uint32_t random = 12345;
	int alarms = 0;

	(void)state;
	for (int series = 0; series < 2000; series++) {
		struct slope_point points[20];
		struct slope slope;

		for (int i = 0; i < 20; i++) {
			random = random * 1664525 + 1013904223;
			points[i] = (struct slope_point){i, random >> 8};
		}
		assert_int_equal(slope_estimate(points, 20, &slope), 0);
		alarms += slope.p < 0.01;
	}
	assert_in_range(alarms, 5, 40); /* 20 expected */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line), cmocka_unit_test(test_outlier),
		cmocka_unit_test(test_ties), cmocka_unit_test(test_flat),
		cmocka_unit_test(test_down), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many), cmocka_unit_test(test_false_alarms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
