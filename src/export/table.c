// SPDX-License-Identifier: Apache-2.0
/*
 * The table for reading: the run, a row for each site line (or stack), what was left out, the
 * total. The metric decides the order and the share; bytes and objects of its kind (inuse or
 * alloc; for collections time and pauses) are both shown.
 */
#include <inttypes.h>
#include <string.h>

#include "export/summary.h"
#include "export/table_columns.h"
#include "export/table_frame.h"
#include "export/table_rows.h"
#include "export/text.h"
#include "export/writers.h"
#include "profile/site.h"

#define MIN_WIDTH 80 /* narrower terminals get long lines, not cut numbers */

#define BOLD  "\033[1m"
#define RESET "\033[0m"

struct view {
	const struct profile *profile;
	const struct export_options *options;
	FILE *out;
	struct table_columns columns;
	enum rows_key rows;
};

static const char *last_title(const struct export_options *options)
{
	return options->by	   ? group_by_name(options->by)
	       : options->stacks   ? "stack"
	       : options->inverted ? "caller"
				   : "site";
}

static void put_head(const struct view *view)
{
	bool color = view->options->color;

	fputs(color ? BOLD : "", view->out);
	table_columns_head(&view->columns, last_title(view->options), view->out);
	fprintf(view->out, "%s\n", color ? RESET : "");
}

static void put_values(const struct view *view, const struct row *row)
{
	table_columns_put(&view->columns, row, view->out);
}

static void put_group(const struct view *view, const struct row *row, unsigned int columns)
{
	char name[512];

	group_name(view->profile, &view->profile->samples[row->sample], view->options->by, name,
		   sizeof(name));
	text_put(view->out, name, columns);
}

/* A function that was left in several lines is shown with its file alone. */
static void put_site(const struct view *view, const struct stack *stack, const struct row *row,
		     unsigned int columns)
{
	uint32_t at = row_frame(stack, view->rows);
	struct stack_frame frame;

	if (at == PROFILE_NONE) {
		fputs(stack->nr_frames ? "[no caller]" : "[no stack]", view->out);
		return;
	}
	frame = stack->frames[at];
	if (row->several_lines)
		frame.line = frame.javascript ? stack_start_line(stack, &frame) : 0;
	table_frame_put(view->out, &frame, columns);
}

static int put_row(const struct view *view, struct stack *stack, const struct row *row)
{
	unsigned int width = view->options->width;
	unsigned int used = table_columns_width(&view->columns);
	int err;

	if (width && width < MIN_WIDTH)
		width = MIN_WIDTH;
	err = stack_load(stack, &view->profile->samples[row->sample]);
	if (err)
		return err;
	put_values(view, row);
	if (view->options->by)
		put_group(view, row, width ? width - used : 0);
	else
		put_site(view, stack, row, width ? width - used : 0);
	putc('\n', view->out);
	if (view->options->stacks)
		table_stack_put(view->out, stack, width ? width - 12 : 0);
	return 0;
}

/* What the rows were chosen from. Its error is not known any more. */
static void put_whole(const struct view *view)
{
	struct row whole = row_zero;

	memcpy(whole.values, view->options->whole, sizeof(whole.values));
	whole.inuse_error_known = whole.alloc_error_known = false;
	put_values(view, &whole);
	fputs("total\n", view->out);
}

static bool is_empty(const struct view *view, const struct row *row)
{
	return !row->values[view->columns.space] && !row->values[view->columns.objects];
}

/* Rows are sorted. What comes behind the first @top ones is added up in one row. */
static int put_rows(const struct view *view, struct stack *stack, const struct table_rows *rows)
{
	struct row rest = row_zero, total = row_zero;
	uint32_t shown = 0, left_out = 0;
	int err;

	for (uint32_t i = 0; i < rows->nr_rows; i++) {
		const struct row *row = &rows->rows[i];

		if (is_empty(view, row))
			continue;
		row_add(&total, row);
		if (!view->options->top || shown < view->options->top) {
			shown++;
			err = put_row(view, stack, row);
			if (err)
				return err;
		} else {
			left_out++;
			row_add(&rest, row);
		}
	}
	if (left_out) {
		put_values(view, &rest);
		fprintf(view->out, "%" PRIu32 " more rows (--top 0 shows all)\n", left_out);
	}
	put_values(view, &total);
	fputs(view->options->whole ? "shown\n" : "total\n", view->out);
	if (view->options->whole)
		put_whole(view);
	return 0;
}

static void put_nothing(const struct view *view)
{
	int64_t allocs;

	if (view->options->whole)
		fputs("Nothing of it is in what was asked for.\n", view->out);
	else if (profile_note_number(view->profile, "allocs", &allocs) && allocs == 0)
		fputs("Nothing was allocated while the target was watched.\n", view->out);
	else if (view->columns.space == METRIC_GC_TIME)
		fputs("No garbage was collected while the target was watched.\n", view->out);
	else if (view->columns.space == METRIC_INUSE_SPACE && view->profile->nr_samples)
		fputs("Nothing is held: all that was seen allocated has been freed.\n", view->out);
	else
		fputs("The profile holds no samples.\n", view->out);
}

static bool all_empty(const struct view *view, const struct table_rows *rows)
{
	for (uint32_t i = 0; i < rows->nr_rows; i++)
		if (!is_empty(view, &rows->rows[i]))
			return false;
	return true;
}

static int put_body(struct view *view)
{
	const struct export_options *options = view->options;
	struct table_rows rows = {0};
	struct stack stack;
	int err;

	err = stack_init(&stack, view->profile);
	stack.lines = options->lines;
	if (!err)
		err = table_rows_build(&rows, &stack,
				       options->stacks ? ROWS_BY_STACK
				       : options->by   ? ROWS_BY_GROUP
						       : view->rows,
				       options->by);
	if (err)
		goto out;
	table_rows_sort(&rows, options->metric);
	table_columns_init(&view->columns, view->profile, options, &rows);
	if (all_empty(view, &rows)) {
		put_nothing(view);
		goto out;
	}
	put_head(view);
	err = put_rows(view, &stack, &rows);
out:
	table_rows_done(&rows);
	stack_done(&stack);
	return err;
}

int table_write(const struct profile *profile, const struct export_options *options, FILE *out)
{
	struct view view = {
		.profile = profile,
		.options = options,
		.out = out,
		.rows = !options->inverted ? ROWS_BY_SITE
			: options->cut	   ? ROWS_BY_LEAF_CALLER
					   : ROWS_BY_CALLER,
	};
	int err;

	summary_head(profile, options, out);
	putc('\n', out);
	err = put_body(&view);
	if (err)
		return err;
	summary_foot(profile, options, out);
	return 0;
}
