// SPDX-License-Identifier: Apache-2.0
/*
 * How often the verdict is wrong: simulated series of a service of 1,000 MB, 24 points, thousands
 * of each kind with a fixed seed, and beside it what people go by today. The table that is printed
 * is the one of docs/trend.md.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "profile/trend.h"

enum { POINTS = 24, ROUNDS = 1500 };

#define MB   1e6
#define HEAP (1000 * MB)
#define STEP 300.0 /* s from point to point: two hours in all */

/* --- series ------------------------------------------------------------------------------------
 */

static uint64_t state;

static double uniform(double from, double to)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return from + (to - from) * (double)(state >> 11) * 0x1p-53;
}

static double normal(void)
{
	double u = uniform(0x1p-53, 1), angle = uniform(0, 2 * M_PI);

	return sqrt(-2 * log(u)) * cos(angle);
}

/* What is added to the heap at each point, as shares of it. */
static void steady(double *y)
{
	(void)y;
}

static void dependent(double *y)
{
	double x = 0;

	for (int i = 0; i < POINTS; i++)
		y[i] += x = 0.7 * x + 0.01 * normal();
}

static void sawtooth(double *y)
{
	double period = uniform(2, 12), phase = uniform(0, 1), height = uniform(0.05, 0.5);

	for (int i = 0; i < POINTS; i++)
		y[i] += height * fmod(i / period + phase, 1);
}

static void rhythm(double *y)
{
	static const double periods[] = {8, 12, 24};
	double period = periods[(int)uniform(0, 3)], phase = uniform(0, 2 * M_PI);
	double height = uniform(0.05, 0.4);

	for (int i = 0; i < POINTS; i++)
		y[i] += height * sin(2 * M_PI * i / period + phase);
}

static void step(double *y)
{
	double at = uniform(1, POINTS - 1), height = uniform(0.05, 0.5);

	for (int i = 0; i < POINTS; i++)
		y[i] += i >= at ? height : 0;
}

static void filling(double *y)
{
	double time = uniform(1, 8), size = uniform(0.1, 0.5);

	for (int i = 0; i < POINTS; i++)
		y[i] += size * (1 - exp(-i / time));
}

static void filled(double *y)
{
	double end = uniform(2, 16), size = uniform(0.1, 0.5);

	for (int i = 0; i < POINTS; i++)
		y[i] += size * fmin(1, i / end);
}

static void leak(double *y)
{
	for (int i = 0; i < POINTS; i++)
		y[i] += 0.01 * i;
}

static void leak_and_sawtooth(double *y)
{
	double period = uniform(2, 6), phase = uniform(0, 1);

	leak(y);
	for (int i = 0; i < POINTS; i++)
		y[i] += 0.04 * fmod(i / period + phase, 1);
}

static void leak_and_rhythm(double *y)
{
	double phase = uniform(0, 2 * M_PI);

	leak(y);
	for (int i = 0; i < POINTS; i++)
		y[i] += 0.02 * sin(2 * M_PI * i / POINTS + phase);
}

static void fast_leak(double *y)
{
	for (int i = 0; i < POINTS; i++)
		y[i] += 0.05 * i;
}

/* A restart in the middle: the heap is small again, and warms up. */
static void restarted(double *y)
{
	for (int i = POINTS / 2; i < POINTS; i++)
		y[i] -= 0.5 * exp(-(i - POINTS / 2) / 2.0);
}

static void restarted_leak(double *y)
{
	for (int i = 0; i < POINTS; i++)
		y[i] += 0.01 * (i % (POINTS / 2));
}

/* A cache that fills after each start. */
static void restarted_filling(double *y)
{
	double time = uniform(1, 4), size = uniform(0.1, 0.5);

	for (int i = 0; i < POINTS; i++)
		y[i] += size * (1 - exp(-(i % (POINTS / 2)) / time));
}

