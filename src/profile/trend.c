// SPDX-License-Identifier: Apache-2.0
/*
 * A leak is a series that rises (Mann-Kendall, p < 0.01), whose last third is wholly above its
 * first, which is no single step, and which rises in its second half at least half as fast as in
 * its first and to its very end, by a multiple of what its points scatter. Each of these is there
 * for one kind of false alarm: noise, sawteeth and rhythms, one-off growth, caches that fill, and
 * series that wander.
 */
#include "profile/trend.h"
#include "profile/trend_runs.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define P_MOST		0.01 /* of the whole */
#define P_RECENT_MOST	0.1  /* of the second half, two-sided */
#define SLOWING		0.42 /* of the first half's slope, and of the whole's */
#define SLOWING_AGAIN	0.6  /* the same of runs together, and of the last one against the others */
#define PART_LEAST	0.2  /* of the whole's slope: the first half's, the last third's */
#define ERRORS_LEAST	3    /* that a growth must be */
#define SCATTERS_LEAST	6    /* that it must be, of one series; the more are judged together ... */
#define SCATTERS_MORE	2    /* ... the more of them, by so many for ten times the series */
#define P_AGAIN_MOST	0.1  /* of the last run, of several that are judged together */
#define SURVIVING_LEAST 0.9  /* of the recordings have survivors */

const char *trend_verdict_name(enum trend_verdict verdict)
{
	static const char *const names[NR_TREND_VERDICTS] = {
		[TREND_TOO_LITTLE] = "too little data",
		[TREND_STEADY] = "steady",
		[TREND_SHRINKING] = "shrinking",
		[TREND_FILLING] = "cache filling",
		[TREND_LEAK] = "leak",
	};

	return names[verdict];
}

const char *trend_reason_text(enum trend_reason reason)
{
	static const char *const texts[NR_TREND_REASONS] = {
		[TREND_FEW_POINTS] = "fewer than 8 points of one run of the process",
		[TREND_NO_ORDER] = "its points are in no order that chance would not bring",
		[TREND_FALLS] = "it gets less",
		[TREND_OVERLAPS] = "it comes back to where it was",
		[TREND_STEP] = "it grew once, at one time",
		[TREND_SLOWS] = "it grows more and more slowly, or no more",
		[TREND_SCATTERS] = "it grew too little for how much its points scatter",
		[TREND_IN_ERROR] = "it grew by less than three standard errors of sampling",
		[TREND_SLOW] = "it grows more slowly than the threshold",
		[TREND_GROWS] = "it grows all the time",
		[TREND_GROWS_AGAIN] = "it grows all the time, and again after every restart",
		[TREND_SURVIVES] = "nearly every recording has some that stays",
		[TREND_DRIES_UP] = "what stays gets less from recording to recording",
		[TREND_SURVIVES_NOT] = "most recordings have nothing that stays",
		[TREND_REPLACED] = "what stays takes the place of what goes: RSS grows much less",
	};

	return texts[reason];
}

/* The last run with enough points, else the one with most. */
static const struct trend_point *choose_run(const struct trend_point *points, size_t nr,
					    size_t *ret_nr, size_t *ret_nr_runs)
{
	const struct trend_point *chosen = points;
	size_t begin = 0;

	*ret_nr = *ret_nr_runs = 0;
	for (size_t i = 1; i <= nr; i++) {
		if (i < nr && points[i].run == points[begin].run)
			continue;
		++*ret_nr_runs;
		if (i - begin >= TREND_POINTS_MIN || i - begin > *ret_nr) {
			chosen = points + begin;
			*ret_nr = i - begin;
		}
		begin = i;
	}
	return chosen;
}

/* The parts of a series that are looked at by themselves. */
struct parts {
	struct slope whole, first_half, second_half, last_third;
};

static int estimate_parts(const struct slope_point *points, size_t nr, struct parts *ret)
{
	size_t half = nr / 2, third = nr / 3 > 3 ? nr / 3 : 3;
	const struct {
		size_t begin, nr;
		struct slope *slope;
	} parts[] = {
		{0, nr, &ret->whole},
		{0, half, &ret->first_half},
		{nr - half, half, &ret->second_half},
		{nr - third, third, &ret->last_third},
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts) && !err; i++)
		err = slope_estimate(points + parts[i].begin, parts[i].nr, parts[i].slope);
	return err;
}

/* Is every point of the last third above every one of the first? */
static bool is_apart(const struct slope_point *points, size_t nr)
{
	double most = -INFINITY, least = INFINITY;

	for (size_t i = 0; i < nr / 3; i++) {
		most = fmax(most, points[i].y);
		least = fmin(least, points[nr - 1 - i].y);
	}
	return least > most;
}

/* What a verdict is held against. */
struct judged {
	double threshold; /* bytes per second */
	double error;	  /* of sampling, at the worse end */
	size_t nr;	  /* series that are judged together */
	size_t nr_runs;	  /* whose points these are */
	double slowing;
};

