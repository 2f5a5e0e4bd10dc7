// SPDX-License-Identifier: Apache-2.0
/*
 * Allocates on command, so that a test decides what happens when: each line on stdin is one step
 * of 100 blocks at site step_even or step_odd (50 of the blocks of the step before are freed), and
 * is answered with the truth so far. Ends when stdin closes.
 */
#include "target.h"

enum { BLOCKS = 100 };

static struct truth truths[] = {
	{.site = "step_even", .leaf = "malloc"},
	{.site = "step_odd", .leaf = "malloc"},
};

static void *blocks[BLOCKS];

SITE void *step_even(size_t size)
{
	return truth_took(&truths[0], malloc(size), size);
}

SITE void *step_odd(size_t size)
{
	return truth_took(&truths[1], malloc(size), size);
}

int main(int argc, char **argv)
{
	size_t step = 0;

	(void)argc;
	(void)argv;
	target_print("ready\n");
	for (; target_line(); step++) {
		for (size_t i = 0; i < BLOCKS; i++) {
			if (blocks[i] && i % 2) {
				free(blocks[i]);
				truth_gave(&truths[(step + 1) % 2], step % 2 ? 64 : 128);
			}
			blocks[i] = step % 2 ? step_odd(128) : step_even(64);
		}
		target_state(truths, NR(truths));
	}
	return 0;
}
