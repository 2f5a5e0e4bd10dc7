// SPDX-License-Identifier: Apache-2.0
/*
 * The C library's interface, which malloc replacements share. Of symbols at one address (in glibc
 * aligned_alloc is memalign) the first in the table names it.
 */
#include "collect/allocators.h"

#define NONE HT_ARG_NONE

const struct allocator_function allocator_functions[] = {
	/* symbol, shape, old pointer, out pointer, size, count, forwards to */
	{"malloc", PROGRAM_ALLOC, NONE, NONE, 0, NONE, NULL},
	{"calloc", PROGRAM_ALLOC, NONE, NONE, 1, 0, NULL},
	{"realloc", PROGRAM_REALLOC, 0, NONE, 1, NONE, NULL},
	{"reallocarray", PROGRAM_REALLOC, 0, NONE, 2, 1, "realloc"},
	{"posix_memalign", PROGRAM_ALLOC_OUT, NONE, 0, 2, NONE, NULL},
	{"memalign", PROGRAM_ALLOC, NONE, NONE, 1, NONE, NULL},
	{"aligned_alloc", PROGRAM_ALLOC, NONE, NONE, 1, NONE, NULL},
	{"valloc", PROGRAM_ALLOC, NONE, NONE, 0, NONE, NULL},
	{"pvalloc", PROGRAM_ALLOC, NONE, NONE, 0, NONE, NULL},
	{"free", PROGRAM_FREE, 0, NONE, NONE, NONE, NULL},
	{"cfree", PROGRAM_FREE, 0, NONE, NONE, NONE, NULL},
};

const unsigned int nr_allocator_functions =
	sizeof(allocator_functions) / sizeof(allocator_functions[0]);
