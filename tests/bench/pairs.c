// SPDX-License-Identifier: Apache-2.0
/*
 * The loop whose cost `make bench` measures: it frees and allocates, one pair after the other, in
 * 4,096 slots chosen at random, sizes 16 to 527, and says for each interval what a pair took. It
 * runs for long, so that tools come and go beside the same process with the same heap.
 *
 * One line per interval: the interval's end (CLOCK_MONOTONIC, ns), ns per pair, pairs.
 */
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	NR_SLOTS = 4096,
	MIN_SIZE = 16,
	NR_SIZES = 512,
	BATCH = 64, /* pairs between two looks at the clock: under 2 ms even at 20 us a pair */
};

struct loop {
	void *slots[NR_SLOTS];
	uint64_t random;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + now.tv_nsec;
}

/* xorshift64: two cycles beside the hundred of a pair, and the same sequence in every run. */
static uint64_t next_random(struct loop *loop)
{
	loop->random ^= loop->random << 13;
	loop->random ^= loop->random >> 7;
	loop->random ^= loop->random << 17;
	return loop->random;
}

static __attribute__((noinline)) void one_pair(struct loop *loop)
{
	uint64_t random = next_random(loop);
	void **slot = &loop->slots[random % NR_SLOTS];

	free(*slot);
	*slot = malloc(MIN_SIZE + (random >> 32) % NR_SIZES);
}

/* The loop keeps its CPU; what a tool runs beside it, should not be there. */
static int pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static void run(struct loop *loop, uint64_t interval_ns, uint64_t end_ns)
{
	uint64_t start = now_ns(), nr_pairs = 0;

	while (start < end_ns) {
		for (int i = 0; i < BATCH; i++)
			one_pair(loop);
		nr_pairs += BATCH;
		uint64_t now = now_ns();
		if (now - start < interval_ns)
			continue;
		printf("%lu %.2f %lu\n", now, (double)(now - start) / nr_pairs, nr_pairs);
		start = now_ns();
		nr_pairs = 0;
	}
}

int main(int argc, char **argv)
{
	static char buffer[1 << 16]; /* stdio shall not allocate either */
	struct loop loop = {.random = 88172645463325252u};
	double seconds = argc > 1 ? atof(argv[1]) : 0;
	double interval_ms = argc > 2 ? atof(argv[2]) : 10;

	if (argc > 4 || seconds <= 0 || interval_ms <= 0) {
		fprintf(stderr, "usage: %s SECONDS [INTERVAL_MS [CPU]]\n", argv[0]);
		return 2;
	}
	if (argc > 3 && pin(atoi(argv[3])) != 0) {
		perror("pairs: sched_setaffinity");
		return 1;
	}
	setvbuf(stdout, buffer, _IOLBF, sizeof(buffer));
	for (int i = 0; i < NR_SLOTS; i++)
		one_pair(&loop);
	run(&loop, interval_ms * 1e6, now_ns() + (uint64_t)(seconds * 1e9));
	for (int i = 0; i < NR_SLOTS; i++)
		free(loop.slots[i]);
	return 0;
}
