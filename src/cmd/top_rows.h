/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model of the live view: from the figures of two snapshots to rows, sorted, filtered, grouped.
 * It is handed named stacks and numbers; it knows no session and draws nothing.
 *
 * A stack is a sample of a profile that only grows, and keeps its figures of the last and of the
 * one before; a row is all stacks with one site line, or of one process.
 */
#ifndef HEAPTAP_CMD_TOP_ROWS_H
#define HEAPTAP_CMD_TOP_ROWS_H

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

#include "export/group.h"
#include "profile/profile.h"
#include "profile/table.h"

struct stack; /* of profile/stack.h: whoever includes collect/ has another one */

struct top_figures {
	double values[NR_HEAP_METRICS];
};

/* What a row or a stack has: now, at the refresh before, and since when. */
struct top_history {
	struct top_figures now, before;
	uint64_t first_ns; /* the refresh before it was seen first, as top_rows_begin() counts */
};

struct top_stack {
	struct top_history history;
	uint32_t row; /* in rows */
	bool shown;   /* it passes the filter */
};

struct top_row {
	char *name; /* "session_create  leaky.c:54", "1234 redis-server"; as it is, not yet fit to
		     * be shown */
	uint32_t nr_stacks; /* shown */
	struct top_history history;
};

/* Columns of a row, each a key to sort by. */
enum top_column {
	TOP_VALUE, /* the metric */
	TOP_SHARE, /* of the total; sorts as the value */
	TOP_GROWTH,
	TOP_RATE,
	TOP_OTHER, /* objects beside bytes, bytes beside objects */
	TOP_AGE,
	TOP_NAME,
	NR_TOP_COLUMNS,
};

/* What the reader wants to see. */
struct top_view {
	enum metric metric;
	enum top_column sort;
	bool reverse;
	enum group_by by; /* BY_NOTHING: a row for each site line */
};

struct top_rows {
	const struct profile *profile; /* the caller's */
	struct top_view view;
	uint64_t now_ns, before_ns; /* of the last two refreshes */
	struct top_history total;   /* of all stacks, shown or not */
	uint32_t nr_stacks, nr_rows, max_rows;
	struct top_stack *stacks; /* by sample */
	struct top_row *rows;
	uint32_t nr_order, *order; /* rows to show, in their order */
	struct table names;	   /* of rows, in this grouping */
	char *pattern;		   /* of the filter; NULL: none */
	regex_t filter;
	struct stack *scratch;
	uint32_t nr_mappings; /* when scratch was made */
};

/* Nothing has been seen yet, and the first interval begins at @begin_ns. */
void top_rows_init(struct top_rows *rows, const struct profile *profile,
		   const struct top_view *view, uint64_t begin_ns);
void top_rows_done(struct top_rows *rows);

/* A refresh: begin, add each stack that is there with its figures (what is added twice is added
 * up), end. A stack that was not added has nothing any more. 0 or -ENOMEM. */
void top_rows_begin(struct top_rows *rows, uint64_t now_ns);
int top_rows_add(struct top_rows *rows, uint32_t sample, const struct top_figures *figures);
int top_rows_end(struct top_rows *rows);

/* Takes another view of the same figures. 0 or -ENOMEM. */
int top_rows_set_view(struct top_rows *rows, const struct top_view *view);

/* Only stacks of which a frame ("function file:line") or the row's name matches the extended
 * regular expression; "" or NULL: all. -EINVAL with the reason in @why when it is none, and nothing
 * is changed; or -ENOMEM. */
int top_rows_filter(struct top_rows *rows, const char *pattern, char *why, size_t size);

/* The row of that name in this grouping, or false. */
bool top_rows_find(const struct top_rows *rows, const char *name, uint32_t *ret);

/* The figure of a column; names have none. */
double top_rows_figure(const struct top_rows *rows, const struct top_history *history,
		       enum top_column column);

/* Samples of the shown stacks of @row, sorted as the view is. The caller frees @ret. Their number
 * or -ENOMEM. */
int top_rows_stacks(const struct top_rows *rows, uint32_t row, uint32_t **ret);

/* The frames of a sample, until the next call. NULL: out of memory. */
const struct stack *top_rows_load(struct top_rows *rows, uint32_t sample);

#endif
