/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which code of a file is its allocator's own, so that the calls it makes to the allocator are part
 * of an outer one: the functions that are probed, and those that nobody but them calls.
 *
 * Not own is what others can call too: the application's functions beside an allocator that was
 * linked into it, a C library's strdup beside its malloc.
 */
#ifndef HEAPTAP_COLLECT_INNER_CALLS_H
#define HEAPTAP_COLLECT_INNER_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#include "collect/code_graph.h"
#include "heaptap/wire.h"

struct own_ranges {
	unsigned int nr;
	struct code_range ranges[HT_OWN_RANGES]; /* by start, apart from one another */
	bool cut;				 /* there were more: their calls count twice */
};

/*
 * @entries: the probed functions, by start, which begin in functions of @graph. @is_program: what
 * it exports is not called by others. 0 or -ENOMEM.
 */
int inner_calls_find(const struct code_graph *graph, const struct code_range *entries, size_t nr,
		     bool is_program, struct own_ranges *ret);

/* Does the function at @start, or one that it calls in this file, call a named one of another
 * object? 0, 1 or -ENOMEM. */
int inner_calls_import(const struct code_graph *graph, uint64_t start);

#endif
