// SPDX-License-Identifier: Apache-2.0
#include "push/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <sys/param.h>

#define BLOCK_SIZE ((size_t)1 << 16)

struct arena_block {
	struct arena_block *next;
	alignas(max_align_t) char data[];
};

void *arena_new(struct arena *arena, size_t size)
{
	size_t wanted = roundup(size ?: 1, alignof(max_align_t));

	if (!arena->first || wanted > arena->size - arena->used) {
		size_t room = MAX(wanted, BLOCK_SIZE);
		struct arena_block *block = calloc(1, sizeof(*block) + room);

		if (!block)
			return NULL;
		block->next = arena->first;
		arena->first = block;
		arena->used = 0;
		arena->size = room;
	}
	arena->used += wanted;
	return arena->first->data + arena->used - wanted;
}

void arena_done(struct arena *arena)
{
	while (arena->first) {
		struct arena_block *block = arena->first;

		arena->first = block->next;
		free(block);
	}
}
