// SPDX-License-Identifier: Apache-2.0
/* From an object's symbols to probe sites and their cookies. */
#include "collect/probes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	size_t nr_ranges;
	struct code_range ranges[MAX_PROBES]; /* of the functions, by address; aliases too */
};

static bool is_there(const struct finding *finding, unsigned int function, bool private_symbols)
{
	const struct elf_symbol *symbol = &finding->symbols[function];

	return symbol->name && !symbol->ifunc && (symbol->dynamic || private_symbols);
}

/* An interface is one when all its basic functions are there; C++'s when another one is. */
static bool judge_names(struct finding *finding, bool private_symbols)
{
	unsigned int missing[NR_ALLOCATOR_NAMES] = {0};
	bool any = false;

	for (unsigned int i = 0; i < nr_allocator_functions; i++)
		if (allocator_functions[i].basic && !is_there(finding, i, private_symbols))
			missing[allocator_functions[i].names]++;
	for (int n = 0; n < NR_ALLOCATOR_NAMES; n++) {
		finding->has_names[n] = n != NAMES_OPERATOR && !missing[n];
		any |= finding->has_names[n];
	}
	finding->has_names[NAMES_OPERATOR] = any;
	return any;
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

/*
 * Does @probe do nothing but call another, so that it is counted there? Not where a call from the
 * allocator's own code is none of its own right.
 */
static bool only_forwards(const struct finding *finding, const struct probe *probe)
{
	const struct allocator_function *f = &allocator_functions[probe->function];
	const struct code_range function = {probe->vaddr, probe->vaddr + probe->size, NULL};
	struct tail_call call =
		tail_calls_only(finding->image, &function, finding->ranges, finding->nr_ranges);

	if (!call.to || (call.returns && finding->probes->only_allocator))
		return false;
	return f->forwards || same_call(f, function_at(finding->probes, call.to->start));
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

/* From the first to the last function that calls the one at @vaddr: of an allocator nothing is
 * known of, nothing else is its own. */
static struct code_range callers_of(const struct finding *finding, uint64_t vaddr)
{
	struct code_range callers = {vaddr, vaddr, NULL};
	bool any = false;

	for (size_t i = 0; i < finding->nr_ranges; i++) {
		const struct code_range *range = &finding->ranges[i];

		if (range->start == vaddr || !tail_calls_calls(finding->image, range, vaddr))
			continue;
		if (!any)
			callers.start = range->start;
		callers.end = range->end;
		any = true;
	}
	return callers;
}

/* Functions so near each other, bytes, are of one piece of source. */
#define NEAR 4096

/*
 * The allocator's own code around the function at @vaddr. A library that is nothing else is all its
 * own; in others there are callers too, between the functions of a program even.
 */
static struct code_range own_code(const struct finding *finding, uint64_t vaddr, bool is_program)
{
	bool known = strcmp(finding->probes->family, "own") != 0;
	const struct code_range *ranges = finding->ranges;
	size_t first = 0, last;
	struct code_range own;

	if (finding->probes->only_allocator &&
	    !elf_image_code(finding->image, vaddr, &own.start, &own.end))
		return own;
	if (!known)
		return callers_of(finding, vaddr);
	for (last = 0; last < finding->nr_ranges; last++) {
		if (is_program && last && ranges[last].start > ranges[last - 1].end + NEAR) {
			if (ranges[last].start > vaddr)
				break;
			first = last;
		}
	}
	return (struct code_range){ranges[first].start, ranges[last - 1].end, NULL};
}

static int16_t limit(int64_t distance)
{
	if (distance < INT16_MIN)
		return INT16_MIN;
	return distance > INT16_MAX ? INT16_MAX : distance;
}

/* Of what lies near to the byte, else what surely holds it. */
static void set_own_code(struct ht_cookie *cookie, int64_t begin, int64_t end)
{
	cookie->code_exact = begin >= INT16_MIN && end <= INT16_MAX;
	if (!cookie->code_exact) {
		begin = (begin - HT_CODE_UNIT + 1) / HT_CODE_UNIT;
		end = (end + HT_CODE_UNIT - 1) / HT_CODE_UNIT;
	}
	cookie->code_begin = limit(begin);
	cookie->code_end = limit(end);
}

/* Each cookie says how far the allocator's own code reaches around its site. */
static void make_cookies(struct finding *finding, bool is_program)
{
	struct probes *probes = finding->probes;
	unsigned int nr_used = 0;

	for (unsigned int i = 0; i < probes->nr; i++) {
		struct probe *p = &probes->probes[i];
		const struct allocator_function *f = &allocator_functions[p->function];
		uint64_t site = p->vaddr + p->site.offset;
		struct code_range own = own_code(finding, p->vaddr, is_program);
		struct ht_cookie cookie = {
			.probe = probes->first + nr_used,
			.pushes = p->site.pushes,
			.arg_ptr = f->arg_ptr,
			.arg_out = f->arg_out,
			.arg_size = f->arg_size,
			.arg_count = f->arg_count,
			.forwards = p->forwards,
		};

		if (p->state == PROBE_USED && nr_used == HT_ALLOCATOR_PROBES)
			p->state = PROBE_NUMBERLESS;
		if (p->state != PROBE_USED)
			continue;
		p->number = probes->first + nr_used++;
		set_own_code(&cookie, (int64_t)(own.start - site), (int64_t)(own.end - site));
		memcpy(&p->cookie, &cookie, sizeof(cookie));
	}
}

static void find_probes(struct finding *finding, bool private_symbols)
{
	struct probes *probes = finding->probes;

	for (unsigned int i = 0; i < nr_allocator_functions; i++)
		if (finding->has_names[allocator_functions[i].names] &&
		    is_there(finding, i, private_symbols))
			add_probe(finding, i);
	probes->has_c = finding->has_names[NAMES_C];
	for (int n = NAMES_OPERATOR + 1; n < NR_ALLOCATOR_NAMES; n++)
		probes->has_prefixed |= finding->has_names[n];
	probes->family = family_of(finding->image);
	probes->only_allocator = !private_symbols && strcmp(probes->family, "glibc") != 0 &&
				 strcmp(probes->family, "musl") != 0 &&
				 strcmp(probes->family, "own") != 0;
	sort_ranges(finding);
	find_tail_calls(finding);
	sort_ranges(finding); /* without those that are not probed */
	make_cookies(finding, private_symbols);
}

int probes_find(struct object *object, bool private_symbols, unsigned int first, struct probes *ret,
		struct diag *diag)
{
	const char *names[MAX_ALLOCATOR_FUNCTIONS];
	struct finding finding = {.probes = ret};
	struct elf_image *image;
	int err;

	memset(ret, 0, sizeof(*ret));
	ret->first = first;
	if (object->fd < 0)
		return diag_fail(diag, object->error, "cannot open %s: %s", object->path,
				 strerror(-object->error));
	err = elf_image_open(object->fd, &image);
	if (err)
		return diag_fail(diag, err, "cannot read %s: %s", object->path, strerror(-err));
	finding.image = image;
	for (unsigned int i = 0; i < nr_allocator_functions; i++)
		names[i] = allocator_functions[i].symbol;
	err = elf_image_find_symbols(image, names, nr_allocator_functions, finding.symbols);
	if (!err && judge_names(&finding, private_symbols)) {
		find_probes(&finding, private_symbols);
		ret->object = object_get(object);
	}
	elf_image_free(image);
	if (err)
		return diag_fail(diag, err, "cannot read the symbols of %s: %s", object->path,
				 strerror(-err));
	return 0;
}
