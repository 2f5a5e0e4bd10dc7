/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The symbols of a binary that say something about its V8, gathered in one pass: the constants for
 * debuggers go into the layout by their names, others are kept for who completes it.
 */
#ifndef HEAPTAP_V8_CONSTANTS_H
#define HEAPTAP_V8_CONSTANTS_H

#include <stdint.h>

#include "elf/image.h"
#include "v8/layout.h"

struct v8_constants {
	const struct elf_image *image;
	struct v8_layout *layout;
	uint32_t nr_known;			/* constants that the layout has a place for */
	uint32_t nr_debug;			/* v8dbg_* of any kind */
	uint32_t tagged_size;			/* bytes of a tagged word, 0: not said */
	uint32_t nr_versions;			/* of the four numbers */
	uint64_t sizes_vaddr, sizes_size;	/* kBytecodeSizes */
	uint64_t builtins_start, builtins_end;	/* code of all Builtins_*, vaddr */
	uint64_t interpreter, interpreter_size; /* vaddr */
	uint64_t blob_code, blob_code_size, blob_data; /* functions that return these, vaddr */
};

/* @layout's offsets and types must all be V8_UNKNOWN before. */
void v8_constants_read(const struct elf_image *image, struct v8_layout *layout,
		       struct v8_constants *ret);

#endif