/*
 * Is the growth small beside the standard deviation of the points from the line? What wanders
 * without a trend passes the other parts now and then, and where many sites are judged now and then
 * is always: @judged->nr series are. What chance brings in one run it hardly brings in @nr_runs.
 */
static bool is_scattered(const struct slope_point *points, size_t nr, double slope,
			 const struct judged *judged)
{
	double most = SCATTERS_LEAST + SCATTERS_MORE * log10(judged->nr > 1 ? judged->nr : 1);
	double sum = 0, squares = 0;

	for (size_t i = 0; i < nr; i++)
		sum += points[i].y - slope * points[i].x;
	for (size_t i = 0; i < nr; i++) {
		double off = points[i].y - slope * points[i].x - sum / (double)nr;

		squares += off * off;
	}
	return slope * (points[nr - 1].x - points[0].x) <
	       most * sqrt(squares / (double)nr / (double)judged->nr_runs);
}

static enum trend_reason reason_of(const struct slope_point *points, size_t nr,
				   const struct parts *parts, const struct judged *judged)
{
	double slope = parts->whole.slope, span = points[nr - 1].x - points[0].x;

	if (parts->whole.p >= P_MOST || slope == 0)
		return TREND_NO_ORDER;
	if (slope < 0)
		return TREND_FALLS;
	if (!is_apart(points, nr))
		return TREND_OVERLAPS;
	if (parts->first_half.slope < PART_LEAST * slope)
		return TREND_STEP;
	if (parts->second_half.slope < judged->slowing * fmax(slope, parts->first_half.slope) ||
	    parts->second_half.p > P_RECENT_MOST || parts->last_third.slope < PART_LEAST * slope)
		return TREND_SLOWS;
	if (is_scattered(points, nr, slope, judged))
		return TREND_SCATTERS;
	if (slope * span < ERRORS_LEAST * judged->error)
		return TREND_IN_ERROR;
	return slope < judged->threshold ? TREND_SLOW : TREND_GROWS;
}

static enum trend_verdict verdict_of(enum trend_reason reason)
{
	static const enum trend_verdict verdicts[NR_TREND_REASONS] = {
		[TREND_FEW_POINTS] = TREND_TOO_LITTLE, [TREND_NO_ORDER] = TREND_STEADY,
		[TREND_FALLS] = TREND_SHRINKING,       [TREND_OVERLAPS] = TREND_STEADY,
		[TREND_STEP] = TREND_STEADY,	       [TREND_SLOWS] = TREND_FILLING,
		[TREND_SCATTERS] = TREND_STEADY,       [TREND_IN_ERROR] = TREND_STEADY,
		[TREND_SLOW] = TREND_STEADY,	       [TREND_GROWS] = TREND_LEAK,
		[TREND_GROWS_AGAIN] = TREND_LEAK,      [TREND_SURVIVES] = TREND_LEAK,
		[TREND_DRIES_UP] = TREND_FILLING,      [TREND_SURVIVES_NOT] = TREND_STEADY,
		[TREND_REPLACED] = TREND_STEADY,
	};

	return verdicts[reason];
}

/* The points without what they carry besides; NULL when out of memory. The caller's to free. */
static struct slope_point *plain_points(const struct trend_point *points, size_t nr)
{
	struct slope_point *plain = calloc(nr, sizeof(*plain));

	for (size_t i = 0; i < nr && plain; i++)
		plain[i] = (struct slope_point){points[i].time - points[0].time, points[i].value};
	return plain;
}

/* 1: there are enough points. 0: @ret is done. */
static int begin(const struct trend_point **points, size_t *nr, struct trend *ret)
{
	*ret = (struct trend){.verdict = TREND_TOO_LITTLE, .reason = TREND_FEW_POINTS, .p = 1};
	*points = choose_run(*points, *nr, nr, &ret->nr_runs);
	ret->nr = *nr;
	if (*nr)
		ret->seconds = (*points)[*nr - 1].time - (*points)[0].time;
	return *nr >= TREND_POINTS_MIN && ret->seconds > 0;
}

static int judge_run(const struct slope_point *points, size_t nr, const struct judged *judged,
		     struct trend *ret)
{
	struct parts parts;
	int err = estimate_parts(points, nr, &parts);

	if (err)
		return err;
	ret->reason = reason_of(points, nr, &parts, judged);
	ret->verdict = verdict_of(ret->reason);
	ret->growth = parts.whole.slope;
	ret->low = parts.whole.low;
	ret->high = parts.whole.high;
	ret->p = parts.whole.p;
	ret->first = parts.whole.middle - ret->growth * ret->seconds / 2;
	ret->last = ret->first + ret->growth * ret->seconds;
	return 0;
}

/* May it be that there are too few points for how they scatter? */
static bool is_unsure(enum trend_reason reason)
{
	return reason == TREND_NO_ORDER || reason == TREND_OVERLAPS || reason == TREND_SLOWS ||
	       reason == TREND_SCATTERS || reason == TREND_IN_ERROR;
}

/* Does the last run do what those before it did? Since then the leak may have been mended. */
static bool goes_on(const struct trend_runs *runs)
{
	return runs->last.slope > 0 && runs->last.p < P_AGAIN_MOST &&
	       runs->last.slope >= SLOWING_AGAIN * runs->earlier;
}

