// SPDX-License-Identifier: Apache-2.0
/*
 * Stacks of known depth: recurse() N deep, then one allocating leaf. Below the limit of frames
 * they are complete, above it they are cut at the root and the direct caller stays.
 */
#include "target.h"

enum { ROUNDS = 50 };

enum site { SHALLOW, MEDIUM, TOO_DEEP, NR_SITES };

static struct truth truths[NR_SITES] = {
	[SHALLOW] = {.site = "at_20", .leaf = "malloc"},
	[MEDIUM] = {.site = "at_100", .leaf = "malloc"},
	[TOO_DEEP] = {.site = "at_1000", .leaf = "malloc"},
};

SITE void *at_20(void)
{
	return truth_took(&truths[SHALLOW], malloc(64), 64);
}

SITE void *at_100(void)
{
	return truth_took(&truths[MEDIUM], malloc(64), 64);
}

SITE void *at_1000(void)
{
	return truth_took(&truths[TOO_DEEP], malloc(64), 64);
}

SITE void *recurse(int depth, void *(*leaf)(void))
{
	return depth > 1 ? recurse(depth - 1, leaf) : leaf();
}

int main(int argc, char **argv)
{
	target_begin(argc, argv);
	for (size_t i = 0; i < ROUNDS; i++) {
		recurse(20, at_20);
		recurse(100, at_100);
		free(recurse(1000, at_1000));
		truth_gave(&truths[TOO_DEEP], 64);
	}
	target_end(argc, argv, truths, NR(truths));
}
