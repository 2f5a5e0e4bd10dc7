// SPDX-License-Identifier: Apache-2.0
/*
 * The flame graph: one file that needs nothing else. All is drawn here, so that it can be read
 * without scripts and as a picture; svg.js makes it fit the window, and adds zoom, search, details.
 * The layout is flame.c's, the frames are svg_frames.c's; here is the document around them.
 *
 * Its reader sees what the table's does: losses first, then the run, then what is held.
 */
#include "export/svg.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "export/summary.h"
#include "export/writers.h"
#include "export/xml.h"

/* More frames than SVG_MAX_FRAMES make a file larger than a browser likes (some 5 MB) and cannot be
 * told from each other; the narrowest are left out then. With fewer all are there to be zoomed to.
 */

#define LINE_HEIGHT   17
#define KEY_SIZE      10 /* columns of a line's name, as in summary.c */
#define VALUE_LEFT    92
#define VALUE_COLUMNS 150

static const struct {
	enum metric other;
	const char *text;
} metrics[NR_METRICS] = {
	[METRIC_ALLOC_OBJECTS] = {METRIC_ALLOC_SPACE, "allocated"},
	[METRIC_ALLOC_SPACE] = {METRIC_ALLOC_OBJECTS, "of memory allocated"},
	[METRIC_INUSE_OBJECTS] = {METRIC_INUSE_SPACE, "in use"},
	[METRIC_INUSE_SPACE] = {METRIC_INUSE_OBJECTS, "of memory in use"},
	[METRIC_GC_PAUSES] = {METRIC_GC_TIME, "of garbage collections"},
	[METRIC_GC_TIME] = {METRIC_GC_PAUSES, "in garbage collections"},
};

const char *svg_metric_text(enum metric metric)
{
	return metrics[metric].text;
}

static double variance_of(const struct row *row, enum metric metric)
{
	if (metric == METRIC_INUSE_SPACE || metric == METRIC_INUSE_OBJECTS)
		return row->inuse_error_known ? row->inuse_variance : NAN;
	return row->alloc_error_known ? row->alloc_variance : NAN;
}

static int lay_out(struct svg *svg, const struct table_rows *rows)
{
	const struct flame_limits limits = {.max_nodes = SVG_MAX_FRAMES};
	struct flame_weight *weights = calloc((size_t)rows->nr_rows + 1, sizeof(*weights));
	int err;

	if (!weights)
		return -ENOMEM;
	for (uint32_t i = 0; i < rows->nr_rows; i++) {
		const struct row *row = &rows->rows[i];

		weights[i].width = row->values[svg->metric];
		weights[i].other = row->values[svg->other];
		weights[i].variance = variance_of(row, svg->metric);
	}
	err = flame_build(&svg->flame, &svg->paths, weights, &limits);
	free(weights);
	return err;
}

/* --- text above and below the frames -----------------------------------------------------------
 */

char *svg_written(const struct svg *svg, void (*write)(const struct svg *svg, FILE *out))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	write(svg, out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static void write_head(const struct svg *svg, FILE *out)
{
	summary_head(svg->profile, &(struct export_options){.metric = svg->metric}, out);
}

static void write_foot(const struct svg *svg, FILE *out)
{
	summary_foot(svg->profile, &(struct export_options){.metric = svg->metric}, out);
}

static unsigned int count_lines(const char *text)
{
	unsigned int nr = 0;

	for (; *text; text++)
		nr += *text == '\n' && text[1] != '\n';
	return nr;
}

static bool is_loss(const char *line)
{
	return !strncmp(line, "LOST:", 5) || !strncmp(line, "PARTIAL:", 8) ||
	       !strncmp(line, "INCOMPLETE:", 11);
}

static void put_text(FILE *out, const char *css, unsigned int x, unsigned int y, const char *text)
{
	fprintf(out, "<text class=\"%s\" x=\"%u\" y=\"%u\">", css, x, y);
	xml_put(out, text, VALUE_COLUMNS);
	fputs("</text>\n", out);
}

/* "target    123 leaky": the name of a line, then what it says. Destroys @text; returns the y of
 * what follows. */
static unsigned int put_lines(char *text, unsigned int y, FILE *out)
{
	char *rest = text, *line;
	bool with_value;

	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		y += LINE_HEIGHT;
		if (is_loss(line)) {
			put_text(out, "lost", SVG_MARGIN, y, line);
			continue;
		}
		with_value = strlen(line) > KEY_SIZE && line[KEY_SIZE - 1] == ' ';
		if (with_value)
			line[strcspn(line, " ")] = '\0';
		if (*line)
			put_text(out, "key", SVG_MARGIN, y, line);
		if (with_value)
			put_text(out, "value", VALUE_LEFT, y, line + KEY_SIZE);
	}
	return y;
}

