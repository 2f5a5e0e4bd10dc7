// SPDX-License-Identifier: Apache-2.0
/*
 * The address index over DWARF: ranges of units, read once from the unit DIEs alone, and ranges of
 * functions, read unit by unit. Broken DWARF costs names, never more: walks only go forward in the
 * file and are limited in depth.
 */
#include "symbolize/dwarf_units.h"

#include <dwarf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "symbolize/ranges.h"

#define SCOPES_MAX 64 /* nesting of namespaces, classes and functions */

struct unit {
	Dwarf_Off die;
	bool read;
	struct ranges functions; /* value: index into dies */
	Dwarf_Off *dies;
	uint32_t nr_dies, room;
};

struct dwarf_units {
	Dwarf *dwarf;
	struct ranges ranges; /* value: index into units */
	struct unit *units;
	uint32_t nr, room;
};

bool dwarf_die_next(Dwarf_Die *die)
{
	Dwarf_Off before = dwarf_dieoffset(die);

	return !dwarf_siblingof(die, die) && dwarf_dieoffset(die) > before;
}

/* Code is never at 0 in what we map: linkers leave 0 where they dropped a function. */
static int ranges_add_die(struct ranges *ranges, Dwarf_Die *die, uint32_t value, bool *ret_any)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &low, &high)) > 0) {
		int err = low && low < high ? ranges_add(ranges, low, high, value, 0) : 0;

		if (err)
			return err;
		*ret_any |= low && low < high;
	}
	return 0;
}

static int unit_append(struct dwarf_units *units, Dwarf_Die *die)
{
	bool any = false;
	int err;

	if (units->nr == units->room) {
		uint32_t room = units->room ? 2 * units->room : 16;
		struct unit *list = reallocarray(units->units, room, sizeof(*list));

		if (!list)
			return -ENOMEM;
		units->units = list;
		units->room = room;
	}
	err = ranges_add_die(&units->ranges, die, units->nr, &any);
	if (!err && any)
		units->units[units->nr++] = (struct unit){.die = dwarf_dieoffset(die)};
	return err;
}

int dwarf_units_new(Dwarf *dwarf, struct dwarf_units **ret)
{
	struct dwarf_units *units = calloc(1, sizeof(*units));
	Dwarf_Off at = 0, next;
	size_t header_size;
	int err = 0;

	if (!units)
		return -ENOMEM;
	units->dwarf = dwarf;
	while (!err && !dwarf_nextcu(dwarf, at, &next, &header_size, NULL, NULL, NULL) &&
	       next > at) {
		Dwarf_Die die;

		if (dwarf_offdie(dwarf, at + header_size, &die))
			err = unit_append(units, &die);
		at = next;
	}
	if (!err && !units->nr)
		err = -ENOENT;
	if (err) {
		dwarf_units_free(units);
		return err;
	}
	ranges_sort(&units->ranges);
	*ret = units;
	return 0;
}

void dwarf_units_free(struct dwarf_units *units)
{
	if (!units)
		return;
	for (uint32_t i = 0; i < units->nr; i++) {
		ranges_done(&units->units[i].functions);
		free(units->units[i].dies);
	}
	ranges_done(&units->ranges);
	free(units->units);
	free(units);
}

int dwarf_units_find(struct dwarf_units *units, uint64_t vaddr, uint32_t *ret_unit,
		     Dwarf_Die *ret_die)
{
	size_t found = ranges_find(&units->ranges, vaddr);

	if (found == RANGES_NONE)
		return -ENOENT;
	*ret_unit = units->ranges.entries[found].value;
	return dwarf_offdie(units->dwarf, units->units[*ret_unit].die, ret_die) ? 0 : -ENOENT;
}

static int function_append(struct unit *unit, Dwarf_Die *die)
{
	bool any = false;
	int err;

	if (unit->nr_dies == unit->room) {
		uint32_t room = unit->room ? 2 * unit->room : 64;
		Dwarf_Off *dies = reallocarray(unit->dies, room, sizeof(*dies));

		if (!dies)
			return -ENOMEM;
		unit->dies = dies;
		unit->room = room;
	}
	err = ranges_add_die(&unit->functions, die, unit->nr_dies, &any);
	if (!err && any)
		unit->dies[unit->nr_dies++] = dwarf_dieoffset(die);
	return err;
}

/* Functions are found in units, namespaces and classes; local classes and GNU C's nested functions
 * inside functions. Blocks are not entered. */
static int functions_read(struct unit *unit, Dwarf_Die *scope, unsigned int depth)
{
	Dwarf_Die die;
	int err = 0;

	if (depth > SCOPES_MAX || dwarf_child(scope, &die))
		return 0;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			err = function_append(unit, &die);
			if (err)
				break;
			__attribute__((fallthrough));
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
			err = functions_read(unit, &die, depth + 1);
			break;
		default:
			break;
		}
	} while (!err && dwarf_die_next(&die));
	return err;
}

int dwarf_units_function(struct dwarf_units *units, uint32_t unit_index, uint64_t vaddr,
			 Dwarf_Die *ret_die)
{
	struct unit *unit = &units->units[unit_index];
	size_t found;

	if (!unit->read) {
		Dwarf_Die die;
		int err = 0;

		if (dwarf_offdie(units->dwarf, unit->die, &die))
			err = functions_read(unit, &die, 0);
		if (err)
			return err;
		ranges_sort(&unit->functions);
		unit->read = true;
	}
	found = ranges_find(&unit->functions, vaddr);
	if (found == RANGES_NONE)
		return -ENOENT;
	return dwarf_offdie(units->dwarf, unit->dies[unit->functions.entries[found].value], ret_die)
		       ? 0
		       : -ENOENT;
}
