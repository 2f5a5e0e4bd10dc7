// SPDX-License-Identifier: Apache-2.0
/* From an object's symbols to probe sites and their cookies. */
#include "collect/probes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/code_graph.h"
#include "collect/functions.h"
#include "collect/tail_calls.h"
#include "elf/image.h"

_Static_assert(sizeof(struct ht_cookie) == sizeof(uint64_t), "a cookie is one word");

#define MAX_FUNCTION_SIZE (64 << 10) /* read for decoding; no allocator entry is nearly so long */

const char *probe_symbol(const struct probe *probe)
{
	return allocator_functions[probe->function].symbol;
}

const struct probe *probes_at(const struct probes *probes, unsigned int number)
{
	for (unsigned int i = 0; i < probes->nr; i++)
		if (probes->probes[i].state == PROBE_USED && probes->probes[i].number == number)
			return &probes->probes[i];
	return NULL;
}

void probes_done(struct probes *probes)
{
	object_put(probes->object);
	memset(probes, 0, sizeof(*probes));
}

static uint32_t argument_mask(const struct allocator_function *f)
{
	const uint8_t positions[] = {f->arg_ptr, f->arg_out, f->arg_size, f->arg_count};
	uint32_t mask = 0;

	for (size_t i = 0; i < sizeof(positions); i++)
		if (positions[i] != HT_ARG_NONE)
			mask |= 1u << positions[i];
	return mask;
}

static int choose_site(const struct elf_image *image, struct probe *probe)
{
	const struct allocator_function *f = &allocator_functions[probe->function];
	size_t size = probe->size && probe->size < MAX_FUNCTION_SIZE ? probe->size : 256;
	const struct probe_site_wanted wanted = {
		.arguments = argument_mask(f),
		.with_return = f->shape != PROGRAM_FREE,
		.long_nops = probe_site_long_nops(),
	};
	uint8_t *code = malloc(size);
	long n;
	int err;

	if (!code)
		return -ENOMEM;
	n = elf_image_read(image, probe->vaddr, code, size);
	err = n < 0 ? n : probe_site_choose(code, n, probe->vaddr, &wanted, &probe->site);
	free(code);
	return err;
}

const struct probe *probes_at_vaddr(const struct probes *probes, uint64_t vaddr)
{
	for (unsigned int i = 0; i < probes->nr; i++)
		if (probes->probes[i].state == PROBE_USED && probes->probes[i].vaddr == vaddr)
			return &probes->probes[i];
	return NULL;
}

/* What the parts of finding them share. */
struct finding {
	const struct elf_image *image;
	struct probes *probes;
	struct elf_symbol symbols[MAX_ALLOCATOR_FUNCTIONS];
	bool has_names[NR_ALLOCATOR_NAMES]; /* such that somebody can allocate and free */
	unsigned int operator_new;
	size_t nr_ranges;
	struct code_range ranges[MAX_PROBES]; /* of the functions, by address; aliases too */
	uint64_t own_start;
};

static bool is_there(const struct finding *finding, unsigned int function, bool private_symbols)
{
	const struct elf_symbol *symbol = &finding->symbols[function];

	return symbol->name && !symbol->ifunc && (symbol->dynamic || private_symbols);
}

/*
 * Does the C++ allocator of a file that has no other hand on what it is asked to another file's
 * malloc, as the C++ library's does? Then it is counted there.
 */
static int hands_on(const struct finding *finding, bool *ret)
{
	const struct elf_symbol *symbol = &finding->symbols[finding->operator_new];
	const struct code_range known = {symbol->vaddr, symbol->vaddr + symbol->size, NULL};
	struct code_name names[MAX_ALLOCATOR_FUNCTIONS];
	struct functions functions = {0};
	struct code_graph graph;
	size_t nr = 0;
	int err;

	for (unsigned int i = 0; i < nr_allocator_functions; i++)
		if (allocator_functions[i].names == NAMES_C)
			names[nr++] = (struct code_name){allocator_functions[i].symbol,
							 CODE_GRAPH_IMPORTED};
	err = code_graph_init(&graph, finding->image, &functions, names, nr);
	if (err)
		return err;
	*ret = code_graph_imports(&graph, known.start, known.end);
	if (!*ret)
		err = functions_read(finding->image, finding->probes->object->fd, &known, 1,
				     &functions);
	if (!*ret && !err) {
		err = inner_calls_import(&graph, known.start);
		*ret = err > 0;
	}
	code_graph_done(&graph);
	functions_done(&functions);
	return err < 0 ? err : 0;
}

