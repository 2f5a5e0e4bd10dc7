// SPDX-License-Identifier: Apache-2.0
/* A column's width is for the terminal; exact numbers have what a 64-bit process can hold. */
#include "cmd/top_lines.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "export/text.h"
#include "profile/stack.h"

static const struct {
	const char *name; /* as the user types it */
	int width, exact; /* columns */
} columns[NR_TOP_COLUMNS] = {
	[TOP_VALUE] = {"live", 8, 15},	  [TOP_SHARE] = {"share", 6, 6},
	[TOP_GROWTH] = {"growth", 9, 15}, [TOP_RATE] = {"alloc", 9, 15},
	[TOP_OTHER] = {"objects", 8, 15}, [TOP_AGE] = {"age", 7, 9},
	[TOP_NAME] = {"site", 0, 0},
};

int top_lines_parse_column(const char *name, enum top_column *ret)
{
	if (!strcmp(name, "bytes"))
		name = columns[TOP_OTHER].name;
	for (int i = 0; i < NR_TOP_COLUMNS; i++)
		if (i != TOP_SHARE && !strcmp(name, columns[i].name)) {
			*ret = i;
			return 0;
		}
	return -EINVAL;
}

const char *top_lines_column(unsigned int index)
{
	static const char *const names[] = {"live",  "growth", "alloc", "objects",
					    "bytes", "age",    "site"};

	return index < sizeof(names) / sizeof(names[0]) ? names[index] : NULL;
}

static bool is_space(enum metric metric)
{
	return metric == METRIC_INUSE_SPACE || metric == METRIC_ALLOC_SPACE;
}

static bool is_inuse(enum metric metric)
{
	return metric == METRIC_INUSE_SPACE || metric == METRIC_INUSE_OBJECTS;
}

static const char *title(const struct top_view *view, enum top_column column)
{
	switch (column) {
	case TOP_VALUE:
		return is_inuse(view->metric) ? "live" : "total";
	case TOP_GROWTH:
		return "growth/s";
	case TOP_RATE:
		return "alloc/s";
	case TOP_OTHER:
		return is_space(view->metric) ? "objects" : "bytes";
	case TOP_NAME:
		return view->by ? group_by_name(view->by) : "site";
	default:
		return columns[column].name;
	}
}

void top_lines_titles(FILE *out, const struct top_rows *rows, struct top_style style)
{
	for (int i = 0; i < NR_TOP_COLUMNS; i++) {
		char text[32];

		if (i == TOP_SHARE && style.narrow)
			continue;
		snprintf(text, sizeof(text), "%s%s",
			 rows->view.sort == (enum top_column)i ? (rows->view.reverse ? "<" : ">")
							       : "",
			 title(&rows->view, i));
		fprintf(out, "%*s%s", style.exact ? columns[i].exact : columns[i].width, text,
			i == TOP_AGE	? "  "
			: i == TOP_NAME ? ""
					: " ");
	}
}

