// SPDX-License-Identifier: Apache-2.0
/*
 * The integer arithmetic of sampling against the formulas it stands for, in floating point. Random
 * numbers come from a fixed seed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "heaptap/sampling.h"

#define Q20 (1 << 20)

static uint32_t weight_table[HT_WEIGHT_SIZE], ln_table[HT_LN_SIZE];

static const uint64_t rates[] = {2,	     3,		 7,	     100,	    1000,
				 4096,	     1 << 16,	 1 << 19,    (1 << 20) + 1, 3000000,
				 1ULL << 30, 1ULL << 33, HT_RATE_MAX};

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static int fill_tables(void **state)
{
	(void)state;
	weight_table[0] = Q20;
	for (int i = 1; i < HT_WEIGHT_SIZE; i++)
		weight_table[i] = lround(i / 256.0 / -expm1(-i / 256.0) * Q20);
	for (int i = 0; i < HT_LN_SIZE; i++)
		ln_table[i] = lround(-log(0.5 + i / 512.0) * Q20);
	return 0;
}

static double weight_bytes(uint64_t size, uint64_t rate)
{
	return ldexp(ht_weight(size, rate, weight_table), -HT_BYTES_SHIFT);
}

static double formula(uint64_t size, uint64_t rate)
{
	return size / -expm1(-(double)size / rate);
}

static void check_weight(uint64_t size, uint64_t rate)
{
	double got = weight_bytes(size, rate), wanted = formula(size, rate);

	/* below some bytes the unit of 1/256 byte is what limits */
	if (fabs(got - wanted) > 1e-4 * wanted + 1.0 / 256)
		fail_msg("S=%lu R=%lu: %f, not %f", size, rate, got, wanted);
}

static void test_weight(void **state)
{
	(void)state;
	for (size_t r = 0; r < NR(rates); r++) {
		for (uint64_t size = 1; size <= 1ULL << 40; size = size * 5 / 4 + 1)
			check_weight(size, rates[r]);
		for (int x = 1; x <= 20; x++)
			for (int step = -2; step <= 2; step++)
				if (rates[r] * x + step)
					check_weight(rates[r] * x + step, rates[r]);
	}
}

/* From the sampling theory: R = 512 KiB, S = 4 KiB. */
static void test_check_value(void **state)
{
	(void)state;
	assert_int_equal(lround(formula(4096, 1 << 19)), 526339);
	assert_true(fabs(weight_bytes(4096, 1 << 19) - 526339) < 1);
}

static void test_weight_limits(void **state)
{
	(void)state;
	/* exact: what it weighs is what it is */
	assert_int_equal(ht_weight(12345, 1, weight_table), 12345 << HT_BYTES_SHIFT);
	assert_int_equal(ht_weight(1, 0, weight_table), 1 << HT_BYTES_SHIFT);
	/* far above the rate each one is a sample and stands for itself */
	assert_int_equal(ht_weight(16 << 20, 1 << 20, weight_table), (16ULL << 20)
									     << HT_BYTES_SHIFT);
	assert_int_equal(ht_weight(1ULL << 46, HT_RATE_MAX, weight_table), 1ULL << 54);
	/* malloc(0) holds no byte; when it is weighed all the same it is R */
	assert_int_equal(ht_weight(0, 1 << 19, weight_table), (1ULL << 19) << HT_BYTES_SHIFT);
	/* never less than the allocation itself */
	for (uint64_t size = 1; size < 100 << 19; size += 99991)
		assert_true(ht_weight(size, 1 << 19, weight_table) >= size << HT_BYTES_SHIFT);
}

static uint32_t draw(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 32;
}

/* -R ln U for the U of each number, also at both ends and between the entries of the table. */
static void test_gap_formula(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (size_t r = 0; r < NR(rates); r++)
		for (int i = 0; i < 20000; i++) {
			uint32_t random = i < 100   ? (uint32_t)i
					  : i < 200 ? -(uint32_t)(i - 99)
						    : draw(&seed);
			double wanted = -log(ldexp((double)random + 1, -32)) * rates[r];
			double got = ht_gap(random, rates[r], ln_table);

			/* ln 2 counts up to 32 times, each off by up to 2^-21; the table by 2e-6 */
			if (got < 1 || fabs(got - wanted) > 1.8e-5 * rates[r] + 1)
				fail_msg("R=%lu random=%u: %f, not %f", rates[r], random, got,
					 wanted);
		}
}

