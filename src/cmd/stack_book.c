// SPDX-License-Identifier: Apache-2.0
/* A key is the stack's numbers one behind the other, in 64-bit words. */
#include "cmd/stack_book.h"

#include <errno.h>
#include <stdlib.h>

int stack_book_init(struct stack_book *book, const struct recording *recording)
{
	*book = (struct stack_book){.recording = recording, .profile = profile_new()};
	return book->profile ? 0 : -ENOMEM;
}

void stack_book_done(struct stack_book *book)
{
	profile_free(book->profile);
	table_done(&book->known);
	free(book->key);
	*book = (struct stack_book){0};
}

void stack_book_begin(struct stack_book *book)
{
	book->current = false;
}

/* Returns the words of the key, or -ENOMEM. A stack that never arrived has none of its own. */
static int make_key(struct stack_book *book, const struct stack *stack, bool room)
{
	size_t needed = 4 + (stack ? 2 * (size_t)stack->nr + stack->nr_places : 0);
	int n = 0;

	if (needed > book->key_size) {
		uint64_t *key = reallocarray(book->key, needed, sizeof(*key));

		if (!key)
			return -ENOMEM;
		book->key = key;
		book->key_size = needed;
	}
	book->key[n++] = room;
	if (!stack)
		return n;
	book->key[n++] = (uint64_t)stack->tgid << 32 | stack->epoch;
	book->key[n++] = (uint64_t)stack->probe << 16 | (uint64_t)stack->nr << 8 | stack->end;
	for (unsigned int i = 0; i < stack->nr; i++) {
		book->key[n++] = stack->pcs[i];
		book->key[n++] = stack->mappings[i];
	}
	for (uint32_t i = 0; i < stack->nr_places; i++)
		book->key[n++] = (uint64_t)stack->places[i].frame << 32 | stack->places[i].place;
	return n;
}

static int add(struct stack_book *book, const struct site_totals *site, bool room)
{
	if (!book->current)
		recording_set_perf_maps(book->recording);
	book->current = true;
	return recording_add_stack(book->recording, site, room, book->profile->nr_samples,
				   book->profile);
}

int stack_book_find(struct stack_book *book, const struct site_totals *site, bool room,
		    uint32_t *ret)
{
	int n = make_key(book, site->stack, room), err;
	size_t size;

	if (n < 0)
		return n;
	size = n * sizeof(*book->key);
	if (table_find(&book->known, book->key, size, ret))
		return 0;
	err = add(book, site, room);
	if (err)
		return err;
	*ret = book->profile->nr_samples - 1;
	return table_enter(&book->known, book->key, size, *ret, NULL) ? 0 : -ENOMEM;
}
