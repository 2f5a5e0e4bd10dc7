/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address ranges, sorted once and then searched: symbols, compilation units, functions. Ranges may
 * overlap and nest, as foreign files have them; a search costs O(log n) plus the overlap.
 */
#ifndef HEAPTAP_SYMBOLIZE_RANGES_H
#define HEAPTAP_SYMBOLIZE_RANGES_H

#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t low, high;  /* [low, high) */
	uint64_t max_high;   /* private: the highest end up to here */
	uint32_t value, tag; /* the user's */
};

/* All zero is an empty list. */
struct ranges {
	struct range *entries;
	size_t nr, room;
};

#define RANGES_NONE SIZE_MAX

/* 0 or -ENOMEM. An empty range is left out. */
int ranges_add(struct ranges *ranges, uint64_t low, uint64_t high, uint32_t value, uint32_t tag);
/* Makes it searchable: to be called after the last addition. */
void ranges_sort(struct ranges *ranges);
/* Of the ranges that hold @address, the position of the last that starts nearest to it. */
size_t ranges_find(const struct ranges *ranges, uint64_t address);
/* Position of the first range that starts above @address, nr when there is none. */
size_t ranges_above(const struct ranges *ranges, uint64_t address);
void ranges_done(struct ranges *ranges);

#endif
