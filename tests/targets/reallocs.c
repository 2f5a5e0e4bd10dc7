// SPDX-License-Identifier: Apache-2.0
/*
 * realloc and reallocarray of what another site allocated. A success moves the memory to the site
 * of the call (all of its bytes are allocated there, the old bytes are freed where they were); a
 * failure leaves it where it was; realloc to nothing frees.
 */
#include "target.h"

enum { ROUNDS = 300 };

enum site {
	ORIGIN,
	GROW_IN_PLACE,
	GROW_FAR,
	SHRINK,
	GROW_ARRAY,
	GROW_FAILS,
	ARRAY_OVERFLOWS,
	TO_NOTHING,
	NR_SITES,
};

static struct truth truths[NR_SITES] = {
	[ORIGIN] = {.site = "origin", .leaf = "malloc"},
	[GROW_IN_PLACE] = {.site = "grow_in_place", .leaf = "realloc"},
	[GROW_FAR] = {.site = "grow_far", .leaf = "realloc"},
	[SHRINK] = {.site = "shrink", .leaf = "realloc"},
	[GROW_ARRAY] = {.site = "grow_array", .leaf = "realloc"},
	[GROW_FAILS] = {.site = "grow_fails"},
	[ARRAY_OVERFLOWS] = {.site = "array_overflows"},
	[TO_NOTHING] = {.site = "to_nothing"},
};

static volatile size_t huge = (size_t)PTRDIFF_MAX;

SITE void *origin(size_t size)
{
	return truth_took(&truths[ORIGIN], malloc(size), size);
}

static void *moved(enum site site, void *p, size_t old, size_t size)
{
	truth_gave(&truths[ORIGIN], old);
	return truth_took(&truths[site], p, size);
}

/* One byte more stays in the chunk. */
SITE void *grow_in_place(void *p, size_t old)
{
	return moved(GROW_IN_PLACE, realloc(p, old + 1), old, old + 1);
}

/* Beyond the mmap threshold: the address changes for certain. */
SITE void *grow_far(void *p, size_t old)
{
	return moved(GROW_FAR, realloc(p, old + (256 << 10)), old, old + (256 << 10));
}

SITE void *shrink(void *p, size_t old)
{
	return moved(SHRINK, realloc(p, old / 2), old, old / 2);
}

SITE void *grow_array(void *p, size_t old)
{
	return moved(GROW_ARRAY, reallocarray(p, old, 7), old, old * 7);
}

SITE void grow_fails(void *p)
{
	target_expect(realloc(p, huge) == NULL, "realloc(p, PTRDIFF_MAX) fails");
}

SITE void array_overflows(void *p)
{
	target_expect(reallocarray(p, huge, 3) == NULL, "reallocarray overflows");
	target_expect(reallocarray(p, huge / 64, 32) == NULL, "reallocarray is too large");
}

SITE void to_nothing(void *p, size_t old)
{
	target_expect(realloc(p, 0) == NULL, "realloc(p, 0) frees");
	truth_gave(&truths[ORIGIN], old);
}

int main(int argc, char **argv)
{
	target_begin(argc, argv);
	for (size_t i = 0; i < ROUNDS; i++) {
		size_t size = 100 + i;
		void *p;

		grow_in_place(origin(size), size);
		grow_far(origin(size), size);
		shrink(origin(size), size);
		p = grow_array(origin(size), size);
		free(p);
		truth_gave(&truths[GROW_ARRAY], size * 7);
		grow_fails(origin(size));
		array_overflows(origin(size));
		to_nothing(origin(size), size);
	}
	target_end(argc, argv, truths, NR(truths));
}
