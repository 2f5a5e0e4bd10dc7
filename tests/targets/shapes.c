// SPDX-License-Identifier: Apache-2.0
/*
 * Every allocator function of glibc in its ordinary shape, one site each. What is counted is the
 * size asked for, not what alignment or page rounding made of it. Half of each site is freed.
 */
#include "target.h"

#include <malloc.h>

enum { ROUNDS = 200 };

enum shape {
	MALLOC,
	CALLOC,
	REALLOC_NULL,
	REALLOCARRAY_NULL,
	POSIX_MEMALIGN,
	ALIGNED_ALLOC,
	MEMALIGN,
	VALLOC,
	PVALLOC,
	STRDUP,
	NR_SHAPES,
};

static struct truth truths[NR_SHAPES] = {
	[MALLOC] = {.site = "by_malloc", .leaf = "malloc"},
	[CALLOC] = {.site = "by_calloc", .leaf = "calloc"},
	[REALLOC_NULL] = {.site = "by_realloc_null", .leaf = "realloc"},
	[REALLOCARRAY_NULL] = {.site = "by_reallocarray_null", .leaf = "realloc"},
	[POSIX_MEMALIGN] = {.site = "by_posix_memalign", .leaf = "posix_memalign"},
	[ALIGNED_ALLOC] = {.site = "by_aligned_alloc", .leaf = "aligned_alloc"},
	[MEMALIGN] = {.site = "by_memalign", .leaf = "memalign"},
	[VALLOC] = {.site = "by_valloc", .leaf = "valloc"},
	[PVALLOC] = {.site = "by_pvalloc", .leaf = "pvalloc"},
	/* libc's own caller of malloc: a site like any other, not part of the allocator */
	[STRDUP] = {.site = "strdup", .leaf = "malloc"},
};

SITE void *by_malloc(size_t size)
{
	return truth_took(&truths[MALLOC], malloc(size), size);
}

SITE void *by_calloc(size_t size)
{
	return truth_took(&truths[CALLOC], calloc(size, 3), size * 3);
}

SITE void *by_realloc_null(size_t size)
{
	return truth_took(&truths[REALLOC_NULL], realloc(NULL, size), size);
}

SITE void *by_reallocarray_null(size_t size)
{
	return truth_took(&truths[REALLOCARRAY_NULL], reallocarray(NULL, size, 5), size * 5);
}

SITE void *by_posix_memalign(size_t size)
{
	void *p = NULL;

	target_expect(posix_memalign(&p, 64, size) == 0, "posix_memalign");
	return truth_took(&truths[POSIX_MEMALIGN], p, size);
}

SITE void *by_aligned_alloc(size_t size)
{
	return truth_took(&truths[ALIGNED_ALLOC], aligned_alloc(256, size), size);
}

SITE void *by_memalign(size_t size)
{
	return truth_took(&truths[MEMALIGN], memalign(4096, size), size);
}

SITE void *by_valloc(size_t size)
{
	return truth_took(&truths[VALLOC], valloc(size), size);
}

SITE void *by_pvalloc(size_t size)
{
	return truth_took(&truths[PVALLOC], pvalloc(size), size);
}

SITE void *by_strdup(size_t size)
{
	char text[ROUNDS + 2];

	memset(text, 'x', size);
	text[size] = '\0';
	return truth_took(&truths[STRDUP], strdup(text), size + 1);
}

static const struct {
	void *(*allocate)(size_t size);
	unsigned int times, plus; /* bytes = size * times + plus */
} shapes[NR_SHAPES] = {
	[MALLOC] = {by_malloc, 1, 0},
	[CALLOC] = {by_calloc, 3, 0},
	[REALLOC_NULL] = {by_realloc_null, 1, 0},
	[REALLOCARRAY_NULL] = {by_reallocarray_null, 5, 0},
	[POSIX_MEMALIGN] = {by_posix_memalign, 1, 0},
	[ALIGNED_ALLOC] = {by_aligned_alloc, 1, 0},
	[MEMALIGN] = {by_memalign, 1, 0},
	[VALLOC] = {by_valloc, 1, 0},
	[PVALLOC] = {by_pvalloc, 1, 0},
	[STRDUP] = {by_strdup, 1, 1},
};

int main(int argc, char **argv)
{
	target_begin(argc, argv);
	for (size_t size = 1; size <= ROUNDS; size++) {
		for (size_t i = 0; i < NR_SHAPES; i++) {
			void *p = shapes[i].allocate(size);

			if (size % 2)
				continue;
			free(p);
			truth_gave(&truths[i], size * shapes[i].times + shapes[i].plus);
		}
	}
	target_end(argc, argv, truths, NR(truths));
}
