// SPDX-License-Identifier: Apache-2.0
/*
 * The plainest target: three sites, one call chain each, one thread. Built several ways (non-PIE,
 * static, stripped) and copied, deleted or replaced by the tests about binaries.
 */
#include "target.h"

static struct truth truths[] = {
	{.site = "keep_all", .leaf = "malloc"},
	{.site = "keep_half", .leaf = "malloc"},
	{.site = "keep_none", .leaf = "calloc"},
};

SITE void *keep_all(size_t size)
{
	return truth_took(&truths[0], malloc(size), size);
}

SITE void *keep_half(size_t size)
{
	return truth_took(&truths[1], malloc(size), size);
}

SITE void *keep_none(size_t size)
{
	return truth_took(&truths[2], calloc(1, size), size);
}

int main(int argc, char **argv)
{
	target_begin(argc, argv);
	for (size_t i = 0; i < 1000; i++) {
		size_t size = 16 + i;
		void *half, *none;

		keep_all(size);
		half = keep_half(size);
		none = keep_none(size);
		if (i % 2) {
			free(half);
			truth_gave(&truths[1], size);
		}
		free(none);
		truth_gave(&truths[2], size);
	}
	target_end(argc, argv, truths, NR(truths));
}
