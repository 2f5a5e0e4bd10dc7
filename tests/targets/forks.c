// SPDX-License-Identifier: Apache-2.0
/*
 * A process that forks while it allocates. The children hold copies of all its memory, free them,
 * allocate on their own and end; none of that is the parent's.
 */
#include "target.h"

#include <sys/wait.h>

enum { CHILDREN = 16, BLOCKS = 400 };

enum site { BEFORE_FORK, BETWEEN_FORKS, IN_CHILD, NR_SITES };

static struct truth truths[NR_SITES] = {
	[BEFORE_FORK] = {.site = "before_fork", .leaf = "malloc"},
	[BETWEEN_FORKS] = {.site = "between_forks", .leaf = "malloc"},
	[IN_CHILD] = {.site = "in_child"},
};

static void *blocks[BLOCKS];

SITE void *before_fork(size_t size)
{
	return truth_took(&truths[BEFORE_FORK], malloc(size), size);
}

SITE void *between_forks(size_t size)
{
	return truth_took(&truths[BETWEEN_FORKS], malloc(size), size);
}

SITE void *in_child(size_t size)
{
	return malloc(size);
}

static void child(void)
{
	for (size_t i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	for (size_t i = 0; i < BLOCKS; i++)
		in_child(100);
	_exit(0);
}

int main(int argc, char **argv)
{
	target_begin(argc, argv);
	for (size_t i = 0; i < BLOCKS; i++)
		blocks[i] = before_fork(100 + i);
	for (size_t c = 0; c < CHILDREN; c++) {
		pid_t pid = fork();

		target_expect(pid >= 0, "fork");
		if (pid == 0)
			child();
		/* while the child is at it */
		for (size_t i = 0; i < BLOCKS; i++) {
			void *p = between_forks(50);

			if (i % 2) {
				free(p);
				truth_gave(&truths[BETWEEN_FORKS], 50);
			}
		}
	}
	while (wait(NULL) > 0)
		;
	/* a child's free of the same address must not have taken the parent's entry */
	for (size_t i = 0; i < BLOCKS / 4; i++) {
		free(blocks[i]);
		truth_gave(&truths[BEFORE_FORK], 100 + i);
	}
	target_end(argc, argv, truths, NR(truths));
}
