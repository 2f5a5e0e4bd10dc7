// SPDX-License-Identifier: Apache-2.0
/*
 * The table of a difference: the two runs, a row for each function (or stack) whose memory changed,
 * the largest change first, what did not change, the total. Bytes decide whether a change is within
 * the error; what is within is marked, and shown all the same.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "export/diff_rows.h"
#include "export/diff_view.h"
#include "export/table_frame.h"
#include "export/text.h"
#include "profile/site.h"

#define MIN_WIDTH 80 /* narrower terminals get long lines, not cut numbers */

#define BOLD  "\033[1m"
#define DIM   "\033[2m"
#define RESET "\033[0m"

struct table_view {
	const struct diff_view *view;
	const struct export_options *options;
	FILE *out;
	enum metric space, objects; /* of the metric's pair: bytes (or time), and their number */
	bool errors;		    /* there is a column of them */
	bool some_within;	    /* a row was marked */
};

static char *text_amount(const struct table_view *table, char buffer[TEXT_SIZE], int64_t amount)
{
	return table->space == METRIC_GC_TIME ? text_pause(buffer, amount)
					      : text_bytes(buffer, amount);
}

/* "+1.5K", "-3", "0" */
static char *text_change(const struct table_view *table, char buffer[TEXT_SIZE + 1], int64_t delta)
{
	text_amount(table, buffer + 1, diff_size(delta));
	if (!delta)
		return buffer + 1;
	*buffer = delta < 0 ? '-' : '+';
	return buffer;
}

static void put_head(const struct table_view *table)
{
	bool color = table->options->color;

	fprintf(table->out, "%s%8s %8s %8s %7s %11s%s  %s%s\n", color ? BOLD : "", "base", "new",
		"delta", "change", table->objects == METRIC_GC_PAUSES ? "pauses" : "objects",
		table->errors ? "    error" : "", table->options->stacks ? "stack" : "site",
		color ? RESET : "");
}

/* By how much of what BASE had. */
static void put_percent(const struct table_view *table, const struct diff_entry *entry)
{
	enum metric metric = table->options->metric;
	double base = (double)entry->parts[DIFF_BASE].values[metric], percent;
	enum diff_verdict verdict = diff_judge(entry, metric);
	char text[TEXT_SIZE] = "-";

	percent = base > 0 ? 100 * (double)diff_delta(entry, metric) / base : NAN;
	if (verdict == DIFF_APPEARED || verdict == DIFF_VANISHED || verdict == DIFF_SAME)
		strcpy(text, diff_verdict_name(verdict));
	else if (percent > 9999)
		strcpy(text, ">9999%");
	else if (!isnan(percent))
		snprintf(text, sizeof(text), "%+.*f%%", fabs(percent) < 9.95 ? 1 : 0, percent);
	fprintf(table->out, " %7s", text);
}

/* '±' is one column and two bytes, so the padding is written by hand. '~' marks what is within. */
static void put_error(struct table_view *table, const struct diff_entry *entry)
{
	bool within = diff_within_error(entry, table->options->metric) &&
		      diff_delta(entry, table->space) != 0;
	char text[TEXT_SIZE];
	double error;

	table->some_within |= within;
	if (!diff_error(entry, table->options->metric, &error)) {
		fprintf(table->out, "%8s ", "-");
		return;
	}
	text_bytes(text, llround(fmin(error, 0x1p62)));
	fprintf(table->out, "%*s\u00b1%s%c", (int)(7 - strlen(text)), "", text, within ? '~' : ' ');
}

static void put_values(struct table_view *table, const struct diff_entry *entry)
{
	const struct profile *profile = table->view->diff->profile;
	char base[TEXT_SIZE], new[TEXT_SIZE], delta[TEXT_SIZE + 1], count[TEXT_SIZE] = "-";

	if (profile->has_metric[table->objects]) {
		int64_t objects = diff_delta(entry, table->objects);

		snprintf(count, sizeof(count), objects ? "%+" PRId64 : "%" PRId64, objects);
	}
	fprintf(table->out, "%8s %8s %8s",
		text_amount(table, base, entry->parts[DIFF_BASE].values[table->space]),
		text_amount(table, new, entry->parts[DIFF_NEW].values[table->space]),
		text_change(table, delta, diff_delta(entry, table->space)));
	put_percent(table, entry);
	fprintf(table->out, " %11s", count);
	if (table->errors)
		put_error(table, entry);
	fputs("  ", table->out);
}

