// SPDX-License-Identifier: Apache-2.0
/*
 * The C library's interface, which malloc replacements share, under each prefix it is built with;
 * the extensions of jemalloc and mimalloc; C++'s operators by their mangled names (Itanium C++ ABI
 * 5.1). Of symbols at one address (in glibc aligned_alloc is memalign) the first in the table names
 * it.
 */
#include "collect/allocators.h"

#define NONE HT_ARG_NONE

/* names, symbol, shape, old pointer, out pointer, size, count */
#define ROW(n, s, shape, ...)                                                                      \
	{                                                                                          \
		s, n, PROGRAM_##shape, __VA_ARGS__, false, false                                   \
	}
#define BASIC(n, s, shape, ...)                                                                    \
	{                                                                                          \
		s, n, PROGRAM_##shape, __VA_ARGS__, true, false                                    \
	}
#define FORWARDS(n, s, shape, ...)                                                                 \
	{                                                                                          \
		s, n, PROGRAM_##shape, __VA_ARGS__, false, true                                    \
	}

/* What <stdlib.h> and <malloc.h> declare. */
#define C_INTERFACE(n, p)                                                                          \
	BASIC(n, p "malloc", ALLOC, NONE, NONE, 0, NONE),                                          \
		ROW(n, p "calloc", ALLOC, NONE, NONE, 1, 0),                                       \
		ROW(n, p "realloc", REALLOC, 0, NONE, 1, NONE),                                    \
		FORWARDS(n, p "reallocarray", REALLOC, 0, NONE, 2, 1),                             \
		FORWARDS(n, p "posix_memalign", ALLOC_OUT, NONE, 0, 2, NONE),                      \
		FORWARDS(n, p "memalign", ALLOC, NONE, NONE, 1, NONE),                             \
		FORWARDS(n, p "aligned_alloc", ALLOC, NONE, NONE, 1, NONE),                        \
		ROW(n, p "valloc", ALLOC, NONE, NONE, 0, NONE),                                    \
		ROW(n, p "pvalloc", ALLOC, NONE, NONE, 0, NONE),                                   \
		BASIC(n, p "free", FREE, 0, NONE, NONE, NONE),                                     \
		FORWARDS(n, p "cfree", FREE, 0, NONE, NONE, NONE)

/* jemalloc(3), "Non-standard API"; xallocx() changes a size in place and is not seen. */
#define JEMALLOC_INTERFACE(n, p)                                                                   \
	ROW(n, p "mallocx", ALLOC, NONE, NONE, 0, NONE),                                           \
		ROW(n, p "rallocx", REALLOC, 0, NONE, 1, NONE),                                    \
		ROW(n, p "dallocx", FREE, 0, NONE, NONE, NONE),                                    \
		ROW(n, p "sdallocx", FREE, 0, NONE, NONE, NONE)

/* mimalloc.h, without its heaps of one's own (mi_heap_malloc). */
#define MIMALLOC_INTERFACE(n)                                                                      \
	FORWARDS(n, "mi_zalloc", ALLOC, NONE, NONE, 0, NONE),                                      \
		FORWARDS(n, "mi_malloc_small", ALLOC, NONE, NONE, 0, NONE),                        \
		FORWARDS(n, "mi_zalloc_small", ALLOC, NONE, NONE, 0, NONE),                        \
		FORWARDS(n, "mi_mallocn", ALLOC, NONE, NONE, 1, 0),                                \
		FORWARDS(n, "mi_reallocn", REALLOC, 0, NONE, 2, 1),                                \
		FORWARDS(n, "mi_rezalloc", REALLOC, 0, NONE, 1, NONE),                             \
		FORWARDS(n, "mi_malloc_aligned", ALLOC, NONE, NONE, 0, NONE),                      \
		FORWARDS(n, "mi_zalloc_aligned", ALLOC, NONE, NONE, 0, NONE),                      \
		FORWARDS(n, "mi_calloc_aligned", ALLOC, NONE, NONE, 1, 0),                         \
		FORWARDS(n, "mi_realloc_aligned", REALLOC, 0, NONE, 1, NONE),                      \
		FORWARDS(n, "mi_free_size", FREE, 0, NONE, NONE, NONE),                            \
		FORWARDS(n, "mi_free_aligned", FREE, 0, NONE, NONE, NONE),                         \
		FORWARDS(n, "mi_free_size_aligned", FREE, 0, NONE, NONE, NONE),                    \
		FORWARDS(n, "mi_new", ALLOC, NONE, NONE, 0, NONE),                                 \
		FORWARDS(n, "mi_new_n", ALLOC, NONE, NONE, 1, 0),                                  \
		FORWARDS(n, "mi_new_nothrow", ALLOC, NONE, NONE, 0, NONE),                         \
		FORWARDS(n, "mi_new_aligned", ALLOC, NONE, NONE, 0, NONE),                         \
		FORWARDS(n, "mi_new_aligned_nothrow", ALLOC, NONE, NONE, 0, NONE)

