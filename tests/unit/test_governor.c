// SPDX-License-Identifier: Apache-2.0
/*
 * The governor against a played target: it does so much work a second, allocates so often, and a
 * probe slows it as a real one does. A step of the play is a millisecond; the governor is asked
 * when it wants to be or when the hits it names were counted, a rate and a detach take effect when
 * they would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "collect/governor.h"

#define MS	   1000000.0
#define DETACH_MS  80
#define TRAP_NS	   550.0
#define RETURN_NS  300.0
#define BASE_NS	   80.0	  /* program of a hit that is no sample */
#define SAMPLE_NS  1400.0 /* more for one that is, both sides together */
#define SIZE	   200.0
#define NS_OF_PAIR 16.0

struct play {
	double threads;	   /* each does the same */
	double share;	   /* of the budget */
	double seconds;	   /* how long it may last */
	double duration_s; /* what -d says; 0: nothing */
	double uncalibrated_s;
	double base_ns; /* 0: BASE_NS */
	/* what a thread wants to do at @s seconds: pairs of malloc and free a second, and CPU time
	 * for other work, in cores */
	double (*pairs)(double s);
	double (*work)(double s);
};

struct outcome {
	double detached_s;    /* asked to, or infinity */
	double cost_s, cpu_s; /* of the whole run */
	uint64_t rate, nr_raised;
	double longest_hurt_s; /* in one piece lost more than a tenth of what it would have done */
	double worst_s; /* more than the budget and 1 %, in any 10 s after the first; below 0: less
			 */
};

struct world {
	struct governor_reading counted;
	double cpu_ns, program_ns, sampled;
	uint64_t rate;
	uint64_t alarm; /* so many hits wake the governor */
	bool attached;
};

/* A millisecond of one thread. Returns how much it did of what it would have done without probes.
 */
static double live(struct world *world, const struct play *play, double s, struct outcome *outcome)
{
	double p = world->rate <= 1 ? 1 : -expm1(-SIZE / (double)world->rate);
	double pairs = play->pairs(s) / 1000, work = play->work(s) * MS;
	double base = play->base_ns > 0 ? play->base_ns : BASE_NS;
	double program = world->attached ? 2 * base + p * SAMPLE_NS : 0;
	double probe = world->attached ? 2 * TRAP_NS + p * RETURN_NS + program : 0;
	double wanted = work + pairs * (NS_OF_PAIR + probe), did = fmin(1, MS / fmax(wanted, 1));

	world->cpu_ns += fmin(wanted, MS);
	outcome->cost_s += did * pairs * probe / 1e9;
	if (!world->attached)
		return 1;
	world->counted.entries += llround(2 * did * pairs);
	world->sampled += p * did * pairs;
	world->counted.returns = llround(world->sampled);
	world->counted.samples = world->counted.returns;
	world->program_ns += did * pairs * program;
	return did / fmin(1, MS / fmax(work + pairs * NS_OF_PAIR, 1));
}

static void ask(struct world *world, const struct play *play, struct governor *governor, double s,
		double *due, struct outcome *outcome)
{
	struct governor_reading reading = world->counted;
	struct governor_decision decision;
	bool calibrated = s >= play->uncalibrated_s;

	reading.elapsed_ns = llround(s * 1e9);
	reading.cpu_ns = llround(world->cpu_ns);
	reading.timed = (reading.entries + reading.returns) / 64;
	reading.timed_ns = llround(world->program_ns / 64);
	reading.rate = world->rate;
	reading.calibrated = calibrated;
	reading.entry_trap_ns = calibrated ? TRAP_NS : 1000;
	reading.return_trap_ns = calibrated ? RETURN_NS : 600;
	decision = governor_decide(governor, &reading);
	assert_in_range(decision.check_ns, 10000000, GOVERNOR_CHECK_NS);
	*due = s + (double)decision.check_ns / 1e9;
	assert_true(decision.hits > 0);
	world->alarm = reading.entries + reading.returns + (uint64_t)decision.hits;
	if (decision.action == GOVERNOR_RAISE) {
		assert_true(decision.rate > world->rate && decision.rate <= GOVERNOR_RATE_MAX);
		world->rate = decision.rate;
		outcome->nr_raised++;
	}
	if (decision.action == GOVERNOR_DETACH)
		outcome->detached_s = s;
}

/* What was used and spent up to each tenth of a second. */
struct history {
	double cpu_s[4000], cost_s[4000];
};

static void judge(const struct history *history, const struct play *play, long ms,
		  struct outcome *outcome)
{
	long now = ms / 100, then = now - 100;
	double cpu, cost;

	if (now < 110)
		return;
	cpu = history->cpu_s[now] - history->cpu_s[then];
	cost = history->cost_s[now] - history->cost_s[then];
	outcome->worst_s =
		fmax(outcome->worst_s, cost - fmax((play->share + 0.01) * cpu, 0.02 * 10));
}

static struct outcome run(const struct play *play)
{
	struct outcome outcome = {.detached_s = INFINITY, .worst_s = -INFINITY};
	static struct history history;
	struct world world = {.rate = 1, .alarm = UINT64_MAX, .attached = true};
	double due = 0.1, hurt = 0;
	struct governor governor;

