/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The places that were given out, each once: lists of lines with an index.
 */
#ifndef HEAPTAP_V8_PLACES_H
#define HEAPTAP_V8_PLACES_H

#include <stddef.h>
#include <stdint.h>

#include "v8/resolver.h"

#define V8_MAX_PLACES (1U << 20) /* of one process; what comes then is not named */

/* A frame that was named before. */
struct v8_place_key {
	const void *function; /* that it is in */
	uint64_t code;	      /* serial of its code, 0: bytecode */
	uint64_t offset;      /* in it */
};

struct v8_place_entry;
struct v8_place_known;

struct v8_places {
	struct v8_place_entry **entries; /* by index */
	uint32_t nr_entries, nr_allocated;
	struct v8_place_entry *by_lines;
	struct v8_place_known *known;
};

/* All zero is empty. */
void v8_places_done(struct v8_places *places);

/* The place with these lines, whose texts are unique pointers and stay the caller's. -ENOMEM,
 * -ENOSPC. */
int v8_places_add(struct v8_places *places, const struct v8_line *lines, uint32_t nr_lines,
		  uint32_t *ret);
const struct v8_place *v8_places_get(const struct v8_places *places, uint32_t place);

/* V8_NO_PLACE when @key is new. */
uint32_t v8_places_known(const struct v8_places *places, const struct v8_place_key *key);
int v8_places_remember(struct v8_places *places, const struct v8_place_key *key, uint32_t place);

#endif
