/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is all freed at once, for messages of many small parts. */
#ifndef HEAPTAP_PUSH_ARENA_H
#define HEAPTAP_PUSH_ARENA_H

#include <stddef.h>

/* A zeroed one is empty and ready. */
struct arena {
	struct arena_block *first; /* private */
	size_t used, size;	   /* of the first */
};

/* Zeroed, aligned for any type. NULL when out of memory; not for a @size of 0. */
void *arena_new(struct arena *arena, size_t size);
void arena_done(struct arena *arena);

#endif
