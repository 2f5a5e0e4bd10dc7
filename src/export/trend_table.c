// SPDX-License-Identifier: Apache-2.0
/*
 * For each target: what its profiles are, what was lost, the process as a whole, then the sites by
 * their growth, the stack of each that leaks beneath it, and how much of the growth they explain.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "export/trend_view.h"

#define MIN_WIDTH 80 /* as in table.c */
#define FIGURES	  53 /* columns in front of a site */
#define INDENT	  12 /* of a stack */

#define BOLD	 "\033[1m"
#define RED_BOLD "\033[1;31m"
#define RESET	 "\033[0m"

struct writer {
	const struct trend_view *view;
	const struct export_options *options;
	FILE *out;
};

static void put_time(FILE *out, double time)
{
	time_t seconds = (time_t)time;
	char text[32];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		fputs(text, out);
}

static void put_head(const struct writer *writer, const struct trend_target *target)
{
	const struct history *history = &target->history;
	const struct history_profile *profiles = history->profiles;
	uint32_t nr = history->nr_profiles, runs = profiles[nr - 1].run + 1;

	fputs("target    ", writer->out);
	text_put(writer->out, target->name, 0);
	if (target->several)
		fprintf(writer->out, " (source %s)", *target->source ? target->source : "unknown");
	fprintf(writer->out, "\nprofiles  %" PRIu32 " from ", nr);
	put_time(writer->out, profiles[0].time);
	fputs(" to ", writer->out);
	put_time(writer->out, profiles[nr - 1].time);
	fprintf(writer->out, " UTC, of %" PRIu32 " run%s\n", runs, runs == 1 ? "" : "s");
	fputs(history->windows ? "          recordings of their own: growth is what outlives each\n"
			       : "          snapshots: growth is that of what is held\n",
	      writer->out);
}

/* A verdict is never surer than what it was made from. */
static void put_losses(const struct writer *writer, const struct history *history)
{
	if (history->nr_lost)
		fprintf(writer->out,
			"%sLOST:%s %" PRIu64 " events or allocations: what grew may be more, or "
			"elsewhere\n",
			writer->options->color ? RED_BOLD : "", writer->options->color ? RESET : "",
			history->nr_lost);
	if (history->windows && history->young)
		fprintf(writer->out,
			"%sYOUNG:%s recorded without --min-age: what is in use for a moment counts "
			"as what stays\n",
			writer->options->color ? RED_BOLD : "",
			writer->options->color ? RESET : "");
}

static void put_titles(const struct writer *writer, const char *last)
{
	fprintf(writer->out, "%s%9s %17s %7s  %-15s %s%s\n", writer->options->color ? BOLD : "",
		"growth", "95% interval", "p", "verdict", last,
		writer->options->color ? RESET : "");
}

/* "11.8M..12.4M" */
static void put_interval(FILE *out, const struct trend *trend)
{
	char low[TEXT_SIZE], high[TEXT_SIZE], text[2 * TEXT_SIZE + 4];

	snprintf(text, sizeof(text), "%s..%s",
		 text_bytes(low, llround(fmax(fmin(trend->low * 3600, 0x1p62), -0x1p62))),
		 text_bytes(high, llround(fmax(fmin(trend->high * 3600, 0x1p62), -0x1p62))));
	fprintf(out, " %17s", text);
}

static void put_figures(const struct writer *writer, const struct trend *trend)
{
	bool leak = trend->verdict == TREND_LEAK;
	char growth[TEXT_SIZE + 4], p[TEXT_SIZE] = "<0.001";

	if (trend->verdict == TREND_TOO_LITTLE) {
		fprintf(writer->out, "%9s %17s %7s", "-", "-", "-");
	} else {
		if (trend->p >= 0.001)
			snprintf(p, sizeof(p), "%.3f", trend->p);
		fprintf(writer->out, "%9s", trend_growth_text(growth, trend->growth));
		put_interval(writer->out, trend);
		fprintf(writer->out, " %7s", p);
	}
	fprintf(writer->out, "  %s%-15s%s ", leak && writer->options->color ? RED_BOLD : "",
		trend_verdict_name(trend->verdict), leak && writer->options->color ? RESET : "");
}

/* Profiles of other tools say nothing of the process. */
static void put_measures(const struct writer *writer, const struct history *history)
{
	bool any = false;

	for (int i = 0; i < NR_HISTORY_MEASURES; i++)
		any |= history->measures[i].nr > 0;
	if (!any)
		return;
	put_titles(writer, "process");
	for (int i = 0; i < NR_HISTORY_MEASURES; i++) {
		const struct trend *trend = &history->measures[i];

		if (!trend->nr)
			continue;
		put_figures(writer, trend);
		fprintf(writer->out, "%s\n", history_measure_name(i));
	}
	putc('\n', writer->out);
}

static unsigned int room(const struct writer *writer, unsigned int used)
{
	unsigned int width = writer->options->width;

	if (!width)
		return 0;
	return (width < MIN_WIDTH ? MIN_WIDTH : width) - used;
}

