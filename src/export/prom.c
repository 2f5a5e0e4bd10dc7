// SPDX-License-Identifier: Apache-2.0
/*
 * The profile as Prometheus metrics, for the textfile collector of node_exporter: by program, by
 * the sites that hold most, and what the run says about itself. All are gauges: each file is of one
 * recording, and nothing adds up from one to the next. No label has a pid, and there are no more
 * sites than asked for, so that the number of series stays what it is over restarts.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/, .../practices/naming/
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/summary.h"
#include "export/table_rows.h"
#include "export/text.h"
#include "export/writers.h"
#include "profile/site.h"

#define DEFAULT_SITES 20
#define MAX_NAME      200 /* characters of a label's value */

struct series {
	char *labels;
	int64_t value;
};

struct view {
	const struct profile *profile;
	FILE *out;
	struct stack stack;
	uint32_t nr, max; /* of the family that is made */
	struct series *series;
};

static void put_family(FILE *out, const char *name, const char *help)
{
	fprintf(out, "# HELP heaptap_%s %s\n# TYPE heaptap_%s gauge\n", name, help, name);
}

/* key="@text": what is harmful becomes '?', the rest is escaped. 0 or -ENOMEM. */
static int put_label(FILE *out, const char *key, const char *text)
{
	char *clean = NULL;
	size_t size;
	FILE *stream = open_memstream(&clean, &size);

	if (!stream)
		return -ENOMEM;
	text_put(stream, text, MAX_NAME);
	if (fclose(stream)) {
		free(clean);
		return -ENOMEM;
	}
	fprintf(out, "%s=\"", key);
	for (const char *c = clean; *c; c++) {
		if (*c == '"' || *c == '\\')
			putc('\\', out);
		putc(*c, out);
	}
	putc('"', out);
	free(clean);
	return 0;
}

/* Names that differ in what cannot be shown alone are one series: a reader refuses two with the
 * same labels. Takes @labels. */
static int add(struct view *view, char *labels, int64_t value)
{
	for (uint32_t i = 0; i < view->nr; i++)
		if (!strcmp(view->series[i].labels, labels)) {
			view->series[i].value += value;
			free(labels);
			return 0;
		}
	if (view->nr == view->max) {
		uint32_t max = view->max ? 2 * view->max : 64;
		struct series *series = reallocarray(view->series, max, sizeof(*series));

		if (!series) {
			free(labels);
			return -ENOMEM;
		}
		view->series = series;
		view->max = max;
	}
	view->series[view->nr++] = (struct series){labels, value};
	return 0;
}

/* Writes the family and forgets it; as seconds when values are nanoseconds. */
static void flush(struct view *view, const char *name, const char *help, bool seconds)
{
	put_family(view->out, name, help);
	for (uint32_t i = 0; i < view->nr; i++) {
		fprintf(view->out, "heaptap_%s{%s} ", name, view->series[i].labels);
		if (seconds)
			fprintf(view->out, "%.9g\n", view->series[i].value / 1e9);
		else
			fprintf(view->out, "%" PRId64 "\n", view->series[i].value);
		free(view->series[i].labels);
	}
	view->nr = 0;
}

static const struct family {
	enum metric metric;
	const char *name, *help;
	const char *site_name; /* NULL: not by site */
	bool seconds;
} families[] = {
	{METRIC_INUSE_SPACE, "inuse_bytes", "Memory that is allocated and not freed, by program.",
	 "site_inuse_bytes", false},
	{METRIC_INUSE_OBJECTS, "inuse_objects", "Blocks that are allocated and not freed.", NULL,
	 false},
	{METRIC_ALLOC_SPACE, "allocated_bytes", "Memory allocated in the recording.",
	 "site_allocated_bytes", false},
	{METRIC_ALLOC_OBJECTS, "allocated_objects", "Blocks allocated in the recording.", NULL,
	 false},
	{METRIC_GC_PAUSES, "gc_pauses", "Pauses of V8's garbage collector in the recording.", NULL,
	 false},
	{METRIC_GC_TIME, "gc_pause_seconds", "Time in those pauses.", NULL, true},
};

#define NR_FAMILIES (sizeof(families) / sizeof(families[0]))

/* Labels of @row, the caller's to free; NULL when out of memory. */
static char *labels_of(struct view *view, const struct row *row, bool by_site)
{
	const struct profile_sample *sample = &view->profile->samples[row->sample];
	const struct stack_frame *frame = NULL;
	char *labels = NULL, *site = NULL, line[32] = "";
	size_t size;
	FILE *out = open_memstream(&labels, &size);
	const char *file = "";
	int err = out ? put_label(out, "comm", sample_comm(view->profile, sample)) : -ENOMEM;

	if (by_site)
		err = err ?: stack_load(&view->stack, sample);
	if (!err && by_site && view->stack.nr_frames)
		frame = &view->stack.frames[site_frame(&view->stack)];
	if (frame)
		file = stack_frame_file(frame);
	if (*file && frame->line > 0)
		snprintf(line, sizeof(line), ":%" PRId64, frame->line);
	if (frame && asprintf(&site, "%s%s%s%s", frame->name, *file ? " " : "", file, line) < 0)
		err = -ENOMEM;
	if (!err && by_site) {
		putc(',', out);
		err = put_label(out, "site", site ?: "[no stack]");
	}
	free(site);
	if (out && fclose(out))
		err = -ENOMEM;
	if (err) {
		free(labels);
		return NULL;
	}
	return labels;
}

