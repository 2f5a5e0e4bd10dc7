/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one process image has mapped, by what its system calls told: from struct ht_mapping_event
 * to ranges. Pages that mremap moves stay whose they were; what it adds is its own. Whose a site is
 * and what it sums up to is not known here.
 */
#ifndef HEAPTAP_COLLECT_MAPPED_BOOK_H
#define HEAPTAP_COLLECT_MAPPED_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/extents.h"
#include "heaptap/mappings.h"

/* Taken out by a call that has begun, until it is known not to have failed. */
struct mapped_transit {
	uint32_t tid;
	bool mremap;
	uint64_t start, size;
	struct extent_list list;
};

/* Zeroed it is empty. */
struct mapped_book {
	struct extents extents;
	uint32_t nr_transits;
	struct mapped_transit *transits;
	uint64_t nr_unknown; /* changes that could not be told from what is known */
};

/* @counted is told how many bytes of which site count from now on, and whether they are the first
 * of their call. 0 or -ENOMEM. */
int mapped_book_take(struct mapped_book *book, const struct ht_mapping_event *event,
		     void (*counted)(void *arg, uint32_t site, uint64_t bytes, bool first),
		     void *arg);
void mapped_book_done(struct mapped_book *book);

#endif
