/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stacks of a live view, each named once however many snapshots it is in: a profile whose
 * samples have no values. Stacks are known by their content, so a site's number may be another's
 * later, and one that was completed is a stack of its own.
 */
#ifndef HEAPTAP_CMD_STACK_BOOK_H
#define HEAPTAP_CMD_STACK_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/recording.h"
#include "profile/table.h"

struct stack_book {
	const struct recording *recording;
	struct profile *profile; /* of all stacks so far */
	bool current;		 /* perf maps were read since stack_book_begin() */
	struct table known;
	uint64_t *key; /* scratch */
	size_t key_size;
};

/* @recording is the caller's. 0 or -ENOMEM. */
int stack_book_init(struct stack_book *book, const struct recording *recording);
void stack_book_done(struct stack_book *book);

/* Before the sites of a snapshot. */
void stack_book_begin(struct stack_book *book);

/* Which sample has the stack of @site, see recording_add_stack() for @room. 0 or -errno. */
int stack_book_find(struct stack_book *book, const struct site_totals *site, bool room,
		    uint32_t *ret);

#endif