static int add_row(struct view *view, const struct row *row, enum metric metric, bool by_site)
{
	char *labels = labels_of(view, row, by_site);

	return labels ? add(view, labels, row->values[metric]) : -ENOMEM;
}

static int put_programs(struct view *view, const struct table_rows *rows)
{
	int err = 0;

	for (size_t i = 0; i < NR_FAMILIES && !err; i++) {
		if (!view->profile->has_metric[families[i].metric])
			continue;
		for (uint32_t k = 0; k < rows->nr_rows && !err; k++)
			err = add_row(view, &rows->rows[k], families[i].metric, false);
		flush(view, families[i].name, families[i].help, families[i].seconds);
	}
	return err;
}

/* The largest, and all others as one. */
static int put_sites(struct view *view, struct table_rows *rows, const struct family *family,
		     uint32_t max)
{
	int64_t rest = 0;
	char *other;
	int err = 0;

	table_rows_sort(rows, family->metric);
	for (uint32_t i = 0; i < rows->nr_rows && !err; i++) {
		int64_t value = rows->rows[i].values[family->metric];

		if (i < max && value > 0)
			err = add_row(view, &rows->rows[i], family->metric, true);
		else
			rest += value;
	}
	other = strdup("comm=\"\",site=\"other\"");
	err = err ?: other ? add(view, other, rest) : -ENOMEM;
	flush(view, family->site_name,
	      "The same by the line of code that allocated; \"other\" is all that is not listed.",
	      false);
	return err;
}

/* --- of the run --------------------------------------------------------------------------------
 */

static const struct {
	const char *note, *name, *help;
	double unit;
} numbers[] = {
	{"rss_anon", "rss_anon_bytes", "Anonymous memory of the processes at the end.", 1},
	{"rss_anon_change", "rss_anon_change_bytes", "What that has grown by.", 1},
	{"swap", "swap_bytes", "Anonymous memory of the processes that is swapped out.", 1},
	{"rss_explained", "rss_explained_bytes", "Of the growth: memory that is in use.", 1},
	{"rss_unexplained", "rss_unexplained_bytes", "Of the growth: the rest.", 1},
	{"rss_v8", "rss_v8_bytes", "Of the growth: V8's heap.", 1},
	{"v8_heap", "v8_heap_bytes", "What V8's heaps have committed.", 1},
	{"v8_floor", "v8_floor_bytes", "Of V8's heap what the full collections left.", 1},
	{"collections", "v8_collections", "V8's garbage collections.", 1},
	{"pause_ns", "v8_pause_seconds", "Time in their pauses.", 1e-9},
	{"watched_ns", "watched_seconds", "How long the recording took.", 1e-9},
	{"samples", "samples", "Samples taken.", 1},
	{"hits", "probe_hits", "Hits of probes: what the recording cost the processes.", 1},
	{"targets", "processes", "Processes that were recorded.", 1},
};

static void put_numbers(const struct view *view)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int64_t value;

		if (!profile_note_number(view->profile, numbers[i].note, &value))
			continue;
		put_family(view->out, numbers[i].name, numbers[i].help);
		fprintf(view->out, "heaptap_%s %.10g\n", numbers[i].name,
			(double)value * numbers[i].unit);
	}
}

/* "share=1.7%" of the note about the cost. */
static void put_cost(const struct view *view)
{
	const char *cost = profile_note(view->profile, "cost");
	const char *share = cost ? strstr(cost, "share=") : NULL;
	double percent;

	if (!share || sscanf(share, "share=%lf%%", &percent) != 1)
		return;
	put_family(view->out, "cost_ratio", "Of the processes' CPU time what the probes took.");
	fprintf(view->out, "heaptap_cost_ratio %g\n", percent / 100);
}

static int put_losses(const struct view *view)
{
	const struct profile *profile = view->profile;
	bool any = false;
	int err = 0;

	for (uint32_t i = 0; i < profile->nr_notes && !err; i++) {
		const char *name = summary_loss_name(profile->notes[i].key);
		int64_t value;

		if (!name || !profile_note_number(profile, profile->notes[i].key, &value))
			continue;
		if (!any)
			put_family(
				view->out, "lost",
				"What could not be taken in, by what was lost: above 0 the other "
				"figures are too low.");
		any = true;
		fputs("heaptap_lost{", view->out);
		err = put_label(view->out, "kind", name);
		fprintf(view->out, "} %" PRId64 "\n", value);
	}
	return err;
}

int prom_write(const struct profile *profile, const struct export_options *options, FILE *out)
{
	struct view view = {.profile = profile, .out = out};
	uint32_t max = options->top ?: DEFAULT_SITES;
	struct table_rows rows = {0};
	int err = stack_init(&view.stack, profile);

	err = err ?: table_rows_build(&rows, &view.stack, ROWS_BY_GROUP, BY_COMM);
	err = err ?: put_programs(&view, &rows);
	table_rows_done(&rows);
	rows = (struct table_rows){0};
	err = err ?: table_rows_build(&rows, &view.stack, ROWS_BY_SITE, BY_COMM);
	for (size_t i = 0; i < NR_FAMILIES && !err; i++)
		if (families[i].site_name && profile->has_metric[families[i].metric])
			err = put_sites(&view, &rows, &families[i], max);
	table_rows_done(&rows);
	if (!err) {
		put_numbers(&view);
		put_cost(&view);
		err = put_losses(&view);
	}
	stack_done(&view.stack);
	free(view.series);
	return err;
}