/* The new version leaks no more. */
static void restarted_mended(double *y)
{
	for (int i = 0; i < POINTS / 2; i++)
		y[i] += 0.01 * i;
}

static const struct series {
	const char *name;
	void (*add)(double *y);
	int runs, leaks;
	double rare; /* verdict "leak" in at most this share; of leaks in at least ... */
	double least;
} all_series[] = {
	{"steady, noise alone", steady, 1, 0, 0.01, 0},
	{"noise that depends on the point before", dependent, 1, 0, 0.01, 0},
	{"sawtooth, 2 to 12 points", sawtooth, 1, 0, 0.01, 0},
	{"rhythm, 8, 12 or 24 points", rhythm, 1, 0, 0.01, 0},
	{"one step", step, 1, 0, 0.01, 0},
	{"cache that fills (exponential)", filling, 1, 0, 0.01, 0},
	{"cache that fills (straight, then full)", filled, 1, 0, 0.01, 0},
	{"restart in the middle, no leak", restarted, 2, 0, 0.01, 0},
	{"restart in the middle, noise alone", steady, 2, 0, 0.01, 0},
	{"restart in the middle, noise that depends", dependent, 2, 0, 0.01, 0},
	{"restart in the middle, sawtooth", sawtooth, 2, 0, 0.01, 0},
	{"restart in the middle, cache that fills", restarted_filling, 2, 0, 0.01, 0},
	{"restart in the middle, a leak before it", restarted_mended, 2, 0, 0.01, 0},
	{"leak of 1 % a point", leak, 1, 1, 0, 0.95},
	{"leak of 1 % a point, sawtooth of 4 %", leak_and_sawtooth, 1, 1, 0, 0.95},
	{"leak of 1 % a point, rhythm of 2 %", leak_and_rhythm, 1, 1, 0, 0.85},
	{"leak of 5 % a point", fast_leak, 1, 1, 0, 0.999},
	{"leak of 1 % a point, restart in the middle", restarted_leak, 2, 1, 0, 0.5},
};

static const struct series leaking = {"leak of 1 % a point", leak, 1, 1, 0, 0.95};

static void make(const struct series *series, double noise, struct trend_point *points)
{
	double y[POINTS] = {0};

	series->add(y);
	for (int i = 0; i < POINTS; i++)
		points[i] = (struct trend_point){
			.time = STEP * i,
			.value = HEAP * (1 + y[i] + noise * normal()),
			.error = HEAP * noise,
			.run = series->runs > 1 && i >= POINTS / 2,
		};
}

/* --- what people go by -------------------------------------------------------------------------
 */

static int grown_30_percent(const struct trend_point *points)
{
	return points[POINTS - 1].value > 1.3 * points[0].value;
}

static int rising_in_a_row(const struct trend_point *points, int wanted)
{
	int row = 1, most = 1;

	for (int i = 1; i < POINTS; i++) {
		row = points[i].value > points[i - 1].value ? row + 1 : 1;
		most = row > most ? row : most;
	}
	return most >= wanted;
}

static int ten_rising(const struct trend_point *points)
{
	return rising_in_a_row(points, 10);
}

static int five_rising(const struct trend_point *points)
{
	return rising_in_a_row(points, 5);
}

static double lowest(const struct trend_point *points, int nr)
{
	double least = INFINITY;

	for (int i = 0; i < nr; i++)
		least = fmin(least, points[i].value);
	return least;
}

/* The lowest point of the second hour against that of the first. */
static int floor_50_mb(const struct trend_point *points)
{
	return lowest(points + POINTS / 2, POINTS / 2) > lowest(points, POINTS / 2) + 50 * MB;
}

static int ours(const struct trend_point *points)
{
	struct trend trend;

	assert_int_equal(trend_judge(points, POINTS, 0, 1, &trend), 0);
	return trend.verdict == TREND_LEAK;
}

