// SPDX-License-Identifier: Apache-2.0
/*
 * Many distinct stacks: a walk through all left/right paths of --depth=N, 2^N of them, each ending
 * in one allocation. Fills site maps and ring buffers; at the default depth all must fit.
 */
#include "target.h"

static struct truth truths[] = {
	{.site = "path_leaf", .leaf = "malloc"},
};

SITE void path_leaf(void)
{
	truth_took(&truths[0], malloc(48), 48);
}

SITE void left(int depth);
SITE void right(int depth);

static void step(int depth)
{
	if (depth == 0) {
		path_leaf();
		return;
	}
	left(depth - 1);
	right(depth - 1);
}

SITE void left(int depth)
{
	step(depth);
}

SITE void right(int depth)
{
	step(depth);
}

int main(int argc, char **argv)
{
	int depth = (int)target_number(argc, argv, "--depth", 12);

	target_begin(argc, argv);
	step(depth);
	target_end(argc, argv, truths, NR(truths));
}
