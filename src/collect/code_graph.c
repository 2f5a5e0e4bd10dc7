// SPDX-License-Identifier: Apache-2.0
/*
 * A slot is known by its relocation, a stub by the slot it jumps through (elf/plt.h). Both are
 * doors: an address that stands for the function behind.
 */
#include "collect/code_graph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/slots.h"

struct finding {
	struct code_graph *graph;
	const struct code_name *names;
	size_t nr_names;
	size_t nr_slots; /* of the doors: those that the stubs jump through, sorted */
	int err;
};

static void add_door(struct finding *finding, uint64_t address, uint64_t function)
{
	struct code_graph *graph = finding->graph;
	struct code_door *doors =
		reallocarray(graph->doors, graph->nr_doors + 1, sizeof(*graph->doors));

	if (!doors) {
		finding->err = -ENOMEM;
		return;
	}
	graph->doors = doors;
	doors[graph->nr_doors++] = (struct code_door){address, function};
}

static int take_slot(uint64_t slot, const char *symbol, void *arg)
{
	struct finding *finding = arg;
	size_t length = strcspn(symbol, "@");

	for (size_t i = 0; i < finding->nr_names; i++) {
		const struct code_name *name = &finding->names[i];

		if (!strncmp(name->symbol, symbol, length) && !name->symbol[length])
			add_door(finding, slot, name->start);
	}
	return finding->err;
}

static int compare(const void *a, const void *b)
{
	const struct code_door *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

static void sort_doors(struct code_graph *graph)
{
	if (graph->nr_doors)
		qsort(graph->doors, graph->nr_doors, sizeof(graph->doors[0]), compare);
}

static const struct code_door *find_door(const struct code_door *doors, size_t nr, uint64_t address)
{
	const struct code_door key = {.address = address};

	return nr ? bsearch(&key, doors, nr, sizeof(*doors), compare) : NULL;
}

/* What may stand before the jump of a stub: nothing, bnd, endbr64, both. */
static void take_stub(const struct branch *branch, void *arg)
{
	static const unsigned int before[] = {0, 1, 4, 5};
	struct finding *finding = arg;
	const struct code_door *door;
	uint64_t function;

	if (branch->kind != BRANCH_JUMP_SLOT)
		return;
	door = find_door(finding->graph->doors, finding->nr_slots, branch->target);
	if (!door)
		return;
	function = door->function;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		add_door(finding, branch->from - before[i], function);
}

int code_graph_init(struct code_graph *graph, const struct elf_image *image,
		    const struct functions *functions, const struct code_name *names,
		    size_t nr_names)
{
	static const char *const sections[] = {".plt", ".plt.sec", ".plt.got"};
	struct finding finding = {.graph = graph, .names = names, .nr_names = nr_names};
	uint64_t start, end;

	*graph = (struct code_graph){.image = image, .functions = functions};
	slots_each_in(image, take_slot, &finding);
	sort_doors(graph);
	finding.nr_slots = graph->nr_doors;
	for (size_t i = 0; finding.nr_slots && i < sizeof(sections) / sizeof(sections[0]); i++)
		if (elf_image_section(image, sections[i], &start, &end))
			branches_each(image, start, end, take_stub, &finding);
	sort_doors(graph);
	if (finding.err)
		code_graph_done(graph);
	return finding.err;
}

void code_graph_done(struct code_graph *graph)
{
	free(graph->doors);
	*graph = (struct code_graph){0};
}

uint64_t code_graph_target(const struct code_graph *graph, const struct branch *branch)
{
	const struct code_door *door = find_door(graph->doors, graph->nr_doors, branch->target);

	if (door)
		return door->function;
	if (branch->kind == BRANCH_CALL_SLOT || branch->kind == BRANCH_JUMP_SLOT)
		return 0;
	return branch->target;
}

struct imports {
	const struct code_graph *graph;
	bool found;
};

static void take_import(const struct branch *branch, void *arg)
{
	struct imports *imports = arg;

	imports->found |= code_graph_target(imports->graph, branch) == CODE_GRAPH_IMPORTED;
}

bool code_graph_imports(const struct code_graph *graph, uint64_t start, uint64_t end)
{
	struct imports imports = {.graph = graph};

	branches_each(graph->image, start, end, take_import, &imports);
	return imports.found;
}