/* An interface is one when all its basic functions are there; C++'s also where another one is. */
static int judge_names(struct finding *finding, bool private_symbols, bool *ret_any)
{
	unsigned int missing[NR_ALLOCATOR_NAMES] = {0};
	bool any = false, on = false;
	int err = 0;

	for (unsigned int i = 0; i < nr_allocator_functions; i++) {
		const struct allocator_function *f = &allocator_functions[i];

		if (!f->basic)
			continue;
		if (!is_there(finding, i, private_symbols))
			missing[f->names]++;
		else if (f->names == NAMES_OPERATOR && f->shape == PROGRAM_ALLOC)
			finding->operator_new = i;
	}
	for (int n = 0; n < NAMES_TOLD; n++) {
		finding->has_names[n] = !missing[n];
		any |= n != NAMES_OPERATOR && !missing[n];
	}
	if (!any && finding->has_names[NAMES_OPERATOR])
		err = hands_on(finding, &on);
	finding->has_names[NAMES_OPERATOR] = any || (!on && !missing[NAMES_OPERATOR]);
	*ret_any = finding->has_names[NAMES_OPERATOR];
	return err;
}

static void add_probe(struct finding *finding, unsigned int function)
{
	struct probes *probes = finding->probes;
	const struct elf_symbol *symbol = &finding->symbols[function];
	struct probe *probe = &probes->probes[probes->nr];

	*probe = (struct probe){
		.function = function,
		.vaddr = symbol->vaddr,
		.offset = symbol->offset,
		.size = symbol->size,
	};
	if (probes_at_vaddr(probes, symbol->vaddr))
		probe->state = PROBE_ALIAS;
	else if (choose_site(finding->image, probe))
		probe->state = PROBE_UNREADABLE;
	probes->nr++;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct code_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static void sort_ranges(struct finding *finding)
{
	const struct probes *probes = finding->probes;

	finding->nr_ranges = 0;
	for (unsigned int i = 0; i < probes->nr; i++) {
		const struct probe *p = &probes->probes[i];

		if (p->state == PROBE_USED || p->state == PROBE_ALIAS)
			finding->ranges[finding->nr_ranges++] =
				(struct code_range){p->vaddr, p->vaddr + p->size, probe_symbol(p)};
	}
	qsort(finding->ranges, finding->nr_ranges, sizeof(finding->ranges[0]), compare_ranges);
}

static const struct allocator_function *function_at(const struct probes *probes, uint64_t vaddr)
{
	for (unsigned int i = 0; i < probes->nr; i++)
		if (probes->probes[i].vaddr == vaddr)
			return &allocator_functions[probes->probes[i].function];
	return NULL;
}

static bool same_call(const struct allocator_function *a, const struct allocator_function *b)
{
	return a->shape == b->shape && a->arg_ptr == b->arg_ptr && a->arg_out == b->arg_out &&
	       a->arg_size == b->arg_size && a->arg_count == b->arg_count;
}

/* Does @probe do nothing but jump to another that takes its call as it is? It is counted there. */
static bool only_forwards(const struct finding *finding, const struct probe *probe)
{
	const struct allocator_function *f = &allocator_functions[probe->function];
	const struct code_range function = {probe->vaddr, probe->vaddr + probe->size, NULL};
	const struct code_range *to =
		tail_calls_only(finding->image, &function, finding->ranges, finding->nr_ranges);

	return to && (f->forwards || same_call(f, function_at(finding->probes, to->start)));
}

/* What may end in another function must know; what does nothing else is counted there. */
static void find_tail_calls(struct finding *finding)
{
	struct probes *probes = finding->probes;

	for (unsigned int i = 0; i < probes->nr; i++) {
		struct probe *p = &probes->probes[i];

		if (p->state == PROBE_USED && only_forwards(finding, p))
			p->state = PROBE_FORWARDS;
	}
	for (unsigned int i = 0; i < probes->nr; i++) {
		struct probe *p = &probes->probes[i];
		const struct code_range function = {p->vaddr, p->vaddr + p->size, NULL};

		if (p->state == PROBE_USED &&
		    allocator_functions[p->function].shape != PROGRAM_FREE)
			p->forwards = tail_calls_any(finding->image, &function, finding->ranges,
						     finding->nr_ranges);
	}
}

static const char *family_of(const struct elf_image *image)
{
	struct elf_symbol found[16];
	const char *markers[16];
	unsigned int nr = 0;

	while (nr < nr_allocator_families && allocator_families[nr].marker) {
		markers[nr] = allocator_families[nr].marker;
		nr++;
	}
	if (elf_image_find_symbols(image, markers, nr, found))
		return allocator_families[nr].name;
	for (unsigned int i = 0; i < nr; i++)
		if (found[i].name)
			return allocator_families[i].name;
	return allocator_families[nr].name;
}

/* The allocator's own code, of which each probe knows how far from its beginning it is. */
static int find_own_code(struct finding *finding, bool is_program)
{
	struct probes *probes = finding->probes;
	struct code_name names[MAX_PROBES];
	struct functions functions;
	struct code_graph graph = {0};
	struct own_ranges own = {0};
	int err;

	for (size_t i = 0; i < finding->nr_ranges; i++)
		names[i] = (struct code_name){finding->ranges[i].symbol, finding->ranges[i].start};
	err = functions_read(finding->image, probes->object->fd, finding->ranges,
			     finding->nr_ranges, &functions);
	err = err ?: code_graph_init(&graph, finding->image, &functions, names, finding->nr_ranges);
	err = err
		      ?: inner_calls_find(&graph, finding->ranges, finding->nr_ranges, is_program,
					  &own);
	code_graph_done(&graph);
	functions_done(&functions);
	if (err)
		return err;
	finding->own_start = own.nr ? own.ranges[0].start : 0;
	probes->own_cut = own.cut;
	probes->own.nr = own.nr;
	for (unsigned int i = 0; i < own.nr; i++)
		probes->own.ranges[i] = (struct ht_own_range){
			own.ranges[i].start - finding->own_start,
			own.ranges[i].end - finding->own_start,
		};
	return 0;
}

static void make_cookies(struct finding *finding)
{
	struct probes *probes = finding->probes;
	unsigned int nr_used = 0;

	for (unsigned int i = 0; i < probes->nr; i++) {
		struct probe *p = &probes->probes[i];
		const struct allocator_function *f = &allocator_functions[p->function];
		struct ht_cookie cookie = {
			.probe = probes->first + nr_used,
			.pushes = p->site.pushes,
			.arg_ptr = f->arg_ptr,
			.arg_out = f->arg_out,
			.arg_size = f->arg_size,
			.arg_count = f->arg_count,
			.forwards = p->forwards,
			.site = p->vaddr + p->site.offset - finding->own_start,
		};

		if (p->state == PROBE_USED && nr_used == HT_ALLOCATOR_PROBES)
			p->state = PROBE_NUMBERLESS;
		if (p->state != PROBE_USED)
			continue;
		p->number = probes->first + nr_used++;
		memcpy(&p->cookie, &cookie, sizeof(cookie));
	}
}

static int find_probes(struct finding *finding, bool private_symbols)
{
	struct probes *probes = finding->probes;
	int err;

	for (unsigned int i = 0; i < nr_allocator_functions; i++)
		if (finding->has_names[allocator_functions[i].names] &&
		    is_there(finding, i, private_symbols))
			add_probe(finding, i);
	probes->has_c = finding->has_names[NAMES_C];
	for (int n = NAMES_OPERATOR + 1; n < NAMES_TOLD; n++)
		probes->has_prefixed |= finding->has_names[n];
	probes->family = family_of(finding->image);
	sort_ranges(finding);
	find_tail_calls(finding);
	sort_ranges(finding); /* without those that are not probed */
	err = find_own_code(finding, private_symbols);
	if (!err)
		make_cookies(finding);
	return err;
}

int probes_open(const struct object *object, unsigned int first, struct probes *ret,
		struct elf_image **ret_image, struct diag *diag)
{
	int err;

	memset(ret, 0, sizeof(*ret));
	ret->first = first;
	if (object->fd < 0)
		return diag_fail(diag, object->error, "cannot open %s: %s", object->path,
				 strerror(-object->error));
	err = elf_image_open(object->fd, ret_image);
	if (err)
		return diag_fail(diag, err, "cannot read %s: %s", object->path, strerror(-err));
	return 0;
}

int probes_find(struct object *object, bool private_symbols, unsigned int first, struct probes *ret,
		struct diag *diag)
{
	const char *names[MAX_ALLOCATOR_FUNCTIONS];
	struct finding finding = {.probes = ret};
	struct elf_image *image;
	bool any = false;
	int err;

	err = probes_open(object, first, ret, &image, diag);
	if (err)
		return err;
	ret->object = object_get(object);
	finding.image = image;
	for (unsigned int i = 0; i < nr_allocator_functions; i++)
		names[i] = allocator_functions[i].symbol;
	err = elf_image_find_symbols(image, names, nr_allocator_functions, finding.symbols);
	err = err ?: judge_names(&finding, private_symbols, &any);
	if (!err && any)
		err = find_probes(&finding, private_symbols);
	elf_image_free(image);
	if (err || !any)
		probes_done(ret);
	if (err)
		return diag_fail(diag, err, "cannot read the symbols of %s: %s", object->path,
				 strerror(-err));
	return 0;
}