/* What the last run alone is too short to show. */
static int judge_together(const struct trend_point *points, size_t nr, struct judged *judged,
			  struct trend *ret)
{
	struct trend_runs runs;
	struct trend together = *ret;
	int err = trend_runs_superpose(points, nr, &runs);

	judged->nr_runs = runs.nr;
	judged->slowing = SLOWING_AGAIN;
	if (!err && goes_on(&runs))
		err = judge_run(runs.points, runs.nr_points, judged, &together);
	if (!err && together.reason == TREND_GROWS) {
		together.reason = TREND_GROWS_AGAIN;
		together.nr = runs.nr_points;
		together.first = ret->first;
		together.last = ret->last;
		*ret = together;
	}
	trend_runs_done(&runs);
	return err;
}

/* What is held at a later point was mostly held at an earlier one too, so that the errors are not
 * those of independent points: the larger one is taken. */
static double error_of(const struct trend_point *points, size_t nr)
{
	return fmax(points[0].error, points[nr - 1].error);
}

int trend_judge(const struct trend_point *points, size_t nr, double threshold, size_t nr_judged,
		struct trend *ret)
{
	const struct trend_point *run = points;
	struct judged judged = {
		.threshold = threshold, .nr = nr_judged, .nr_runs = 1, .slowing = SLOWING};
	struct slope_point *plain;
	size_t nr_run = nr;
	int err;

	if (!begin(&run, &nr_run, ret))
		return 0;
	judged.error = error_of(run, nr_run);
	plain = plain_points(run, nr_run);
	err = plain ? judge_run(plain, nr_run, &judged, ret) : -ENOMEM;
	free(plain);
	if (!err && ret->nr_runs > 1 && is_unsure(ret->reason))
		err = judge_together(points, nr, &judged, ret);
	return err == -EDOM ? 0 : err; /* all at one time: that is too little */
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of @values, which are sorted, and the ranks between which it is in 95 of 100 cases
 * (the binomial distribution, as a normal one). */
static void set_median(double *values, size_t nr, struct trend *ret)
{
	double wide = 0.98 * sqrt((double)nr);
	long low, high;

	qsort(values, nr, sizeof(*values), compare);
	low = (long)floor((double)nr / 2 - wide);
	high = (long)ceil((double)nr / 2 + wide) - 1;
	ret->growth = nr % 2 ? values[nr / 2] : (values[nr / 2 - 1] + values[nr / 2]) / 2;
	ret->low = values[low > 0 ? low : 0];
	ret->high = values[high < (long)nr ? high : (long)nr - 1];
}

/* A survivor counts when it is more than what sampling may have made up. */
static size_t count_surviving(const struct trend_point *points, size_t nr)
{
	size_t surviving = 0;

	for (size_t i = 0; i < nr; i++)
		surviving += points[i].value > points[i].error && points[i].value > 0;
	return surviving;
}

/* Heads in at least @heads of @nr throws of a coin. */
static double sign_test(size_t heads, size_t nr)
{
	double sum = 0;

	for (size_t k = heads; k <= nr; k++)
		sum += exp(lgamma((double)nr + 1) - lgamma((double)k + 1) -
			   lgamma((double)(nr - k) + 1) - (double)nr * M_LN2);
	return fmin(sum, 1);
}

static enum trend_reason reason_of_rates(const struct trend_point *points,
					 const struct slope_point *plain, size_t nr,
					 const struct parts *parts, double threshold,
					 const struct trend *trend)
{
	double change = parts->whole.slope * (plain[nr - 1].x - plain[0].x);

	if ((double)count_surviving(points, nr) < SURVIVING_LEAST * (double)nr)
		return count_surviving(points, nr / 3) >
				       count_surviving(points + nr - nr / 3, nr / 3)
			       ? TREND_DRIES_UP
			       : TREND_SURVIVES_NOT;
	if (parts->whole.p < P_MOST && change < -trend->growth)
		return TREND_DRIES_UP;
	return trend->low < threshold ? TREND_SLOW : TREND_SURVIVES;
}

int trend_judge_rates(const struct trend_point *points, size_t nr, double threshold,
		      struct trend *ret)
{
	struct slope_point *plain;
	struct parts parts;
	double *values;
	int err;

	if (!begin(&points, &nr, ret))
		return 0;
	plain = plain_points(points, nr);
	values = calloc(nr, sizeof(*values));
	err = plain && values ? estimate_parts(plain, nr, &parts) : -ENOMEM;
	if (!err) {
		for (size_t i = 0; i < nr; i++)
			values[i] = points[i].value;
		set_median(values, nr, ret);
		ret->reason = reason_of_rates(points, plain, nr, &parts, threshold, ret);
		ret->verdict = verdict_of(ret->reason);
		ret->p = sign_test(count_surviving(points, nr), nr);
		ret->first = points[0].value;
		ret->last = points[nr - 1].value;
	}
	free(values);
	free(plain);
	return err == -EDOM ? 0 : err;
}
