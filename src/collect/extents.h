/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mapped ranges of one process image: disjoint, by address, each a part of what one call took,
 * its take. A take may lie in many pieces; it is gone with its last byte. A piece may be reserved:
 * nothing in it may be accessed yet, and its bytes do not count.
 *
 * An array, so a change costs a move of what lies behind: the kernel allows 65,530 mappings, which
 * are 1.5 MiB. Addresses are multiples of a page. On -ENOMEM nothing has changed.
 */
#ifndef HEAPTAP_COLLECT_EXTENTS_H
#define HEAPTAP_COLLECT_EXTENTS_H

#include <stdbool.h>
#include <stdint.h>

struct extent {
	uint64_t start, end;
	uint32_t take;
	bool reserved;
};

struct extent_take {
	uint64_t bytes;	     /* that count and are in the book */
	uint32_t site;	     /* of a row that is free: the next one, + 1 */
	uint32_t time_ms;    /* when it came to count */
	uint32_t nr_extents; /* in the book and in lists; 0: the row is free */
};

/* Zeroed it is empty. */
struct extents {
	uint32_t nr, max;
	struct extent *all;
	uint32_t nr_takes, max_takes, free_take; /* the first row that is free, + 1 */
	struct extent_take *takes;
};

/* Pieces that are out of the book; zeroed it is empty. */
struct extent_list {
	uint32_t nr;
	struct extent *all;
};

void extents_done(struct extents *extents);

/* A call at @site took [@start, @end). What the book has there is replaced. 0 or -ENOMEM. */
int extents_add(struct extents *extents, uint64_t start, uint64_t end, uint32_t site,
		uint32_t time_ms, bool reserved);

/* Moves what lies in [@start, @end) out of the book into @ret, which is empty and the caller's to
 * give back by one of the two that follow; NULL: it is gone. 0 or -ENOMEM. */
int extents_take(struct extents *extents, uint64_t start, uint64_t end, struct extent_list *ret);

/* Puts what @list has in [@start, @end) into the book, @shift bytes higher, in the place of what is
 * there; the rest is gone. @list is empty afterwards. 0 or -ENOMEM, then all of it is gone. */
int extents_put(struct extents *extents, struct extent_list *list, uint64_t start, uint64_t end,
		int64_t shift);

/* What is in @list is gone. */
void extents_drop(struct extents *extents, struct extent_list *list);

/* What is reserved in [@start, @end) counts from @time_ms on: @counted is told how many bytes of
 * which site, and whether they are the first of their take. 0 or -ENOMEM. */
int extents_allow(struct extents *extents, uint64_t start, uint64_t end, uint32_t time_ms,
		  void (*counted)(void *arg, uint32_t site, uint64_t bytes, bool first), void *arg);

/* The piece that @address is in; NULL when it is in none. */
const struct extent *extents_find(const struct extents *extents, uint64_t address);

#endif
