// SPDX-License-Identifier: Apache-2.0
/*
 * Two plots over time for each target: the process as a whole, and the sites that grow most. Beside
 * each line's name are its growth and its verdict. Readable without scripts, light and dark.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "export/trend_view.h"
#include "export/xml.h"

#define WIDTH	   1200
#define LEFT	   84  /* of the plot, beside it the values */
#define RIGHT	   760 /* beside it the lines' names */
#define PLOT	   190 /* height */
#define GAP	   56  /* between plots: a title above, times below */
#define HEAD	   44  /* of a target */
#define LINE	   18  /* of a legend */
#define MAX_LINES  8   /* colours */
#define NAME_WIDTH 44  /* columns of a name in the legend */
#define TICKS	   4

static const char style[] =
	"svg{color-scheme:light dark;background:#fff;font:12px system-ui,\"DejaVu Sans\",sans-serif}"
	"text{fill:#24292f}.key{fill:#57606a}.leak{fill:#c62b2b;font-weight:600}"
	".title{font-size:16px;font-weight:600}.grid{stroke:#d8dee4}"
	"path{fill:none;stroke-width:2;stroke-linejoin:round}"
	".l0{stroke:#c62b2b}.l1{stroke:#1f6feb}.l2{stroke:#2da44e}.l3{stroke:#bf8700}"
	".l4{stroke:#8250df}.l5{stroke:#0a7ea4}.l6{stroke:#a0522d}.l7{stroke:#6e7781}"
	"@media(prefers-color-scheme:dark){svg{background:#16191d}text{fill:#e6edf3}"
	".key{fill:#9da7b1}.grid{stroke:#333a42}.leak{fill:#ff7b72}}";

struct line {
	const char *name, *place;
	const struct trend *trend;
	double *values; /* by profile; NAN: none */
};

struct plot {
	const struct history *history;
	const char *title, *unit; /* "" or "/h" behind a value */
	unsigned int top;	  /* of it, pixels */
	double most;
	uint32_t nr_lines;
	struct line lines[MAX_LINES];
};

static double x_of(const struct plot *plot, uint32_t profile)
{
	const struct history_profile *profiles = plot->history->profiles;
	double span = profiles[plot->history->nr_profiles - 1].time - profiles[0].time;

	return LEFT + (RIGHT - LEFT) *
			      (span > 0 ? (profiles[profile].time - profiles[0].time) / span : 0.5);
}

static double y_of(const struct plot *plot, double value)
{
	return plot->top + PLOT * (1 - (plot->most > 0 ? value / plot->most : 0));
}

/* A line is broken where the process was started anew. */
static void put_path(const struct plot *plot, uint32_t number, FILE *out)
{
	const double *values = plot->lines[number].values;
	const struct history_profile *profiles = plot->history->profiles;
	bool drawing = false;

	fprintf(out, "<path class=\"l%" PRIu32 "\" d=\"", number);
	for (uint32_t i = 0; i < plot->history->nr_profiles; i++) {
		if (isnan(values[i]))
			continue;
		drawing = drawing && profiles[i].run == profiles[i - 1].run;
		fprintf(out, "%c%.1f %.1f", drawing ? 'L' : 'M', x_of(plot, i),
			y_of(plot, values[i]));
		drawing = true;
	}
	fputs("\"/>\n", out);
}

static void put_legend(const struct plot *plot, uint32_t number, FILE *out)
{
	const struct line *line = &plot->lines[number];
	unsigned int y = plot->top + 10 + 2 * LINE * number;
	bool leak = line->trend->verdict == TREND_LEAK;
	char growth[TEXT_SIZE + 4];

	fprintf(out, "<path class=\"l%" PRIu32 "\" d=\"M%d %uh16\"/><text x=\"%d\" y=\"%u\">",
		number, RIGHT + 16, y - 4, RIGHT + 38, y);
	xml_put(out, line->name, NAME_WIDTH);
	fputs("<title>", out);
	xml_put(out, line->name, 0);
	fprintf(out, "</title></text>\n<text class=\"%s\" x=\"%d\" y=\"%u\">",
		leak ? "leak" : "key", RIGHT + 38, y + 15);
	if (line->trend->verdict != TREND_TOO_LITTLE)
		fprintf(out, "%s, ", trend_growth_text(growth, line->trend->growth));
	fprintf(out, "%s%s", trend_verdict_name(line->trend->verdict), *line->place ? ", " : "");
	xml_put(out, line->place, NAME_WIDTH / 2);
	fputs("</text>\n", out);
}

static void put_time(FILE *out, double time, double x, unsigned int y, const char *anchor)
{
	time_t seconds = (time_t)time;
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%m-%d %H:%M:%S", &tm);
	fprintf(out, "<text class=\"key\" x=\"%.0f\" y=\"%u\" text-anchor=\"%s\">%s</text>\n", x, y,
		anchor, text);
}

