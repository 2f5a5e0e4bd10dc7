// SPDX-License-Identifier: Apache-2.0
/*
 * Two tables: from the lines of a place to its index, and from what a frame is to its place.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "v8/places.h"

struct v8_place_entry {
	struct v8_place place;
	uint32_t index;
	UT_hash_handle hh;
	struct v8_line lines[];
};

struct v8_place_known {
	struct v8_place_key key;
	uint32_t place;
	UT_hash_handle hh;
};

void v8_places_done(struct v8_places *places)
{
	struct v8_place_known *known, *next;

	HASH_ITER (hh, places->known, known, next) {
		HASH_DEL(places->known, known);
		free(known);
	}
	HASH_CLEAR(hh, places->by_lines);
	for (uint32_t i = 0; i < places->nr_entries; i++)
		free(places->entries[i]);
	free(places->entries);
	memset(places, 0, sizeof(*places));
}

static int grow(struct v8_places *places)
{
	uint32_t allocated = places->nr_allocated ? places->nr_allocated * 2 : 256;
	struct v8_place_entry **entries;

	if (places->nr_entries < places->nr_allocated)
		return 0;
	if (places->nr_entries == V8_MAX_PLACES)
		return -ENOSPC;
	entries = realloc(places->entries, allocated * sizeof(struct v8_place_entry *));
	if (!entries)
		return -ENOMEM;
	places->entries = entries;
	places->nr_allocated = allocated;
	return 0;
}

int v8_places_add(struct v8_places *places, const struct v8_line *lines, uint32_t nr_lines,
		  uint32_t *ret)
{
	size_t size = nr_lines * sizeof(*lines);
	struct v8_place_entry *entry;
	int err;

	HASH_FIND(hh, places->by_lines, lines, size, entry);
	if (entry) {
		*ret = entry->index;
		return 0;
	}
	err = grow(places);
	if (err)
		return err;
	entry = calloc(1, sizeof(*entry) + size);
	if (!entry)
		return -ENOMEM;
	memcpy(entry->lines, lines, size);
	entry->place = (struct v8_place){nr_lines, entry->lines};
	entry->index = places->nr_entries;
	places->entries[places->nr_entries++] = entry;
	HASH_ADD_KEYPTR(hh, places->by_lines, entry->lines, size, entry);
	*ret = entry->index;
	return 0;
}

const struct v8_place *v8_places_get(const struct v8_places *places, uint32_t place)
{
	return place < places->nr_entries ? &places->entries[place]->place : NULL;
}

uint32_t v8_places_known(const struct v8_places *places, const struct v8_place_key *key)
{
	struct v8_place_known *known;

	HASH_FIND(hh, places->known, key, sizeof(*key), known);
	return known ? known->place : V8_NO_PLACE;
}

int v8_places_remember(struct v8_places *places, const struct v8_place_key *key, uint32_t place)
{
	struct v8_place_known *known;

	if (HASH_COUNT(places->known) >= V8_MAX_PLACES)
		return -ENOSPC;
	known = calloc(1, sizeof(*known));
	if (!known)
		return -ENOMEM;
	known->key = *key;
	known->place = place;
	HASH_ADD(hh, places->known, key, sizeof(known->key), known);
	return 0;
}
