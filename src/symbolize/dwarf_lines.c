// SPDX-License-Identifier: Apache-2.0
/*
 * The chain of inlined functions at an address. The function's DIE tree is descended along the
 * scopes that hold the address; each inlined one names the place of its call, which is the line of
 * the frame around it. The innermost frame's line comes from the line table.
 */
#include "symbolize/dwarf_lines.h"

#include <dwarf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define CHAIN_MAX 128 /* a function and those inlined at one address */
#define DEPTH_MAX 512 /* scopes between them, lexical blocks included */

/* The mangled name, from which scopes and template arguments can be shown. Other linkage names are
 * a C library's inner aliases ("__GI_qsort") and hide the name that was written. */
static const char *function_name(Dwarf_Die *die)
{
	static const unsigned int names[] = {DW_AT_linkage_name, DW_AT_MIPS_linkage_name};
	const char *plain = dwarf_diename(die);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		Dwarf_Attribute attribute;
		const char *name;

		name = dwarf_formstring(dwarf_attr_integrate(die, names[i], &attribute));
		if (name && (!plain || !strncmp(name, "_Z", 2) || !strncmp(name, "_R", 2)))
			return name;
	}
	return plain;
}

static bool is_scope(Dwarf_Die *die)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_lexical_block:
	case DW_TAG_inlined_subroutine:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
		return true;
	default:
		return false;
	}
}

/* The function at an address and those inlined in it, outermost first. */
struct chain {
	uint64_t vaddr;
	int nr, nr_max;
	Dwarf_Die functions[CHAIN_MAX];
};

enum holds { HOLDS_NOT, HOLDS_PERHAPS, HOLDS };

/*
 * PERHAPS when the scope names no address at all: gcc -gdwarf-4 begins a list with an empty range
 * where that reads as its end, and the scopes inside know better.
 */
static enum holds scope_holds(Dwarf_Die *scope, uint64_t vaddr)
{
	enum holds holds = HOLDS_PERHAPS;
	Dwarf_Addr base, low, high;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(scope, at, &base, &low, &high)) > 0) {
		if (low <= vaddr && vaddr < high)
			return HOLDS;
		if (low < high)
			holds = HOLDS_NOT;
	}
	return at < 0 ? HOLDS_NOT : holds;
}

/* Appends the functions inlined below @scope. False when no scope there holds the address. */
static bool chain_extend(struct chain *chain, Dwarf_Die *scope, int depth)
{
	Dwarf_Die child;

	if (depth == DEPTH_MAX || dwarf_child(scope, &child))
		return false;
	do {
		int nr_before = chain->nr;
		enum holds holds = HOLDS_NOT;

		if (is_scope(&child))
			holds = scope_holds(&child, chain->vaddr);
		if (holds == HOLDS_NOT)
			continue;
		if (dwarf_tag(&child) == DW_TAG_inlined_subroutine) {
			if (chain->nr == chain->nr_max)
				return true;
			chain->functions[chain->nr++] = child;
		}
		if (chain_extend(chain, &child, depth + 1) || holds == HOLDS)
			return true;
		chain->nr = nr_before;
	} while (dwarf_die_next(&child));
	return false;
}

static const char *call_file(Dwarf_Die *unit, Dwarf_Die *inlined)
{
	Dwarf_Attribute attribute;
	Dwarf_Files *files;
	Dwarf_Word index;
	size_t nr;

	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &index) ||
	    dwarf_getsrcfiles(unit, &files, &nr) || index >= nr)
		return NULL;
	return dwarf_filesrc(files, index, NULL, NULL);
}

static int call_line(Dwarf_Die *inlined)
{
	Dwarf_Attribute attribute;
	Dwarf_Word line;

	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line) ||
	    line > INT32_MAX)
		return 0;
	return (int)line;
}

static const char *unit_directory(Dwarf_Die *unit)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
}

static void frame_set_function(struct source_frame *frame, Dwarf_Die *function)
{
	const char *file = dwarf_decl_file(function);
	int line;

	frame->name = function_name(function);
	if (file && frame->file && !strcmp(file, frame->file) && !dwarf_decl_line(function, &line))
		frame->start_line = line;
}

static void frame_set_line(struct source_frame *frame, Dwarf_Die *unit, uint64_t vaddr)
{
	Dwarf_Line *line = dwarf_getsrc_die(unit, vaddr);
	int number;

	if (!line)
		return;
	frame->file = dwarf_linesrc(line, NULL, NULL);
	if (!dwarf_lineno(line, &number) && number > 0) /* 0: code of no line */
		frame->line = number;
}

static void frames_fill(const struct chain *chain, Dwarf_Die *unit, struct source_frame *frames)
{
	const char *directory = unit_directory(unit);

	for (int i = 0; i < chain->nr; i++) {
		struct source_frame *frame = &frames[i];
		Dwarf_Die function = chain->functions[chain->nr - 1 - i];

		*frame = (struct source_frame){.directory = directory};
		if (i == 0) {
			frame_set_line(frame, unit, chain->vaddr);
		} else {
			Dwarf_Die inlined = chain->functions[chain->nr - i];

			frame->file = call_file(unit, &inlined);
			frame->line = call_line(&inlined);
		}
		frame_set_function(frame, &function);
	}
}

int dwarf_lines_find(struct dwarf_units *units, uint64_t vaddr, struct source_frame *frames,
		     int nr_max)
{
	struct chain chain = {.vaddr = vaddr, .nr_max = nr_max < CHAIN_MAX ? nr_max : CHAIN_MAX};
	Dwarf_Die unit_die;
	uint32_t unit;
	int err;

	if (dwarf_units_find(units, vaddr, &unit, &unit_die))
		return 0;
	err = dwarf_units_function(units, unit, vaddr, &chain.functions[0]);
	if (err == -ENOMEM)
		return err;
	if (err) { /* assembler: lines without functions */
		frames[0] = (struct source_frame){.directory = unit_directory(&unit_die)};
		frame_set_line(&frames[0], &unit_die, vaddr);
		return frames[0].file ? 1 : 0;
	}
	chain.nr = 1;
	chain_extend(&chain, &chain.functions[0], 0);
	frames_fill(&chain, &unit_die, frames);
	return chain.nr;
}