static const struct rule {
	const char *name;
	int (*is_leak)(const struct trend_point *points);
} rules[] = {
	{"heaptap", ours},	     {"+30 %", grown_30_percent}, {"10 rising", ten_rising},
	{"floor +50M", floor_50_mb}, {"5 rising", five_rising},
};

enum { NR_RULES = sizeof(rules) / sizeof(*rules) };

static void simulate(const struct series *series, double noise, double share[NR_RULES])
{
	struct trend_point points[POINTS];

	for (int r = 0; r < NR_RULES; r++)
		share[r] = 0;
	for (int i = 0; i < ROUNDS; i++) {
		make(series, noise, points);
		for (int r = 0; r < NR_RULES; r++)
			share[r] += (double)rules[r].is_leak(points) / ROUNDS;
	}
}

static void test_simulated(void **unused)
{
	static const double noises[] = {0.002, 0.01, 0.02};
	double share[NR_RULES];

	(void)unused;
	state = 0x5eed5eed5eed5eed;
	print_message("| series | noise |");
	for (int r = 0; r < NR_RULES; r++)
		print_message(" %s |", rules[r].name);
	print_message("\n");
	for (size_t s = 0; s < sizeof(all_series) / sizeof(*all_series); s++)
		for (size_t n = 0; n < sizeof(noises) / sizeof(*noises); n++) {
			const struct series *series = &all_series[s];

			simulate(series, noises[n], share);
			print_message("| %s | %.1f %% |", series->name, 100 * noises[n]);
			for (int r = 0; r < NR_RULES; r++)
				print_message(" %.1f %% |", 100 * share[r]);
			print_message("\n");
			if (series->leaks ? share[0] < series->least : share[0] > series->rare)
				fail_msg("%s, noise %g: a leak in %.2f %% of the cases",
					 series->name, noises[n], 100 * share[0]);
		}
}

/* How often one of SITES sites that only wander is called a leak, and beside them one that leaks.
 */
static void test_many_sites(void **unused)
{
	enum { SITES = 100, TARGETS = 300 };
	struct trend_point points[POINTS];
	int alarms = 0, found = 0;
	struct trend trend;

	(void)unused;
	state = 0x5eed5eed5eed5eed;
	for (int t = 0; t < TARGETS; t++) {
		int leaks = 0;

		for (int s = 0; s < SITES; s++) {
			make(&all_series[s % 2], 0.01, points);
			assert_int_equal(trend_judge(points, POINTS, 0, SITES + 1, &trend), 0);
			leaks += trend.verdict == TREND_LEAK;
		}
		alarms += leaks > 0;
		make(&leaking, 0.01, points);
		assert_int_equal(trend_judge(points, POINTS, 0, SITES + 1, &trend), 0);
		found += trend.verdict == TREND_LEAK;
	}
	print_message("of %d targets of %d sites without a leak %d have a false alarm; %d leaks "
		      "are found\n",
		      TARGETS, SITES, alarms, found);
	assert_true(alarms <= TARGETS / 100);
	assert_true(found >= 0.95 * TARGETS);
}

/* --- verdicts ----------------------------------------------------------------------------------
 */

static struct trend judge(const double *values, size_t nr, double error, double threshold)
{
	struct trend_point points[64];
	struct trend trend;

	for (size_t i = 0; i < nr; i++)
		points[i] = (struct trend_point){60.0 * (double)i, values[i], error, 0};
	assert_int_equal(trend_judge(points, nr, threshold, 1, &trend), 0);
	return trend;
}

