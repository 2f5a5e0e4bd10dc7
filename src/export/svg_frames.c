// SPDX-License-Identifier: Apache-2.0
/*
 * The frames of a flame graph, each a group of a title, a box and, where it fits, a text:
 *
 *   <g class="c" data-v="1000"><title>NAME
 *   1.0K (93.4%), 10 objects
 *   src/a.c:12</title><rect .../><text ...>NAME</text></g>
 *
 * The title is what a viewer without scripts shows on hover. svg.js makes the tree of it again: a
 * frame comes before those above it, its depth is that of its box, data-v is its exact width.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "export/svg.h"
#include "export/xml.h"

#define PADDING	    4 /* between the box and its text */
#define MIN_COLUMNS 3 /* shorter texts say nothing */
/* The title of one frame does not grow beyond that; C++ has names of many thousand letters. */
#define MAX_NAME 1000

static const struct {
	const char *css, *text;
} kinds[NR_PATH_KINDS] = {
	[PATH_NATIVE] = {"n", "native"},
	[PATH_CXX] = {"c", "C++"},
	[PATH_RUST] = {"r", "Rust"},
	[PATH_JAVASCRIPT] = {"j", "JavaScript"},
	[PATH_KERNEL] = {"k", "kernel"},
	[PATH_ALLOCATOR] = {"a", "allocator, library helper"},
	[PATH_UNKNOWN] = {"u", "without a symbol"},
	[PATH_GROUP] = {"g", "process"},
};

const char *svg_kind_class(enum path_kind kind)
{
	return kinds[kind].css;
}

const char *svg_kind_text(enum path_kind kind)
{
	return kinds[kind].text;
}

char *svg_amount(char text[TEXT_SIZE + 16], enum metric metric, int64_t value)
{
	if (metric == METRIC_INUSE_SPACE || metric == METRIC_ALLOC_SPACE)
		return text_bytes(text, value);
	if (metric == METRIC_GC_TIME)
		return text_pause(text, value);
	snprintf(text, TEXT_SIZE + 16, "%" PRId64 " %s%s", value,
		 metric == METRIC_GC_PAUSES ? "pause" : "object", value == 1 ? "" : "s");
	return text;
}

static bool is_bytes(enum metric metric)
{
	return metric == METRIC_INUSE_SPACE || metric == METRIC_ALLOC_SPACE;
}

int svg_describe(const struct svg *svg, const struct flame_weight *weight, char **ret_text)
{
	int64_t total = svg->flame.nodes[0].weight.width;
	int64_t bytes = is_bytes(svg->metric) ? weight->width : weight->other;
	char amount[TEXT_SIZE + 16], other[TEXT_SIZE + 16] = "", error[32] = "";

	if (svg->profile->has_metric[svg->other])
		svg_amount(other, svg->other, weight->other);
	if (svg->profile->period > 1 && !isnan(weight->variance) && bytes > 0)
		snprintf(error, sizeof(error), ", error \u00b1%.1f%%",
			 100 * sqrt(weight->variance) / (double)bytes);
	if (asprintf(ret_text, "%s (%.*f%%)%s%s%s", svg_amount(amount, svg->metric, weight->width),
		     weight->width * 1000.0 < total ? 3 : 1,
		     total > 0 ? 100 * (double)weight->width / (double)total : 0,
		     *other ? ", " : "", other, error) < 0)
		return -ENOMEM;
	return 0;
}

/* What a frame is called: of JavaScript the name alone says little. */
static int make_label(const struct path_function *function, char **ret_text)
{
	int length;

	if (function->placed)
		length = asprintf(ret_text, "%s %s:%" PRId64, function->name,
				  *function->file ? stack_basename(function->file) : "<anonymous>",
				  function->start_line);
	else
		length = asprintf(ret_text, "%s", function->name);
	return length < 0 ? -ENOMEM : 0;
}

