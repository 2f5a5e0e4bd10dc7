// SPDX-License-Identifier: Apache-2.0
/*
 * Calls that fail, and the edges of those that do not: sizes nobody has, products that overflow,
 * alignments that are none, nothing asked for, nothing freed. A failed call allocates nothing.
 */
#include "target.h"

#include <errno.h>
#include <malloc.h>

enum { ROUNDS = 100 };

enum edge {
	FAIL_MALLOC,
	FAIL_CALLOC,
	FAIL_REALLOC_NULL,
	FAIL_REALLOCARRAY,
	FAIL_POSIX_MEMALIGN,
	FAIL_ALIGNED_ALLOC,
	FAIL_VALLOC,
	EMPTY_MALLOC,
	EMPTY_CALLOC,
	AFTER_FAILURE,
	NR_EDGES,
};

static struct truth truths[NR_EDGES] = {
	[FAIL_MALLOC] = {.site = "fail_malloc"},
	[FAIL_CALLOC] = {.site = "fail_calloc"},
	[FAIL_REALLOC_NULL] = {.site = "fail_realloc_null"},
	[FAIL_REALLOCARRAY] = {.site = "fail_reallocarray"},
	[FAIL_POSIX_MEMALIGN] = {.site = "fail_posix_memalign"},
	[FAIL_ALIGNED_ALLOC] = {.site = "fail_aligned_alloc"},
	[FAIL_VALLOC] = {.site = "fail_valloc"},
	[EMPTY_MALLOC] = {.site = "empty_malloc", .leaf = "malloc"},
	[EMPTY_CALLOC] = {.site = "empty_calloc", .leaf = "calloc"},
	[AFTER_FAILURE] = {.site = "after_failure", .leaf = "malloc"},
};

/* Read through volatile, so that the compiler cannot know that the call must fail. */
static volatile size_t huge = (size_t)PTRDIFF_MAX;

SITE void fail_malloc(void)
{
	target_expect(malloc(huge) == NULL && errno == ENOMEM, "malloc(PTRDIFF_MAX) fails");
	target_expect(malloc(huge - 8192) == NULL, "malloc of all address space fails");
}

SITE void fail_calloc(void)
{
	target_expect(calloc(huge, 3) == NULL, "calloc overflows");
	target_expect(calloc(huge / 64, 32) == NULL, "calloc of half the address space fails");
}

SITE void fail_realloc_null(void)
{
	target_expect(realloc(NULL, huge) == NULL, "realloc(NULL, PTRDIFF_MAX) fails");
}

SITE void fail_reallocarray(void)
{
	target_expect(reallocarray(NULL, huge, 3) == NULL, "reallocarray overflows");
	target_expect(reallocarray(NULL, huge / 64, 32) == NULL, "reallocarray is too large");
}

SITE void fail_posix_memalign(void)
{
	void *p = &p;

	target_expect(posix_memalign(&p, 3, 64) == EINVAL && p == &p, "alignment 3 is refused");
	target_expect(posix_memalign(&p, 64, huge) == ENOMEM && p == &p, "PTRDIFF_MAX is refused");
}

SITE void fail_aligned_alloc(void)
{
	target_expect(aligned_alloc(64, huge) == NULL, "aligned_alloc(PTRDIFF_MAX) fails");
}

SITE void fail_valloc(void)
{
	target_expect(valloc(huge) == NULL, "valloc(PTRDIFF_MAX) fails");
	target_expect(pvalloc(huge) == NULL, "pvalloc(PTRDIFF_MAX) fails");
}

SITE void *empty_malloc(void)
{
	return truth_took(&truths[EMPTY_MALLOC], malloc(0), 0);
}

SITE void *empty_calloc(void)
{
	return truth_took(&truths[EMPTY_CALLOC], calloc(0, 64), 0);
}

SITE void *after_failure(size_t size)
{
	return truth_took(&truths[AFTER_FAILURE], malloc(size), size);
}

int main(int argc, char **argv)
{
	target_begin(argc, argv);
	for (size_t i = 0; i < ROUNDS; i++) {
		void *empty;

		fail_malloc();
		fail_calloc();
		fail_realloc_null();
		fail_reallocarray();
		fail_posix_memalign();
		fail_aligned_alloc();
		fail_valloc();
		free(NULL);
		empty = empty_malloc();
		empty_calloc();
		if (i % 4 == 0) {
			free(empty);
			truth_gave(&truths[EMPTY_MALLOC], 0);
		}
		after_failure(40);
	}
	target_end(argc, argv, truths, NR(truths));
}