static void test_line(void **unused)
{
	double values[20];
	struct trend trend;

	(void)unused;
	for (int i = 0; i < 20; i++)
		values[i] = 5000 + 600 * i;
	trend = judge(values, 20, 0, 0);
	assert_int_equal(trend.verdict, TREND_LEAK);
	assert_int_equal(trend.reason, TREND_GROWS);
	assert_true(fabs(trend.growth - 10) < 1e-9 && trend.low <= 10 && trend.high >= 10);
	assert_true(fabs(trend.first - 5000) < 1e-6 && fabs(trend.last - 16400) < 1e-6);
	assert_true(trend.p < 1e-6 && trend.nr == 20 && trend.seconds == 1140);
	assert_int_equal(judge(values, 20, 0, 10.5).reason, TREND_SLOW);
	assert_int_equal(judge(values, 20, 4000, 0).reason, TREND_IN_ERROR);
	assert_int_equal(judge(values, 7, 0, 0).verdict, TREND_TOO_LITTLE);
	assert_int_equal(judge(values, 8, 0, 0).verdict, TREND_LEAK);
	for (int i = 0; i < 20; i++)
		values[i] = 5000 - 10 * i;
	assert_int_equal(judge(values, 20, 0, 0).verdict, TREND_SHRINKING);
	for (int i = 0; i < 20; i++)
		values[i] = 5000;
	assert_int_equal(judge(values, 20, 0, 0).verdict, TREND_STEADY);
}

/* Runs that end before they say anything are too little, however many; of others the last counts.
 */
static void test_runs(void **unused)
{
	struct trend_point points[40];
	struct trend trend;

	(void)unused;
	for (int i = 0; i < 40; i++)
		points[i] = (struct trend_point){i, 100 * i, 0, i / 3};
	assert_int_equal(trend_judge(points, 40, 0, 1, &trend), 0);
	assert_int_equal(trend.verdict, TREND_TOO_LITTLE);
	assert_int_equal(trend.nr_runs, 14);
	for (int i = 0; i < 40; i++)
		points[i] = (struct trend_point){i, i < 20 ? 100 * i : 7, 0, i >= 20};
	assert_int_equal(trend_judge(points, 40, 0, 1, &trend), 0);
	assert_true(trend.verdict == TREND_STEADY && trend.nr == 20 && trend.nr_runs == 2);
	/* a clock that stands still */
	for (int i = 0; i < 40; i++)
		points[i] = (struct trend_point){5, 100 * i, 0, 0};
	assert_int_equal(trend_judge(points, 40, 0, 1, &trend), 0);
	assert_int_equal(trend.verdict, TREND_TOO_LITTLE);
	assert_int_equal(trend_judge(NULL, 0, 0, 1, &trend), 0);
	assert_int_equal(trend.verdict, TREND_TOO_LITTLE);
}

static enum trend_reason judge_rates(double (*rate)(int i), double error, double threshold)
{
	struct trend_point points[POINTS];
	struct trend trend;

	for (int i = 0; i < POINTS; i++)
		points[i] = (struct trend_point){60.0 * i, rate(i), error, 0};
	assert_int_equal(trend_judge_rates(points, POINTS, threshold, &trend), 0);
	return trend.reason;
}

static double always(int i)
{
	return 1000 + 50 * (i % 3);
}

static double at_first(int i)
{
	return i < 6 ? 5000 >> i : 0;
}

static double less_and_less(int i)
{
	return 5000 * exp(-i / 5.0);
}

static double now_and_then(int i)
{
	return i % 4 ? 0 : 900;
}

static void test_rates(void **unused)
{
	(void)unused;
	assert_int_equal(judge_rates(always, 0, 0), TREND_SURVIVES);
	assert_int_equal(judge_rates(always, 100, 900), TREND_SURVIVES);
	assert_int_equal(judge_rates(always, 100, 1100), TREND_SLOW);
	assert_int_equal(judge_rates(always, 2000, 0), TREND_SURVIVES_NOT);
	assert_int_equal(judge_rates(at_first, 0, 0), TREND_DRIES_UP);
	assert_int_equal(judge_rates(less_and_less, 0, 0), TREND_DRIES_UP);
	assert_int_equal(judge_rates(now_and_then, 0, 0), TREND_SURVIVES_NOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_simulated), cmocka_unit_test(test_many_sites),
		cmocka_unit_test(test_line),	  cmocka_unit_test(test_runs),
		cmocka_unit_test(test_rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
