// SPDX-License-Identifier: Apache-2.0
/*
 * walk_target DEPTH HITS: stops itself, and when it is continued calls marker() HITS times below
 * DEPTH frames. Sixteen functions with frames of different sizes take turns, and the stack begins
 * at many distances from the end of a page, as stacks of real programs do.
 */
#include <alloca.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define SPREAD	    4096 /* bytes over which the outermost frame moves */
#define SPREAD_STEP 112
#define FRAME_STEP  16

typedef void descend(long depth, long hits);
static descend *next_of(long depth);

__attribute__((noipa)) void marker(void)
{
	__asm__ volatile("" ::: "memory");
}

/* Keeps @frame where it is, and a call before it from being the last thing a function does. */
#define USE(frame) __asm__ volatile("" : : "r"(frame) : "memory")

#define LEVEL(n)                                                                                   \
	static __attribute__((noipa)) void level_##n(long depth, long hits)                        \
	{                                                                                          \
		char frame[1 + n % 6 * FRAME_STEP];                                                \
                                                                                                   \
		USE(frame);                                                                        \
		if (depth > 1)                                                                     \
			next_of(depth)(depth - 1, hits);                                           \
		else                                                                               \
			for (long i = 0; i < hits; i++)                                            \
				marker();                                                          \
		USE(frame);                                                                        \
	}

LEVEL(0)
LEVEL(1)
LEVEL(2)
LEVEL(3)
LEVEL(4)
LEVEL(5)
LEVEL(6)
LEVEL(7)
LEVEL(8)
LEVEL(9)
LEVEL(10)
LEVEL(11)
LEVEL(12)
LEVEL(13)
LEVEL(14)
LEVEL(15)

static descend *next_of(long depth)
{
	static descend *const levels[] = {
		level_0, level_1, level_2,  level_3,  level_4,	level_5,  level_6,  level_7,
		level_8, level_9, level_10, level_11, level_12, level_13, level_14, level_15,
	};

	return levels[depth % 16];
}

static __attribute__((noipa)) void descend_from(size_t spread, long nr_levels, long hits)
{
	char *room = alloca(spread);

	USE(room);
	next_of(nr_levels)(nr_levels, hits);
	USE(room);
}

int main(int argc, char **argv)
{
	long depth = argc == 3 ? atol(argv[1]) : 0, hits = argc == 3 ? atol(argv[2]) : 0;
	const long rounds = SPREAD / SPREAD_STEP;

	if (depth < 4 || hits < rounds) {
		fprintf(stderr, "usage: %s DEPTH HITS\n", argv[0]);
		return 2;
	}
	raise(SIGSTOP);
	for (long i = 0; i < rounds; i++)
		descend_from(SPREAD_STEP * (i + 1), depth - 2, hits / rounds + 1);
	return 0;
}
