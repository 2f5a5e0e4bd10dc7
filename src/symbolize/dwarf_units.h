/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an address to the compilation unit and the function that hold it, by an index of our own:
 * libdw's searches know only .debug_aranges, which clang and rustc do not write.
 */
#ifndef HEAPTAP_SYMBOLIZE_DWARF_UNITS_H
#define HEAPTAP_SYMBOLIZE_DWARF_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include <elfutils/libdw.h>

struct dwarf_units;

/* @dwarf stays the caller's and must outlive the index. 0, -ENOENT when nothing has an address,
 * -ENOMEM. */
int dwarf_units_new(Dwarf *dwarf, struct dwarf_units **ret);
void dwarf_units_free(struct dwarf_units *units);

/* The unit's DIE. -ENOENT when no unit holds @vaddr. */
int dwarf_units_find(struct dwarf_units *units, uint64_t vaddr, uint32_t *ret_unit,
		     Dwarf_Die *ret_die);
/* The DIE of the function, not of one inlined in it. The functions of a unit are read when it is
 * asked for the first time. -ENOENT when there is none, -ENOMEM. */
int dwarf_units_function(struct dwarf_units *units, uint32_t unit, uint64_t vaddr,
			 Dwarf_Die *ret_die);

/*
 * The DIE behind @die among its siblings. A file may say that a sibling lies before, which would
 * never end: that ends the list.
 */
bool dwarf_die_next(Dwarf_Die *die);

#endif
