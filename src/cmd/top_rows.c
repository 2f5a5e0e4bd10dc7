// SPDX-License-Identifier: Apache-2.0
/* What a name costs is paid once for a stack; a refresh only adds numbers. */
#include "cmd/top_rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/site.h"
#include "profile/stack.h"

void top_rows_init(struct top_rows *rows, const struct profile *profile,
		   const struct top_view *view, uint64_t begin_ns)
{
	*rows = (struct top_rows){.profile = profile,
				  .view = *view,
				  .now_ns = begin_ns,
				  .before_ns = begin_ns,
				  .total.first_ns = begin_ns};
}

static void drop_rows(struct top_rows *rows)
{
	for (uint32_t i = 0; i < rows->nr_rows; i++)
		free(rows->rows[i].name);
	rows->nr_rows = 0;
	rows->nr_order = 0;
	table_done(&rows->names);
}

static void drop_scratch(struct top_rows *rows)
{
	if (rows->scratch)
		stack_done(rows->scratch);
	free(rows->scratch);
	rows->scratch = NULL;
}

void top_rows_done(struct top_rows *rows)
{
	drop_rows(rows);
	free(rows->rows);
	free(rows->order);
	free(rows->stacks);
	if (rows->pattern)
		regfree(&rows->filter);
	free(rows->pattern);
	drop_scratch(rows);
	*rows = (struct top_rows){0};
}

/* The scratch knows the mappings of its beginning. */
static int renew_scratch(struct top_rows *rows)
{
	int err;

	if (rows->scratch && rows->nr_mappings == rows->profile->nr_mappings)
		return 0;
	drop_scratch(rows);
	rows->scratch = calloc(1, sizeof(*rows->scratch));
	if (!rows->scratch)
		return -ENOMEM;
	rows->nr_mappings = rows->profile->nr_mappings;
	err = stack_init(rows->scratch, rows->profile);
	if (err)
		drop_scratch(rows);
	return err;
}

const struct stack *top_rows_load(struct top_rows *rows, uint32_t sample)
{
	if (renew_scratch(rows) || stack_load(rows->scratch, &rows->profile->samples[sample]))
		return NULL;
	return rows->scratch;
}

static void frame_text(const struct stack_frame *frame, char *text, size_t size)
{
	const char *file = stack_frame_file(frame);

	if (*file && frame->line > 0)
		snprintf(text, size, "%s  %s:%" PRId64, frame->name, file, frame->line);
	else
		snprintf(text, size, "%s%s%s", frame->name, *file ? "  " : "", file);
}

/* What the stack in scratch is called in this grouping. */
static void row_name(const struct top_rows *rows, uint32_t sample, char *text, size_t size)
{
	const struct stack *stack = rows->scratch;

	if (rows->view.by)
		group_name(rows->profile, &rows->profile->samples[sample], rows->view.by, text,
			   size);
	else if (stack->nr_frames)
		frame_text(&stack->frames[site_frame(stack)], text, size);
	else
		snprintf(text, size, "[no stack]");
}

static int enter_row(struct top_rows *rows, const char *name, uint32_t *ret)
{
	if (!table_enter(&rows->names, name, strlen(name) + 1, rows->nr_rows, ret))
		return -ENOMEM;
	if (*ret < rows->nr_rows)
		return 0;
	if (rows->nr_rows == rows->max_rows) {
		uint32_t max = rows->max_rows ? 2 * rows->max_rows : 64;
		struct top_row *grown = reallocarray(rows->rows, max, sizeof(*grown));
		uint32_t *order;

		if (!grown)
			return -ENOMEM;
		rows->rows = grown;
		order = reallocarray(rows->order, max, sizeof(*order));
		if (!order)
			return -ENOMEM;
		rows->order = order;
		rows->max_rows = max;
	}
	rows->rows[*ret] = (struct top_row){.name = strdup(name)};
	if (!rows->rows[*ret].name)
		return -ENOMEM;
	rows->nr_rows++;
	return 0;
}

static bool matches(const struct top_rows *rows, const char *name)
{
	char text[1024];

	if (!rows->pattern || !regexec(&rows->filter, name, 0, NULL, 0))
		return true;
	for (uint32_t i = 0; i < rows->scratch->nr_frames; i++) {
		frame_text(&rows->scratch->frames[i], text, sizeof(text));
		if (!regexec(&rows->filter, text, 0, NULL, 0))
			return true;
	}
	return false;
}