	governor_init(&governor, play->share, llround(play->duration_s * 1e9));
	for (long ms = 1; ms <= lround(play->seconds * 1000); ms++) {
		double s = (double)ms / 1000, did = 1;

		for (int i = 0; i < lround(play->threads); i++)
			did = live(&world, play, s, &outcome);
		hurt = did < 0.9 ? hurt + 0.001 : 0;
		outcome.longest_hurt_s = fmax(outcome.longest_hurt_s, hurt);
		if (ms % 100 == 0) {
			history.cpu_s[ms / 100] = world.cpu_ns / 1e9;
			history.cost_s[ms / 100] = outcome.cost_s;
			judge(&history, play, ms, &outcome);
		}
		if (world.counted.entries + world.counted.returns >= world.alarm)
			due = fmin(due, s);
		if (s >= due && outcome.detached_s > s)
			ask(&world, play, &governor, s, &due, &outcome);
		if (s >= outcome.detached_s + DETACH_MS / 1000.0)
			world.attached = false;
	}
	outcome.rate = world.rate;
	outcome.cpu_s = world.cpu_ns / 1e9;
	return outcome;
}

/* Over the whole run, or over the first seconds when it is shorter. */
static void expect_inside(const struct play *play, const struct outcome *outcome)
{
	double budget = fmax(play->share * outcome->cpu_s, 0.01 * play->seconds);

	if (outcome->cost_s > budget * 1.02)
		fail_msg("cost %.3f s of %.3f s CPU, budget %.3f s; detached at %.2f s",
			 outcome->cost_s, outcome->cpu_s, budget, outcome->detached_s);
	if (outcome->worst_s > 0)
		fail_msg("in some 10 s %.3f s too much; detached at %.2f s", outcome->worst_s,
			 outcome->detached_s);
}

static double none(double s)
{
	(void)s;
	return 0;
}

static double tight(double s)
{
	(void)s;
	return 1e9;
}

static double half(double s)
{
	(void)s;
	return 0.5;
}

static double full(double s)
{
	(void)s;
	return 0.9;
}

static double few(double s)
{
	(void)s;
	return 1000;
}

/* Beside half a core of work: exact 3.6 % of a core, which is too much; traps alone 1.3 %. */
static double moderate(double s)
{
	(void)s;
	return 12000;
}

static double late_burst(double s)
{
	return s < 60 ? 1000 : 2e6;
}

static double short_burst(double s)
{
	return fmod(s, 60) > 45 && fmod(s, 60) < 45.05 ? 2e6 : 1000;
}

static double early_burst(double s)
{
	return s < 5 ? 1000 : 2e6;
}

static double ramp(double s)
{
	return 200 * s * s;
}

static void test_idle(void **state)
{
	struct play play = {
		.threads = 1, .share = 0.05, .seconds = 300, .pairs = none, .work = none};
	struct outcome outcome = run(&play);

	(void)state;
	assert_true(isinf(outcome.detached_s) && outcome.rate == 1);
	/* a thousand pairs a second are a quarter of a percent of a core: all of them, exact */
	play.pairs = few;
	outcome = run(&play);
	assert_true(isinf(outcome.detached_s) && outcome.rate == 1);
	expect_inside(&play, &outcome);
}

static void test_tight_loop(void **state)
{
	struct play play = {
		.threads = 1, .share = 0.05, .seconds = 30, .pairs = tight, .work = none};
	struct outcome outcome = run(&play);

	(void)state;
	assert_true(outcome.detached_s < 1 - DETACH_MS / 1000.0 && outcome.detached_s > 0.05);
	assert_true(outcome.longest_hurt_s < 1);
	expect_inside(&play, &outcome);
	/* it would not do to raise: the traps alone are too dear */
	assert_int_equal(outcome.nr_raised, 0);

	/* all of it is allowed */
	play.share = 1;
	outcome = run(&play);
	assert_true(isinf(outcome.detached_s) && outcome.rate == 1);
}

static void test_threads(void **state)
{
	struct play play = {
		.threads = 8, .share = 0.05, .seconds = 30, .pairs = tight, .work = none};
	struct outcome outcome = run(&play);

	(void)state;
	assert_true(outcome.detached_s < 1 - DETACH_MS / 1000.0);
	expect_inside(&play, &outcome);
	play.pairs = moderate;
	play.work = half;
	outcome = run(&play);
	assert_true(isinf(outcome.detached_s) && outcome.rate > 1);
	expect_inside(&play, &outcome);
}

/* What samples cost is too dear and what traps cost is not: the rate rises, and no further than it
 * must. */
static void test_raises(void **state)
{
	struct play play = {
		.threads = 1, .share = 0.05, .seconds = 60, .pairs = moderate, .work = half};
	struct outcome outcome = run(&play);

	(void)state;
	assert_true(isinf(outcome.detached_s));
	assert_true(outcome.rate >= GOVERNOR_RATE_FIRST && outcome.rate <= 16384);
	expect_inside(&play, &outcome);
	/* a larger budget needs none of it */
	play.share = 0.5;
	outcome = run(&play);
	assert_true(isinf(outcome.detached_s) && outcome.rate == 1);
}

