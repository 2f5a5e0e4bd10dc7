// SPDX-License-Identifier: Apache-2.0
/* How many page faults a sample stands for: it follows the cost, and comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collect/page_rate.h"

#define SECOND 1000000000ULL

/* A second of @faults, each sample of which costs @ns, decided every 10 ms; the share of a CPU that
 * samples took. */
static double spend(struct page_rate *rate, double *cost_ns, uint64_t *now_ns, double faults,
		    double ns)
{
	double before = *cost_ns;

	for (int i = 0; i < 100; i++) {
		*cost_ns += faults / 100 / (double)rate->period * ns;
		*now_ns += SECOND / 100;
		page_rate_decide(rate, *cost_ns, *now_ns);
	}
	return (*cost_ns - before) / 1e9;
}

static void few_faults_are_all_samples(void **state)
{
	uint64_t now = 5 * SECOND;
	struct page_rate rate;
	double cost = 0;

	(void)state;
	page_rate_init(&rate, now);
	spend(&rate, &cost, &now, 500, 2000);
	assert_int_equal(rate.period, 1);
}

static void many_stay_inside_the_share(void **state)
{
	uint64_t now = 5 * SECOND;
	struct page_rate rate;
	double cost = 0;

	(void)state;
	page_rate_init(&rate, now);
	spend(&rate, &cost, &now, 750000, 600);
	assert_true(cost <= 1.3 * PAGE_RATE_SHARE * SECOND + PAGE_RATE_CREDIT_NS);
	assert_true(rate.period > 100 && rate.period < 1000);
	assert_true(rate.period % 2);
	assert_true(spend(&rate, &cost, &now, 750000, 600) <= 1.3 * PAGE_RATE_SHARE);
	assert_true(spend(&rate, &cost, &now, 750000, 600) >= PAGE_RATE_SHARE / 5);
}

static void it_is_exact_again_a_second_after_a_storm(void **state)
{
	uint64_t now = 5 * SECOND;
	struct page_rate rate;
	double cost = 0;

	(void)state;
	page_rate_init(&rate, now);
	spend(&rate, &cost, &now, 3e6, 1000);
	assert_true(rate.period > 100);
	spend(&rate, &cost, &now, 0, 1000);
	assert_int_equal(rate.period, 1);
}

/* 64 MB at once, after calm: most of it is seen page by page. */
static void a_burst_spends_what_was_kept(void **state)
{
	uint64_t now = 5 * SECOND;
	struct page_rate rate;
	double cost = 0;

	(void)state;
	page_rate_init(&rate, now);
	spend(&rate, &cost, &now, 0, 600);
	for (int i = 0; i < 20; i++) { /* each ms 800 faults */
		cost += 800.0 / (double)rate.period * 600;
		now += SECOND / 1000;
		page_rate_decide(&rate, cost, now);
		assert_true(rate.period < 25);
	}
	assert_true(cost <= PAGE_RATE_CREDIT_NS);
}

static void it_has_an_end(void **state)
{
	uint64_t now = 5 * SECOND;
	struct page_rate rate;

	(void)state;
	page_rate_init(&rate, now);
	assert_int_equal(page_rate_decide(&rate, 1e15, now + 1), PAGE_RATE_MAX);
	assert_int_equal(page_rate_decide(&rate, 1e15, now + 1), PAGE_RATE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_faults_are_all_samples),
		cmocka_unit_test(many_stay_inside_the_share),
		cmocka_unit_test(it_is_exact_again_a_second_after_a_storm),
		cmocka_unit_test(a_burst_spends_what_was_kept),
		cmocka_unit_test(it_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
