// SPDX-License-Identifier: Apache-2.0
/* The library that dlopens.c loads and unloads. */
#include <stdlib.h>

__attribute__((noipa, visibility("default"))) void *plugin_allocate(size_t size);

void *plugin_allocate(size_t size)
{
	void *p = malloc(size);

	/* not a tail call: the frame stays */
	__asm__ volatile("" : : : "memory");
	return p;
}
