// SPDX-License-Identifier: Apache-2.0
/* From series to verdicts. Declared in history.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "profile/history.h"

#define OUTGROWS_LEAST 2 /* so many times the growth of the process no leak has */

/* Recordings of one process do not overlap; clocks that are being corrected move less. */
static bool same_recording(const struct history_profile *a, const struct history_profile *b)
{
	double shorter = fmin(a->time - a->began, b->time - b->began);

	return a->began > 0 && a->process == b->process && fabs(a->began - b->began) < shorter / 2;
}

struct moment {
	double time;
	uint32_t profile;
};

static int compare_moments(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	return x->time != y->time ? (x->time > y->time) - (x->time < y->time)
				  : (x->profile > y->profile) - (x->profile < y->profile);
}

/* The site's values in the order of @moments, one for each profile. */
static int sort_values(struct history_site *site, const struct moment *moments, uint32_t nr)
{
	struct history_value *sorted = calloc(nr, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (uint32_t i = 0; i < nr; i++)
		if (moments[i].profile < site->nr_values)
			sorted[i] = site->values[moments[i].profile];
	free(site->values);
	site->values = sorted;
	site->nr_values = site->max_values = nr;
	return 0;
}

static int sort_by_time(struct history *history)
{
	uint32_t nr = history->nr_profiles;
	struct history_profile *sorted = calloc(nr ?: 1, sizeof(*sorted));
	struct moment *moments = calloc(nr ?: 1, sizeof(*moments));
	int err = sorted && moments ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < nr && !err; i++)
		moments[i] = (struct moment){history->profiles[i].time, i};
	if (!err)
		qsort(moments, nr, sizeof(*moments), compare_moments);
	for (uint32_t i = 0; i < history->nr_sites && !err; i++)
		err = sort_values(&history->sites[i], moments, nr);
	for (uint32_t i = 0; i < nr && !err; i++)
		sorted[i] = history->profiles[moments[i].profile];
	free(moments);
	if (err) {
		free(sorted);
		return err;
	}
	free(history->profiles);
	history->profiles = sorted;
	return 0;
}

/* Recordings of their own, when there are more of them than snapshots of others. */
static void settle_kind(struct history *history)
{
	uint32_t nr_snapshots = 0, nr_windows = 0;

	for (uint32_t i = 0; i < history->nr_profiles; i++) {
		const struct history_profile *profile = &history->profiles[i];

		if (!profile->began || (i && same_recording(profile, profile - 1)))
			nr_snapshots++;
		else
			nr_windows++;
	}
	history->windows = nr_windows > nr_snapshots + 1;
}

/* A run is a process, and of snapshots a recording of it. */
static void number_runs(struct history *history)
{
	for (uint32_t i = 1; i < history->nr_profiles; i++) {
		struct history_profile *profile = &history->profiles[i];
		bool same = profile->process == profile[-1].process;

		if (!history->windows && profile->began > 0)
			same = same_recording(profile, profile - 1);
		profile->run = profile[-1].run + !same;
	}
}

struct trend_point history_point(const struct history *history, const struct history_site *site,
				 uint32_t index)
{
	const struct history_profile *profile = &history->profiles[index];
	struct history_value value = site->values[index];
	double by = history->windows ? profile->seconds : 1;

	return (struct trend_point){
		.time = profile->time,
		.value = by > 0 ? value.bytes / by : 0,
		.error = by > 0 ? sqrt(value.variance) / by : 0,
		.run = profile->run,
	};
}

static int judge_measure(struct history *history, enum history_measure measure, double threshold,
			 struct trend_point *points)
{
	size_t nr = 0;

	for (uint32_t i = 0; i < history->nr_profiles; i++) {
		const struct history_profile *profile = &history->profiles[i];

		if (!isnan(profile->measures[measure]))
			points[nr++] = (struct trend_point){.time = profile->time,
							    .value = profile->measures[measure],
							    .run = profile->run};
	}
	return trend_judge(points, nr, threshold, NR_HISTORY_MEASURES, &history->measures[measure]);
}

/*
 * What survives a window takes the place of what goes, unless the process grows, and by as much;
 * where that cannot be told, or there is too little to tell it from, the survivors stand for
 * themselves.
 */
static void hold_against_rss(const struct history *history, struct trend *trend)
{
	const struct trend *rss = &history->measures[HISTORY_RSS];
	bool grows = rss->verdict == TREND_LEAK || rss->reason == TREND_SLOW;

	if (trend->verdict != TREND_LEAK || rss->verdict == TREND_TOO_LITTLE)
		return;
	if (grows && trend->low <= OUTGROWS_LEAST * rss->high)
		return;
	trend->verdict = rss->verdict == TREND_FILLING ? TREND_FILLING : TREND_STEADY;
	trend->reason = TREND_REPLACED;
}

static int judge_site(struct history *history, struct history_site *site, double threshold,
		      struct trend_point *points)
{
	int err;

	for (uint32_t i = 0; i < history->nr_profiles; i++)
		points[i] = history_point(history, site, i);
	if (!history->windows)
		return trend_judge(points, history->nr_profiles, threshold, history->nr_sites,
				   &site->trend);
	err = trend_judge_rates(points, history->nr_profiles, threshold, &site->trend);
	hold_against_rss(history, &site->trend);
	return err;
}

static int compare_sites(const void *a, const void *b)
{
	const struct history_site *x = a, *y = b;

	if ((x->trend.verdict == TREND_LEAK) != (y->trend.verdict == TREND_LEAK))
		return x->trend.verdict == TREND_LEAK ? -1 : 1;
	if (x->trend.growth != y->trend.growth)
		return x->trend.growth < y->trend.growth ? 1 : -1;
	return strcmp(x->function, y->function) ?: strcmp(x->place, y->place);
}

int history_judge(struct history *history, double threshold)
{
	struct trend_point *points = calloc(history->nr_profiles ?: 1, sizeof(*points));
	int err = points ? 0 : -ENOMEM;

	err = err ?: sort_by_time(history);
	settle_kind(history);
	number_runs(history);
	for (int i = 0; i < NR_HISTORY_MEASURES && !err; i++)
		err = judge_measure(history, i, threshold, points);
	history->sites_growth = 0;
	for (uint32_t i = 0; i < history->nr_sites && !err; i++) {
		err = judge_site(history, &history->sites[i], threshold, points);
		history->sites_growth += history->sites[i].trend.growth;
	}
	free(points);
	if (!err && history->nr_sites)
		qsort(history->sites, history->nr_sites, sizeof(*history->sites), compare_sites);
	return err;
}

bool history_leaks(const struct history *history)
{
	for (int i = 0; i < NR_HISTORY_MEASURES; i++)
		if (history->measures[i].verdict == TREND_LEAK)
			return true;
	return history->nr_sites && history->sites[0].trend.verdict == TREND_LEAK;
}

bool history_is_too_little(const struct history *history)
{
	for (int i = 0; i < NR_HISTORY_MEASURES; i++)
		if (history->measures[i].verdict != TREND_TOO_LITTLE)
			return false;
	for (uint32_t i = 0; i < history->nr_sites; i++)
		if (history->sites[i].trend.verdict != TREND_TOO_LITTLE)
			return false;
	return true;
}
