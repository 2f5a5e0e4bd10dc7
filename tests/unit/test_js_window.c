// SPDX-License-Identifier: Apache-2.0
/* What a sample of JavaScript's allocations stands for, from collections with known weights. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collect/js_window.h"

#define W0 250000
#define W1 30000

static void near(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance))
		fail_msg("%.3f, expected %.3f", value, expected);
}

/* A heap that is collected: what came since the last time. */
struct heap {
	uint64_t address, used, samples[2], exact;
	uint32_t tid;
};

static void collect(struct js_window *window, struct heap *heap, int plain, int marking,
		    uint64_t exact, int64_t noise)
{
	struct ht_gc_event event = {.heap = heap->address, .tid = heap->tid};

	heap->samples[0] += plain;
	heap->samples[1] += marking;
	heap->exact += exact;
	event.before = heap->used + plain * W0 + marking * W1 + exact + noise;
	event.after = heap->used = event.before / 3;
	event.js_samples[0] = heap->samples[0];
	event.js_samples[1] = heap->samples[1];
	event.js_exact_bytes = heap->exact;
	assert_int_equal(js_window_add(window, &event), 0);
}

static void test_exact(void **state)
{
	struct heap a = {.address = 1}, b = {.address = 2};
	static struct js_window window;
	struct js_weight weight;

	(void)state;
	for (int i = 0; i < 10; i++) {
		collect(&window, &a, 40 + i, i % 3 ? 0 : 500, i * 160000, 0);
		collect(&window, &b, 3, i, 0, 0);
	}
	js_window_weight(&window, 12, &weight);
	assert_true(weight.measured);
	near(weight.bytes[0], W0, 1);
	near(weight.bytes[1], W1, 1);
	near(js_weight_error(&weight, (double[]){1000, 1000}), 0, 1000);
	js_window_done(&window);
}

/* With noise the sum of all intervals is still exact, and the error covers what is off. */
static void test_noise(void **state)
{
	static struct js_window window;
	struct heap heap = {.address = 1};
	double samples[2] = {0}, noise_sum = 0, error;
	struct js_weight weight;

	(void)state;
	collect(&window, &heap, 0, 0, 0, 0);
	for (int i = 0; i < 60; i++) {
		int plain = 10 + i % 7, marking = i % 4 ? 0 : 100;
		int64_t noise = (i * 7919 % 13 - 6) * 20000;

		collect(&window, &heap, plain, marking, 0, noise);
		samples[0] += plain;
		samples[1] += marking;
		noise_sum += noise;
	}
	js_window_weight(&window, 12, &weight);
	near(weight.bytes[0] * samples[0] + weight.bytes[1] * samples[1],
	     samples[0] * W0 + samples[1] * W1 + noise_sum, 100);
	error = js_weight_error(&weight, (double[]){samples[0], 0});
	assert_true(error > 0);
	near(weight.bytes[0] * samples[0], W0 * samples[0], 3 * error + fabs(noise_sum));
	js_window_done(&window);
}

/* Never marked: one weight. */
static void test_one(void **state)
{
	static struct js_window window;
	struct heap heap = {.address = 1};
	struct js_weight weight;

	(void)state;
	for (int i = 0; i < 10; i++)
		collect(&window, &heap, 50, 0, 0, 0);
	js_window_weight(&window, 12, &weight);
	assert_true(weight.measured);
	near(weight.bytes[0], W0, 1);
	js_window_done(&window);
}

static void test_too_little(void **state)
{
	static struct js_window window;
	struct heap heap = {.address = 1};
	struct ht_gc_event incomplete = {.heap = 1, .missing = HT_GC_NO_SIZE};
	struct js_weight weight;

	(void)state;
	js_window_weight(&window, 12, &weight);
	assert_false(weight.measured);
	near(weight.bytes[0], (1 << 20) / 6.0, 1);
	collect(&window, &heap, 500, 0, 0, 0);
	collect(&window, &heap, 5, 0, 0, 0);
	assert_int_equal(js_window_add(&window, &incomplete), 0);
	collect(&window, &heap, 5, 0, 0, 0);
	js_window_weight(&window, 10, &weight);
	assert_false(weight.measured);
	near(weight.bytes[0], (1 << 20) / 5.5, 1);
	assert_true(js_weight_error(&weight, (double[]){100, 0}) > 0);
	js_window_done(&window);
}

/* Another heap at the same address, of another thread: between the two there is no interval. */
static void test_other_thread(void **state)
{
	static struct js_window window;
	struct heap heap = {.address = 1};
	struct js_weight weight;

	(void)state;
	for (int i = 0; i < 6; i++)
		collect(&window, &heap, 50, 0, 0, 0);
	heap = (struct heap){.address = 1, .tid = 2};
	collect(&window, &heap, 20, 0, 0, 99000000);
	for (int i = 0; i < 6; i++)
		collect(&window, &heap, 50, 0, 0, 0);
	js_window_weight(&window, 12, &weight);
	near(weight.bytes[0], W0, 1);
	js_window_done(&window);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),	     cmocka_unit_test(test_noise),
		cmocka_unit_test(test_one),	     cmocka_unit_test(test_too_little),
		cmocka_unit_test(test_other_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
