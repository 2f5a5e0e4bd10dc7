// SPDX-License-Identifier: Apache-2.0
/* The table of formats, and what several of them say. */
#include <math.h>
#include <string.h>

#include "export/trend_view.h"

const struct trend_format trend_formats[] = {
	{"table", ".txt", trend_table_write},
	{"json", ".json", trend_json_write},
	{"svg", ".svg", trend_svg_write},
	{0},
};

const struct trend_format *trend_format_by_name(const char *name)
{
	for (const struct trend_format *format = trend_formats; format->name; format++)
		if (!strcmp(format->name, name))
			return format;
	return NULL;
}

const struct trend_format *trend_format_by_file(const char *path)
{
	for (const struct trend_format *format = trend_formats; format->name; format++)
		if (text_ends(path, format->suffix))
			return format;
	return NULL;
}

/* The last value that is known; NAN when none is. */
static double now_of(const struct history *history, enum history_measure measure)
{
	for (uint32_t i = history->nr_profiles; i > 0; i--)
		if (!isnan(history->profiles[i - 1].measures[measure]))
			return history->profiles[i - 1].measures[measure];
	return NAN;
}

bool trend_forecast(const struct trend_view *view, const struct history *history,
		    struct trend_forecast *ret)
{
	double limit = view->limit > 0 ? view->limit : history->limit;
	enum history_measure measure = HISTORY_RSS;
	const struct trend *trend;

	/* what the control group uses is what its own limit is held against */
	if (view->limit <= 0 && !isnan(now_of(history, HISTORY_CGROUP)))
		measure = HISTORY_CGROUP;
	trend = &history->measures[measure];
	if (limit <= 0 || isnan(now_of(history, measure)))
		return false;
	*ret = (struct trend_forecast){measure, limit, now_of(history, measure), 0};
	if (ret->now >= limit)
		return true;
	if (trend->verdict != TREND_LEAK || trend->growth <= 0)
		return false;
	ret->seconds = (limit - ret->now) / trend->growth;
	return true;
}

char *trend_growth_text(char text[TEXT_SIZE + 4], double growth)
{
	double hourly = fmin(fabs(growth) * 3600, 0x1p62);
	char bytes[TEXT_SIZE];

	snprintf(text, TEXT_SIZE + 4, "%s%s/h",
		 hourly < 0.5 ? ""
		 : growth < 0 ? "-"
			      : "+",
		 text_bytes(bytes, llround(hourly)));
	return text;
}

uint32_t trend_shown_sites(const struct history *history, unsigned int top)
{
	uint32_t nr = 0;

	while (nr < history->nr_sites && (!top || nr < top) &&
	       (history->sites[nr].trend.growth > 0 ||
		history->sites[nr].trend.verdict == TREND_LEAK))
		nr++;
	return nr;
}