/* Which row a stack belongs to, and whether it is shown. */
static int place(struct top_rows *rows, uint32_t sample)
{
	struct top_stack *stack = &rows->stacks[sample];
	char name[1024];

	if (!top_rows_load(rows, sample))
		return -ENOMEM;
	row_name(rows, sample, name, sizeof(name));
	stack->shown = matches(rows, name);
	return enter_row(rows, name, &stack->row);
}

void top_rows_begin(struct top_rows *rows, uint64_t now_ns)
{
	rows->before_ns = rows->now_ns;
	rows->now_ns = now_ns;
	for (uint32_t i = 0; i < rows->nr_stacks; i++) {
		rows->stacks[i].history.before = rows->stacks[i].history.now;
		rows->stacks[i].history.now = (struct top_figures){0};
	}
}

/* Up to @sample; those between have nothing. */
static int grow(struct top_rows *rows, uint32_t sample)
{
	uint32_t nr = rows->profile->nr_samples;
	struct top_stack *stacks;
	int err = 0;

	if (sample < rows->nr_stacks)
		return 0;
	stacks = reallocarray(rows->stacks, nr, sizeof(*stacks));
	if (!stacks)
		return -ENOMEM;
	rows->stacks = stacks;
	while (rows->nr_stacks < nr && !err) {
		stacks[rows->nr_stacks] = (struct top_stack){0};
		err = place(rows, rows->nr_stacks);
		rows->nr_stacks += !err;
	}
	return err;
}

static void add_figures(struct top_figures *to, const struct top_figures *from)
{
	for (int i = 0; i < NR_HEAP_METRICS; i++)
		to->values[i] += from->values[i];
}

int top_rows_add(struct top_rows *rows, uint32_t sample, const struct top_figures *figures)
{
	int err = grow(rows, sample);

	if (err)
		return err;
	add_figures(&rows->stacks[sample].history.now, figures);
	if (!rows->stacks[sample].history.first_ns)
		rows->stacks[sample].history.first_ns = rows->before_ns;
	return 0;
}

static void add_history(struct top_history *to, const struct top_history *from)
{
	add_figures(&to->now, &from->now);
	add_figures(&to->before, &from->before);
	if (!to->first_ns || from->first_ns < to->first_ns)
		to->first_ns = from->first_ns;
}

double top_rows_figure(const struct top_rows *rows, const struct top_history *history,
		       enum top_column column)
{
	enum metric metric = rows->view.metric;
	bool space = metric == METRIC_INUSE_SPACE || metric == METRIC_ALLOC_SPACE;
	bool inuse = metric == METRIC_INUSE_SPACE || metric == METRIC_INUSE_OBJECTS;
	enum metric held = space ? METRIC_INUSE_SPACE : METRIC_INUSE_OBJECTS;
	enum metric allocated = space ? METRIC_ALLOC_SPACE : METRIC_ALLOC_OBJECTS;
	enum metric other = inuse ? (space ? METRIC_INUSE_OBJECTS : METRIC_INUSE_SPACE)
				  : (space ? METRIC_ALLOC_OBJECTS : METRIC_ALLOC_SPACE);
	const double *now = history->now.values, *before = history->before.values;
	double seconds = (rows->now_ns - rows->before_ns) / 1e9, rate, total;

	switch (column) {
	case TOP_VALUE:
		return now[metric];
	case TOP_SHARE:
		total = rows->total.now.values[metric];
		return total > 0 ? 100 * now[metric] / total : 0;
	case TOP_GROWTH:
		return seconds > 0 ? (now[held] - before[held]) / seconds : 0;
	case TOP_RATE: /* what is gone from the books has not been given back */
		rate = seconds > 0 ? (now[allocated] - before[allocated]) / seconds : 0;
		return rate > 0 ? rate : 0;
	case TOP_OTHER:
		return now[other];
	case TOP_AGE:
		return (rows->now_ns - history->first_ns) / 1e9;
	default:
		return 0;
	}
}

static int compare_histories(const struct top_rows *rows, const struct top_history *a,
			     const struct top_history *b)
{
	double left = top_rows_figure(rows, a, rows->view.sort);
	double right = top_rows_figure(rows, b, rows->view.sort);

	return left > right ? -1 : left < right;
}

