/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which function of a file calls which: by direct branches, and for functions with a name also by
 * way of the PLT and the global offset table. Calls through other pointers are not seen.
 */
#ifndef HEAPTAP_COLLECT_CODE_GRAPH_H
#define HEAPTAP_COLLECT_CODE_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/branches.h"
#include "collect/functions.h"
#include "elf/image.h"

/* Another object's function, by name. */
#define CODE_GRAPH_IMPORTED UINT64_MAX

/* A slot of the global offset table, or a stub of the PLT: what it leads to. */
struct code_door {
	uint64_t address, function; /* CODE_GRAPH_IMPORTED */
};

struct code_graph {
	const struct elf_image *image;
	const struct functions *functions;
	size_t nr_doors;
	struct code_door *doors; /* sorted by address */
};

/* A function by name; start is CODE_GRAPH_IMPORTED when the file does not define it. */
struct code_name {
	const char *symbol;
	uint64_t start;
};

/* @image and @functions must stay. 0 or -ENOMEM. code_graph_done() allows what is zeroed. */
int code_graph_init(struct code_graph *graph, const struct elf_image *image,
		    const struct functions *functions, const struct code_name *names,
		    size_t nr_names);
void code_graph_done(struct code_graph *graph);

/* Where @branch comes out: a vaddr, CODE_GRAPH_IMPORTED, or 0 when that is not known. */
uint64_t code_graph_target(const struct code_graph *graph, const struct branch *branch);

/* Does the code in [@start, @end) call or jump to a named function of another object? */
bool code_graph_imports(const struct code_graph *graph, uint64_t start, uint64_t end);

#endif