/* Programs that take long whatever the rate: what no rate saves does not cost the profile its
 * samples. */
static void test_slow_programs(void **state)
{
	struct play play = {.threads = 1,
			    .share = 0.05,
			    .seconds = 60,
			    .base_ns = 8 * BASE_NS,
			    .pairs = moderate,
			    .work = half};
	struct outcome outcome = run(&play);

	(void)state;
	assert_true(outcome.rate > 1 && outcome.rate <= SIZE * 128);
	assert_true(outcome.detached_s > 1);
	expect_inside(&play, &outcome);
}

static void test_bursts(void **state)
{
	struct play play = {
		.threads = 1, .share = 0.05, .seconds = 70, .pairs = late_burst, .work = none};
	struct outcome outcome = run(&play);

	(void)state;
	assert_true(outcome.detached_s > 60 && outcome.detached_s < 61);
	assert_true(outcome.longest_hurt_s < 1);
	expect_inside(&play, &outcome);
	play.pairs = early_burst;
	outcome = run(&play);
	assert_true(outcome.detached_s > 5 && outcome.detached_s < 6);
	assert_true(outcome.longest_hurt_s < 1);
	expect_inside(&play, &outcome);
	/* much is saved, and yet it is not hurt for longer than a second */
	play.pairs = late_burst;
	play.work = full;
	play.threads = 8;
	outcome = run(&play);
	assert_true(outcome.detached_s > 60 && outcome.detached_s < 61);
	assert_true(outcome.longest_hurt_s < 1);
	expect_inside(&play, &outcome);
	/* what was saved pays for a short one a minute, exact */
	play.pairs = short_burst;
	play.work = half;
	play.seconds = 200;
	outcome = run(&play);
	assert_true(isinf(outcome.detached_s) && outcome.rate == 1);
	expect_inside(&play, &outcome);
}

static void test_ramp(void **state)
{
	struct play play = {
		.threads = 1, .share = 0.05, .seconds = 120, .pairs = ramp, .work = half};
	struct outcome outcome = run(&play);

	(void)state;
	/* traps alone are 5 % of the core at 45,000 pairs a second: after 15 s */
	assert_true(outcome.detached_s > 10 && outcome.detached_s < 40);
	assert_true(outcome.rate > 1 && outcome.longest_hurt_s < 1);
	expect_inside(&play, &outcome);
}

/* The figures assumed meanwhile do not end what the true ones allow. */
static void test_uncalibrated(void **state)
{
	struct play play = {.threads = 1,
			    .share = 0.05,
			    .seconds = 60,
			    .uncalibrated_s = 0.6,
			    .pairs = moderate,
			    .work = half};
	struct outcome outcome = run(&play);

	(void)state;
	assert_true(isinf(outcome.detached_s));
	expect_inside(&play, &outcome);
	play.pairs = tight;
	outcome = run(&play);
	assert_true(outcome.detached_s < 1);
	/* a calibration that never succeeds */
	play.uncalibrated_s = INFINITY;
	outcome = run(&play);
	assert_true(outcome.detached_s < 1);
	expect_inside(&play, &outcome);
}

/* A run that is known to be short has the budget of its own time in advance, no more. */
static void test_short_run(void **state)
{
	struct play play = {.threads = 1,
			    .share = 0.2,
			    .seconds = 2,
			    .duration_s = 2,
			    .pairs = tight,
			    .work = full};
	struct outcome outcome = run(&play);

	(void)state;
	assert_true(outcome.detached_s < 0.5);
	expect_inside(&play, &outcome);
}

/* Counters are read while they grow, and clocks may stand: nothing is divided by nothing. */
static void test_odd_readings(void **state)
{
	struct governor_reading reading = {.rate = 1, .entry_trap_ns = 500};
	struct governor governor;

	(void)state;
	governor_init(&governor, 0.05, 0);
	assert_int_equal(governor_decide(&governor, &reading).action, GOVERNOR_KEEP);
	reading.elapsed_ns = 100000000;
	assert_int_equal(governor_decide(&governor, &reading).action, GOVERNOR_KEEP);
	assert_int_equal(governor_decide(&governor, &reading).action, GOVERNOR_KEEP);
	/* the process has ended: its clock is not to be had, and earlier than before */
	reading.elapsed_ns = 200000000;
	reading.entries = 1000000;
	reading.cpu_ns = 0;
	assert_int_equal(governor_decide(&governor, &reading).action, GOVERNOR_KEEP);
	reading.elapsed_ns = 150000000;
	reading.entries = 900000;
	assert_int_equal(governor_decide(&governor, &reading).action, GOVERNOR_KEEP);
	assert_true(isfinite(governor.level_ns) && isfinite(governor.spent_ns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle),	      cmocka_unit_test(test_tight_loop),
		cmocka_unit_test(test_threads),	      cmocka_unit_test(test_raises),
		cmocka_unit_test(test_slow_programs), cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_ramp),	      cmocka_unit_test(test_uncalibrated),
		cmocka_unit_test(test_short_run),     cmocka_unit_test(test_odd_readings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
