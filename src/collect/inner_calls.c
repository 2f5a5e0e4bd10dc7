// SPDX-License-Identifier: Apache-2.0
/*
 * From the probed functions on, what they call is reached; of that, what leads back to a probed
 * function may be own; of that again, what anybody else calls, or whose address is taken, is not.
 *
 * Limits: a function that others call through a pointer in data alone is taken to be own.
 */
#include "collect/inner_calls.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

/* Reached is at most this: an allocator that calls more of its file is not looked through. */
#define MAX_REACHED 4096

enum {
	MARK_PROBED = 1,
	MARK_REACHED = 2,
	MARK_LEADS = 4,	  /* to a probed function */
	MARK_FOREIGN = 8, /* others call it too */
};

/* One function calls or jumps to another; indices. */
struct edge {
	size_t from, to;
};

struct edges {
	size_t nr, nr_allocated;
	struct edge *all;
};

struct search {
	const struct code_graph *graph;
	const struct functions *functions;
	uint8_t *marks;	     /* of each function */
	size_t *queue;	     /* those that are reached, in the order they were */
	size_t nr_queue, at; /* the one that is looked through */
	struct edges edges;
	bool imports;
	int err;
};

static void add_edge(struct search *search, struct edges *edges, size_t from, size_t to)
{
	if (edges->nr == edges->nr_allocated) {
		size_t nr = edges->nr ? 2 * edges->nr : 256;
		struct edge *all = reallocarray(edges->all, nr, sizeof(*all));

		if (!all) {
			search->err = -ENOMEM;
			return;
		}
		edges->all = all;
		edges->nr_allocated = nr;
	}
	edges->all[edges->nr++] = (struct edge){from, to};
}

static void reach(struct search *search, size_t function, uint8_t mark)
{
	search->marks[function] |= mark;
	if (search->marks[function] & MARK_REACHED || search->nr_queue == MAX_REACHED)
		return;
	search->marks[function] |= MARK_REACHED;
	search->queue[search->nr_queue++] = function;
}

/* The function that @branch enters at its beginning, or FUNCTIONS_NONE. */
static size_t function_entered(const struct search *search, const struct branch *branch)
{
	uint64_t target = code_graph_target(search->graph, branch);
	size_t function = functions_find(search->functions, target);

	if (function == FUNCTIONS_NONE || search->functions->all[function].start != target)
		return FUNCTIONS_NONE;
	return function;
}

static void take_callee(const struct branch *branch, void *arg)
{
	struct search *search = arg;
	size_t from = search->queue[search->at], to;

	if (branch->kind == BRANCH_ADDRESS)
		return;
	search->imports |= code_graph_target(search->graph, branch) == CODE_GRAPH_IMPORTED;
	to = function_entered(search, branch);
	if (to == FUNCTIONS_NONE || to == from)
		return;
	add_edge(search, &search->edges, from, to);
	reach(search, to, 0);
}

static void search_done(struct search *search)
{
	free(search->marks);
	free(search->queue);
	free(search->edges.all);
}

static int search_init(struct search *search, const struct code_graph *graph)
{
	size_t nr = graph->functions->nr;

	*search = (struct search){.graph = graph, .functions = graph->functions};
	search->marks = calloc(nr + 1, sizeof(*search->marks));
	search->queue = calloc(MAX_REACHED, sizeof(*search->queue));
	if (search->marks && search->queue)
		return 0;
	search_done(search);
	return -ENOMEM;
}

static void reach_all(struct search *search)
{
	for (; search->at < search->nr_queue && !search->err; search->at++) {
		const struct code_range *range = &search->functions->all[search->queue[search->at]];

		branches_each(search->graph->image, range->start, range->end, take_callee, search);
	}
}

static bool is_probed(const struct search *search, size_t function)
{
	return search->marks[function] & MARK_PROBED;
}

static bool may_be_own(const struct search *search, size_t function)
{
	return (search->marks[function] & (MARK_LEADS | MARK_FOREIGN)) == MARK_LEADS &&
	       !is_probed(search, function);
}

static void mark_leading(struct search *search)
{
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < search->edges.nr; i++) {
			const struct edge *edge = &search->edges.all[i];
			uint8_t to = search->marks[edge->to], *from = &search->marks[edge->from];

			if (!(to & (MARK_PROBED | MARK_LEADS)) || *from & MARK_LEADS)
				continue;
			*from |= MARK_LEADS;
			again = true;
		}
	}
}

static int take_exported(const struct elf_named *symbol, void *arg)
{
	struct search *search = arg;
	size_t function;

	if (!symbol->dynamic)
		return 1; /* .symtab follows */
	function = functions_find(search->functions, symbol->vaddr);
	if (symbol->function && function != FUNCTIONS_NONE)
		search->marks[function] |= MARK_FOREIGN;
	return 0;
}

