// SPDX-License-Identifier: Apache-2.0
/*
 * A program with C++ operators of its own that take from a pool, beside the C library's malloc,
 * which it calls too.
 */
#include <cstddef>
#include <cstdlib>
#include <new>

extern "C" {
#include "../target.h"
}

enum { BLOCKS = 200, POOL_SIZE = 4 << 20 };

static struct truth truths[] = {
	{"by_new", NULL, 0, 0, 0, 0, false},
	{"by_array", NULL, 0, 0, 0, 0, false},
	{"by_malloc", "malloc", 0, 0, 0, 0, false},
};

alignas(16) static char pool[POOL_SIZE];
static size_t used;

__attribute__((noipa)) static void *take(size_t size)
{
	char *block = pool + used;

	used += (size + 15) / 16 * 16;
	if (used > POOL_SIZE)
		abort();
	return block;
}

__attribute__((noipa)) void *operator new(size_t size)
{
	return take(size);
}

/* Asks for more, as some do to remember how many there are. */
__attribute__((noipa)) void *operator new[](size_t size)
{
	return static_cast<char *>(operator new(size + 16)) + 16;
}

__attribute__((noipa)) void operator delete(void *p) noexcept
{
	if (p)
		*static_cast<char *>(p) = 0;
}

__attribute__((noipa)) void operator delete(void *p, size_t) noexcept
{
	operator delete(p);
}

__attribute__((noipa)) void operator delete[](void *p) noexcept
{
	operator delete(static_cast<char *>(p) - 16);
}

__attribute__((noipa)) void operator delete[](void *p, size_t) noexcept
{
	operator delete[](p);
}

SITE void *by_new(size_t size)
{
	return truth_took(&truths[0], operator new(size), size);
}

SITE void *by_array(size_t size)
{
	return truth_took(&truths[1], operator new[](size), size);
}

SITE void *by_malloc(size_t size)
{
	return truth_took(&truths[2], malloc(size), size);
}

int main(int argc, char **argv)
{
	target_begin(argc, argv);
	for (size_t i = 0; i < BLOCKS; i++) {
		void *p = by_new(20 + i), *q = by_array(30 + i), *r = by_malloc(40 + i);

		if (i % 2)
			continue;
		operator delete(p, 20 + i);
		truth_gave(&truths[0], 20 + i);
		operator delete[](q);
		truth_gave(&truths[1], 30 + i);
		free(r);
		truth_gave(&truths[2], 40 + i);
	}
	target_end(argc, argv, truths, NR(truths));
}
