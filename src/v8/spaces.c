// SPDX-License-Identifier: Apache-2.0
/*
 * An isolate holds its heap at a distance that no constant says. It is found by what must be true
 * of it: the spaces in its array point back to it and have their own index as identity.
 */
#include "v8/spaces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ISOLATE_SIZE (160 << 10) /* where the heap is looked for; measured: 0xc638 to 0xf3c0 */
#define MAX_ISOLATES 256
#define MAX_SPACES   16
#define SPACE_HEAP   8 /* BaseSpace: vtable, heap, id; checked by reading */
#define SPACE_ID     16
#define TRIED_MAX    16384 /* candidates that are read, of one isolate */

/* struct pthread of glibc (nptl/descr.h): the first block of thread-specific data, {seq, data}. */
#define PTHREAD_SPECIFIC 0x310
#define PTHREAD_KEYS	 32

#define OTHER V8_NR_SPACES

/* Identity of a space to its kind: V8's enum AllocationSpace. The last row whose version is reached
 * holds. */
static const struct {
	uint32_t from, nr;
	uint8_t kinds[MAX_SPACES];
} space_kinds[] = {
	{0,
	 8,
	 {OTHER, V8_SPACE_old, V8_SPACE_code, V8_SPACE_map, V8_SPACE_large, V8_SPACE_large,
	  V8_SPACE_large, V8_SPACE_new}},
	{V8_VERSION(11, 0),
	 9,
	 {OTHER, V8_SPACE_new, V8_SPACE_old, V8_SPACE_code, OTHER, V8_SPACE_large, V8_SPACE_large,
	  V8_SPACE_large, OTHER}},
	{V8_VERSION(12, 0),
	 11,
	 {OTHER, V8_SPACE_new, V8_SPACE_old, V8_SPACE_code, OTHER, V8_SPACE_trusted, V8_SPACE_large,
	  V8_SPACE_large, V8_SPACE_large, OTHER, V8_SPACE_trusted}},
	{V8_VERSION(13, 0),
	 13,
	 {OTHER, V8_SPACE_new, V8_SPACE_old, V8_SPACE_code, OTHER, V8_SPACE_trusted, OTHER,
	  V8_SPACE_large, V8_SPACE_large, V8_SPACE_large, OTHER, OTHER, V8_SPACE_trusted}},
};
#define NR_ROWS (sizeof(space_kinds) / sizeof(space_kinds[0]))

const char *v8_space_name(enum v8_space space)
{
	static const char *const names[] = {
#define X(name, text) text,
		V8_SPACES(X)
#undef X
	};

	return names[space];
}

static unsigned int row_of(uint32_t version)
{
	unsigned int row = 0;

	while (row + 1 < NR_ROWS && space_kinds[row + 1].from <= version)
		row++;
	return row;
}

static unsigned int old_space(unsigned int row)
{
	unsigned int i = 0;

	while (space_kinds[row].kinds[i] != V8_SPACE_old)
		i++;
	return i;
}

/* The isolate thread @pointer is in; 0 when it is in none. */
static uint64_t isolate_of(struct v8_memory *memory, const struct v8_spaces_layout *layout,
			   uint64_t bias, uint64_t pointer)
{
	uint64_t address = pointer + layout->thread, isolate = 0;
	uint32_t key;

	if (layout->by_key) {
		if (v8_memory_read(memory, layout->key + bias, &key, sizeof(key)) ||
		    key >= PTHREAD_KEYS)
			return 0;
		address = pointer + PTHREAD_SPECIFIC + 16 * (uint64_t)key + 8;
	}
	return v8_memory_read(memory, address, &isolate, sizeof(isolate)) ? 0 : isolate;
}

