// SPDX-License-Identifier: Apache-2.0
/*
 * The flame graph of a difference: red grew, blue shrank. A frame is as wide as the larger of what
 * the two profiles have of each of its stacks, so that what vanished keeps its place and nothing
 * hides; the colour says by how much of that it changed, so that a new frame is as red as can be,
 * and one that vanished as blue. What is within the error has a dashed edge and no colour.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "export/diff_rows.h"
#include "export/svg.h"
#include "export/xml.h"

#define NR_STEPS 5

static const char *const grew[NR_STEPS] = {"p1", "p2", "p3", "p4", "p5"};
static const char *const shrank[NR_STEPS] = {"m1", "m2", "m3", "m4", "m5"};

static bool is_within(const struct flame_weight *weight)
{
	return weight->variance > 0 && fabs((double)weight->delta) <= 2 * sqrt(weight->variance);
}

const char *svg_diff_class(const struct svg *svg, const struct flame_weight *weight)
{
	double share = weight->width > 0 ? (double)weight->delta / (double)weight->width : 0;
	int step = (int)ceil(fmin(fabs(share), 1) * NR_STEPS) - 1;

	(void)svg;
	if (!weight->delta)
		return "z";
	if (is_within(weight))
		return "e";
	if (step < 0)
		step = 0;
	return weight->delta > 0 ? grew[step] : shrank[step];
}

/* "+1.5K", "-3 objects", and per second where it is. */
static char *text_change(const struct svg *svg, char text[TEXT_SIZE + 20], int64_t delta)
{
	*text = delta < 0 ? '-' : '+';
	svg_amount(text + 1, svg->metric, diff_size(delta));
	if (svg->diff->diff->per_second)
		strcat(text, "/s");
	return text;
}

static char *text_amount(const struct svg *svg, char text[TEXT_SIZE + 20], int64_t value)
{
	svg_amount(text, svg->metric, value);
	if (svg->diff->diff->per_second)
		strcat(text, "/s");
	return text;
}

/* "+512K (+50%): 1.0M before, 1.5M now". */
int svg_diff_describe(const struct svg *svg, const struct flame_weight *weight, char **ret_text)
{
	char before[TEXT_SIZE + 20], now[TEXT_SIZE + 20], change[TEXT_SIZE + 20];
	char percent[TEXT_SIZE] = "", error[80] = "", amount[TEXT_SIZE + 20];
	int64_t base = weight->other, new;

	if (__builtin_add_overflow(base, weight->delta, &new))
		new = weight->delta < 0 ? INT64_MIN : INT64_MAX;
	if (base > 0 && new && weight->delta)
		snprintf(percent, sizeof(percent), " (%+.1f%%)",
			 100 * (double)weight->delta / (double)base);
	if (weight->variance > 0) {
		text_amount(svg, amount, llround(fmin(sqrt(weight->variance), 0x1p62)));
		snprintf(error, sizeof(error), "\nerror \u00b1%s%s", amount,
			 is_within(weight) ? ": the change is within it" : "");
	}
	if (asprintf(ret_text, "%s%s%s: %s before, %s now%s",
		     weight->delta ? text_change(svg, change, weight->delta) : "no change", percent,
		     !weight->delta	? ""
		     : !base && new > 0 ? ", new"
		     : base > 0 && !new ? ", gone"
					: "",
		     text_amount(svg, before, base), text_amount(svg, now, new), error) < 0)
		return -ENOMEM;
	return 0;
}

static unsigned int put_swatch(const char *css, unsigned int x, unsigned int y, const char *text,
			       FILE *out)
{
	fprintf(out,
		"<g class=\"%s\"><rect x=\"%u\" y=\"%u\" width=\"12\" height=\"12\"/>"
		"<text x=\"%u\" y=\"%u\">%s</text></g>",
		css, x, y - 10, x + 17, y, text);
	return x + (*text ? 38 + 13 * strlen(text) / 2 : 13);
}

