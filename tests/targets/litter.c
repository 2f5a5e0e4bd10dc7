// SPDX-License-Identifier: Apache-2.0
/*
 * Children one after the other, each of which ends with all it has allocated: most of it some time
 * before its end, the rest right then. Each waits a little first, to be found.
 */
#include "target.h"

#include <sys/wait.h>

#define CHILDREN 3
#define OLD	 600
#define YOUNG	 50
#define SIZE	 48

#define FOUND_US 400000
#define AGE_US	 400000
#define NEXT_US	 1200000 /* before the next child */

enum site { IN_CHILD_OLD, IN_CHILD_YOUNG, NR_SITES };

static struct truth truths[NR_SITES] = {
	[IN_CHILD_OLD] = {.site = "in_child_old", .leaf = "malloc"},
	[IN_CHILD_YOUNG] = {.site = "in_child_young", .leaf = "malloc"},
};

SITE void *in_child_old(size_t size)
{
	return malloc(size);
}

SITE void *in_child_young(size_t size)
{
	return malloc(size);
}

static void live_and_die(void)
{
	usleep(FOUND_US);
	for (int i = 0; i < OLD; i++)
		target_expect(in_child_old(SIZE) != NULL, "malloc");
	usleep(AGE_US);
	for (int i = 0; i < YOUNG; i++)
		target_expect(in_child_young(SIZE) != NULL, "malloc");
	_exit(0);
}

int main(int argc, char **argv)
{
	target_begin(argc, argv);
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		target_expect(pid >= 0, "fork");
		if (!pid)
			live_and_die();
		target_expect(wait(NULL) == pid, "wait");
		usleep(NEXT_US);
	}
	truths[IN_CHILD_OLD].alloc_objects = CHILDREN * OLD;
	truths[IN_CHILD_OLD].alloc_bytes = CHILDREN * OLD * SIZE;
	truths[IN_CHILD_YOUNG].alloc_objects = CHILDREN * YOUNG;
	truths[IN_CHILD_YOUNG].alloc_bytes = CHILDREN * YOUNG * SIZE;
	target_end(argc, argv, truths, NR(truths));
}