static void put_site(const struct writer *writer, const struct history_site *site)
{
	unsigned int columns = room(writer, FIGURES), used;

	put_figures(writer, &site->trend);
	used = text_put(writer->out, site->function, columns);
	if (*site->place && (!columns || used + 2 + text_columns(site->place) <= columns)) {
		fputs("  ", writer->out);
		text_put(writer->out, site->place, 0);
	}
	if (*site->kind)
		fprintf(writer->out, "  [%s]", site->kind);
	putc('\n', writer->out);
	if (site->trend.verdict != TREND_LEAK && !writer->options->stacks)
		return;
	fprintf(writer->out, "%*s", INDENT, "");
	fprintf(writer->out, "(%s)\n", trend_reason_text(site->trend.reason));
	for (uint32_t i = 0; i < site->nr_frames; i++) {
		fprintf(writer->out, "%*s", INDENT, "");
		text_put(writer->out, site->frames[i], room(writer, INDENT));
		putc('\n', writer->out);
	}
}

static void put_sites(const struct writer *writer, const struct history *history)
{
	uint32_t shown = trend_shown_sites(history, writer->options->top);
	uint32_t growing = trend_shown_sites(history, 0);

	put_titles(writer, "site");
	for (uint32_t i = 0; i < shown; i++)
		put_site(writer, &history->sites[i]);
	if (growing > shown)
		fprintf(writer->out, "%" PRIu32 " more sites grow (--top 0 shows all)\n",
			growing - shown);
	if (!shown)
		fputs("No site grows.\n", writer->out);
}

/* Growth of the process that no site has, or sites that outgrow it. */
static void put_explained(const struct writer *writer, const struct history *history)
{
	const struct trend *rss = &history->measures[HISTORY_RSS];
	double replaced = history->sites_growth - rss->growth;
	char sites[TEXT_SIZE + 4], all[TEXT_SIZE + 4], rest[TEXT_SIZE + 4];

	if (rss->verdict == TREND_TOO_LITTLE)
		return;
	fprintf(writer->out, "explained the sites together %s, RSS %s: %s %s\n",
		trend_growth_text(sites, history->sites_growth),
		trend_growth_text(all, rss->growth),
		trend_growth_text(rest, replaced > 0 && history->windows ? replaced : -replaced),
		replaced > 0 && history->windows ? "of what stays replaces what goes"
						 : "unexplained");
}

static void put_forecast(const struct writer *writer, const struct history *history)
{
	struct trend_forecast forecast;
	char limit[TEXT_SIZE], now[TEXT_SIZE], after[TEXT_SIZE];

	if (!trend_forecast(writer->view, history, &forecast))
		return;
	fprintf(writer->out, "limit     %s of %s are in use (%s)",
		text_bytes(now, llround(forecast.now)),
		text_bytes(limit, llround(fmin(forecast.limit, 0x1p62))),
		history_measure_name(forecast.measure));
	if (forecast.seconds > 0)
		fprintf(writer->out, ": reached in %s at this rate\n",
			text_duration(after, llround(fmin(forecast.seconds, 9e9) * 1e9)));
	else
		fputs(": the limit is below what is in use\n", writer->out);
}

static void put_verdict(const struct writer *writer, const struct history *history)
{
	uint32_t leaks = 0;

	while (leaks < history->nr_sites && history->sites[leaks].trend.verdict == TREND_LEAK)
		leaks++;
	if (leaks)
		fprintf(writer->out, "verdict   %" PRIu32 " site%s leak%s\n", leaks,
			leaks == 1 ? "" : "s", leaks == 1 ? "s" : "");
	else if (history_leaks(history))
		fputs("verdict   the process grows, and no site of this source explains it\n",
		      writer->out);
	else if (history_is_too_little(history))
		fprintf(writer->out,
			"verdict   too little data: %" PRIu32 " profiles, at least %d of one run "
			"are needed\n",
			history->nr_profiles, TREND_POINTS_MIN);
	else
		fputs("verdict   no leak was found\n", writer->out);
}

static void put_target(const struct writer *writer, const struct trend_target *target)
{
	const struct history *history = &target->history;

	put_losses(writer, history);
	put_head(writer, target);
	putc('\n', writer->out);
	put_measures(writer, history);
	put_sites(writer, history);
	putc('\n', writer->out);
	put_explained(writer, history);
	put_forecast(writer, history);
	put_verdict(writer, history);
}

int trend_table_write(const struct trend_view *view, const struct export_options *options,
		      FILE *out)
{
	const struct writer writer = {view, options, out};

	for (uint32_t i = 0; i < view->nr_targets; i++) {
		if (i)
			putc('\n', out);
		put_target(&writer, &view->targets[i]);
	}
	if (view->nr_skipped)
		fprintf(out, "%sskipped   %" PRIu32 " file%s of %s\n", view->nr_targets ? "\n" : "",
			view->nr_skipped, view->nr_skipped == 1 ? "" : "s", view->directory);
	return 0;
}