static int put_row(struct table_view *table, struct stack *stack, const struct diff_row *row)
{
	unsigned int width = table->options->width, used = table->errors ? 57 : 48;
	bool dim = table->options->color && table->errors &&
		   diff_within_error(&row->entry, table->options->metric);
	int err;

	if (width && width < MIN_WIDTH)
		width = MIN_WIDTH;
	err = stack_load(stack, &table->view->diff->profile->samples[row->sample]);
	if (err)
		return err;
	fputs(dim ? DIM : "", table->out);
	put_values(table, &row->entry);
	if (stack->nr_frames)
		table_frame_put(table->out, &stack->frames[site_frame(stack)],
				width ? width - used : 0);
	else
		fputs("[no stack]", table->out);
	fputs(dim ? RESET "\n" : "\n", table->out);
	if (table->options->stacks)
		table_stack_put(table->out, stack, width ? width - 12 : 0);
	return 0;
}

static bool is_same(const struct table_view *table, const struct diff_entry *entry)
{
	return diff_judge(entry, table->space) == DIFF_SAME &&
	       diff_judge(entry, table->objects) == DIFF_SAME;
}

/* A row that stands for @nr others; none when there are none. */
static void put_sum(struct table_view *table, const struct diff_entry *sum, uint32_t nr,
		    const char *text)
{
	if (!nr)
		return;
	put_values(table, sum);
	fprintf(table->out, "%" PRIu32 " row%s %s\n", nr, nr == 1 ? "" : "s", text);
}

/* Rows are sorted. What comes behind the first @top ones that changed is added up. */
static int put_rows(struct table_view *table, struct stack *stack, const struct diff_rows *rows)
{
	struct diff_entry rest = diff_entry_zero, same = diff_entry_zero, total = diff_entry_zero;
	uint32_t shown = 0, nr_rest = 0, nr_same = 0;
	int err = 0;

	for (uint32_t i = 0; i < rows->nr_rows && !err; i++) {
		const struct diff_row *row = &rows->rows[i];

		diff_entry_add(&total, &row->entry);
		if (is_same(table, &row->entry)) {
			/* what holds nothing in either is not worth a word */
			nr_same += row->entry.parts[DIFF_NEW].values[table->space] != 0;
			diff_entry_add(&same, &row->entry);
		} else if (!table->options->top || shown < table->options->top) {
			shown++;
			err = put_row(table, stack, row);
		} else {
			nr_rest++;
			diff_entry_add(&rest, &row->entry);
		}
	}
	put_sum(table, &rest, nr_rest, "more that changed (--top 0 shows all)");
	put_sum(table, &same, nr_same, "without a change");
	put_values(table, &total);
	fputs("total\n", table->out);
	return err;
}

static bool has_errors(const struct diff *diff, enum metric metric)
{
	double error;

	for (uint32_t i = 0; i < diff->profile->nr_samples; i++)
		if (diff_error(&diff->entries[i], metric, &error) && error > 0)
			return true;
	return false;
}

static int put_body(struct table_view *table)
{
	const struct diff *diff = table->view->diff;
	struct diff_rows rows = {0};
	struct stack stack;
	int err;

	err = stack_init(&stack, diff->profile);
	err = err ?: diff_rows_build(&rows, diff, table->options->metric, table->options->stacks);
	if (err)
		goto out;
	if (!rows.nr_rows) {
		fputs("Neither profile holds a sample.\n", table->out);
		goto out;
	}
	put_head(table);
	err = put_rows(table, &stack, &rows);
	if (table->errors)
		fputs("\nerror is one standard error of the delta: in 2 of 3 cases the true one is "
		      "within it\n",
		      table->out);
	if (table->some_within)
		fputs("~ within the error: a delta of less than two standard errors may be chance\n",
		      table->out);
out:
	diff_rows_done(&rows);
	stack_done(&stack);
	return err;
}

int diff_table_write(const struct diff_view *view, const struct export_options *options, FILE *out)
{
	enum metric other = diff_other_metric(options->metric);
	bool is_space = strcmp(metric_unit(options->metric), "count") != 0;
	struct table_view table = {
		.view = view,
		.options = options,
		.out = out,
		.space = is_space ? options->metric : other,
		.objects = is_space ? other : options->metric,
		.errors = has_errors(view->diff, options->metric),
	};

	diff_head(view, options, out);
	putc('\n', out);
	return put_body(&table);
}
