/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which allocator functions end in a jump to another one: glibc's realloc(NULL, n) jumps to malloc,
 * its memalign to malloc when the alignment is small. Such a call looks like the caller's own: its
 * return address is not in the allocator. The probes must know, or it counts twice.
 */
#ifndef HEAPTAP_COLLECT_TAIL_CALLS_H
#define HEAPTAP_COLLECT_TAIL_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/functions.h"
#include "elf/image.h"

/*
 * Does @function jump to the start of one of @entries, itself or by way of one other piece of code
 * that it jumps to and that has no entry of its own? @entries are sorted by start; such a piece is
 * taken to reach to the next entry.
 */
bool tail_calls_any(const struct elf_image *image, const struct code_range *function,
		    const struct code_range *entries, size_t nr_entries);

/*
 * Does @function do nothing but jump to one of @entries? It does when that is what its code comes
 * to, conditional jumps not taken, before anything that ends it or a call.
 */
const struct code_range *tail_calls_only(const struct elf_image *image,
					 const struct code_range *function,
					 const struct code_range *entries, size_t nr_entries);

#endif