/* "src/a.c:12", or "src/a.c:12 (1.0K), :20 (0.5K) and 2 more lines". */
static void put_places(const struct svg *svg, const struct flame_node *node, FILE *out)
{
	const struct path_function *function = &svg->paths.functions[node->function];
	char text[TEXT_SIZE + 16];

	if (!*function->file) {
		fputs(*function->module ? "\nin " : "", out);
		xml_put(out, function->module, MAX_NAME);
		return;
	}
	putc('\n', out);
	xml_put(out, function->file, MAX_NAME);
	for (uint32_t i = 0; i < node->nr_places; i++) {
		const struct path_place *place = &svg->paths.places[node->places[i]];

		if (i)
			fputs(", ", out);
		if (place->line || i)
			fprintf(out, ":%" PRId64, place->line);
		if (place->inlined)
			fputs(" inlined", out);
		if (node->nr_places > 1 && !svg->diff)
			fprintf(out, " (%s)", svg_amount(text, svg->metric, node->place_widths[i]));
	}
	if (node->nr_more_places)
		fprintf(out, " and %" PRIu32 " more lines", node->nr_more_places);
}

static int put_title(const struct svg *svg, const struct flame_node *node, const char *label,
		     FILE *out)
{
	char *text;
	int err = svg->diff ? svg_diff_describe(svg, &node->weight, &text)
			    : svg_describe(svg, &node->weight, &text);

	if (err)
		return err;
	fputs("<title>", out);
	xml_put(out, label, MAX_NAME);
	fprintf(out, "\n%s", text);
	free(text);
	if (node->function != PROFILE_NONE)
		put_places(svg, node, out);
	fputs("</title>", out);
	return 0;
}

/* From the left edge of the frames to @value, in pixels. */
static double pixels(const struct svg *svg, int64_t value)
{
	int64_t total = svg->flame.nodes[0].weight.width;

	return total > 0 ? SVG_FRAMES * fmin((double)value / (double)total, 1) : SVG_FRAMES;
}

/* Neighbours of one kind get different shades, equal names equal ones. */
static unsigned int shade_of(const char *name)
{
	unsigned int hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return (hash ^ hash >> 16) % 3;
}

static int put_frame(const struct svg *svg, const struct flame_node *node, unsigned int base,
		     FILE *out)
{
	const struct path_function *function =
		node->function == PROFILE_NONE ? NULL : &svg->paths.functions[node->function];
	double left = node->depth ? pixels(svg, node->start) : 0;
	double width = fmin(pixels(svg, node->weight.width), SVG_FRAMES - left);
	unsigned int y = base - node->depth * SVG_ROW;
	int columns = (int)((width - 2 * PADDING) / SVG_CHARACTER);
	char *label = NULL;
	int err = function ? make_label(function, &label) : 0;

	if (err)
		return err;
	if (svg->diff)
		fprintf(out, "<g class=\"%s\"", svg_diff_class(svg, &node->weight));
	else
		fprintf(out, "<g class=\"%s%u\"",
			svg_kind_class(function ? function->kind : PATH_GROUP),
			shade_of(function ? function->name : ""));
	fprintf(out, " data-v=\"%" PRId64 "\">", node->weight.width);
	err = put_title(svg, node, label ?: "all", out);
	fprintf(out, "<rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\"/>", SVG_MARGIN + left,
		y, width, SVG_ROW - 1);
	if (columns >= MIN_COLUMNS) {
		fprintf(out, "<text x=\"%.2f\" y=\"%u\">", SVG_MARGIN + left + PADDING, y + 13);
		xml_put(out, label ?: "all", columns);
		fputs("</text>", out);
	}
	fputs("</g>\n", out);
	free(label);
	return err;
}

int svg_frames_write(const struct svg *svg, unsigned int base, FILE *out)
{
	int err = 0;

	for (uint32_t i = 0; i != PROFILE_NONE && !err && !ferror(out);
	     i = flame_next(&svg->flame, i))
		err = put_frame(svg, &svg->flame.nodes[i], base, out);
	return err;
}
