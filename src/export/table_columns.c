// SPDX-License-Identifier: Apache-2.0
/*
 * Growth is what was allocated since heaptap attached and is still held, by the time in which it
 * could be: with a minimal age the last part of a recording could add nothing. Errors are one
 * standard error of the bytes.
 */
#include "export/table_columns.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "export/text.h"

/* A growth is told by the longest of these that the recording lasted. */
static const struct growth_unit {
	const char *title;
	int seconds;
} growth_units[] = {{"growth/h", 3600}, {"growth/m", 60}, {"growth/s", 1}};

static bool is_inuse(const struct table_columns *columns)
{
	return columns->space == METRIC_INUSE_SPACE;
}

/* Sampled, and by a tool that states its errors. */
static bool has_errors(const struct table_columns *columns, const struct table_rows *rows)
{
	if (columns->profile->period <= 1 || columns->space == METRIC_GC_TIME)
		return false;
	for (uint32_t i = 0; i < rows->nr_rows; i++)
		if (is_inuse(columns) ? rows->rows[i].inuse_error_known
				      : rows->rows[i].alloc_error_known)
			return true;
	return false;
}

static bool is_aged(const struct row *row)
{
	return row->youngest <= row->oldest;
}

static bool has_ages(const struct table_rows *rows)
{
	for (uint32_t i = 0; i < rows->nr_rows; i++)
		if (is_aged(&rows->rows[i]))
			return true;
	return false;
}

static void choose_growth(struct table_columns *columns)
{
	size_t unit = sizeof(growth_units) / sizeof(*growth_units) - 1;
	int64_t watched_ns, min_age_ns = 0, files = 1;

	if (!profile_note_number(columns->profile, "watched_ns", &watched_ns))
		return;
	profile_note_number(columns->profile, "min_age_ns", &min_age_ns);
	profile_note_number(columns->profile, "files", &files);
	columns->growth_seconds = ((double)watched_ns - (double)files * min_age_ns) / 1e9;
	if (columns->growth_seconds <= 0)
		return;
	while (unit > 0 && growth_units[unit - 1].seconds <= columns->growth_seconds)
		unit--;
	columns->growth = &growth_units[unit];
}

void table_columns_init(struct table_columns *columns, const struct profile *profile,
			const struct export_options *options, const struct table_rows *rows)
{
	static const enum metric pairs[NR_METRICS][2] = {
		[METRIC_ALLOC_OBJECTS] = {METRIC_ALLOC_SPACE, METRIC_ALLOC_OBJECTS},
		[METRIC_ALLOC_SPACE] = {METRIC_ALLOC_SPACE, METRIC_ALLOC_OBJECTS},
		[METRIC_INUSE_OBJECTS] = {METRIC_INUSE_SPACE, METRIC_INUSE_OBJECTS},
		[METRIC_INUSE_SPACE] = {METRIC_INUSE_SPACE, METRIC_INUSE_OBJECTS},
		[METRIC_GC_PAUSES] = {METRIC_GC_TIME, METRIC_GC_PAUSES},
		[METRIC_GC_TIME] = {METRIC_GC_TIME, METRIC_GC_PAUSES},
	};

	*columns = (struct table_columns){
		.profile = profile,
		.metric = options->metric,
		.space = pairs[options->metric][0],
		.objects = pairs[options->metric][1],
		.total = options->whole ? options->whole[options->metric]
					: profile_total(profile, options->metric),
	};
	columns->sampled = has_errors(columns, rows);
	if (!is_inuse(columns))
		return;
	columns->aged = has_ages(rows);
	choose_growth(columns);
}

void table_columns_head(const struct table_columns *columns, const char *last, FILE *out)
{
	bool pauses = columns->space == METRIC_GC_TIME;

	fprintf(out, "%7s %6s %8s %6s",
		pauses		    ? "paused"
		: is_inuse(columns) ? "inuse"
				    : "alloc",
		"share", pauses ? "pauses" : "objects", "mean");
	if (columns->aged)
		fprintf(out, " %7s", "age");
	if (columns->growth)
		fprintf(out, " %8s", columns->growth->title);
	if (columns->sampled)
		fprintf(out, " %6s", "error");
	fprintf(out, "  %s", last);
}

/* "\u00b1" is one column and two bytes, so the padding is written by hand. */
static void put_percent_error(FILE *out, double percent)
{
	char text[TEXT_SIZE];

	if (percent >= 1000)
		strcpy(text, ">999%");
	else
		snprintf(text, sizeof(text), "%.*f%%", percent < 0.95 ? 1 : 0, percent);
	fprintf(out, " %*s%s%s", (int)(5 - strlen(text)), "", "\u00b1", text);
}

static void put_error(const struct table_columns *columns, const struct row *row, FILE *out)
{
	bool known = is_inuse(columns) ? row->inuse_error_known : row->alloc_error_known;
	double variance = is_inuse(columns) ? row->inuse_variance : row->alloc_variance;
	int64_t bytes = row->values[columns->space];

	if (known && bytes > 0)
		put_percent_error(out, 100 * sqrt(variance) / (double)bytes);
	else
		fprintf(out, " %6s", "-");
}

/* "2s-5m"; "3h" when both are. */
static void put_ages(const struct row *row, FILE *out)
{
	char youngest[TEXT_SIZE], oldest[TEXT_SIZE], range[2 * TEXT_SIZE] = "-";

	if (is_aged(row)) {
		text_age(youngest, row->youngest / 1000);
		text_age(oldest, row->oldest / 1000);
		if (strcmp(youngest, oldest) != 0)
			snprintf(range, sizeof(range), "%s-%s", youngest, oldest);
		else
			snprintf(range, sizeof(range), "%s", oldest);
	}
	fprintf(out, " %7s", range);
}

static void put_growth(const struct table_columns *columns, const struct row *row, FILE *out)
{
	double growth = (double)row->values[columns->space] * columns->growth->seconds /
			columns->growth_seconds;
	char bytes[TEXT_SIZE];

	fprintf(out, " %8s", text_bytes(bytes, llround(fmin(growth, 0x1p62))));
}

void table_columns_put(const struct table_columns *columns, const struct row *row, FILE *out)
{
	int64_t amount = row->values[columns->space], objects = row->values[columns->objects];
	char *(*text)(char[TEXT_SIZE], int64_t) =
		columns->space == METRIC_GC_TIME ? text_pause : text_bytes;
	char size[TEXT_SIZE], count[TEXT_SIZE] = "-", mean[TEXT_SIZE] = "-", share[TEXT_SIZE] = "-";

	if (columns->profile->has_metric[columns->objects])
		text_count(count, objects);
	if (objects > 0)
		text(mean, amount / objects);
	if (columns->total > 0)
		snprintf(share, sizeof(share), "%.1f%%",
			 100 * (double)row->values[columns->metric] / (double)columns->total);
	fprintf(out, "%7s %6s %8s %6s", text(size, amount), share, count, mean);
	if (columns->aged)
		put_ages(row, out);
	if (columns->growth)
		put_growth(columns, row, out);
	if (columns->sampled)
		put_error(columns, row, out);
	fputs("  ", out);
}

unsigned int table_columns_width(const struct table_columns *columns)
{
	return 32 + (columns->aged ? 8 : 0) + (columns->growth ? 9 : 0) +
	       (columns->sampled ? 7 : 0);
}
