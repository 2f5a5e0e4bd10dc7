// SPDX-License-Identifier: Apache-2.0
/*
 * The C library's own callers of its allocator beside the allocator's functions that call one
 * another. For any C library; with EMBEDDED as a library that has an allocator linked into it,
 * which forms_main() of the program runs.
 */
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "../target.h"

enum { ROUNDS = 40, TEXT = 37 };

enum site { MALLOC, CALLOC, REALLOC, MEMALIGN, ALIGNED, STRDUP, STRNDUP, WCSDUP, HELPED, NR_SITES };

/* The C library's own functions are sites themselves: stacks end in one that says nothing of its
 * frames, as musl's do. */
static struct truth truths[NR_SITES] = {
	[MALLOC] = {.site = "by_malloc"},   [CALLOC] = {.site = "by_calloc"},
	[REALLOC] = {.site = "by_realloc"}, [MEMALIGN] = {.site = "by_memalign"},
	[ALIGNED] = {.site = "by_aligned"}, [STRDUP] = {.site = "strdup"},
	[STRNDUP] = {.site = "strndup"},    [WCSDUP] = {.site = "wcsdup"},
	[HELPED] = {.site = "by_helper"},
};

SITE void *by_malloc(size_t size)
{
	return truth_took(&truths[MALLOC], malloc(size), size);
}

SITE void *by_calloc(size_t size)
{
	return truth_took(&truths[CALLOC], calloc(3, size), 3 * size);
}

SITE void *by_realloc(size_t size)
{
	void *p = truth_took(&truths[REALLOC], realloc(NULL, size), size);

	truth_gave(&truths[REALLOC], size);
	return truth_took(&truths[REALLOC], realloc(p, 5 * size), 5 * size);
}

SITE void *by_memalign(size_t size)
{
	void *p = NULL;

	target_expect(!posix_memalign(&p, 128, size), "posix_memalign");
	return truth_took(&truths[MEMALIGN], p, size);
}

SITE void *by_aligned(size_t size)
{
	return truth_took(&truths[ALIGNED], aligned_alloc(64, 64 * size), 64 * size);
}

static char text[TEXT + 1];

SITE void *by_strdup(void)
{
	return truth_took(&truths[STRDUP], strdup(text), TEXT + 1);
}

SITE void *by_strndup(size_t size)
{
	return truth_took(&truths[STRNDUP], strndup(text, size), size + 1);
}

SITE void *by_wcsdup(void)
{
	return truth_took(&truths[WCSDUP], wcsdup(L"twelve chars"), 13 * sizeof(wchar_t));
}

/* A function of the application that nobody but one of its own calls. */
SITE void *helper(size_t size)
{
	return malloc(size);
}

SITE void *by_helper(size_t size)
{
	return truth_took(&truths[HELPED], helper(size), size);
}

/* Every second one is freed. */
static void keep(int round, enum site site, void *p, size_t size)
{
	if (round % 2)
		return;
	free(p);
	truth_gave(&truths[site], size);
}

#ifdef EMBEDDED
#define main forms_main
int forms_main(int argc, char **argv);
#endif

int main(int argc, char **argv)
{
	memset(text, 'x', TEXT);
	target_begin(argc, argv);
	for (int i = 0; i < ROUNDS; i++) {
		size_t size = 24 + 311 * i;

		keep(i, MALLOC, by_malloc(size), size);
		keep(i, CALLOC, by_calloc(size), 3 * size);
		keep(i, REALLOC, by_realloc(size), 5 * size);
		keep(i, MEMALIGN, by_memalign(size), size);
		keep(i, ALIGNED, by_aligned(size), 64 * size);
		keep(i, HELPED, by_helper(size), size);
		keep(i, STRDUP, by_strdup(), TEXT + 1);
		keep(i, STRNDUP, by_strndup(TEXT / 2), TEXT / 2 + 1);
		keep(i, WCSDUP, by_wcsdup(), 13 * sizeof(wchar_t));
	}
	target_end(argc, argv, truths, NR(truths));
	return 0;
}