/* Basic of C++'s, and may forward. */
#define OPERATOR(s, shape, ...)                                                                    \
	{                                                                                          \
		s, NAMES_OPERATOR, PROGRAM_##shape, __VA_ARGS__, true, true                        \
	}
#define NEW(suffix)                                                                                \
	FORWARDS(NAMES_OPERATOR, "_Znwm" suffix, ALLOC, NONE, NONE, 0, NONE),                      \
		FORWARDS(NAMES_OPERATOR, "_Znam" suffix, ALLOC, NONE, NONE, 0, NONE)
#define DELETE(suffix)                                                                             \
	FORWARDS(NAMES_OPERATOR, "_ZdlPv" suffix, FREE, 0, NONE, NONE, NONE),                      \
		FORWARDS(NAMES_OPERATOR, "_ZdaPv" suffix, FREE, 0, NONE, NONE, NONE)
#define ALIGNED "St11align_val_t"
#define NOTHROW "RKSt9nothrow_t"

const struct allocator_function allocator_functions[] = {
	C_INTERFACE(NAMES_C, ""),
	FORWARDS(NAMES_C, "free_sized", FREE, 0, NONE, NONE, NONE), /* C23 */
	FORWARDS(NAMES_C, "free_aligned_sized", FREE, 0, NONE, NONE, NONE),
	JEMALLOC_INTERFACE(NAMES_C, ""),
	C_INTERFACE(NAMES_JE, "je_"),
	JEMALLOC_INTERFACE(NAMES_JE, "je_"),
	C_INTERFACE(NAMES_RJEM, "_rjem_"),
	JEMALLOC_INTERFACE(NAMES_RJEM, "_rjem_"),
	C_INTERFACE(NAMES_TC, "tc_"),
	C_INTERFACE(NAMES_MI, "mi_"),
	MIMALLOC_INTERFACE(NAMES_MI),
	OPERATOR("_Znwm", ALLOC, NONE, NONE, 0, NONE),
	FORWARDS(NAMES_OPERATOR, "_Znam", ALLOC, NONE, NONE, 0, NONE),
	NEW(NOTHROW),
	NEW(ALIGNED),
	NEW(ALIGNED NOTHROW),
	OPERATOR("_ZdlPv", FREE, 0, NONE, NONE, NONE),
	FORWARDS(NAMES_OPERATOR, "_ZdaPv", FREE, 0, NONE, NONE, NONE),
	DELETE("m"),
	DELETE(NOTHROW),
	DELETE(ALIGNED),
	DELETE("m" ALIGNED),
	DELETE(ALIGNED NOTHROW),
	ROW(NAMES_TOLD, HT_TOLD_PROVIDER ":alloc", TOLD_ALLOC, NONE, NONE, NONE, NONE),
	ROW(NAMES_TOLD, HT_TOLD_PROVIDER ":free", TOLD_FREE, NONE, NONE, NONE, NONE),
};

const unsigned int nr_allocator_functions =
	sizeof(allocator_functions) / sizeof(allocator_functions[0]);
_Static_assert(sizeof(allocator_functions) / sizeof(allocator_functions[0]) <=
		       MAX_ALLOCATOR_FUNCTIONS,
	       "room for what is found of each");

const struct allocator_family allocator_families[] = {
	{"jemalloc", "mallocx"},
	{"jemalloc", "je_malloc"},
	{"jemalloc", "_rjem_malloc"},
	{"tcmalloc", "tc_malloc"},
	{"tcmalloc", "MallocExtension_ReleaseFreeMemory"},
	{"mimalloc", "mi_malloc"},
	{"glibc", "__libc_memalign"},
	{"glibc", "gnu_get_libc_version"},
	{"musl", "__dls3"},
	{"musl", "__libc_malloc_impl"},
	{"own", NULL},
};

const unsigned int nr_allocator_families =
	sizeof(allocator_families) / sizeof(allocator_families[0]);
