// SPDX-License-Identifier: Apache-2.0
/*
 * A program that calls an allocator by names of its own, beside the C library's: jemalloc's
 * non-standard interface, or with MIMALLOC defined mimalloc's.
 */
#ifdef MIMALLOC
#include <mimalloc.h>
#define TAKE(size)	 mi_malloc(size)
#define ZEROED(size)	 mi_zalloc(size)
#define RESIZE(p, size)	 mi_realloc(p, size)
#define ALIGNED(size)	 mi_malloc_aligned(size, 256)
#define GIVE(p, size)	 mi_free(p)
#define GIVE_SIZED(p, n) mi_free_size(p, n)
#else
#include <jemalloc/jemalloc.h>
#define TAKE(size)	 mallocx(size, 0)
#define ZEROED(size)	 mallocx(size, MALLOCX_ZERO)
#define RESIZE(p, size)	 rallocx(p, size, 0)
#define ALIGNED(size)	 mallocx(size, MALLOCX_ALIGN(256))
#define GIVE(p, size)	 dallocx(p, 0)
#define GIVE_SIZED(p, n) sdallocx(p, n, 0)
#endif

#include "../target.h"

enum { BLOCKS = 200 };

static struct truth truths[] = {
	{.site = "by_take"},
	{.site = "by_zeroed"},
	{.site = "by_resize"},
	{.site = "by_aligned"},
};

SITE void *by_take(size_t size)
{
	return truth_took(&truths[0], TAKE(size), size);
}

SITE void *by_zeroed(size_t size)
{
	return truth_took(&truths[1], ZEROED(size), size);
}

SITE void *by_resize(void *p, size_t size)
{
	return truth_took(&truths[2], RESIZE(p, size), size);
}

SITE void *by_aligned(size_t size)
{
	return truth_took(&truths[3], ALIGNED(size), size);
}

int main(int argc, char **argv)
{
	target_begin(argc, argv);
	for (int i = 0; i < BLOCKS; i++) {
		size_t size = 40 + 211 * i;
		void *p = by_take(size), *q = by_zeroed(size);

		by_resize(p, 2 * size);
		truth_gave(&truths[0], size);
		GIVE_SIZED(q, size);
		truth_gave(&truths[1], size);
		q = by_aligned(size);
		if (i % 2) {
			GIVE(q, size);
			truth_gave(&truths[3], size);
		}
	}
	target_end(argc, argv, truths, NR(truths));
}
