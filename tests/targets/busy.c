// SPDX-License-Identifier: Apache-2.0
/*
 * Does little but allocate: three sizes a round, freed in the same round but for every 64th small
 * one.
 *
 *   --rounds=N   state the truth after N rounds; 0: go on, and every 100 ms print the milliseconds
 *                of CPU time and the rounds so far
 *   --work=US    use so much CPU time for nothing after every 16 rounds (0)
 */
#include <time.h>

#include "target.h"

static struct truth truths[] = {
	{.site = "busy_small", .leaf = "malloc"},
	{.site = "busy_medium", .leaf = "malloc"},
	{.site = "busy_large", .leaf = "malloc"},
};

SITE void *busy_small(void)
{
	return truth_took(&truths[0], malloc(64), 64);
}

SITE void *busy_medium(void)
{
	return truth_took(&truths[1], malloc(600), 600);
}

SITE void *busy_large(void)
{
	return truth_took(&truths[2], malloc(5000), 5000);
}

static long milliseconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void spin(long us)
{
	struct timespec t;
	long end;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	end = t.tv_sec * 1000000 + t.tv_nsec / 1000 + us;
	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	while (t.tv_sec * 1000000 + t.tv_nsec / 1000 < end);
}

int main(int argc, char **argv)
{
	long rounds = target_number(argc, argv, "--rounds", 0), shown = 0;
	long work = target_number(argc, argv, "--work", 0);

	target_begin(argc, argv);
	for (long i = 0; !rounds || i < rounds; i++) {
		void *small = busy_small(), *medium = busy_medium(), *large = busy_large();

		if (i % 64) {
			free(small);
			truth_gave(&truths[0], 64);
		}
		free(medium);
		truth_gave(&truths[1], 600);
		free(large);
		truth_gave(&truths[2], 5000);
		if (work && i % 16 == 0)
			spin(work);
		if (rounds || i % 256 || milliseconds(CLOCK_MONOTONIC) < shown + 100)
			continue;
		shown = milliseconds(CLOCK_MONOTONIC);
		target_print("%ld %ld\n", milliseconds(CLOCK_PROCESS_CPUTIME_ID), i);
	}
	target_end(argc, argv, truths, NR(truths));
}
