// SPDX-License-Identifier: Apache-2.0
/*
 * A process with a past: it allocates before the test lets it go on (and somebody attaches), and
 * frees or reallocates that afterwards. What was not seen allocated is ignored when freed.
 */
#include "target.h"

enum { BLOCKS = 1000 };

enum site { EARLY, LATE, LATE_GROW, NR_SITES };

static struct truth truths[NR_SITES] = {
	[EARLY] = {.site = "early_alloc"},
	[LATE] = {.site = "late_alloc", .leaf = "malloc"},
	[LATE_GROW] = {.site = "late_grow", .leaf = "realloc"},
};

static void *blocks[BLOCKS];

SITE void *early_alloc(size_t size)
{
	return malloc(size);
}

SITE void *late_alloc(size_t size)
{
	return truth_took(&truths[LATE], malloc(size), size);
}

SITE void *late_grow(void *p, size_t size)
{
	return truth_took(&truths[LATE_GROW], realloc(p, size), size);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < BLOCKS; i++)
		blocks[i] = early_alloc(100);
	target_begin(argc, argv);
	for (size_t i = 0; i < BLOCKS; i++) {
		if (i % 4 == 3)
			continue; /* held all the time, never seen */
		if (i % 4 == 2)
			late_grow(blocks[i], 300);
		else
			free(blocks[i]);
	}
	for (size_t i = 0; i < BLOCKS; i++) {
		void *p = late_alloc(100);

		if (i % 3 == 0) {
			free(p);
			truth_gave(&truths[LATE], 100);
		}
	}
	target_end(argc, argv, truths, NR(truths));
}