/* Exponential: the mean is R and so is the deviation, and each octile holds an eighth. */
static void test_gap_distribution(void **state)
{
	enum { DRAWS = 1 << 20 };
	const double rate = 1 << 19;
	uint64_t seed = 42;
	double sum = 0, squares = 0;
	int octiles[8] = {0};

	(void)state;
	for (int i = 0; i < DRAWS; i++) {
		double gap = ht_gap(draw(&seed), 1 << 19, ln_table);
		int octile = (int)(8 * -expm1(-gap / rate));

		sum += gap;
		squares += gap * gap;
		octiles[octile < 8 ? octile : 7]++;
	}
	assert_true(fabs(sum / DRAWS - rate) < 4 * rate / sqrt(DRAWS));
	/* the mean of squares is 2 R^2, their deviation sqrt(20) R^2 */
	assert_true(fabs(squares / DRAWS - 2 * rate * rate) <
		    4 * sqrt(20) * rate * rate / sqrt(DRAWS));
	for (int i = 0; i < 8; i++)
		assert_true(fabs(octiles[i] - DRAWS / 8.0) < 4 * sqrt(DRAWS * 7.0 / 64));
}

/* objects = w / S, variance = w^2 (1 - p) = w (w - S). */
static void check_contribution(uint64_t size, uint64_t rate)
{
	uint64_t weight = ht_weight(size, rate, weight_table);
	double w = ldexp(weight, -HT_BYTES_SHIFT), unit = ldexp((double)rate * rate, -16);
	struct ht_contribution c;
	double objects, variance;

	ht_contribution(size, weight, rate, &c);
	objects = ldexp(c.objects, -HT_OBJECTS_SHIFT);
	variance = c.var * unit;
	assert_int_equal(c.bytes, weight);
	if (fabs(objects - w / size) > 1e-4 * w / size)
		fail_msg("S=%lu R=%lu: %f objects, not %f", size, rate, objects, w / size);
	/* two units for the rounding of the result and of its factors */
	if (fabs(variance - w * (w - size)) > 1e-3 * w * (w - size) + 2 * unit)
		fail_msg("S=%lu R=%lu: variance %g, not %g", size, rate, variance, w * (w - size));
}

static void test_contribution(void **state)
{
	struct ht_contribution c;

	(void)state;
	for (size_t r = 4; r < NR(rates); r++)
		for (uint64_t size = 1; size <= 40 * rates[r]; size = size * 3 / 2 + 1)
			check_contribution(size, rates[r]);
	ht_contribution(100, 100 << HT_BYTES_SHIFT, 1, &c);
	assert_int_equal(c.bytes, 100 << HT_BYTES_SHIFT);
	assert_int_equal(c.objects, 1 << HT_OBJECTS_SHIFT);
	assert_int_equal(c.var, 0);
	ht_contribution(0, 0, 1, &c); /* malloc(0), exact: an object of no bytes */
	assert_int_equal(c.bytes, 0);
	assert_int_equal(c.objects, 1 << HT_OBJECTS_SHIFT);
	assert_int_equal(c.var, 0);
}

/* What all allocations added, their frees in any order take away to the last unit. */
static void test_cancels(void **state)
{
	enum { BLOCKS = 10000 };
	static struct {
		uint64_t size, weight;
	} blocks[BLOCKS];
	struct ht_contribution sum = {0}, c;
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < BLOCKS; i++) {
		blocks[i].size = draw(&seed) >> (draw(&seed) % 32);
		/* R may change during a run: the weight is stored, so it does not matter */
		blocks[i].weight =
			ht_weight(blocks[i].size, i & 1 ? 1 << 19 : 1 << 14, weight_table);
		ht_contribution(blocks[i].size, blocks[i].weight, 1 << 19, &c);
		sum.bytes += c.bytes;
		sum.objects += c.objects;
		sum.var += c.var;
	}
	assert_true(sum.bytes && sum.objects && sum.var);
	for (int i = 0; i < BLOCKS; i++) {
		int at = (i * 7919 + 1) % BLOCKS;

		ht_contribution(blocks[at].size, blocks[at].weight, 1 << 19, &c);
		sum.bytes -= c.bytes;
		sum.objects -= c.objects;
		sum.var -= c.var;
	}
	assert_int_equal(sum.bytes, 0);
	assert_int_equal(sum.objects, 0);
	assert_int_equal(sum.var, 0);
}

/* A stream of equal allocations, sampled as the programs do it: the estimates are the truth within
 * 4 of the standard errors that the variance states. */
