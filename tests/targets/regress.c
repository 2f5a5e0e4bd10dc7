// SPDX-License-Identifier: Apache-2.0
/*
 * A server before and after a release, for heaptap diff: one cache that is as it was, one that
 * grows with --more=N, one that shrinks, one that only --old has, one that only --new has. Built
 * with -DPADDING too: the same functions at other addresses and lines, as of a new build.
 */
#include "target.h"

#ifdef PADDING
SITE void pad(void)
{
	__asm__ volatile(".skip 70000, 0x90");
}
#line 400
#endif

static struct truth truths[] = {
	{.site = "steady", .leaf = "malloc"},  {.site = "grows", .leaf = "malloc"},
	{.site = "shrinks", .leaf = "calloc"}, {.site = "retired", .leaf = "malloc"},
	{.site = "arrived", .leaf = "malloc"},
};

SITE void *steady(size_t size)
{
	return truth_took(&truths[0], malloc(size), size);
}

SITE void *grows(size_t size)
{
	return truth_took(&truths[1], malloc(size), size);
}

SITE void *shrinks(size_t size)
{
	return truth_took(&truths[2], calloc(1, size), size);
}

SITE void *retired(size_t size)
{
	return truth_took(&truths[3], malloc(size), size);
}

SITE void *arrived(size_t size)
{
	return truth_took(&truths[4], malloc(size), size);
}

SITE void start(void)
{
	for (size_t i = 0; i < 300; i++)
		steady(1000 + i);
}

SITE void serve(size_t more, bool old, bool new)
{
	for (size_t i = 0; i < 100 + more; i++)
		grows(2000 + i % 7);
	for (size_t i = 0; i < 200 - (more < 150 ? more : 150); i++)
		shrinks(900);
	for (size_t i = 0; i < 50; i++) {
		if (old)
			retired(1234);
		if (new)
			arrived(777);
		steady(128);
	}
}

int main(int argc, char **argv)
{
	target_begin(argc, argv);
	start();
	serve((size_t)target_number(argc, argv, "--more", 0), target_flag(argc, argv, "--old"),
	      target_flag(argc, argv, "--new"));
	target_end(argc, argv, truths, NR(truths));
}
