/* SPDX-License-Identifier: Apache-2.0 */
/* Source lines and inlined functions of an address, from DWARF. */
#ifndef HEAPTAP_SYMBOLIZE_DWARF_LINES_H
#define HEAPTAP_SYMBOLIZE_DWARF_LINES_H

#include <stdint.h>

#include <elfutils/libdw.h>

#include "symbolize/dwarf_units.h"

/* Strings belong to the Dwarf handle. */
struct source_frame {
	const char *name;      /* mangled where the language does so; NULL when unknown */
	const char *file;      /* NULL when unknown */
	const char *directory; /* what a relative @file is relative to; NULL when unknown */
	int line;	       /* 0 when unknown */
	int start_line;	       /* where the function is declared, if in the same file; else 0 */
};

/*
 * The frames at @vaddr, innermost first, the last one the real function; a deeper nesting than
 * @nr_max is cut inside. Returns how many, 0 when DWARF says nothing, -ENOMEM.
 */
int dwarf_lines_find(struct dwarf_units *units, uint64_t vaddr, struct source_frame *frames,
		     int nr_max);

#endif