/* "9.9s" "59s" "59m59s" "23h59m" "99d23h" */
static void text_fine_age(char text[TEXT_SIZE], double seconds)
{
	unsigned long s = seconds > 0 ? lround(seconds) : 0;

	if (seconds < 9.95)
		snprintf(text, TEXT_SIZE, "%.1fs", seconds);
	else if (s < 60)
		snprintf(text, TEXT_SIZE, "%lus", s);
	else if (s < 3600)
		snprintf(text, TEXT_SIZE, "%lum%02lus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(text, TEXT_SIZE, "%luh%02lum", s / 3600, s / 60 % 60);
	else
		snprintf(text, TEXT_SIZE, "%lud%02luh", s / 86400, s / 3600 % 24);
}

/* With a sign when it is a change. */
static void text_figure(char text[TEXT_SIZE + 1], double figure, bool space, bool change,
			bool exact)
{
	char amount[TEXT_SIZE];
	double size = round(fabs(figure));

	if (exact)
		snprintf(amount, sizeof(amount), "%.0f", size);
	else if (space)
		text_bytes(amount, (int64_t)size);
	else
		text_count(amount, (int64_t)size);
	snprintf(text, TEXT_SIZE + 1, "%s%s",
		 size == 0    ? ""
		 : figure < 0 ? "-"
		 : change     ? "+"
			      : "",
		 amount);
}

static void put_figure(FILE *out, const struct top_rows *rows, const struct top_history *history,
		       enum top_column column, struct top_style style)
{
	double figure = top_rows_figure(rows, history, column);
	bool space = is_space(rows->view.metric) != (column == TOP_OTHER);
	char text[TEXT_SIZE + 1];

	if (column == TOP_SHARE)
		snprintf(text, sizeof(text), "%.1f%%", figure);
	else if (column == TOP_AGE && style.exact)
		snprintf(text, sizeof(text), "%.1f", figure);
	else if (column == TOP_AGE)
		text_fine_age(text, figure);
	else
		text_figure(text, figure, space, column == TOP_GROWTH, style.exact);
	fprintf(out, "%*s%s", style.exact ? columns[column].exact : columns[column].width, text,
		column == TOP_AGE ? "  " : " ");
}

void top_lines_row(FILE *out, const struct top_rows *rows, const struct top_history *history,
		   const char *name, struct top_style style)
{
	for (int i = 0; i < TOP_NAME; i++)
		if (i != TOP_SHARE || !style.narrow)
			put_figure(out, rows, history, i, style);
	text_put(out, name, 0);
}

static struct top_line *add_line(struct top_line *lines, unsigned int *nr, enum top_tone tone)
{
	lines[*nr].tone = tone;
	return &lines[(*nr)++];
}

/* "live 1.5M in 3190 objects, +300K/s; 1172 allocations/s; exact" */
static void put_held(FILE *out, const struct top_rows *rows, const struct top_facts *facts,
		     bool exact)
{
	const double *now = rows->total.now.values, *before = rows->total.before.values;
	double seconds = (rows->now_ns - rows->before_ns) / 1e9;
	double change = now[METRIC_INUSE_SPACE] - before[METRIC_INUSE_SPACE];
	char live[TEXT_SIZE + 1], growth[TEXT_SIZE + 1];

	text_figure(live, now[METRIC_INUSE_SPACE], true, false, exact);
	text_figure(growth, seconds > 0 ? change / seconds : 0, true, true, exact);
	fprintf(out, "live %s%s in %.0f objects", live, exact ? " bytes" : "",
		now[METRIC_INUSE_OBJECTS]);
	if (facts->error >= 0)
		fprintf(out, " (standard error %.1f%%)", facts->error);
	fprintf(out, ", %s/s; %.0f allocations/s; %s", growth, facts->allocs_per_s, facts->rate);
}

unsigned int top_lines_header(const struct top_rows *rows, const struct top_facts *facts,
			      struct top_style style, struct top_line ret[TOP_MAX_HEADER])
{
	char elapsed[TEXT_SIZE];
	unsigned int nr = 0;
	struct top_line *line = add_line(ret, &nr, TOP_STRONG);
	FILE *out;

	snprintf(line->text, sizeof(line->text), "heaptap top  %s  %s%s", facts->target,
		 text_duration(elapsed, facts->elapsed_ns),
		 facts->ended	 ? "  ended"
		 : facts->budget ? "  detached"
				 : "");
	if (*facts->lost)
		snprintf(add_line(ret, &nr, TOP_LOST)->text, sizeof(line->text), "LOST: %s",
			 facts->lost);
	if (*facts->partial)
		snprintf(add_line(ret, &nr, TOP_PARTIAL)->text, sizeof(line->text), "partial: %s",
			 facts->partial);
	line = add_line(ret, &nr, TOP_PLAIN);
	out = fmemopen(line->text, sizeof(line->text), "w");
	line->text[0] = '\0';
	if (out) {
		put_held(out, rows, facts, style.exact);
		fclose(out);
	}
	line = add_line(ret, &nr, TOP_PLAIN);
	snprintf(line->text, sizeof(line->text), "cost: %s", facts->cost);
	if (style.narrow) /* without the hits, which are in parentheses */
		line->text[strcspn(line->text, "(")] = '\0';
	snprintf(add_line(ret, &nr, TOP_PLAIN)->text, sizeof(line->text), "rss: %s", facts->rss);
	if (rows->pattern)
		snprintf(add_line(ret, &nr, TOP_PLAIN)->text, sizeof(line->text),
			 "filter: %s (%" PRIu32 " rows)", rows->pattern, rows->nr_order);
	return nr;
}

static void put_frame(FILE *out, const struct stack_frame *frame)
{
	const char *file = stack_frame_file(frame);

	fputs("    ", out);
	text_put(out, frame->name, 0);
	if (*file) {
		fputs("  ", out);
		text_put(out, file, 0);
		if (frame->line > 0)
			fprintf(out, ":%" PRId64, frame->line);
	}
	fputs(frame->inlined ? " (inlined)\n" : "\n", out);
}

static void put_stack(FILE *out, const struct top_rows *rows, const struct top_stack *stack)
{
	bool space = is_space(rows->view.metric);
	char value[TEXT_SIZE + 1], growth[TEXT_SIZE + 1], rate[TEXT_SIZE + 1], age[TEXT_SIZE];
	char other[TEXT_SIZE + 1];

	text_figure(value, top_rows_figure(rows, &stack->history, TOP_VALUE), space, false, false);
	text_figure(growth, top_rows_figure(rows, &stack->history, TOP_GROWTH), space, true, false);
	text_figure(rate, top_rows_figure(rows, &stack->history, TOP_RATE), space, false, false);
	text_figure(other, top_rows_figure(rows, &stack->history, TOP_OTHER), !space, false, false);
	text_fine_age(age, top_rows_figure(rows, &stack->history, TOP_AGE));
	fprintf(out, "%s %s %.1f%%, %s %s, %s/s, alloc %s/s, age %s\n", value,
		is_inuse(rows->view.metric) ? "live" : "in total",
		top_rows_figure(rows, &stack->history, TOP_SHARE), other,
		space ? "objects" : "bytes", growth, rate, age);
}

int top_lines_stacks(FILE *out, struct top_rows *rows, uint32_t row)
{
	uint32_t *samples;
	int n = top_rows_stacks(rows, row, &samples), err = 0;

	if (n < 0)
		return n;
	for (int i = 0; i < n && !err; i++) {
		const struct stack *stack = top_rows_load(rows, samples[i]);

		fprintf(out, "%sstack %d of %d: ", i ? "\n" : "", i + 1, n);
		put_stack(out, rows, &rows->stacks[samples[i]]);
		err = stack ? 0 : -ENOMEM;
		for (uint32_t k = 0; !err && k < stack->nr_frames; k++)
			put_frame(out, &stack->frames[k]);
	}
	free(samples);
	return err;
}
