// SPDX-License-Identifier: Apache-2.0
/* Exported symbols alone: those a stripped server has too. */
#include "collect/arenas.h"

#include <stddef.h>
#include <string.h>

#include "elf/image.h"

static const struct {
	const char *function;
	const char *name;
} known[] = {
	{"MemoryContextAlloc", "PostgreSQL's memory contexts"},
	{"ngx_palloc", "nginx's pools"},
	{"apr_palloc", "Apache's pools (APR)"},
	{"alloc_root", "MariaDB's and MySQL's MEM_ROOT"},
	{"PyObject_Malloc", "Python's small objects (pymalloc)"},
	{"_emalloc", "PHP's heap (zend_alloc)"},
	{"g_slice_alloc", "GLib's slices"},
};

#define NR_KNOWN (sizeof(known) / sizeof(known[0]))

static int take(const struct elf_named *symbol, void *arg)
{
	uint32_t *arenas = arg;

	if (!symbol->dynamic)
		return 1;
	for (size_t i = 0; i < NR_KNOWN && symbol->function; i++)
		if (!strncmp(known[i].function, symbol->name, symbol->length) &&
		    !known[i].function[symbol->length])
			*arenas |= 1u << i;
	return 0;
}

uint32_t arenas_in(struct object *object)
{
	struct elf_image *image;
	uint32_t arenas = 0;

	if (object->vdso || object->lacks & OBJECT_LACKS_ARENAS)
		return 0;
	object->lacks |= OBJECT_LACKS_ARENAS;
	if (object->fd < 0 || elf_image_open(object->fd, &image))
		return 0;
	elf_image_each_symbol(image, take, &arenas);
	elf_image_free(image);
	if (arenas)
		object->lacks &= ~OBJECT_LACKS_ARENAS;
	return arenas;
}

const char *arenas_next(uint32_t *arenas)
{
	for (size_t i = 0; i < NR_KNOWN; i++)
		if (*arenas >> i & 1) {
			*arenas &= ~(1u << i);
			return known[i].name;
		}
	return NULL;
}
