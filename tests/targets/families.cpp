// SPDX-License-Identifier: Apache-2.0
/*
 * What every allocator has, from C and from C++, small and large: each form once a round, a site
 * each, every second block freed by the form that belongs to it. Run on one allocator or another it
 * asks for the same bytes.
 */
#include <cstdlib>
#include <malloc.h>
#include <new>

extern "C" {
#include "target.h"
}

enum { ROUNDS = 60 };

enum form {
	MALLOC,
	CALLOC,
	REALLOC,
	POSIX_MEMALIGN,
	ALIGNED_ALLOC,
	MEMALIGN,
	STRDUP,
	NEW,
	NEW_ARRAY,
	NEW_NOTHROW,
	NEW_ARRAY_NOTHROW,
	NEW_ALIGNED,
	NEW_ARRAY_ALIGNED,
	NEW_ALIGNED_NOTHROW,
	NR_FORMS,
};

static struct truth truths[NR_FORMS] = {
	{"by_malloc", NULL, 0, 0, 0, 0, false},
	{"by_calloc", NULL, 0, 0, 0, 0, false},
	{"by_realloc", NULL, 0, 0, 0, 0, false},
	{"by_posix_memalign", NULL, 0, 0, 0, 0, false},
	{"by_aligned_alloc", NULL, 0, 0, 0, 0, false},
	{"by_memalign", NULL, 0, 0, 0, 0, false},
	{"by_strdup", NULL, 0, 0, 0, 0, false},
	{"by_new", NULL, 0, 0, 0, 0, false},
	{"by_new_array", NULL, 0, 0, 0, 0, false},
	{"by_new_nothrow", NULL, 0, 0, 0, 0, false},
	{"by_new_array_nothrow", NULL, 0, 0, 0, 0, false},
	{"by_new_aligned", NULL, 0, 0, 0, 0, false},
	{"by_new_array_aligned", NULL, 0, 0, 0, 0, false},
	{"by_new_aligned_nothrow", NULL, 0, 0, 0, 0, false},
};

static const std::align_val_t ALIGN{128};

SITE void *by_malloc(size_t size)
{
	return truth_took(&truths[MALLOC], malloc(size), size);
}

SITE void *by_calloc(size_t size)
{
	return truth_took(&truths[CALLOC], calloc(size, 3), 3 * size);
}

/* From nothing, larger, and smaller. */
SITE void *by_realloc(size_t size)
{
	void *p = truth_took(&truths[REALLOC], realloc(NULL, size), size);

	truth_gave(&truths[REALLOC], size);
	p = truth_took(&truths[REALLOC], realloc(p, 3 * size), 3 * size);
	truth_gave(&truths[REALLOC], 3 * size);
	return truth_took(&truths[REALLOC], realloc(p, size), size);
}

SITE void *by_posix_memalign(size_t size)
{
	void *p = NULL;

	target_expect(posix_memalign(&p, 64, size) == 0, "posix_memalign");
	return truth_took(&truths[POSIX_MEMALIGN], p, size);
}

SITE void *by_aligned_alloc(size_t size)
{
	return truth_took(&truths[ALIGNED_ALLOC], aligned_alloc(256, 256 * size), 256 * size);
}

SITE void *by_memalign(size_t size)
{
	return truth_took(&truths[MEMALIGN], memalign(4096, size), size);
}

/* The C library's own caller of malloc is no part of the allocator. */
SITE void *by_strdup(size_t)
{
	return truth_took(&truths[STRDUP], strdup("twenty-three characters"), 24);
}

SITE void *by_new(size_t size)
{
	return truth_took(&truths[NEW], operator new(size), size);
}

SITE void *by_new_array(size_t size)
{
	return truth_took(&truths[NEW_ARRAY], operator new[](size), size);
}

SITE void *by_new_nothrow(size_t size)
{
	return truth_took(&truths[NEW_NOTHROW], operator new(size, std::nothrow), size);
}

SITE void *by_new_array_nothrow(size_t size)
{
	return truth_took(&truths[NEW_ARRAY_NOTHROW], operator new[](size, std::nothrow), size);
}

SITE void *by_new_aligned(size_t size)
{
	return truth_took(&truths[NEW_ALIGNED], operator new(128 * size, ALIGN), 128 * size);
}

SITE void *by_new_array_aligned(size_t size)
{
	return truth_took(&truths[NEW_ARRAY_ALIGNED], operator new[](128 * size, ALIGN),
			  128 * size);
}

SITE void *by_new_aligned_nothrow(size_t size)
{
	return truth_took(
		&truths[NEW_ALIGNED_NOTHROW], operator new(128 * size, ALIGN, std::nothrow),
		128 * size);
}

/* Each form with what frees it, and by how much what it takes is more than what it is asked for. */
static const struct {
	void *(*take)(size_t size);
	void (*give)(void *p, size_t size);
	size_t times;
} forms[NR_FORMS] = {
	{by_malloc, [](void *p, size_t) { free(p); }, 1},
	{by_calloc, [](void *p, size_t) { free(p); }, 3},
	{by_realloc, [](void *p, size_t) { free(p); }, 1},
	{by_posix_memalign, [](void *p, size_t) { free(p); }, 1},
	{by_aligned_alloc, [](void *p, size_t) { free(p); }, 256},
	{by_memalign, [](void *p, size_t) { free(p); }, 1},
	{by_strdup, [](void *p, size_t) { free(p); }, 0},
	{by_new, [](void *p, size_t size) { operator delete(p, size); }, 1},
	{by_new_array, [](void *p, size_t size) { operator delete[](p, size); }, 1},
	{by_new_nothrow, [](void *p, size_t) { operator delete(p, std::nothrow); }, 1},
	{by_new_array_nothrow, [](void *p, size_t) { operator delete[](p); }, 1},
	{by_new_aligned, [](void *p, size_t size) { operator delete(p, size, ALIGN); }, 128},
	{by_new_array_aligned, [](void *p, size_t) { operator delete[](p, ALIGN); }, 128},
	{by_new_aligned_nothrow, [](void *p, size_t) { operator delete(p, ALIGN, std::nothrow); },
	 128},
};

int main(int argc, char **argv)
{
	target_begin(argc, argv);
	for (int round = 0; round < ROUNDS; round++)
		for (int form = 0; form < NR_FORMS; form++) {
			size_t size = 24 + 977 * round;
			void *p = forms[form].take(size);

			if (form == STRDUP)
				size = 24;
			else
				size *= forms[form].times;
			if (round % 2) {
				forms[form].give(p, size);
				truth_gave(&truths[form], size);
			}
		}
	target_end(argc, argv, truths, NR_FORMS);
}