static void check_stream(uint64_t size, uint64_t rate, uint64_t *seed)
{
	enum { BLOCKS = 400000 };
	double bytes = 0, objects = 0, variance = 0;
	int64_t left = ht_gap(draw(seed), rate, ln_table);

	for (int i = 0; i < BLOCKS; i++) {
		struct ht_contribution c;

		left -= (int64_t)size;
		if (left > 0)
			continue;
		left = ht_gap(draw(seed), rate, ln_table);
		ht_contribution(size, ht_weight(size, rate, weight_table), rate, &c);
		bytes += ldexp(c.bytes, -HT_BYTES_SHIFT);
		objects += ldexp(c.objects, -HT_OBJECTS_SHIFT);
		variance += ldexp(c.var, -16) * (double)rate * rate;
	}
	if (fabs(bytes - (double)size * BLOCKS) > 4 * sqrt(variance) + 1e-4 * bytes)
		fail_msg("S=%lu R=%lu: %f bytes, error %f", size, rate, bytes, sqrt(variance));
	if (fabs(objects - BLOCKS) > 4 * sqrt(variance) / size + 1e-4 * objects)
		fail_msg("S=%lu R=%lu: %f objects", size, rate, objects);
}

static void test_unbiased(void **state)
{
	static const uint64_t sizes[] = {16, 1000, 4096, 30000, 200000};
	uint64_t seed = 3;

	(void)state;
	for (size_t i = 0; i < NR(sizes); i++)
		check_stream(sizes[i], 1 << 14, &seed);
}

/* The same with rates that change on the way, as in a governed recording: what is left of a
 * countdown is drawn again, the weight is that of the rate in use. 200 streams, each with its own
 * estimate; their mean is the truth, and the variance they state is the one they have. */
static void test_unbiased_changing(void **state)
{
	enum { STREAMS = 200, BLOCKS = 20000, BASE = 8192 };
	static const uint64_t plan[] = {1, 512, 1024, 16384, 1 << 20, 1 << 26};
	uint64_t seed = 11;
	double sum = 0, squares = 0, stated = 0, truth = 0;

	(void)state;
	for (int stream = 0; stream < STREAMS; stream++) {
		double bytes = 0, variance = 0;
		int64_t left = 0;

		truth = 0;
		for (int i = 0; i < BLOCKS; i++) {
			size_t step = (size_t)i * NR(plan) / BLOCKS;
			uint64_t rate = plan[step], size = 24 + i % 5 * 1000;
			struct ht_contribution c;

			truth += (double)size;
			if (!i || step != (size_t)(i - 1) * NR(plan) / BLOCKS)
				left = ht_gap(draw(&seed), rate, ln_table);
			left -= (int64_t)size;
			if (rate > 1 && left > 0)
				continue;
			left = ht_gap(draw(&seed), rate, ln_table);
			ht_contribution(size, ht_weight(size, rate, weight_table), BASE, &c);
			bytes += ldexp(c.bytes, -HT_BYTES_SHIFT);
			variance += ldexp(c.var, -16) * BASE * BASE;
		}
		sum += bytes - truth;
		squares += (bytes - truth) * (bytes - truth);
		stated += variance;
	}
	if (fabs(sum) > 4 * sqrt(stated))
		fail_msg("off by %f of %f, error %f", sum / STREAMS, truth, sqrt(stated) / STREAMS);
	/* few samples at the largest rate make most of it: its own spread is wide */
	if (squares < stated / 2 || squares > stated * 2)
		fail_msg("variance %g, stated %g", squares / STREAMS, stated / STREAMS);
}

/* The base rate of a recording that begins exact serves all it may be raised to. */
static void test_variance_range(void **state)
{
	const double base = 8192;

	(void)state;
	for (uint64_t rate = 512; rate <= 1 << 26; rate *= 2)
		for (uint64_t size = 1; size < 15 * rate; size = size * 3 / 2 + 1) {
			uint64_t weight = ht_weight(size, rate, weight_table);
			double w = ldexp(weight, -HT_BYTES_SHIFT), wanted = w * (w - size);
			struct ht_contribution c;

			ht_contribution(size, weight, 8192, &c);
			/* a factor is cut to 2^-20 of the base, the result to 2^-16 of its square
			 */
			if (fabs(ldexp(c.var, -16) * base * base - wanted) >
			    1e-3 * wanted + base * base / 65536 + 2 * w * base / (1 << 20))
				fail_msg("S=%lu R=%lu: %g, not %g", size, rate,
					 ldexp(c.var, -16) * base * base, wanted);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weight),
		cmocka_unit_test(test_check_value),
		cmocka_unit_test(test_weight_limits),
		cmocka_unit_test(test_gap_formula),
		cmocka_unit_test(test_gap_distribution),
		cmocka_unit_test(test_contribution),
		cmocka_unit_test(test_cancels),
		cmocka_unit_test(test_unbiased),
		cmocka_unit_test(test_unbiased_changing),
		cmocka_unit_test(test_variance_range),
	};

	return cmocka_run_group_tests(tests, fill_tables, NULL);
}
