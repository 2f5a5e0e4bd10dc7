/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks as sequences of numbers, root first, for writers that lay out or list many of them: a path
 * for every row, a number for every place (function, line), and the function that a place is in.
 * The first step of a path is whose stack it is: the comm, or another group.
 *
 * Functions are one when name and file are; of JavaScript, where most are called "(anonymous)",
 * the line where they begin has to be the same too; when stack.lines is set, the line itself.
 */
#ifndef HEAPTAP_EXPORT_PATHS_H
#define HEAPTAP_EXPORT_PATHS_H

#include "export/table_rows.h"
#include "profile/table.h"

enum path_kind {
	PATH_NATIVE, /* C, and languages that cannot be told from it */
	PATH_CXX,
	PATH_RUST,
	PATH_JAVASCRIPT,
	PATH_KERNEL,
	PATH_ALLOCATOR, /* it, and helpers of libraries: site_is_wrapper() */
	PATH_UNKNOWN,	/* without a symbol */
	PATH_GROUP,	/* no function: the comm, or what else is at the root */
	NR_PATH_KINDS,
};

struct path_function {
	const char *name, *file; /* file is "" when unknown */
	const char *module;	 /* of the first place seen; "" when there is none */
	int64_t start_line;	 /* or its line, when these are told apart; 0 when unknown */
	enum path_kind kind;
	bool placed; /* the name alone says little, or lines are asked for: show file and line */
};

struct path_place {
	uint32_t function;
	uint32_t inlined; /* 0 or 1: into the caller */
	int64_t line;	  /* 0 when unknown */
};

struct path {
	size_t first; /* in steps */
	uint32_t nr;  /* at least 1 */
};

struct paths {
	uint32_t nr_functions, max_functions, nr_places, max_places, nr_paths;
	struct path_function *functions;
	struct path_place *places;
	uint32_t *steps; /* places */
	size_t nr_steps, max_steps;
	struct path *paths;
	/* private */
	struct table function_keys, place_keys, roots;
	uint32_t *first_lines, *numbers;
};

/*
 * A path for each of @rows, in their order. @stack is scratch, initialized for the profile; names
 * belong to it and to the profile, which both must live as long. 0 or -ENOMEM; paths_done() is to
 * be called in either case.
 */
int paths_build(struct paths *ret, struct stack *stack, const struct table_rows *rows,
		enum group_by by);
void paths_done(struct paths *paths);

#endif
