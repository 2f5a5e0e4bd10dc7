/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where stacks begin in code without FDEs. One place is the entry point, which nothing calls: from
 * the one of the dynamic loader of glibc constructors are called. Others are where a C library
 * without FDEs (musl has none) calls main and a thread's function: known by what follows, the call
 * of exit(its result) or pthread_exit(its result).
 */
#ifndef HEAPTAP_UNWIND_OUTERMOST_H
#define HEAPTAP_UNWIND_OUTERMOST_H

#include <stdbool.h>
#include <stdint.h>

struct elf_image;

/* Vaddrs, 0 for what is not there. Exits in a C library alone. */
struct outermost {
	uint64_t entry, exit, thread_exit;
};

/* So many bytes of code from the entry point on are believed to belong to it, when no FDE is before
 * that: glibc's has 64. */
#define OUTERMOST_ENTRY_SIZE 128

void outermost_init(const struct elf_image *image, struct outermost *ret);

/* The return address of the first such call in [start, end) of the code; false when there is none,
 * or the code is not there. */
bool outermost_find(const struct outermost *outermost, const struct elf_image *image,
		    uint64_t start, uint64_t end, uint64_t *ret);

#endif