void svg_diff_legend(const struct svg *svg, unsigned int y, FILE *out)
{
	unsigned int x = SVG_MARGIN;

	fputs("<g id=\"legend\">", out);
	for (int i = 0; i < NR_STEPS; i++)
		x = put_swatch(grew[i], x, y, i + 1 < NR_STEPS ? "" : "grew, up to new", out);
	for (int i = 0; i < NR_STEPS; i++)
		x = put_swatch(shrank[i], x, y, i + 1 < NR_STEPS ? "" : "shrank, up to gone", out);
	x = put_swatch("z", x, y, "no change", out);
	if (svg->flame.nodes[0].weight.variance > 0)
		put_swatch("e", x, y, "within the error", out);
	fputs("</g>\n", out);
}

/* --- laying out --------------------------------------------------------------------------------
 */

/* The error is one of bytes; of objects none is known. */
static double variance_of(const struct diff_entry *entry, enum metric metric)
{
	double error;

	if (strcmp(metric_unit(metric), "bytes") != 0 || !diff_error(entry, metric, &error))
		return NAN;
	return error * error;
}

static int lay_out(struct svg *svg, const struct table_rows *rows)
{
	const struct flame_limits limits = {.max_nodes = SVG_MAX_FRAMES};
	struct flame_weight *weights = calloc((size_t)rows->nr_rows + 1, sizeof(*weights));
	int err;

	if (!weights)
		return -ENOMEM;
	for (uint32_t i = 0; i < rows->nr_rows; i++) {
		const struct diff_entry *entry = &svg->diff->diff->entries[rows->rows[i].sample];
		int64_t base = entry->parts[DIFF_BASE].values[svg->metric];
		int64_t new = entry->parts[DIFF_NEW].values[svg->metric];

		weights[i] = (struct flame_weight){
			.width = base > new ? base : new,
			.other = base,
			.delta = diff_delta(entry, svg->metric),
			.variance = variance_of(entry, svg->metric),
		};
	}
	err = flame_build(&svg->flame, &svg->paths, weights, &limits);
	free(weights);
	return err;
}

/* Every sample is a row of its own, since every one is a stack of its own. */
static int make_rows(struct table_rows *ret, const struct profile *profile)
{
	*ret = (struct table_rows){.nr_rows = profile->nr_samples};
	ret->rows = calloc((size_t)profile->nr_samples + 1, sizeof(*ret->rows));
	if (!ret->rows)
		return -ENOMEM;
	for (uint32_t i = 0; i < profile->nr_samples; i++)
		ret->rows[i].sample = i;
	return 0;
}

/* "leaky: +1.5M of memory in use". NULL when out of memory. */
static char *make_title(const struct svg *svg)
{
	const char *comm = profile_note(svg->profile, "comm");
	struct diff_entry total = diff_total(svg->diff->diff);
	char change[TEXT_SIZE + 20], *title;

	if (asprintf(&title, "%s%s%s %s", comm ?: "", comm ? ": " : "",
		     text_change(svg, change, diff_delta(&total, svg->metric)),
		     svg_metric_text(svg->metric)) < 0)
		return NULL;
	return title;
}

static void write_head(const struct svg *svg, FILE *out)
{
	diff_head(svg->diff, &(struct export_options){.metric = svg->metric}, out);
}

static int put_document(const struct svg *svg, FILE *out)
{
	char foot[] =
		"width     the larger of what base and new have of each stack; colour: by how "
		"much of it that changed\n";
	struct svg_texts texts = {
		.head = svg_written(svg, write_head), .foot = foot, .title = make_title(svg)};
	int err = -ENOMEM;

	if (texts.head && texts.title)
		err = svg_put(svg, &texts, out);
	free(texts.head);
	free(texts.title);
	return err;
}

int diff_svg_write(const struct diff_view *view, const struct export_options *options, FILE *out)
{
	const struct profile *profile = view->diff->profile;
	struct svg svg = {.profile = profile,
			  .metric = options->metric,
			  .other = diff_other_metric(options->metric),
			  .diff = view};
	struct table_rows rows = {0};
	struct stack stack;
	int err;

	err = stack_init(&stack, profile);
	err = err ?: make_rows(&rows, profile);
	err = err ?: paths_build(&svg.paths, &stack, &rows, BY_NOTHING);
	err = err ?: lay_out(&svg, &rows);
	err = err ?: put_document(&svg, out);
	flame_done(&svg.flame);
	paths_done(&svg.paths);
	table_rows_done(&rows);
	stack_done(&stack);
	return err;
}
