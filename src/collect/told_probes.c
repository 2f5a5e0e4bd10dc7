// SPDX-License-Identifier: Apache-2.0
/* A place whose arguments cannot be read is not probed, and said so: what it tells is missing. */
#include "collect/told_probes.h"

#include <errno.h>
#include <string.h>

#include "elf/image.h"
#include "elf/usdt.h"
#include "elf/usdt_arguments.h"

struct finding {
	const struct elf_image *image;
	struct probes *probes;
	unsigned int nr_kinds; /* of which there is one */
};

/* The row of "otel_memory:alloc" for "alloc"; nr_allocator_functions when there is none. */
static unsigned int row_of(const char *name)
{
	size_t provider = strlen(HT_TOLD_PROVIDER ":");
	unsigned int i;

	for (i = 0; i < nr_allocator_functions; i++)
		if (allocator_functions[i].names == NAMES_TOLD &&
		    !strcmp(allocator_functions[i].symbol + provider, name))
			break;
	return i;
}

static void set_number(struct finding *finding, struct probe *probe)
{
	const struct probes *probes = finding->probes;
	struct ht_cookie cookie = {0};

	probe->number = probes->first + finding->nr_kinds;
	for (unsigned int i = 0; i < probes->nr; i++)
		if (probes->probes[i].function == probe->function)
			probe->number = probes->probes[i].number;
	if (probe->number == probes->first + finding->nr_kinds)
		finding->nr_kinds++;
	cookie.probe = probe->number;
	memcpy(&probe->cookie, &cookie, sizeof(cookie));
}

static int take_probe(const struct usdt_probe *usdt, void *arg)
{
	struct finding *finding = arg;
	struct probes *probes = finding->probes;
	unsigned int row = row_of(usdt->name);
	struct probe *probe = &probes->probes[probes->nr];
	size_t nr_arguments;

	if (row == nr_allocator_functions)
		return 0;
	if (probes->nr == MAX_PROBES) {
		probes->probes[MAX_PROBES - 1].state = PROBE_NUMBERLESS;
		return 0;
	}
	nr_arguments = allocator_functions[row].shape == PROGRAM_TOLD_ALLOC ? HT_TOLD_ARGUMENTS : 1;
	*probe = (struct probe){
		.function = row,
		.vaddr = usdt->vaddr,
		.counter = usdt->semaphore,
		.site = {.class = PROBE_SITE_EMULATED, .insn = "nop"},
	};
	set_number(finding, probe);
	if (elf_image_vaddr_to_offset(finding->image, usdt->vaddr, &probe->offset) ||
	    usdt_arguments_parse(usdt->arguments, nr_arguments, probe->told.arguments))
		probe->state = PROBE_UNREADABLE;
	probes->nr++;
	return 0;
}

int told_probes_find(struct object *object, unsigned int first, struct probes *ret,
		     struct diag *diag)
{
	struct finding finding = {.probes = ret};
	struct elf_image *image;
	int err;

	err = probes_open(object, first, ret, &image, diag);
	if (err)
		return err;
	finding.image = image;
	ret->object = object_get(object);
	ret->told = true;
	ret->family = HT_TOLD_PROVIDER;
	usdt_each(image, HT_TOLD_PROVIDER, take_probe, &finding);
	elf_image_free(image);
	if (finding.nr_kinds < 2)
		probes_done(ret);
	return 0;
}

bool told_probes_exist(struct object *object)
{
	struct probes probes;
	bool exist;

	if (object->lacks & OBJECT_LACKS_TOLD)
		return false;
	exist = !told_probes_find(object, 0, &probes, NULL) && probes.nr;
	probes_done(&probes);
	if (!exist)
		object->lacks |= OBJECT_LACKS_TOLD;
	return exist;
}
