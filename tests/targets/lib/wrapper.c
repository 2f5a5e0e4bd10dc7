// SPDX-License-Identifier: Apache-2.0
/* To be preloaded: malloc and free that hand on to the real ones, as tracing libraries do. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

void *malloc(size_t size)
{
	static void *(*real)(size_t);

	if (!real)
		real = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
	return real(size);
}

void free(void *p)
{
	static void (*real)(void *);

	if (!real)
		real = (void (*)(void *))dlsym(RTLD_NEXT, "free");
	real(p);
}