/* Is there a space at @space that belongs to @heap under @id? */
static bool is_space(struct v8_memory *memory, uint64_t space, uint64_t heap, uint32_t id)
{
	uint8_t head[SPACE_ID + 8];
	uint64_t owner;
	uint32_t got;

	if (!space || space & 7 || v8_memory_read(memory, space, head, sizeof(head)))
		return false;
	memcpy(&owner, head + SPACE_HEAP, sizeof(owner));
	memcpy(&got, head + SPACE_ID, sizeof(got));
	return owner == heap && (got & 0xff) == id;
}

static bool is_pointer(uint64_t word)
{
	return word >= 1 << 16 && !(word & 7) && !(word >> 47);
}

/* Can @spaces be a heap's array? Each is there or not, old space is. */
static bool is_plausible(const uint64_t *spaces, uint32_t nr, uint32_t old)
{
	for (uint32_t id = 0; id < nr; id++)
		if (spaces[id] && !is_pointer(spaces[id]))
			return false;
	return spaces[old];
}

/* Where in the isolate the heap is; 0 when it was not found. */
static uint64_t find_heap(struct v8_memory *memory, const struct v8_spaces_layout *layout,
			  uint64_t isolate)
{
	unsigned int row = row_of(layout->version);
	uint32_t old = old_space(row), nr = space_kinds[row].nr, nr_tried = 0;
	uint64_t *words = malloc(ISOLATE_SIZE), found = 0;
	uint32_t first = (uint32_t)layout->array / 8;

	if (words && !v8_memory_read(memory, isolate, words, ISOLATE_SIZE))
		for (uint32_t at = 0; at + first + nr <= ISOLATE_SIZE / 8 && !found; at++) {
			const uint64_t *spaces = words + at + first;
			uint64_t heap = isolate + 8 * (uint64_t)at;

			if (!is_plausible(spaces, nr, old))
				continue;
			if (nr_tried++ == TRIED_MAX)
				break;
			if (is_space(memory, spaces[old], heap, old))
				found = heap;
		}
	free(words);
	return found;
}

static uint64_t committed_of(struct v8_memory *memory, const struct v8_spaces_layout *layout,
			     uint64_t space, unsigned int kind)
{
	uint64_t bytes = 0, half = 0;

	if (kind != V8_SPACE_new)
		return v8_memory_read(memory, space + layout->committed, &bytes, sizeof(bytes))
			       ? 0
			       : bytes;
	for (int i = 0; i < 2; i++)
		if (!v8_memory_read(memory, space + layout->halves[i], &half, sizeof(half)))
			bytes += half;
	return bytes;
}

/* The spaces of one heap. false when there are none to read. */
static bool add_heap(struct v8_memory *memory, const struct v8_spaces_layout *layout, uint64_t heap,
		     struct v8_spaces *sum)
{
	unsigned int row = row_of(layout->version);
	uint64_t spaces[MAX_SPACES];

	if (v8_memory_read(memory, heap + layout->array, spaces,
			   space_kinds[row].nr * sizeof(*spaces)))
		return false;
	for (uint32_t id = 0; id < space_kinds[row].nr; id++) {
		unsigned int kind = space_kinds[row].kinds[id];

		if (kind != OTHER && is_space(memory, spaces[id], heap, id))
			sum->committed[kind] += committed_of(memory, layout, spaces[id], kind);
	}
	return true;
}

int v8_spaces_read(struct v8_memory *memory, const struct v8_spaces_layout *layout, uint64_t bias,
		   const uint64_t *thread_pointers, size_t nr_threads, struct v8_spaces *ret)
{
	uint64_t isolates[MAX_ISOLATES], heap;
	uint32_t nr = 0;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < nr_threads && nr < MAX_ISOLATES; i++) {
		uint64_t isolate = isolate_of(memory, layout, bias, thread_pointers[i]);
		bool known = !isolate;

		for (uint32_t k = 0; k < nr && !known; k++)
			known = isolates[k] == isolate;
		if (known)
			continue;
		isolates[nr++] = isolate;
		heap = find_heap(memory, layout, isolate);
		if (heap)
			ret->nr_isolates += add_heap(memory, layout, heap, ret);
	}
	return 0;
}
