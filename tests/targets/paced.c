// SPDX-License-Identifier: Apache-2.0
/*
 * Computes all the time, and allocates beside it so often that without probes it would be --rate
 * pairs of malloc and free a second: what probes take is missing from what it computes. Every
 * 64th block of --kept is not freed.
 *
 *   --rate=N        pairs a second (1000)
 *   --burst=N       pairs a second in bursts (0: there are none)
 *   --every=MS      from the beginning of one burst to that of the next (10000)
 *   --for=MS        how long a burst is (1000); the first is one --every after the start
 *   --seconds=N     state the truth after that long (0: go on)
 *   --kept          keep every 64th block
 *
 * Every 100 ms one line: the time (CLOCK_MONOTONIC, ns), CPU time (ns), steps computed and pairs so
 * far. Two sizes by turns, each at a site of its own.
 */
#include <time.h>

#include "target.h"

enum {
	NR_WORDS = 32768,     /* of 8 bytes: what it computes with is larger than the first cache */
	CALIBRATED = 4000000, /* steps to learn how fast it is */
	NEAR = 64, /* pairs between two looks at the clock, at most, and at most so long: */
	NEAR_NS = 500000,
	LINE_NS = 100000000,
};

static struct truth truths[] = {
	{.site = "paced_small", .leaf = "malloc"},
	{.site = "paced_large", .leaf = "malloc"},
};

static uint64_t words[NR_WORDS], state = 88172645463325252u;

SITE void *paced_small(void)
{
	return truth_took(&truths[0], malloc(80), 80);
}

SITE void *paced_large(void)
{
	return truth_took(&truths[1], malloc(1200), 1200);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

SITE void compute(long steps)
{
	for (long i = 0; i < steps; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		words[state % NR_WORDS] += state;
	}
}

SITE void pair(long number, bool kept)
{
	bool small = number & 1, keep = kept && number % 64 < 2;
	void *block = small ? paced_small() : paced_large();

	if (keep)
		return;
	free(block);
	truth_gave(&truths[!small], small ? 80 : 1200);
}

static double steps_per_ns(void)
{
	uint64_t begin;

	compute(CALIBRATED);
	begin = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	compute(CALIBRATED);
	return (double)CALIBRATED / (clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin);
}

static double ns_per_pair(void)
{
	struct truth before[NR(truths)];
	uint64_t begin = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	memcpy(before, truths, sizeof(before));
	for (int i = 0; i < 100000; i++)
		pair(i, false);
	memcpy(truths, before, sizeof(before));
	return (clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / 1e5;
}

/* Steps that fill the time from one pair to the next at @rate. */
static long steps_at(long rate, double speed, double pair_ns)
{
	double steps = speed * (1e9 / rate - pair_ns);

	return steps < 1 ? 1 : (long)(steps + 0.5);
}

int main(int argc, char **argv)
{
	long rate = target_number(argc, argv, "--rate", 1000);
	long burst = target_number(argc, argv, "--burst", 0);
	uint64_t every = target_number(argc, argv, "--every", 10000) * 1000000u;
	uint64_t length = target_number(argc, argv, "--for", 1000) * 1000000u;
	uint64_t end = target_number(argc, argv, "--seconds", 0) * 1000000000ull;
	bool kept = target_flag(argc, argv, "--kept");
	double speed, pair_ns;
	uint64_t start, shown, now;
	long pairs = 0, steps = 0;

	speed = steps_per_ns();
	pair_ns = ns_per_pair();
	target_begin(argc, argv);
	start = shown = now = clock_ns(CLOCK_MONOTONIC);
	while (!end || now - start < end) {
		bool bursts = burst && now - start >= every && (now - start) % every < length;
		long here = bursts ? burst : rate, between = steps_at(here, speed, pair_ns);
		long nr = here / (1000000000 / NEAR_NS) + 1;

		for (long i = 0; i < (nr < NEAR ? nr : NEAR); i++) {
			compute(between);
			pair(pairs++, kept);
			steps += between;
		}
		now = clock_ns(CLOCK_MONOTONIC);
		if (now - shown < LINE_NS)
			continue;
		shown += (now - shown) / LINE_NS * LINE_NS;
		target_print("%lu %lu %ld %ld\n", now, clock_ns(CLOCK_PROCESS_CPUTIME_ID), steps,
			     pairs);
	}
	target_end(argc, argv, truths, NR(truths));
}
