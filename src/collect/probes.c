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

static struct probe *probe_at(struct probes *probes, uint64_t vaddr)
{
	for (unsigned int i = 0; i < probes->nr; i++)
		if (probes->probes[i].state == PROBE_USED && probes->probes[i].vaddr == vaddr)
			return &probes->probes[i];
	return NULL;
}

static bool has_probe(const struct probes *probes, const char *symbol)
{
	for (unsigned int i = 0; i < probes->nr; i++)
		if (!strcmp(probe_symbol(&probes->probes[i]), symbol))
			return true;
	return false;
}

static void add_probe(const struct elf_image *image, unsigned int function,
		      const struct elf_symbol *symbol, struct probes *probes)
{
	const struct allocator_function *f = &allocator_functions[function];
	struct probe *probe = &probes->probes[probes->nr];

	*probe = (struct probe){
		.function = function,
		.vaddr = symbol->vaddr,
		.offset = symbol->offset,
		.size = symbol->size,
	};
	if (f->forwards_to && has_probe(probes, f->forwards_to))
		probe->state = PROBE_FORWARDS;
	else if (probe_at(probes, symbol->vaddr))
		probe->state = PROBE_ALIAS;
	else if (choose_site(image, probe))
		probe->state = PROBE_UNREADABLE;
	probes->nr++;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct code_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* The functions that are probed, by address. */
static size_t probed_ranges(const struct probes *probes, struct code_range *ret)
{
	size_t nr = 0;

	for (unsigned int i = 0; i < probes->nr; i++) {
		const struct probe *p = &probes->probes[i];

		if (p->state == PROBE_USED)
			ret[nr++] = (struct code_range){p->vaddr, p->vaddr + p->size};
	}
	qsort(ret, nr, sizeof(*ret), compare_ranges);
	return nr;
}

static void find_tail_calls(const struct elf_image *image, struct probes *probes)
{
	struct code_range ranges[sizeof(probes->probes) / sizeof(probes->probes[0])];
	size_t nr = probed_ranges(probes, ranges);

	for (unsigned int i = 0; i < probes->nr; i++) {
		struct probe *p = &probes->probes[i];
		const struct code_range function = {p->vaddr, p->vaddr + p->size};

		if (p->state == PROBE_USED &&
		    allocator_functions[p->function].shape != PROGRAM_FREE)
			p->forwards = tail_calls_any(image, &function, ranges, nr);
	}
}

static uint16_t code_units(uint64_t bytes)
{
	uint64_t units = (bytes + HT_CODE_UNIT - 1) / HT_CODE_UNIT;

	return units > UINT16_MAX ? UINT16_MAX : units;
}

/* Each cookie says how far the allocator's own code reaches around its site. */
static void make_cookies(struct probes *probes)
{
	struct code_range ranges[sizeof(probes->probes) / sizeof(probes->probes[0])];
	size_t nr = probed_ranges(probes, ranges);

	for (unsigned int i = 0; i < probes->nr; i++) {
		struct probe *p = &probes->probes[i];
		const struct allocator_function *f = &allocator_functions[p->function];
		uint64_t site = p->vaddr + p->site.offset;
		struct ht_cookie cookie = {
			.probe = probes->first + i,
			.pushes = p->site.pushes,
			.arg_ptr = f->arg_ptr,
			.arg_out = f->arg_out,
			.arg_size = f->arg_size,
			.arg_count = f->arg_count,
			.forwards = p->forwards,
		};

		if (p->state != PROBE_USED)
			continue;
		cookie.code_before = code_units(site - ranges[0].start);
		cookie.code_after = code_units(ranges[nr - 1].end - site);
		memcpy(&p->cookie, &cookie, sizeof(cookie));
	}
}

int probes_find(struct object *object, bool private_symbols, unsigned int first, struct probes *ret,
		struct diag *diag)
{
	struct elf_symbol symbols[16];
	const char *names[16];
	struct elf_image *image;
	int err;

	_Static_assert(sizeof(ret->probes) / sizeof(ret->probes[0]) == 16, "as many as symbols");
	memset(ret, 0, sizeof(*ret));
	ret->first = first;
	if (object->fd < 0)
		return diag_fail(diag, object->error, "cannot open %s: %s", object->path,
				 strerror(-object->error));
	err = elf_image_open(object->fd, &image);
	if (err)
		return diag_fail(diag, err, "cannot read %s: %s", object->path, strerror(-err));
	for (unsigned int i = 0; i < nr_allocator_functions; i++)
		names[i] = allocator_functions[i].symbol;
	err = elf_image_find_symbols(image, names, nr_allocator_functions, symbols);
	for (unsigned int i = 0; i < nr_allocator_functions && !err; i++)
		if (symbols[i].name && !symbols[i].ifunc && (symbols[i].dynamic || private_symbols))
			add_probe(image, i, &symbols[i], ret);
	if (!err)
		find_tail_calls(image, ret);
	elf_image_free(image);
	if (err)
		return diag_fail(diag, err, "cannot read the symbols of %s: %s", object->path,
				 strerror(-err));
	if (!has_probe(ret, "malloc") || !has_probe(ret, "free")) {
		ret->nr = 0;
		return 0;
	}
	make_cookies(ret);
	ret->object = object_get(object);
	return 0;
}