/* Largest first, names from A; equal ones stay as they came. */
static int compare_rows(const void *left, const void *right, void *context)
{
	const struct top_rows *rows = context;
	uint32_t i = *(const uint32_t *)left, k = *(const uint32_t *)right;
	const struct top_row *a = &rows->rows[i], *b = &rows->rows[k];
	int order = rows->view.sort == TOP_NAME ? strcmp(a->name, b->name)
						: compare_histories(rows, &a->history, &b->history);

	if (rows->view.reverse)
		order = -order;
	return order ?: (i < k ? -1 : i > k);
}

static int compare_stacks(const void *left, const void *right, void *context)
{
	const struct top_rows *rows = context;
	uint32_t i = *(const uint32_t *)left, k = *(const uint32_t *)right;
	int order = compare_histories(rows, &rows->stacks[i].history, &rows->stacks[k].history);

	if (rows->view.reverse)
		order = -order;
	return order ?: (i < k ? -1 : i > k);
}

static bool has_something(const struct top_figures *figures)
{
	for (int i = 0; i < NR_HEAP_METRICS; i++)
		if (figures->values[i] != 0)
			return true;
	return false;
}

/* Adds up the rows from their stacks, and orders those that have something. */
int top_rows_end(struct top_rows *rows)
{
	rows->total = (struct top_history){.first_ns = rows->total.first_ns};
	for (uint32_t i = 0; i < rows->nr_rows; i++) {
		rows->rows[i].history = (struct top_history){0};
		rows->rows[i].nr_stacks = 0;
	}
	for (uint32_t i = 0; i < rows->nr_stacks; i++) {
		const struct top_stack *stack = &rows->stacks[i];

		add_history(&rows->total, &stack->history);
		if (!stack->shown || !has_something(&stack->history.now))
			continue;
		add_history(&rows->rows[stack->row].history, &stack->history);
		rows->rows[stack->row].nr_stacks++;
	}
	rows->nr_order = 0;
	for (uint32_t i = 0; i < rows->nr_rows; i++)
		if (rows->rows[i].nr_stacks)
			rows->order[rows->nr_order++] = i;
	if (rows->nr_order)
		qsort_r(rows->order, rows->nr_order, sizeof(*rows->order), compare_rows, rows);
	return 0;
}

static int place_all(struct top_rows *rows)
{
	int err = 0;

	drop_rows(rows);
	for (uint32_t i = 0; i < rows->nr_stacks && !err; i++)
		err = place(rows, i);
	return err ?: top_rows_end(rows);
}

int top_rows_set_view(struct top_rows *rows, const struct top_view *view)
{
	bool regrouped = view->by != rows->view.by;

	rows->view = *view;
	return regrouped ? place_all(rows) : top_rows_end(rows);
}

int top_rows_filter(struct top_rows *rows, const char *pattern, char *why, size_t size)
{
	char *copy = pattern && *pattern ? strdup(pattern) : NULL;
	regex_t filter;
	int err;

	if (pattern && *pattern && !copy)
		return -ENOMEM;
	err = copy ? regcomp(&filter, copy, REG_EXTENDED | REG_NOSUB) : 0;
	if (err) {
		regerror(err, &filter, why, size);
		free(copy);
		return -EINVAL;
	}
	if (rows->pattern)
		regfree(&rows->filter);
	free(rows->pattern);
	rows->pattern = copy;
	if (copy)
		rows->filter = filter;
	return place_all(rows);
}

bool top_rows_find(const struct top_rows *rows, const char *name, uint32_t *ret)
{
	return table_find(&rows->names, name, strlen(name) + 1, ret) && *ret < rows->nr_rows;
}

int top_rows_stacks(const struct top_rows *rows, uint32_t row, uint32_t **ret)
{
	uint32_t *samples = calloc(rows->nr_stacks + 1, sizeof(*samples));
	int n = 0;

	if (!samples)
		return -ENOMEM;
	for (uint32_t i = 0; i < rows->nr_stacks; i++)
		if (rows->stacks[i].row == row && rows->stacks[i].shown &&
		    has_something(&rows->stacks[i].history.now))
			samples[n++] = i;
	qsort_r(samples, n, sizeof(*samples), compare_stacks, (void *)rows);
	*ret = samples;
	return n;
}