static void put_axes(const struct plot *plot, FILE *out)
{
	const struct history *history = plot->history;
	char value[TEXT_SIZE];

	fprintf(out, "<text x=\"%d\" y=\"%u\">%s</text>\n", LEFT, plot->top - 10, plot->title);
	for (int i = 0; i <= TICKS; i++) {
		double at = plot->most * i / TICKS;

		fprintf(out,
			"<path class=\"grid\" style=\"stroke-width:1\" d=\"M%d %.1fH%d\"/>"
			"<text class=\"key\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s%s</text>\n",
			LEFT, y_of(plot, at), RIGHT, LEFT - 8, y_of(plot, at) + 4,
			text_bytes(value, llround(fmin(at, 0x1p62))), plot->unit);
	}
	put_time(out, history->profiles[0].time, LEFT, plot->top + PLOT + 16, "start");
	put_time(out, history->profiles[history->nr_profiles - 1].time, RIGHT,
		 plot->top + PLOT + 16, "end");
}

static void put_plot(struct plot *plot, FILE *out)
{
	for (uint32_t i = 0; i < plot->nr_lines; i++)
		for (uint32_t k = 0; k < plot->history->nr_profiles; k++)
			if (plot->lines[i].values[k] > plot->most)
				plot->most = plot->lines[i].values[k];
	if (!plot->nr_lines) {
		fprintf(out, "<text class=\"key\" x=\"%d\" y=\"%u\">%s (no data)</text>\n", LEFT,
			plot->top - 10, plot->title);
		return;
	}
	put_axes(plot, out);
	for (uint32_t i = plot->nr_lines; i > 0; i--)
		put_path(plot, i - 1, out);
	for (uint32_t i = 0; i < plot->nr_lines; i++)
		put_legend(plot, i, out);
}

/* Room for the values of a further line; NULL when out of memory. */
static double *add_line(struct plot *plot, const char *name, const char *place,
			const struct trend *trend)
{
	double *values = calloc(plot->history->nr_profiles, sizeof(*values));

	if (values)
		plot->lines[plot->nr_lines++] = (struct line){name, place, trend, values};
	return values;
}

static int add_measures(struct plot *plot)
{
	const struct history *history = plot->history;

	for (int i = 0; i < NR_HISTORY_MEASURES; i++) {
		double *values;

		if (!history->measures[i].nr)
			continue;
		values = add_line(plot, history_measure_name(i), "", &history->measures[i]);
		if (!values)
			return -1;
		for (uint32_t k = 0; k < history->nr_profiles; k++)
			values[k] = history->profiles[k].measures[i];
	}
	return 0;
}

static int add_sites(struct plot *plot, unsigned int top)
{
	const struct history *history = plot->history;
	uint32_t nr = trend_shown_sites(history, top && top < MAX_LINES ? top : MAX_LINES);

	for (uint32_t i = 0; i < nr; i++) {
		const struct history_site *site = &history->sites[i];
		double *values = add_line(plot, site->function,
					  *site->kind ? site->kind : site->place, &site->trend);

		if (!values)
			return -1;
		for (uint32_t k = 0; k < history->nr_profiles; k++)
			values[k] = history_point(history, site, k).value *
				    (history->windows ? 3600 : 1);
	}
	return 0;
}

static int put_target(const struct trend_target *target, unsigned int top, unsigned int y,
		      FILE *out)
{
	const struct history *history = &target->history;
	struct plot whole = {.history = history,
			     .title = "the process: bytes",
			     .unit = "",
			     .top = y + HEAD + 20};
	struct plot sites = {.history = history,
			     .title = history->windows ? "what outlives a recording, by site"
						       : "what is held, by site",
			     .unit = history->windows ? "/h" : "",
			     .top = whole.top + PLOT + GAP};
	int err = add_measures(&whole) || add_sites(&sites, top) ? -1 : 0;

	fprintf(out, "<text class=\"title\" x=\"%d\" y=\"%u\">", LEFT, y + 30);
	xml_put(out, target->name, 80);
	if (target->several)
		fprintf(out, " (source %s)", *target->source ? target->source : "unknown");
	fprintf(out, "<tspan class=\"%s\"> %s</tspan>", history_leaks(history) ? "leak" : "key",
		history_leaks(history)		 ? "leaks"
		: history_is_too_little(history) ? "too little data"
						 : "no leak was found");
	if (history->nr_lost)
		fprintf(out,
			"<tspan class=\"leak\">, %" PRIu64 " events or allocations lost</tspan>",
			history->nr_lost);
	fputs("</text>\n", out);
	if (!err) {
		put_plot(&whole, out);
		put_plot(&sites, out);
	}
	for (uint32_t i = 0; i < whole.nr_lines; i++)
		free(whole.lines[i].values);
	for (uint32_t i = 0; i < sites.nr_lines; i++)
		free(sites.lines[i].values);
	return err;
}

int trend_svg_write(const struct trend_view *view, const struct export_options *options, FILE *out)
{
	unsigned int target_height = HEAD + 20 + 2 * (PLOT + GAP) + 60;
	int err = 0;

	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
		"width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\"><style>%s</style>\n",
		WIDTH, target_height * view->nr_targets, WIDTH, target_height * view->nr_targets,
		style);
	for (uint32_t i = 0; i < view->nr_targets && !err; i++)
		err = put_target(&view->targets[i], options->top, i * target_height, out);
	fputs("</svg>\n", out);
	return err ? -ENOMEM : 0;
}
