// SPDX-License-Identifier: Apache-2.0
/*
 * A program with an allocator of its own, whose functions lie apart with callers between them. Its
 * calloc calls its malloc through a function without a name for others, which lies elsewhere;
 * realloc itself; aligned_alloc with more than it is asked for.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../target.h"

enum { BLOCKS = 300, HEAP_SIZE = 8 << 20 };

static struct truth truths[] = {
	{.site = "between", .leaf = "malloc"},
	{.site = "by_calloc", .leaf = "calloc"},
	{.site = "by_realloc", .leaf = "realloc"},
	{.site = "by_aligned", .leaf = "aligned_alloc"},
};

static _Alignas(16) char heap[HEAP_SIZE];
static size_t used;

__attribute__((noipa)) void *malloc(size_t size)
{
	size_t *block = (size_t *)(heap + used);

	used += (size + 31) / 16 * 16;
	if (used > HEAP_SIZE)
		return NULL;
	*block = size;
	return block + 2;
}

/* Application code, between the functions of the allocator: its calls are its own. */
SITE void *between(size_t size)
{
	return truth_took(&truths[0], malloc(size), size);
}

static void *zeroed(size_t size);

__attribute__((noipa)) void *calloc(size_t nr, size_t size)
{
	return zeroed(nr * size) ?: NULL;
}

__attribute__((noipa)) void free(void *p)
{
	if (p)
		memset(p, 0x5a, ((size_t *)p)[-2]);
}

__attribute__((noipa)) void *realloc(void *old, size_t size)
{
	void *p = malloc(size);

	if (old && p) {
		size_t before = ((size_t *)old)[-2];

		memcpy(p, old, before < size ? before : size);
		free(old);
	}
	return p;
}

__attribute__((noipa)) void *aligned_alloc(size_t alignment, size_t size)
{
	size_t *p = malloc(size + alignment + 2 * sizeof(size_t));
	size_t *aligned = (size_t *)(((uintptr_t)(p + 2) + alignment - 1) & -alignment);

	aligned[-2] = size;
	return aligned;
}

SITE void *by_calloc(size_t size)
{
	return truth_took(&truths[1], calloc(size, 2), 2 * size);
}

SITE void by_realloc(size_t size)
{
	void *p = truth_took(&truths[2], realloc(NULL, size), size);

	truth_gave(&truths[2], size);
	truth_took(&truths[2], realloc(p, 2 * size), 2 * size);
}

SITE void *by_aligned(size_t size)
{
	return truth_took(&truths[3], aligned_alloc(64, size), size);
}

static __attribute__((noipa)) void *zeroed(size_t size)
{
	void *p = malloc(size);

	return p ? memset(p, 0, size) : NULL;
}

int main(int argc, char **argv)
{
	target_begin(argc, argv);
	for (int i = 0; i < BLOCKS; i++) {
		void *p = between(100 + i), *q = by_aligned(64 + i);

		by_calloc(50 + i);
		by_realloc(70 + i);
		if (i % 2) {
			free(p);
			truth_gave(&truths[0], 100 + i);
			free(q);
			truth_gave(&truths[3], 64 + i);
		}
	}
	target_end(argc, argv, truths, NR(truths));
}