/* The callers of those that may be own. */
struct callers {
	struct search *search;
	size_t nr;
	uint64_t *starts; /* of those, ascending */
	struct edges edges;
};

static int compare_addresses(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void take_caller(const struct branch *branch, void *arg)
{
	struct callers *callers = arg;
	struct search *search = callers->search;
	uint64_t target = branch->target;
	size_t from, to;

	if (branch->kind == BRANCH_SHORT || target < callers->starts[0] ||
	    target > callers->starts[callers->nr - 1] ||
	    !bsearch(&target, callers->starts, callers->nr, sizeof(target), compare_addresses))
		return;
	from = functions_find(search->functions, branch->from);
	to = functions_find(search->functions, target);
	if (branch->kind == BRANCH_ADDRESS || from == FUNCTIONS_NONE)
		search->marks[to] |= MARK_FOREIGN;
	else if (from != to)
		add_edge(search, &callers->edges, from, to);
}

static void mark_foreign(struct search *search, const struct edges *edges)
{
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < edges->nr; i++) {
			const struct edge *edge = &edges->all[i];

			if (is_probed(search, edge->from) || may_be_own(search, edge->from) ||
			    search->marks[edge->to] & MARK_FOREIGN)
				continue;
			search->marks[edge->to] |= MARK_FOREIGN;
			again = true;
		}
	}
}

/* Marks what others call of those that may be own. All code of the file is looked through, but only
 * when there are any. */
static int find_foreign(struct search *search)
{
	struct callers callers = {.search = search};
	const struct code_range *all = search->functions->all;
	uint64_t start, end;
	int err = 0;

	callers.starts = calloc(search->nr_queue + 1, sizeof(*callers.starts));
	if (!callers.starts)
		return -ENOMEM;
	for (size_t i = 0; i < search->nr_queue; i++)
		if (may_be_own(search, search->queue[i]))
			callers.starts[callers.nr++] = all[search->queue[i]].start;
	qsort(callers.starts, callers.nr, sizeof(*callers.starts), compare_addresses);
	if (callers.nr && !elf_image_code(search->graph->image, callers.starts[0], &start, &end))
		err = branches_each(search->graph->image, start, end, take_caller, &callers);
	mark_foreign(search, &callers.edges);
	free(callers.edges.all);
	free(callers.starts);
	return err ?: search->err;
}

/* Between two functions lies this much at most that is none: bytes. */
#define PADDING 64

/* One behind the other in the file they are one range. */
static bool follows(const struct functions *functions, size_t i, const struct own_ranges *own)
{
	const struct code_range *all = functions->all;

	return own->nr && i && own->ranges[own->nr - 1].end == all[i - 1].end &&
	       all[i].start - all[i - 1].end <= PADDING;
}

static void take_ranges(const struct search *search, struct own_ranges *ret)
{
	const struct functions *functions = search->functions;

	*ret = (struct own_ranges){0};
	for (size_t i = 0; i < functions->nr; i++) {
		const struct code_range *range = &functions->all[i];

		if (!is_probed(search, i) && !may_be_own(search, i))
			continue;
		if (follows(functions, i, ret)) {
			ret->ranges[ret->nr - 1].end = range->end;
			continue;
		}
		if (ret->nr == HT_OWN_RANGES) {
			ret->cut = true;
			return;
		}
		ret->ranges[ret->nr++] = (struct code_range){range->start, range->end, NULL};
	}
}

int inner_calls_find(const struct code_graph *graph, const struct code_range *entries, size_t nr,
		     bool is_program, struct own_ranges *ret)
{
	struct search search;
	int err = search_init(&search, graph);

	if (err)
		return err;
	for (size_t i = 0; i < nr; i++) {
		size_t function = functions_find(graph->functions, entries[i].start);

		if (function != FUNCTIONS_NONE)
			reach(&search, function, MARK_PROBED);
	}
	reach_all(&search);
	mark_leading(&search);
	if (!is_program)
		elf_image_each_symbol(graph->image, take_exported, &search);
	err = search.err ?: find_foreign(&search);
	if (!err)
		take_ranges(&search, ret);
	search_done(&search);
	return err;
}

int inner_calls_import(const struct code_graph *graph, uint64_t start)
{
	size_t function = functions_find(graph->functions, start);
	struct search search;
	int err = search_init(&search, graph);

	if (err)
		return err;
	if (function != FUNCTIONS_NONE)
		reach(&search, function, 0);
	for (; search.at < search.nr_queue && !search.err && !search.imports; search.at++) {
		const struct code_range *range = &search.functions->all[search.queue[search.at]];

		branches_each(graph->image, range->start, range->end, take_callee, &search);
	}
	err = search.err;
	search_done(&search);
	return err ?: search.imports;
}
