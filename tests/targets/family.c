// SPDX-License-Identifier: Apache-2.0
/*
 * A parent and two children, which allocate and end before the truth is stated: one that is forked,
 * and one that execs this program again. The children wait a little first, to be found.
 */
#include "target.h"

#include <sys/wait.h>

enum site { IN_PARENT, IN_FORKED, IN_EXECED, NR_SITES };

static struct truth truths[NR_SITES] = {
	[IN_PARENT] = {.site = "in_parent", .leaf = "malloc"},
	[IN_FORKED] = {.site = "in_forked", .leaf = "malloc"},
	[IN_EXECED] = {.site = "in_execed", .leaf = "malloc"},
};

#define BLOCKS 100

SITE void *in_parent(size_t size)
{
	return truth_took(&truths[IN_PARENT], malloc(size), size);
}

SITE void *in_forked(size_t size)
{
	return malloc(size);
}

SITE void *in_execed(size_t size)
{
	return malloc(size);
}

static void grow(void *(*site)(size_t), size_t size)
{
	for (size_t i = 0; i < BLOCKS; i++)
		target_expect(site(size) != NULL, "malloc");
}

/* What children allocate is theirs; here it is only stated. */
static void state(enum site site, size_t size)
{
	truths[site].alloc_bytes = BLOCKS * size;
	truths[site].alloc_objects = BLOCKS;
}

static void start(const char *program, bool exec)
{
	pid_t pid = fork();

	target_expect(pid >= 0, "fork");
	if (pid > 0)
		return;
	if (exec) {
		execl(program, program, "--child", NULL);
		_exit(97);
	}
	usleep(700000);
	grow(in_forked, 1000);
	_exit(0);
}

int main(int argc, char **argv)
{
	if (target_flag(argc, argv, "--child")) {
		usleep(700000);
		grow(in_execed, 3000);
		_exit(0);
	}
	target_begin(argc, argv);
	start(argv[0], false);
	start(argv[0], true);
	grow(in_parent, 200);
	while (wait(NULL) > 0)
		;
	state(IN_FORKED, 1000);
	state(IN_EXECED, 3000);
	target_end(argc, argv, truths, NR(truths));
}
