/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks that a reader sees as one change, added up: the rows of the table of a difference. */
#ifndef HEAPTAP_EXPORT_DIFF_ROWS_H
#define HEAPTAP_EXPORT_DIFF_ROWS_H

#include "profile/diff.h"

struct diff_row {
	struct diff_entry entry;
	uint32_t sample; /* the one of them that changed the most */
	int64_t largest; /* by that much, in either direction */
};

struct diff_rows {
	uint32_t nr_rows;
	struct diff_row *rows;
};

/* A row for every stack, or for all that one function holds; those first whose @metric changed the
 * most, in either direction, and of equal ones what grew. 0 or -ENOMEM. */
int diff_rows_build(struct diff_rows *ret, const struct diff *diff, enum metric metric,
		    bool stacks);
void diff_rows_done(struct diff_rows *rows);

/* How far @value is from 0. */
int64_t diff_size(int64_t value);

#endif
