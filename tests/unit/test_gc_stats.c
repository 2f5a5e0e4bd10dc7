// SPDX-License-Identifier: Apache-2.0
/* Histograms, and what collections say together. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "profile/gc_stats.h"
#include "util/histogram.h"
#include "v8/gc_reason.h"

static void test_histogram(void **state)
{
	static struct histogram h;

	(void)state;
	assert_int_equal(histogram_quantile(&h, 0.5), 0);
	for (uint64_t i = 1; i <= 1000; i++)
		histogram_add(&h, i * 1000);
	assert_int_equal(h.nr, 1000);
	assert_int_equal(h.max, 1000000);
	assert_int_equal(h.total, 500500000);
	assert_in_range(histogram_quantile(&h, 0.5), 500000, 500000 * 65 / 64);
	assert_in_range(histogram_quantile(&h, 0.99), 990000, 1000000);
	assert_int_equal(histogram_quantile(&h, 1), 1000000);
	assert_in_range(histogram_quantile(&h, 0), 1000, 1000 * 65 / 64);
}

/* Every power of two and its neighbours, up to the largest: each is its own only quantile. */
static void test_histogram_range(void **state)
{
	(void)state;
	for (int bit = 0; bit < 64; bit++)
		for (int d = -1; d <= 1; d++) {
			uint64_t value = (1ULL << bit) + d;
			static struct histogram h;

			memset(&h, 0, sizeof(h));
			histogram_add(&h, value);
			assert_int_equal(histogram_quantile(&h, 0.5), value);
			histogram_add(&h, UINT64_MAX);
			assert_in_range(histogram_quantile(&h, 0.5), value,
					value + value / 64 < value ? UINT64_MAX
								   : value + value / 64);
		}
}

#define SECOND 1000000000ULL

static void add(struct gc_stats *stats, uint64_t heap, int kind, uint64_t end_s, uint64_t before,
		uint64_t after)
{
	const struct ht_gc_event event = {
		.event = {.time_ns = end_s * SECOND},
		.tid = 7,
		.heap = heap,
		.kind = kind,
		.start_ns = end_s * SECOND - 2000000,
		.before = before,
		.after = after,
	};

	assert_int_equal(gc_stats_add(stats, &event), 0);
}

static void test_rates(void **state)
{
	static struct gc_stats stats;
	const struct gc_heap *heap;

	(void)state;
	add(&stats, 1, HT_GC_SCAVENGE, 10, 500, 200);
	add(&stats, 1, HT_GC_SCAVENGE, 11, 1200, 260); /* 1000 allocated, 60 stay */
	add(&stats, 2, HT_GC_SCAVENGE, 11, 9000, 9000);
	add(&stats, 1, HT_GC_MARK_COMPACT, 13, 760, 100); /* 500 allocated */
	add(&stats, 1, HT_GC_SCAVENGE, 14, 600, 90);	  /* 500 allocated, 10 less stay */
	assert_int_equal(stats.nr_heaps, 2);
	heap = gc_stats_heap(&stats, 1, 7);
	assert_int_equal(heap->nr, 4);
	assert_int_equal(heap->allocated, 2000);
	assert_int_equal(heap->promoted, 50);
	assert_true(fabs(gc_heap_allocation_rate(heap) - 500) < 1e-9);
	assert_true(fabs(gc_heap_promotion_rate(heap) - 12.5) < 1e-9);
	assert_true(gc_heap_allocation_rate(gc_stats_heap(&stats, 2, 7)) == 0);
	assert_null(gc_stats_heap(&stats, 1, 8));
	assert_int_equal(gc_stats_pause_ns(&stats), 5 * 2000000);
	assert_int_equal(stats.pauses[HT_GC_MARK_COMPACT].nr, 1);
	gc_stats_done(&stats);
}

/* What was not seen whole is in no figure, whatever it says. */
static void test_incomplete(void **state)
{
	struct ht_gc_event event = {.kind = HT_GC_SCAVENGE, .missing = HT_GC_NO_SIZE};
	static struct gc_stats stats;

	(void)state;
	assert_int_equal(gc_stats_add(&stats, &event), 0);
	event = (struct ht_gc_event){.kind = 77};
	assert_int_equal(gc_stats_add(&stats, &event), 0);
	assert_int_equal(stats.nr_incomplete, 2);
	assert_int_equal(stats.nr_heaps, 0);
	gc_stats_done(&stats);
}

static enum gc_verdict verdict_of(unsigned int nr, uint64_t step, uint64_t noise)
{
	static struct gc_stats stats;
	enum gc_verdict verdict;
	struct slope slope;

	for (unsigned int i = 0; i < nr; i++)
		add(&stats, 1, HT_GC_MARK_COMPACT, 10 + i, 1 << 30,
		    (10 << 20) + step * i + (i * 7 % 5) * noise);
	gc_heap_floor(&stats.heaps[0], &slope, &verdict);
	gc_stats_done(&stats);
	return verdict;
}

static void test_verdict(void **state)
{
	(void)state;
	assert_int_equal(verdict_of(2, 1 << 20, 0), GC_TOO_FEW);
	assert_int_equal(verdict_of(GC_VERDICT_MIN - 1, 1 << 20, 0), GC_TOO_FEW);
	assert_int_equal(verdict_of(GC_VERDICT_MIN, 1 << 20, 0), GC_GROWING);
	assert_int_equal(verdict_of(GC_VERDICT_MIN, -(1ULL << 20), 0), GC_SHRINKING);
	assert_int_equal(verdict_of(50, 0, 1 << 20), GC_FLAT);
	assert_int_equal(verdict_of(50, 100000, 1 << 20), GC_GROWING);
	/* certain, but less than 1 % of the floor */
	assert_int_equal(verdict_of(50, 1000, 0), GC_FLAT);
}

/* Far more full collections than are kept: the floor spans all of them. */
static void test_floor_is_bounded(void **state)
{
	static struct gc_stats stats;
	enum gc_verdict verdict;
	struct slope slope;

	(void)state;
	for (unsigned int i = 0; i < 10 * GC_FLOOR_POINTS; i++)
		add(&stats, 1, HT_GC_MARK_COMPACT, 10 + i, 1 << 30, (10 << 20) + 3600 * i);
	assert_in_range(stats.heaps[0].nr_floor, GC_FLOOR_POINTS / 4, GC_FLOOR_POINTS);
	assert_true(stats.heaps[0].floor[stats.heaps[0].nr_floor - 1].x > 9 * GC_FLOOR_POINTS);
	assert_int_equal(gc_heap_floor(&stats.heaps[0], &slope, &verdict), 0);
	assert_int_equal(verdict, GC_GROWING);
	assert_true(fabs(slope.slope - 3600) < 1);
	gc_stats_done(&stats);
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(gc_reason_text(0, 1), "allocation failure");
	assert_string_equal(gc_reason_text(11, 26), "finalize MinorMC");
	assert_string_equal(gc_reason_text(12, 26), "finalize concurrent MinorMS");
	assert_null(gc_reason_text(14, 31));
	assert_null(gc_reason_text(14, UINT32_MAX));
	assert_string_equal(gc_kind_text(HT_GC_MINOR_MARK_COMPACT), "minor mark-compact");
	assert_string_equal(gc_kind_text(3), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_histogram), cmocka_unit_test(test_histogram_range),
		cmocka_unit_test(test_rates),	  cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_verdict),	  cmocka_unit_test(test_floor_is_bounded),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
