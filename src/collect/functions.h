/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the functions of a file begin and end: from its .eh_frame, which files without symbols have
 * too, or from its symbols, which musl has instead. A part of a function that the compiler put
 * elsewhere (malloc.cold) is one of its own.
 */
#ifndef HEAPTAP_COLLECT_FUNCTIONS_H
#define HEAPTAP_COLLECT_FUNCTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "elf/image.h"

struct code_range {
	uint64_t start, end; /* vaddrs */
	const char *symbol;  /* by which it is called through a PLT; NULL: it is not */
};

/* Sorted by start; no two overlap. */
struct functions {
	size_t nr;
	struct code_range *all;
};

#define FUNCTIONS_NONE SIZE_MAX

/*
 * Of @image, which is the file behind @fd; and each of @known that begins in none of them. 0 or
 * -ENOMEM. functions_done() allows what is zeroed.
 */
int functions_read(const struct elf_image *image, int fd, const struct code_range *known,
		   size_t nr_known, struct functions *ret);
void functions_done(struct functions *functions);

/* Which one holds @vaddr: an index, or FUNCTIONS_NONE. */
size_t functions_find(const struct functions *functions, uint64_t vaddr);

#endif