static void put_pruned(const struct svg *svg, unsigned int y, FILE *out)
{
	const struct flame *flame = &svg->flame;
	int64_t total = flame->nodes[0].weight.width;
	char line[200], amount[TEXT_SIZE + 16];

	if (!flame->nr_pruned)
		return;
	snprintf(line, sizeof(line),
		 "%" PRIu32 " frames narrower than %.2g%% are not drawn, nor what is above them; "
		 "together they are %s, %.1f%%",
		 flame->nr_pruned, 100 * flame->min_share,
		 svg_amount(amount, svg->metric, flame->pruned_width),
		 total > 0 ? 100 * (double)flame->pruned_width / (double)total : 0);
	put_text(out, "value", SVG_MARGIN, y, line);
}

/* --- the document ------------------------------------------------------------------------------
 */

static void put_legend(const struct svg *svg, unsigned int y, FILE *out)
{
	bool seen[NR_PATH_KINDS] = {false};
	unsigned int x = SVG_MARGIN;

	if (svg->diff) {
		svg_diff_legend(svg, y, out);
		return;
	}
	for (uint32_t i = 1; i < svg->flame.nr_nodes; i++)
		seen[svg->paths.functions[svg->flame.nodes[i].function].kind] = true;
	fputs("<g id=\"legend\">", out);
	for (int kind = 0; kind < PATH_GROUP; kind++) {
		const char *text = svg_kind_text(kind);

		if (!seen[kind])
			continue;
		fprintf(out,
			"<g class=\"%s0\"><rect x=\"%u\" y=\"%u\" width=\"12\" height=\"12\"/>"
			"<text x=\"%u\" y=\"%u\">%s</text></g>",
			svg_kind_class(kind), x, y - 10, x + 17, y, text);
		x += 38 + 13 * strlen(text) / 2;
	}
	fputs("</g>\n", out);
}

/* "leaky: 1.5M of memory in use". NULL when out of memory. */
static char *make_title(const struct svg *svg)
{
	const char *name =
		profile_note(svg->profile, "comm") ?: profile_note(svg->profile, "target");
	char amount[TEXT_SIZE + 16], *title;

	svg_amount(amount, svg->metric, svg->flame.nodes[0].weight.width);
	if (asprintf(&title, "%s%s%s %s", name ?: "", name ? ": " : "", amount,
		     svg_metric_text(svg->metric)) < 0)
		return NULL;
	return title;
}

static void put_head(const struct svg *svg, const char *title, unsigned int height, FILE *out)
{
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
		"viewBox=\"0 0 %d %u\" data-metric=\"%s\" data-unit=\"%s\">\n<title>",
		SVG_WIDTH, height, SVG_WIDTH, height, metric_name(svg->metric),
		metric_unit(svg->metric));
	xml_put(out, title, 0);
	fprintf(out,
		"</title>\n<style><![CDATA[\n%s%s]]></style>\n"
		"<rect id=\"page\" width=\"100%%\" height=\"100%%\"/>\n"
		"<text class=\"title\" x=\"%d\" y=\"28\">",
		svg_style, svg->diff ? svg_diff_style : "", SVG_MARGIN);
	xml_put(out, title, 60);
	fputs("</text>\n", out);
}

int svg_put(const struct svg *svg, const struct svg_texts *texts, FILE *out)
{
	unsigned int y = 38, base, height;
	int err;

	base = y + LINE_HEIGHT * count_lines(texts->head) + 40 + svg->flame.max_depth * SVG_ROW;
	height = base + SVG_ROW +
		 LINE_HEIGHT * (count_lines(texts->foot) + !!svg->flame.nr_pruned) + 24;
	put_head(svg, texts->title, height, out);
	y = put_lines(texts->head, y, out);
	put_legend(svg, y + 22, out);
	fputs("<g id=\"frames\">\n", out);
	err = svg_frames_write(svg, base, out);
	fputs("</g>\n", out);
	put_pruned(svg, base + SVG_ROW + LINE_HEIGHT, out);
	put_lines(texts->foot, base + SVG_ROW + LINE_HEIGHT * !!svg->flame.nr_pruned, out);
	fprintf(out, "<script><![CDATA[\n%s]]></script>\n</svg>\n", svg_script);
	return err;
}

static int put_document(const struct svg *svg, FILE *out)
{
	struct svg_texts texts = {.head = svg_written(svg, write_head),
				  .foot = svg_written(svg, write_foot),
				  .title = make_title(svg)};
	int err = -ENOMEM;

	if (texts.head && texts.foot && texts.title)
		err = svg_put(svg, &texts, out);
	free(texts.head);
	free(texts.foot);
	free(texts.title);
	return err;
}

int svg_write(const struct profile *profile, const struct export_options *options, FILE *out)
{
	struct svg svg = {.profile = profile,
			  .metric = options->metric,
			  .other = metrics[options->metric].other};
	struct table_rows rows = {0};
	struct stack stack;
	int err;

	err = stack_init(&stack, profile);
	stack.lines = options->lines;
	stack.inverted = options->inverted;
	if (!err)
		err = table_rows_build(&rows, &stack, ROWS_BY_STACK, options->by);
	if (!err)
		err = paths_build(&svg.paths, &stack, &rows, options->by);
	if (!err)
		err = lay_out(&svg, &rows);
	if (!err)
		err = put_document(&svg, out);
	flame_done(&svg.flame);
	paths_done(&svg.paths);
	table_rows_done(&rows);
	stack_done(&stack);
	return err;
}
