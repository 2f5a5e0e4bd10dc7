/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples that a reader sees as one thing, added up: the rows of a table, the lines of a folded
 * file. Sums saturate, since a foreign file may hold any number.
 */
#ifndef HEAPTAP_EXPORT_TABLE_ROWS_H
#define HEAPTAP_EXPORT_TABLE_ROWS_H

#include "export/group.h"
#include "profile/stack.h"

enum rows_key {
	ROWS_BY_SITE,	     /* the site: its function, or line when stack.lines */
	ROWS_BY_STACK,	     /* every frame's function, file, line */
	ROWS_BY_NAMES,	     /* every frame's function, and line when stack.lines */
	ROWS_BY_CALLER,	     /* the function, or line, that called the site */
	ROWS_BY_LEAF_CALLER, /* that called the leaf */
	ROWS_BY_GROUP,	     /* nothing but the group */
};

struct row {
	int64_t values[NR_METRICS];
	/* Bytes squared; standard errors add in squares because samples are independent. */
	double inuse_variance, alloc_variance;
	bool inuse_error_known, alloc_error_known; /* every sample says its error */
	/* Ages of what is held, ms; oldest < youngest: no sample says them. */
	int64_t youngest, oldest;
	uint32_t sample;    /* the first one of the row */
	bool several_lines; /* of the function that the row is of */
	int64_t line;	    /* private: the first one's */
};

struct table_rows {
	uint32_t nr_rows;
	struct row *rows; /* in the order of their first sample */
};

/* Apart by @key, and by the groups of @by. 0 or -ENOMEM. @stack is scratch, initialized for the
 * profile. */
int table_rows_build(struct table_rows *ret, struct stack *stack, enum rows_key key,
		     enum group_by by);
void table_rows_done(struct table_rows *rows);

/* The frame of the loaded @stack that a row of @key is of; PROFILE_NONE when there is none. */
uint32_t row_frame(const struct stack *stack, enum rows_key key);

/* Largest @metric first; equal ones stay in the order of the profile. */
void table_rows_sort(struct table_rows *rows, enum metric metric);

struct row row_of_sample(const struct profile *profile, uint32_t index);

/* A row of no samples. */
extern const struct row row_zero;

/* Adds the numbers of @from, not its identity. */
void row_add(struct row *to, const struct row *from);

/* Who allocated: the sample's label or the profile's note "comm", else the main binary's name;
 * "[none]" in a profile of several processes when the sample does not say. */
const char *sample_comm(const struct profile *profile, const struct profile_sample *sample);

#endif
