// SPDX-License-Identifier: Apache-2.0
/*
 * A process that allocates, becomes another image of itself by exec, and allocates again. What the
 * first image held is gone, although the pid and the names are the same.
 */
#include "target.h"

enum { BLOCKS = 500 };

enum site { BEFORE_EXEC, AFTER_EXEC, NR_SITES };

static struct truth truths[NR_SITES] = {
	[BEFORE_EXEC] = {.site = "before_exec", .inuse_only = true},
	[AFTER_EXEC] = {.site = "after_exec", .leaf = "malloc"},
};

SITE void *before_exec(size_t size)
{
	return malloc(size);
}

SITE void *after_exec(size_t size)
{
	return truth_took(&truths[AFTER_EXEC], malloc(size), size);
}

static void become(int argc, char **argv)
{
	char *next[] = {argv[0], "--second-image", NULL, NULL};

	target_begin(argc, argv);
	for (size_t i = 0; i < BLOCKS; i++)
		before_exec(100 + i);
	if (target_flag(argc, argv, "--hold"))
		next[2] = "--hold";
	/* recorded image first, then its successor */
	usleep(200 * 1000);
	execv("/proc/self/exe", next);
	target_expect(false, "exec");
}

int main(int argc, char **argv)
{
	if (!target_flag(argc, argv, "--second-image"))
		become(argc, argv);
	/* time to find the new image's probes in place, whoever follows it */
	usleep(300 * 1000);
	for (size_t i = 0; i < BLOCKS; i++) {
		void *p = after_exec(200 + i);

		if (i % 5 == 0) {
			free(p);
			truth_gave(&truths[AFTER_EXEC], 200 + i);
		}
	}
	target_end(argc, argv, truths, NR(truths));
}
