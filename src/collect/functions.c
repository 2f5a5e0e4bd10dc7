// SPDX-License-Identifier: Apache-2.0
/*
 * Each source adds what the earlier ones left: entries of .eh_frame, symbols, and where there are
 * few of both, places that code calls or, from another function, jumps to.
 */
#include "collect/functions.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "collect/branches.h"
#include "unwind/cfi.h"
#include "unwind/section.h"

/* A file whose entries and symbols leave more than this part of its code is searched. */
#define MAX_UNKNOWN 8

/* Functions that were found, and those that are added to them until they are sorted in. */
struct finding {
	const struct elf_image *image;
	struct functions *functions;
	size_t nr, nr_allocated; /* with those that are added */
	int err;
};

size_t functions_find(const struct functions *functions, uint64_t vaddr)
{
	size_t low = 0, high = functions->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (functions->all[middle].start <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low && vaddr < functions->all[low - 1].end ? low - 1 : FUNCTIONS_NONE;
}

static int compare(const void *a, const void *b)
{
	const struct code_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* Unless it begins in one that was found. */
static void add(struct finding *finding, uint64_t start, uint64_t end)
{
	struct functions *functions = finding->functions;

	if (functions_find(functions, start) != FUNCTIONS_NONE || finding->err)
		return;
	if (finding->nr == finding->nr_allocated) {
		size_t nr = finding->nr ? 2 * finding->nr : 1024;
		struct code_range *all = reallocarray(functions->all, nr, sizeof(*all));

		if (!all) {
			finding->err = -ENOMEM;
			return;
		}
		functions->all = all;
		finding->nr_allocated = nr;
	}
	functions->all[finding->nr++] = (struct code_range){start, end, NULL};
}

/* In order, each start once. An end is cut where the next begins. */
static void sort(struct finding *finding)
{
	struct code_range *all = finding->functions->all;
	size_t nr = 0;

	if (finding->nr)
		qsort(all, finding->nr, sizeof(*all), compare);
	for (size_t i = 0; i < finding->nr; i++) {
		if (nr && all[nr - 1].start == all[i].start)
			continue;
		if (nr && all[nr - 1].end > all[i].start)
			all[nr - 1].end = all[i].start;
		all[nr++] = all[i];
	}
	finding->functions->nr = finding->nr = nr;
}

static void add_entries(struct finding *finding, int fd)
{
	struct section section = {0};
	struct cfi cfi = {0};

	if (!section_read(fd, &section, NULL) && section.bytes && cfi_read(&section, &cfi, NULL))
		cfi = (struct cfi){0};
	for (uint32_t i = 0; i < cfi.nr_fdes; i++)
		add(finding, section.code_start + cfi.fdes[i].start,
		    section.code_start + cfi.fdes[i].end);
	cfi_done(&cfi);
	section_done(&section);
}

static int take_symbol(const struct elf_named *symbol, void *arg)
{
	struct finding *finding = arg;

	if (symbol->function && symbol->size && symbol->vaddr + symbol->size > symbol->vaddr)
		add(finding, symbol->vaddr, symbol->vaddr + symbol->size);
	return finding->err;
}

static void take_target(const struct branch *branch, void *arg)
{
	struct finding *finding = arg;

	if (branch->kind == BRANCH_CALL ||
	    (branch->kind == BRANCH_JUMP &&
	     functions_find(finding->functions, branch->from) != FUNCTIONS_NONE))
		add(finding, branch->target, UINT64_MAX);
}

/* In the code segment that holds @vaddr. What is found so ends where the next function begins. */
static void add_targets(struct finding *finding, uint64_t vaddr)
{
	struct functions *functions = finding->functions;
	uint64_t start, end, known = 0;

	if (elf_image_code(finding->image, vaddr, &start, &end))
		return;
	for (size_t i = 0; i < functions->nr; i++)
		known += functions->all[i].end - functions->all[i].start;
	if (end - start < known || (end - start - known) * MAX_UNKNOWN < end - start)
		return;
	branches_each(finding->image, start, end, take_target, finding);
	add(finding, end, end);
	sort(finding);
	while (functions->nr && functions->all[functions->nr - 1].end > end)
		functions->nr--;
	finding->nr = functions->nr;
}

int functions_read(const struct elf_image *image, int fd, const struct code_range *known,
		   size_t nr_known, struct functions *ret)
{
	struct finding finding = {.image = image, .functions = ret};

	*ret = (struct functions){0};
	add_entries(&finding, fd);
	sort(&finding);
	elf_image_each_symbol(image, take_symbol, &finding);
	for (size_t i = 0; i < nr_known; i++)
		add(&finding, known[i].start, known[i].end);
	sort(&finding);
	if (nr_known)
		add_targets(&finding, known[0].start);
	if (finding.err)
		functions_done(ret);
	return finding.err;
}

void functions_done(struct functions *functions)
{
	free(functions->all);
	*functions = (struct functions){0};
}
